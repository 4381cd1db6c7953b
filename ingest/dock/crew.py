"""Who works on files: so many at once, or one at a time for each source; and nobody waits for a source that hangs.

Whoever asked it is inside the system, and can neither be called back nor ended: all that can be done is to go on
without him.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ingest.dock.ordering import WaitingFile
from ingest.dock.touches import Touches

_LOOK_AGAIN_SECONDS = 0.2
_Item = TypeVar("_Item")


class Crew:
    """`size` at once take files and work on them, until there are no more. Whoever waits for a source that does not
    answer has another in his place: `relieve` sees to that, and is to be called now and then. `work` raises nothing.
    """

    def __init__(self, size: int, take: Callable[[], WaitingFile | None], work: Callable[[WaitingFile], None]) -> None:
        self._size = size
        self._take = take
        self._work = work
        self._turn = threading.Lock()
        self._under_way: dict[threading.Thread, WaitingFile | None] = {}
        self._hired = 0

    def relieve(self) -> None:
        """Begin, or go on, with as many as are to work at once."""
        with self._turn:
            while self._working() < self._size:
                member = threading.Thread(target=self._work_on, name=f"dock-send-{self._hired}", daemon=True)
                self._hired += 1
                self._under_way[member] = None
                member.start()

    def finish(self, stop: threading.Event) -> list[WaitingFile]:
        """Wait until all is done; once `stop` is set, not for a source that hangs: what is in hand there."""
        while True:
            with self._turn:
                hanging = {member: waiting for member, waiting in self._under_way.items() if _hangs(member, waiting)}
                left = [member for member in self._under_way if member not in hanging or not stop.is_set()]
            if not left:
                return [waiting for waiting in hanging.values() if waiting is not None]
            if hanging and not stop.is_set():
                self.relieve()
            left[0].join(_LOOK_AGAIN_SECONDS)

    def _work_on(self) -> None:
        me = threading.current_thread()
        try:
            while not self._is_too_many() and (waiting := self._take()) is not None:
                self._note(me, waiting)
                self._work(waiting)
                self._note(me, None)
        finally:
            with self._turn:
                del self._under_way[me]

    def _note(self, member: threading.Thread, waiting: WaitingFile | None) -> None:
        with self._turn:
            self._under_way[member] = waiting

    def _is_too_many(self) -> bool:
        """Once a source answers again, whoever took the place of another goes."""
        with self._turn:
            return self._working() > self._size

    def _working(self) -> int:
        return sum(not _hangs(member, waiting) for member, waiting in self._under_way.items())


@dataclass(slots=True)
class _Lane(Generic[_Item]):
    thread: threading.Thread
    items: deque[_Item] = field(default_factory=deque)


class Lanes(Generic[_Item]):
    """What is put in for one source is worked on one at a time, in that order, and holds up no other source's. A lane
    is a thread for as long as there is something in it. `work` raises nothing.
    """

    def __init__(self, work: Callable[[_Item], None]) -> None:
        self._work = work
        self._changed = threading.Condition()
        self._lanes: dict[Touches, _Lane[_Item]] = {}

    def put(self, source: Touches, item: _Item) -> None:
        """One more, after those of the source that are not done yet."""
        with self._changed:
            is_new = source not in self._lanes
            if is_new:
                thread = threading.Thread(target=self._work_on, args=(source,), name="dock-let-go", daemon=True)
                self._lanes[source] = _Lane(thread)
            self._lanes[source].items.append(item)
            if is_new:
                thread.start()

    def finish(self, stop: threading.Event) -> list[_Item]:
        """Wait until all is done; once `stop` is set, not for a source that hangs: what is left of it."""
        with self._changed:
            while any(not (stop.is_set() and source.keeps(lane.thread)) for source, lane in self._lanes.items()):
                self._changed.wait(_LOOK_AGAIN_SECONDS)
            return [item for lane in self._lanes.values() for item in lane.items]

    def _work_on(self, source: Touches) -> None:
        while (item := self._first(source)) is not None:
            self._work(item)
            with self._changed:
                self._lanes[source].items.popleft()

    def _first(self, source: Touches) -> _Item | None:
        with self._changed:
            if self._lanes[source].items:
                return self._lanes[source].items[0]
            del self._lanes[source]
            self._changed.notify_all()
            return None


def _hangs(member: threading.Thread, waiting: WaitingFile | None) -> bool:
    return waiting is not None and waiting.file.source.touches.keeps(member)
