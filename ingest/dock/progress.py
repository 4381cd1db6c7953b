"""The agent's events shown: bars on a terminal, JSON lines elsewhere, and the sums of both.

JSON lines: one object a line on stdout, `event` names its kind, the other members are the fields of its class in
events.py; every line is flushed. The totals count all files. docs/docking.md lists them.
"""

from __future__ import annotations

import codecs
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import TextIO

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

from ingest.dock.events import (
    EVENT_NAMES,
    AddressOpen,
    BytesMoved,
    ClockMeasured,
    Event,
    FileChanged,
    FileStays,
    FileUploaded,
    FileWiped,
    FolderListed,
    Paused,
    ReceiptHeld,
    ReportFailed,
    SourceFound,
    SourceGone,
    UploadBegun,
)

_SECONDS_BETWEEN_LINES = 0.1
_CLOCK_WORTH_SAYING_SECONDS = 60.0


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
                self._write({"event": EVENT_NAMES[type(event)], **asdict(event)})
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
        """Chinese as it is, where the output can hold it; what would steer a terminal or is no text stays escaped."""
        text = json.dumps(members, ensure_ascii=not self._holds_unicode)
        return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text) + "\n"


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
        else:
            self._say_what_concerns_all(event)

    def _say_what_concerns_all(self, event: Event) -> None:
        if isinstance(event, SourceFound):
            self._say(f"已接入 / found: {event.label}", "green")
        elif isinstance(event, SourceGone):
            self._say(f"已断开 / gone: {event.label} ({event.reason})")
        elif isinstance(event, FileChanged):
            self._say(f"{event.file}：已改动，将重新上传 / changed: it is sent anew")
        elif isinstance(event, ReportFailed):
            self._say(f"状态报告未送达：{event.reason.zh} / the report was not taken: {event.reason.en}")
        elif isinstance(event, ClockMeasured) and abs(event.offset_seconds) > _CLOCK_WORTH_SAYING_SECONDS:
            self._say(
                f"本机时钟与服务器相差 {event.offset_seconds:+.1f} ± {event.uncertainty_seconds:.1f} 秒，请校准"
                " / this machine's clock is off from the server's by that much: set it"
            )

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
