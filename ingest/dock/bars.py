"""The agent's events on a terminal: a bar for all bytes, one for each file under way, and sentences in between."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.cells import cell_len
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TaskProgressColumn, TextColumn
from rich.text import Text

from ingest.dock.durations import clock_off, in_time
from ingest.dock.events import (
    AddressOpen,
    ArchiveAway,
    ArchiveBack,
    BytesMoved,
    ClockMeasured,
    Event,
    FileChanged,
    FileEmpty,
    FileGone,
    FileStays,
    FileUploaded,
    FileWiped,
    FolderListed,
    Paused,
    ReceiptHeld,
    ReportFailed,
    ReportTaken,
    SourceAnswers,
    SourceFound,
    SourceGone,
    SourceMissing,
    SourceSlow,
    UploadBegun,
)
from ingest.dock.outage import Seldom
from ingest.dock.progress import OF_ONE_FILE, Tally
from ingest.dock.received import LastReceived
from ingest.dock.words import EMPTY
from integrity.hidden_signs import escaped

_CLOCK_WORTH_SAYING_SECONDS = 60.0
# What a bar has beside the name: 14 of bar, 4 of per cent, 19 of bytes, 10 of rate, 8 of time, and the gaps.
_BESIDE_NAME = 14 + 4 + 19 + 10 + 8 + 5
_SHORTEST_NAME, _LONGEST_NAME = 18, 60
_TOTAL = "合计 / total"
_AWAITING = "等待封存和回执 / waiting for its receipt"
_AWAY = "等待档案系统恢复 / waiting for the archive"
_WAITING = "等待 / waiting"
_JUST_BEGUN_SECONDS = 30.0
_RATE_OVER_SECONDS = 10.0
# What the system takes into its buffers at once is no rate of any line.
_RATE_NOT_BEFORE_SECONDS = 2.0


class Rate:
    """Bytes per second over the last ten seconds; none is known for the first two. Safe to use from several threads:
    what moves is told by those who send, and shown by the one that draws.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._moved: deque[tuple[float, int]] = deque()

    def take(self, moved_bytes: int, now: float) -> None:
        """So many more bytes were sent by `now`, a monotonic time."""
        with self._turn:
            self._moved.append((now, moved_bytes + (self._moved[-1][1] if self._moved else 0)))
            self._forget_what_was_before(now)

    def bytes_per_second(self, now: float) -> float | None:
        """None as long as it would be a guess; 0 once nothing has moved for ten seconds."""
        with self._turn:
            self._forget_what_was_before(now)
            if not self._moved:
                return None
            (began, first), (_, last) = self._moved[0], self._moved[-1]
        return None if now - began < _RATE_NOT_BEFORE_SECONDS else (last - first) / (now - began)

    def _forget_what_was_before(self, now: float) -> None:
        while len(self._moved) > 1 and now - self._moved[1][0] > _RATE_OVER_SECONDS:
            self._moved.popleft()


