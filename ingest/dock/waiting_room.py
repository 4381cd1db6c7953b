"""Uploads whose receipts are not made yet: each is asked for when its time has come, and holds up no other.

A few threads ask for all. What is never sealed costs a question now and then, however many there are of it.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Ask = Callable[[], float | None]
"""Asks once. Seconds until it is to ask again; None when it needs to no more. Raises nothing."""

_LOOK_AGAIN_SECONDS = 0.2


@dataclass(frozen=True, slots=True, order=True)
class _Turn:
    """`number` keeps those of one time in the order in which they came."""

    due: float
    number: int
    ask: Ask = field(compare=False)


class WaitingRoom:
    """Safe to use from several threads. Once `stop` is set everybody's turn has come: each is asked a last time."""

    def __init__(self, stop: threading.Event, askers: int) -> None:
        self._stop = stop
        self._turns: list[_Turn] = []
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

    def put(self, ask: Ask, in_seconds: float = 0.0) -> None:
        """Somebody who asks as soon as so much time has passed."""
        with self._changed:
            heapq.heappush(self._turns, _Turn(time.monotonic() + in_seconds, next(self._numbers), ask))
            self._changed.notify()

    def close(self) -> None:
        """Nobody new will come: wait until all have what they ask for, or were asked a last time."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for asker in self._askers:
            asker.join()

    def _ask_all(self) -> None:
        while (ask := self._take()) is not None:
            seconds = ask()
            if seconds is not None:
                self.put(ask, seconds)

    def _take(self) -> Ask | None:
        with self._changed:
            while True:
                now = time.monotonic()
                if self._turns and (self._stop.is_set() or self._turns[0].due <= now):
                    return heapq.heappop(self._turns).ask
                if not self._turns and self._closed:
                    return None
                until_next = self._turns[0].due - now if self._turns else _LOOK_AGAIN_SECONDS
                self._changed.wait(min(until_next, _LOOK_AGAIN_SECONDS))
