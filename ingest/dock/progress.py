"""What the agent says while it works: events, their sums, bars on a terminal, JSON lines elsewhere.

JSON lines: one object a line on stdout, `event` names its kind, the other members are the fields of the class below;
every line is flushed. `file` is the path below the folder. `sent_bytes` have left this machine, `acknowledged_bytes`
are durable at the archive: after any crash an upload goes on from there. The totals count all files of the folder.
"""

from __future__ import annotations

import codecs
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ingest.dock.errors import Words

_SECONDS_BETWEEN_LINES = 0.1


@dataclass(frozen=True, slots=True)
class FolderListed:
    """`event: folder`, once, before anything is sent."""

    files: int
    size_bytes: int
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddressOpen:
    """`event: warning`, at most once, before anything is sent: what is sent to `url` can be read on its way.

    `reason` is {"en": …, "zh": …}.
    """

    url: str
    reason: Words


@dataclass(frozen=True, slots=True)
class FileDigested:
    """`event: digested`: the whole file was read here."""

    file: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class UploadBegun:
    """`event: upload`: bytes are about to flow from `offset` on; `resumed` when an earlier attempt got that far."""

    file: str
    upload_id: str
    offset: int
    size_bytes: int
    resumed: bool


@dataclass(frozen=True, slots=True)
class BytesMoved:
    """`event: progress`, with `total_sent_bytes`, `total_acknowledged_bytes` and `total_size_bytes` beside it."""

    file: str
    upload_id: str
    sent_bytes: int
    acknowledged_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Paused:
    """`event: retry`: something is in the way, and the agent tries again after `wait_seconds`.

    `file` is empty when it concerns the whole run. `reason` is {"en": …, "zh": …}.
    """

    file: str
    reason: Words
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class FileUploaded:
    """`event: uploaded`: every byte was acknowledged; the receipt is awaited."""

    file: str
    upload_id: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ReceiptHeld:
    """`event: receipt`: the receipt was checked and is kept on this machine."""

    file: str
    upload_id: str
    size_bytes: int
    recording_id: str
    token_time: str
    ledger_index: int
    repeat: bool


@dataclass(frozen=True, slots=True)
class FileWiped:
    """`event: wiped`: removed from the folder."""

    file: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FileStays:
    """`event: left`: nothing more is done for it in this run. `kind` is the name of a class in errors.py."""

    file: str
    kind: str
    reason: str


Event = (
    FolderListed
    | AddressOpen
    | FileDigested
    | UploadBegun
    | BytesMoved
    | Paused
    | FileUploaded
    | ReceiptHeld
    | FileWiped
    | FileStays
)

_NAMES: Mapping[type, str] = {
    FolderListed: "folder",
    AddressOpen: "warning",
    FileDigested: "digested",
    UploadBegun: "upload",
    BytesMoved: "progress",
    Paused: "retry",
    FileUploaded: "uploaded",
    ReceiptHeld: "receipt",
    FileWiped: "wiped",
    FileStays: "left",
}


class Listener(Protocol):
    """Hears every event, from several threads at once; must not raise and must not block for long."""

    def __call__(self, event: Event, /) -> None: ...


class Tally:
    """Sums over all files. Not locked: its owner is."""

    def __init__(self) -> None:
        self.size_bytes = 0
        self._sent: dict[str, int] = {}
        self._acknowledged: dict[str, int] = {}

    def take(self, event: Event) -> None:
        """Count an event in."""
        if isinstance(event, FolderListed):
            self.size_bytes = event.size_bytes
        elif isinstance(event, UploadBegun):
            self._sent[event.file] = self._acknowledged[event.file] = event.offset
        elif isinstance(event, BytesMoved):
            self._sent[event.file] = event.sent_bytes
            self._acknowledged[event.file] = event.acknowledged_bytes
        elif isinstance(event, FileUploaded | ReceiptHeld | FileWiped):
            self._sent[event.file] = self._acknowledged[event.file] = event.size_bytes

    @property
    def sent_bytes(self) -> int:
        """Bytes that have left, of all files."""
        return sum(self._sent.values())

    @property
    def acknowledged_bytes(self) -> int:
        """Bytes that are durable at the archive, of all files."""
        return sum(self._acknowledged.values())


