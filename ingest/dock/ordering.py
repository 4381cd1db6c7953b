"""What is sent next: evidence-marked files first, the newest first among those, then the others, newest first.

Files of one name but for the ending (the video, its track, its thumbnail) are one take: they are marked together and
follow one another.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from ingest.dock.grouping import group_files
from ingest.dock.marks import MarkRules, marked_files
from ingest.dock.source import SourceFile
from ingest.dock.touches import Touches

_LOOK_AGAIN_SECONDS = 0.2


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """Sorts before whatever is to be sent after it."""

    unmarked: bool
    minus_mtime_ns: int
    take: str
    title: str


@dataclass(frozen=True, slots=True, order=True)
class WaitingFile:
    """A file whose turn will come. `attempts` counts how often it was begun before."""

    turn: Turn
    file: SourceFile = field(compare=False)
    attempts: int = field(default=0, compare=False)

    def again(self) -> WaitingFile:
        """One attempt later."""
        return replace(self, attempts=self.attempts + 1)


def arrange(files: Iterable[SourceFile], rules: MarkRules, docking: str) -> list[WaitingFile]:
    """All files of one source with their mark, group and turn, the first to be sent first. `docking`: its number."""
    files = tuple(files)
    marked, groups = marked_files(files, rules), group_files(files, docking)
    newest: dict[str, int] = {}
    marked_takes = set()
    for file in files:
        take = _take_of(file)
        newest[take] = max(newest.get(take, file.mtime_ns), file.mtime_ns)
        if file.name in marked:
            marked_takes.add(take)
    waiting = []
    for file in files:
        take = _take_of(file)
        known = replace(file, marked=take in marked_takes, group=groups[file.name])
        waiting.append(WaitingFile(Turn(not known.marked, -newest[take], take, known.title), known))
    return sorted(waiting)


def _take_of(file: SourceFile) -> str:
    return PurePosixPath(file.title).with_suffix("").as_posix()


class SendQueue:
    """Hands out what is most urgent now. Safe to use from several threads.

    A file is `pending` from `put` until `settle`; in between it may be put back. Once closed, `take` gives None as soon
    as nothing is pending any more. Of a source that does not answer nothing is handed out: it would only be waited for.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._heaps: dict[Touches, list[WaitingFile]] = {}
        self._changed = threading.Condition()
        self._pending = 0
        self._closed = False

    @property
    def pending(self) -> int:
        """How many files are not settled."""
        with self._changed:
            return self._pending

    def put(self, waiting: WaitingFile) -> None:
        """A new file."""
        with self._changed:
            self._pending += 1
            self._push(waiting)

    def put_back(self, waiting: WaitingFile) -> None:
        """A file that has to be begun again."""
        with self._changed:
            self._push(waiting)

    def settle(self) -> None:
        """A file that was taken needs nothing more."""
        with self._changed:
            self._pending -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """No new files will come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self) -> WaitingFile | None:
        """The most urgent file, waited for; None at the end, or when the run was asked to stop."""
        with self._changed:
            while not self._stop.is_set():
                if (waiting := self._pop()) is not None:
                    return waiting
                if self._closed and not self._pending:
                    return None
                self._changed.wait(_LOOK_AGAIN_SECONDS)
        return None

    def drain(self) -> list[WaitingFile]:
        """What was never taken, the most urgent first; settled by this."""
        with self._changed:
            left = sorted(waiting for heap in self._heaps.values() for waiting in heap)
            self._heaps.clear()
            self._pending -= len(left)
            return left

    def _push(self, waiting: WaitingFile) -> None:
        heapq.heappush(self._heaps.setdefault(waiting.file.source.touches, []), waiting)
        self._changed.notify()

    def _pop(self) -> WaitingFile | None:
        answering = (touches for touches in self._heaps if not touches.is_slow)
        first = min(answering, key=lambda touches: self._heaps[touches][0], default=None)
        if first is None:
            return None
        waiting = heapq.heappop(self._heaps[first])
        if not self._heaps[first]:
            del self._heaps[first]
        return waiting