class _Speed(ProgressColumn):
    """Rate and remaining time as they are when they are drawn: told only when bytes move, they would stand still at
    their last values as soon as none do.
    """

    def __init__(self, rates: Mapping[TaskID, Rate]) -> None:
        super().__init__()
        self._rates = rates

    def render(self, task: Task) -> Text:
        rate, left_bytes = self._rates.get(task.id), int((task.total or 0) - task.completed)
        if rate is None or left_bytes <= 0 or task.fields["is_quiet"]:
            return Text("")
        speed = rate.bytes_per_second(time.monotonic())
        if speed is None:
            return Text("")
        if speed == 0:
            return Text(_WAITING)
        return Text(f"{decimal(int(speed))}/s {_time_left(left_bytes, speed)}".rstrip())


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
        self._received: LastReceived[str, str] = LastReceived()
        self._said: dict[str, Seldom] = {}
        self._listed = (0, 0)
        self._is_away = False
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
            TextColumn("{task.fields[bytes]}", markup=False),
            _Speed(self._rates),
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
        if isinstance(event, FolderListed):
            self._list(event)
        elif isinstance(event, UploadBegun):
            self._begin(event)
        elif isinstance(event, BytesMoved):
            self._move(event)
        elif isinstance(event, FileEmpty):
            self._say_what_became(event)
        elif isinstance(event, FileUploaded | ReceiptHeld | FileWiped | FileStays):
            self._end(event.file)
            self._note_receipt(event)
            self._say_what_became(event)
        else:
            self._say_what_stands_in_the_way(event)

    def _list(self, event: FolderListed) -> None:
        if self._total is not None:
            size_bytes = self._tally.size_bytes
            self._advance(self._total, 0, self._tally.sent_bytes, size_bytes)
        if event.files and (event.files, event.size_bytes) != self._listed:
            self._listed = (event.files, event.size_bytes)
            self._say(f"共 {event.files} 个文件，{decimal(event.size_bytes)} / files and bytes to take over", "")

    def _note_receipt(self, event: FileUploaded | ReceiptHeld | FileWiped | FileStays) -> None:
        """Once every byte has gone, what takes its time is sealing: a rate and "0:00:00" would say it is over."""
        if isinstance(event, FileUploaded):
            self._awaited.add(event.file)
        else:
            self._awaited.discard(event.file)
        if self._total is None:
            return
        if self._awaited and not self._tasks and self._tally.sent_bytes >= self._tally.size_bytes:
            self._progress.update(self._total, description=_AWAITING, bytes="", is_quiet=True)
        elif not self._is_away:
            self._progress.update(self._total, description=_TOTAL, is_quiet=False)
            self._advance(self._total, 0, self._tally.sent_bytes, self._tally.size_bytes)

    def _say_what_became(self, event: Event) -> None:
        if not self._each_file:
            return
        if isinstance(event, ReceiptHeld) and not self._wiping:
            # A card that is put in again holds what was received already.
            if self._received.note(event.file, event.upload_id):
                self._say(f"已收讫 / received: {event.file}", "green")
        elif isinstance(event, FileEmpty):
            self._say(f"{event.file}：{EMPTY.zh} / {EMPTY.en}")
        elif isinstance(event, FileWiped):
            self._say(f"已收讫并删除 / received, wiped: {event.file}", "green")
        elif isinstance(event, FileStays) and event.kind in OF_ONE_FILE and (event.file, event.kind) not in self._stays:
            self._stays.add((event.file, event.kind))  # It is tried again and again, and said once.
            name = "" if event.file in event.reason.zh else f"{event.file}："
            self._say(f"{name}{event.reason.zh} / {event.reason.en}")

    def _say_what_stands_in_the_way(self, event: Event) -> None:
        if isinstance(event, AddressOpen):
            self._say(f"警告：{event.reason.zh} / WARNING: {event.reason.en}", "bold red")
        elif isinstance(event, Paused):
            self._say_paused(event)
        elif isinstance(event, ArchiveAway | ArchiveBack):
            self._say_of_archive(event)
        elif isinstance(event, FileChanged):
            self._say(f"{event.file}：已改动，将重新上传 / changed: it is sent anew")
        elif isinstance(event, FileGone):
            self._say(f"{event.file}：已收讫，删除曾中断，现不在原处 / received, removal cut off: not there now")
        elif isinstance(event, ReportFailed):
            if not self._is_away:  # That is said, and for the same reason.
                self._say(f"状态报告未送达：{event.reason.zh} / the report was not taken: {event.reason.en}")
        elif isinstance(event, ReportTaken):
            self._say("状态报告已恢复送达 / reports are taken again", "green")
        elif isinstance(event, ClockMeasured) and abs(event.offset_seconds) > _CLOCK_WORTH_SAYING_SECONDS:
            self._say(_of_clock(event))
        else:
            self._say_of_sources(event)

    def _say_paused(self, event: Paused) -> None:
        """What stands in the way of several files is said once, and seldom where it lasts."""
        if event.archive_away:
            return
        now = time.monotonic()
        said = self._said.get(event.reason.zh)
        if said is not None and not said.is_due(now):
            return
        if said is None:
            self._said[event.reason.zh] = Seldom(now)
        file = f"{event.file}：" if event.file else ""
        wait = f"{event.wait_seconds:.1f}"
        self._say(f"{file}{event.reason.zh}；{wait} 秒后再试 / {event.reason.en}; again in {wait} s")

    def _say_of_archive(self, event: ArchiveAway | ArchiveBack) -> None:
        self._is_away = isinstance(event, ArchiveAway)
        if self._total is not None:
            self._progress.update(self._total, description=_AWAY if self._is_away else _TOTAL)
            for task in (self._total, *self._tasks.values()):
                self._progress.update(task, is_quiet=self._is_away)
        if isinstance(event, ArchiveBack):
            self._said.clear()
            zh, en = in_time(event.lasted_seconds)
            self._say(f"档案系统已恢复，继续上传（中断 {zh}）/ the archive is back after {en}: going on", "green")
        elif event.lasts_seconds < _JUST_BEGUN_SECONDS:
            zh, en = "正在等待，恢复后自动继续", "waiting: it goes on by itself when it is back"
            self._say(f"{event.reason.zh}；{zh} / {event.reason.en}; {en}")
        else:
            zh, en = in_time(event.lasts_seconds)
            zh, en = f"仍在等待档案系统，已 {zh}", f"still waiting for the archive after {en}"
            self._say(f"{zh}：{event.reason.zh} / {en}: {event.reason.en}")

    def _say_of_sources(self, event: Event) -> None:
        if isinstance(event, SourceFound):
            self._stays.clear()
            self._say(f"已接入 / found: {event.label}", "green")
        elif isinstance(event, SourceGone):
            self._say(_of_gone(event, self._each_file))
        elif isinstance(event, SourceSlow):
            self._say(_of_slow(event))
        elif isinstance(event, SourceAnswers):
            zh, en = in_time(event.lasted_seconds)
            said = f"已恢复响应，继续：{event.label}（历时 {zh}）/ it answers again after {en}: {event.label}"
            self._say(said, "green")
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
        self._progress.update(self._total, description=_AWAY if self._is_away else _TOTAL, is_quiet=self._is_away)
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
        task = self._progress.add_task(name, total=size_bytes, bytes="", is_quiet=False)
        self._rates[task] = Rate()
        self._advance(task, 0, sent_bytes, size_bytes)
        return task

    def _advance(self, task: TaskID, moved_bytes: int, sent_bytes: int, size_bytes: int) -> None:
        self._rates[task].take(moved_bytes, time.monotonic())
        said = f"{decimal(sent_bytes)}/{decimal(size_bytes)}"
        self._progress.update(task, total=size_bytes, completed=sent_bytes, bytes=said)

    def _end(self, file: str) -> None:
        self._offsets.pop(file, None)
        task = self._tasks.pop(file, None)
        if task is not None:
            self._progress.remove_task(task)
            del self._rates[task]

    def _say(self, line: str, style: str = "yellow") -> None:
        self._console.print(self._writable(line), style=style, markup=False, highlight=False)

    def _writable(self, text: str) -> str:
        """What this terminal's encoding has no letter for stays escaped: one odd name would end the bars of all."""
        encoding = self._console.encoding
        return escaped(text).encode(encoding, "backslashreplace").decode(encoding)


