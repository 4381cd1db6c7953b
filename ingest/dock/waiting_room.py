"""Uploads whose receipts are not made yet: each is asked for when its time has come, and holds up no other.

A few threads ask for all. What is never sealed costs a question now and then, however many there are of it. And of ten
thousand pictures that a card brings in minutes, and that take a quarter of an hour to seal, not each is asked for all
that while: they are sealed in the order in which they came, so those that came first are, and others as these leave.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

Ask = Callable[[], float | None]
"""Asks once. Seconds until it is to ask again; None when it needs to no more. Raises nothing."""

_LOOK_AGAIN_SECONDS = 0.2
_MOST_ASKED_FOR = 48
"""At once. What was asked for in vain for so many seconds is of their number no more, and holds up nobody."""
_IN_VAIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True, order=True)
class _Turn:
    """`number` keeps those of one time in the order in which they came. `since`: when it was first asked; None once
    that is long ago.
    """

    due: float
    number: int
    ask: Ask = field(compare=False)
    since: float | None = field(compare=False)


class WaitingRoom:
    """Safe to use from several threads. Once `stop` is set everybody's turn has come: each is asked a last time."""

    def __init__(self, stop: threading.Event, askers: int) -> None:
        self._stop = stop
        self._turns: list[_Turn] = []
        self._to_come: deque[Ask] = deque()
        self._asked_for = 0
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._askers = [
            threading.Thread(target=self._ask_all, name=f"dock-receipt-{number}", daemon=True)
            for number in range(askers)
        ]

    def open(self) -> None:
        """Begin to ask."""
        for asker in self._askers:
            asker.start()

    def put(self, ask: Ask) -> None:
        """Somebody who asks as soon as not too many others do."""
        with self._changed:
            self._to_come.append(ask)
            self._changed.notify()

    def close(self) -> None:
        """Nobody new will come: wait until all have what they ask for, or were asked a last time."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for asker in self._askers:
            asker.join()

    def _ask_all(self) -> None:
        while (turn := self._take()) is not None:
            seconds = turn.ask()
            with self._changed:
                self._put_back(turn, seconds)
                self._changed.notify()

    def _put_back(self, turn: _Turn, seconds: float | None) -> None:
        now, since = time.monotonic(), turn.since
        if since is not None and (seconds is None or now - since > _IN_VAIN_SECONDS):
            self._asked_for, since = self._asked_for - 1, None
        if seconds is not None:
            heapq.heappush(self._turns, _Turn(now + seconds, next(self._numbers), turn.ask, since))

    def _take(self) -> _Turn | None:
        with self._changed:
            while True:
                now, is_over = time.monotonic(), self._stop.is_set()
                if self._turns and (is_over or self._turns[0].due <= now):
                    return heapq.heappop(self._turns)
                if self._to_come and (is_over or self._asked_for < _MOST_ASKED_FOR):
                    self._asked_for += 1
                    return _Turn(now, next(self._numbers), self._to_come.popleft(), now)
                if not self._turns and not self._to_come and self._closed:
                    return None
                until_next = self._turns[0].due - now if self._turns else _LOOK_AGAIN_SECONDS
                self._changed.wait(min(until_next, _LOOK_AGAIN_SECONDS))