class JsonLines:
    """One JSON object a line. A reader that goes away (a closed pipe) ends the lines, never the upload."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._holds_unicode = codecs.lookup(getattr(output, "encoding", None) or "utf-8").name == "utf-8"
        self._turn = threading.Lock()
        self._tally = Tally()
        self._written: dict[str, tuple[float, int]] = {}
        self.closed = False

    def __call__(self, event: Event) -> None:
        with self._turn:
            self._tally.take(event)
            if not isinstance(event, BytesMoved):
                self._write({"event": _NAMES[type(event)], **asdict(event)})
            elif self._is_due(event):
                self._write({"event": "progress", **asdict(event), **self._totals()})

    def write(self, event: str, members: Mapping[str, object]) -> None:
        """A line of the caller's own."""
        with self._turn:
            self._write({"event": event, **members})

    def _is_due(self, event: BytesMoved) -> bool:
        """Every acknowledgement is told; of what is merely sent, a few lines a second."""
        now = time.monotonic()
        written_at, acknowledged_bytes = self._written.get(event.file, (0.0, -1))
        if event.acknowledged_bytes == acknowledged_bytes and now - written_at < _SECONDS_BETWEEN_LINES:
            return False
        self._written[event.file] = (now, event.acknowledged_bytes)
        return True

    def _totals(self) -> dict[str, int]:
        return {
            "total_sent_bytes": self._tally.sent_bytes,
            "total_acknowledged_bytes": self._tally.acknowledged_bytes,
            "total_size_bytes": self._tally.size_bytes,
        }

    def _write(self, members: Mapping[str, object]) -> None:
        if self.closed:
            return
        try:
            self._output.write(self._line(members))
            self._output.flush()
        except (OSError, ValueError):
            self.closed = True

    def _line(self, members: Mapping[str, object]) -> str:
        """Chinese as it is, where the output can hold it; a name that is no text keeps its escapes."""
        text = json.dumps(members, ensure_ascii=not self._holds_unicode) + "\n"
        return text.encode("utf-8", "backslashreplace").decode()


class Bars:
    """Bars on a terminal, with rate and time left: one for all bytes, one for each file under way."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._turn = threading.Lock()
        self._tally = Tally()
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            # Bars come and go with their files: what stays on the screen is the table at the end.
            transient=True,
        )
        self._total = self._progress.add_task("合计 / total", total=None)

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        with self._turn:
            self._tally.take(event)
            self._show(event)

    def _show(self, event: Event) -> None:
        if isinstance(event, FolderListed):
            self._progress.update(self._total, total=event.size_bytes)
        elif isinstance(event, AddressOpen):
            self._say(f"警告：{event.reason.zh} / WARNING: {event.reason.en}", "bold red")
        elif isinstance(event, UploadBegun):
            self._begin(event)
        elif isinstance(event, BytesMoved):
            self._progress.update(self._total, completed=self._tally.sent_bytes)
            if event.file in self._tasks:
                self._progress.update(self._tasks[event.file], completed=event.sent_bytes)
        elif isinstance(event, Paused):
            self._say(f"{event.file} {event.reason.zh} / {event.reason.en}; {event.wait_seconds:.1f} s …".lstrip())
        elif isinstance(event, FileUploaded | FileStays):
            self._end(event.file)

    def _begin(self, event: UploadBegun) -> None:
        self._end(event.file)
        self._tasks[event.file] = self._progress.add_task(
            printable(event.file), total=event.size_bytes, completed=event.offset
        )
        # What an earlier run sent is no rate of this one: reset, so that the time left is not a dream.
        self._progress.reset(self._total, total=self._tally.size_bytes, completed=self._tally.sent_bytes)

    def _end(self, file: str) -> None:
        task = self._tasks.pop(file, None)
        if task is not None:
            self._progress.remove_task(task)

    def _say(self, line: str, style: str = "yellow") -> None:
        self._console.print(printable(line), style=style, markup=False, highlight=False)


def printable(text: str) -> str:
    """`text` without what would steer a terminal or cannot be written to one: file names come from strangers' cards."""
    safe = text.encode("utf-8", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in safe)