def _of_clock(event: ClockMeasured) -> str:
    """Which way and how far, give or take what was measured: whoever sets it has to know."""
    zh, en = clock_off(event.offset_seconds)
    known = f"± {event.uncertainty_seconds:.1f}"
    return f"本机时钟比服务器{zh}（{known} 秒），请校准 / this machine's clock is {en} ({known} s): set it"


def _of_gone(event: SourceGone, is_watched: bool) -> str:
    """Which, why, how much of it is not received, and what to do: whoever watches has nothing more to type."""
    zh, en = f"已断开：{event.label}，{event.reason.zh}", f"gone: {event.label}, {event.reason.en}"
    if event.files_left:
        zh += f"；其中 {event.files_left} 个文件尚未收讫，请重新插入，"
        en += f"; {event.files_left} of its files are not received yet: put it back, "
        zh += "即自动从断点继续" if is_watched else "再次运行同一命令，即从断点继续"
        en += "they go on by themselves" if is_watched else "and run the same command again"
    return f"{zh} / {en}"


def _of_slow(event: SourceSlow) -> str:
    """Which, for how long, that nothing is lost, and what to do where it lasts."""
    zh, en = in_time(event.lasts_seconds)
    return (
        f"没有响应：{event.label}，已等待 {zh}；其他来源不受影响，恢复后自动继续。长时间不恢复时，请取下后换一个接口或"
        f"读卡器重新插入 / not answering: {event.label}, waited for {en}; others go on, and so does it as soon as it "
        "answers. Where it lasts, take it out and put it in with another reader or port"
    )


def _time_left(size_bytes: int, bytes_per_second: float) -> str:
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
