"""The agent's events on a terminal: a bar for all bytes, one for each file under way, and sentences in between."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from rich.cells import cell_len
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from ingest.dock.errors import FileLeft
from ingest.dock.events import (
    AddressOpen,
    BytesMoved,
    ClockMeasured,
    Event,
    FileChanged,
    FileGone,
    FileStays,
    FileUploaded,
    FileWiped,
    FolderListed,
    Paused,
    ReceiptHeld,
    ReportFailed,
    SourceFound,
    SourceGone,
    SourceMissing,
    UploadBegun,
)
from ingest.dock.progress import Tally, printable

_CLOCK_WORTH_SAYING_SECONDS = 60.0
# What a bar has beside the name: 14 of bar, 4 of per cent, 19 of bytes, 10 of rate, 8 of time, and the gaps.
_BESIDE_NAME = 14 + 4 + 19 + 10 + 8 + 5
_SHORTEST_NAME, _LONGEST_NAME = 18, 60
_TOTAL = "合计 / total"
_AWAITING = "等待封存和回执 / waiting for its receipt"
# What ends the run is said once, at its end, and not with the name of each file.
_OF_ONE_FILE = frozenset(kind.__name__ for kind in FileLeft.__subclasses__())
_RATE_OVER_SECONDS = 10.0
# What the system takes into its buffers at once is no rate of any line.
_RATE_NOT_BEFORE_SECONDS = 2.0


class Rate:
    """Bytes per second over the last ten seconds; none is known for the first two. Not locked: its owner is."""

    def __init__(self) -> None:
        self._moved: deque[tuple[float, int]] = deque()

    def take(self, moved_bytes: int, now: float) -> None:
        """So many more bytes were sent by `now`, a monotonic time."""
        self._moved.append((now, moved_bytes + (self._moved[-1][1] if self._moved else 0)))
        while len(self._moved) > 2 and now - self._moved[1][0] > _RATE_OVER_SECONDS:
            self._moved.popleft()

    def bytes_per_second(self) -> float | None:
        """None as long as it would be a guess."""
        if not self._moved:
            return None
        (began, first), (now, last) = self._moved[0], self._moved[-1]
        return None if now - began < _RATE_NOT_BEFORE_SECONDS else (last - first) / (now - began)


class Bars:
    """They appear with the first byte that is sent: what is refused before that leaves nothing but its sentence.

    A terminal that goes away ends them (`closed`), never the upload. `each_file`: what became of each is a line, where
    no table at the end says so; `wiping`: that is when it is removed.
    """

    def __init__(self, console: Console, *, each_file: bool = False, wiping: bool = False) -> None:
        self.closed = False
        self._each_file, self._wiping = each_file, wiping
        self._awaited: set[str] = set()
        self._stays: set[tuple[str, str]] = set()
        self._console = console
        self._turn = threading.Lock()
        self._tally = Tally()
        self._tasks: dict[str, TaskID] = {}
        self._rates: dict[TaskID, Rate] = {}
        self._offsets: dict[str, int] = {}
        self._name_width = max(_SHORTEST_NAME, min(console.width - _BESIDE_NAME, _LONGEST_NAME))
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(14),
            TaskProgressColumn(),
            *(TextColumn("{task.fields[" + name + "]}", markup=False) for name in ("bytes", "rate", "left")),
            console=console,
            # Bars come and go with their files: what stays on the screen is the table at the end.
            transient=True,
        )
        self._total: TaskID | None = None

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, *_: object) -> None:
        with self._unless_closed():
            try:
                self._progress.stop()
            except IndexError:
                if not self.closed:  # What rich could not start, for its terminal was gone, it cannot stop.
                    raise

    def __call__(self, event: Event) -> None:
        with self._turn, self._unless_closed():
            self._tally.take(event)
            if not self.closed:
                self._show(event)

    @contextmanager
    def _unless_closed(self) -> Iterator[None]:
        """What cannot be written any more is not; of a closed pipe rich makes a SystemExit."""
        try:
            yield
        except (OSError, ValueError, SystemExit):
            self.closed = True

    def _show(self, event: Event) -> None:
        if isinstance(event, FolderListed) and event.files:
            self._say(f"共 {event.files} 个文件，{decimal(event.size_bytes)} / files and bytes to take over", "")
        elif isinstance(event, UploadBegun):
            self._begin(event)
        elif isinstance(event, BytesMoved):
            self._move(event)
        elif isinstance(event, FileUploaded | ReceiptHeld | FileWiped | FileStays):
            self._end(event.file)
            self._note_receipt(event)
            self._say_what_became(event)
        else:
            self._say_what_stands_in_the_way(event)

    def _note_receipt(self, event: FileUploaded | ReceiptHeld | FileWiped | FileStays) -> None:
        """Once every byte has gone, what takes its time is sealing: a rate and "0:00:00" would say it is over."""
        if isinstance(event, FileUploaded):
            self._awaited.add(event.file)
        else:
            self._awaited.discard(event.file)
        if self._total is None:
            return
        if self._awaited and not self._tasks and self._tally.sent_bytes >= self._tally.size_bytes:
            self._progress.update(self._total, description=_AWAITING, bytes="", rate="", left="")
        else:
            self._progress.update(self._total, description=_TOTAL)

    def _say_what_became(self, event: Event) -> None:
        if not self._each_file:
            return
        if isinstance(event, ReceiptHeld) and not self._wiping:
            self._say(f"已收讫 / received: {event.file}", "green")
        elif isinstance(event, FileWiped):
            self._say(f"已收讫并删除 / received, wiped: {event.file}", "green")
        elif (
            isinstance(event, FileStays) and event.kind in _OF_ONE_FILE and (event.file, event.kind) not in self._stays
        ):
            self._stays.add((event.file, event.kind))  # It is tried again and again, and said once.
            name = "" if event.file in event.reason.zh else f"{event.file}："
            self._say(f"{name}{event.reason.zh} / {event.reason.en}")

    def _say_what_stands_in_the_way(self, event: Event) -> None:
        if isinstance(event, AddressOpen):
            self._say(f"警告：{event.reason.zh} / WARNING: {event.reason.en}", "bold red")
        elif isinstance(event, Paused):
            file = f"{event.file}：" if event.file else ""
            wait = f"{event.wait_seconds:.1f}"
            self._say(f"{file}{event.reason.zh}；{wait} 秒后再试 / {event.reason.en}; again in {wait} s")
        elif isinstance(event, FileChanged):
            self._say(f"{event.file}：已改动，将重新上传 / changed: it is sent anew")
        elif isinstance(event, FileGone):
            self._say(f"{event.file}：已收讫，删除曾中断，现不在原处 / received, removal cut off: not there now")
        elif isinstance(event, ReportFailed):
            self._say(f"状态报告未送达：{event.reason.zh} / the report was not taken: {event.reason.en}")
        elif isinstance(event, ClockMeasured) and abs(event.offset_seconds) > _CLOCK_WORTH_SAYING_SECONDS:
            self._say(
                f"本机时钟与服务器相差 {event.offset_seconds:+.1f} ± {event.uncertainty_seconds:.1f} 秒，请校准"
                " / this machine's clock is off from the server's by that much: set it"
            )
        else:
            self._say_of_sources(event)

    def _say_of_sources(self, event: Event) -> None:
        if isinstance(event, SourceFound):
            self._stays.clear()
            self._say(f"已接入 / found: {event.label}", "green")
        elif isinstance(event, SourceGone):
            self._say(f"已断开：{event.label}，{event.reason.zh} / gone: {event.label}, {event.reason.en}")
        elif isinstance(event, SourceMissing):
            self._say(
                f"警告：{event.path} 无法监视：{event.reason.zh}；出现后即开始 / "
                f"WARNING: {event.path} is not watched: {event.reason.en}; it is as soon as it is there",
                "bold red",
            )

    def _begin(self, event: UploadBegun) -> None:
        self._end(event.file)
        if self._total is None:
            self._progress.start()
            self._total = self._add(_TOTAL, self._tally.sent_bytes, self._tally.size_bytes)
        self._progress.update(self._total, description=_TOTAL)
        name = shortened(self._writable(event.file), self._name_width)
        self._tasks[event.file] = self._add(name, event.offset, event.size_bytes)
        # What an earlier run sent is no rate of this one.
        self._offsets[event.file] = event.offset

    def _move(self, event: BytesMoved) -> None:
        moved_bytes = max(0, event.sent_bytes - self._offsets.get(event.file, event.sent_bytes))
        self._offsets[event.file] = event.sent_bytes
        if self._total is not None:
            self._advance(self._total, moved_bytes, self._tally.sent_bytes, self._tally.size_bytes)
        if event.file in self._tasks:
            self._advance(self._tasks[event.file], moved_bytes, event.sent_bytes, event.size_bytes)

    def _add(self, name: str, sent_bytes: int, size_bytes: int) -> TaskID:
        task = self._progress.add_task(name, total=size_bytes, bytes="", rate="", left="")
        self._rates[task] = Rate()
        self._advance(task, 0, sent_bytes, size_bytes)
        return task

    def _advance(self, task: TaskID, moved_bytes: int, sent_bytes: int, size_bytes: int) -> None:
        rate = self._rates[task]
        rate.take(moved_bytes, time.monotonic())
        speed = rate.bytes_per_second()
        self._progress.update(
            task,
            total=size_bytes,
            completed=sent_bytes,
            bytes=f"{decimal(sent_bytes)}/{decimal(size_bytes)}",
            rate="" if speed is None else f"{decimal(int(speed))}/s",
            left=_time_left(size_bytes - sent_bytes, speed),
        )

    def _end(self, file: str) -> None:
        task = self._tasks.pop(file, None)
        if task is not None:
            self._progress.remove_task(task)
            del self._rates[task]

    def _say(self, line: str, style: str = "yellow") -> None:
        self._console.print(self._writable(line), style=style, markup=False, highlight=False)

    def _writable(self, text: str) -> str:
        """What this terminal's encoding has no letter for stays escaped: one odd name would end the bars of all."""
        encoding = self._console.encoding
        return printable(text).encode(encoding, "backslashreplace").decode(encoding)


def _time_left(size_bytes: int, bytes_per_second: float | None) -> str:
    if not bytes_per_second or size_bytes <= 0:
        return ""
    minutes, seconds = divmod(round(size_bytes / bytes_per_second), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours < 100 else ""


def shortened(name: str, width: int) -> str:
    """`name` in no more than `width` columns, its middle left out: recorders number their files at the end."""
    if cell_len(name) <= width:
        return name
    begin, end = 0, len(name)
    # One column is the dots'; a third is the beginning's.
    while cell_len(name[: begin + 1]) <= (width - 1) // 3:
        begin += 1
    while cell_len(name[:begin]) + 1 + cell_len(name[end - 1 :]) <= width:
        end -= 1
    return f"{name[:begin]}…{name[end:]}"
