"""How many requests are here together that will soon ask for the same pieces of work.

Whoever sends one small file after another is back within moments of each answer. So several that do wait for each
other at every step, and go through all of them side by side: a batch of eight costs the catalog, the disk and the
interpreter about as much as two of one.

Long bodies are not counted: they stay for minutes and want none of this work. Nor are requests that may still be
refused, or whose body is arriving: with those anybody could hold the others up.

A request that waits for a later piece of work asks for no earlier one before it is answered. So at the earlier one
nobody waits for it; otherwise two halves would wait for each other until their time is over.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

_FORGETTING = 0.2
"""How much of the difference a smaller company makes, from one batch to the next, to what is expected."""


class Queue(Protocol):
    """Where those of a company wait for one piece of work (gathering.py)."""

    @property
    def waiting(self) -> int: ...
    def look_again(self) -> None:
        """Fewer than before are worth waiting for."""


class Company:
    """To be entered by each request for as long as it may ask, on one event loop. Its queues are told of in the order
    of a file's way."""

    def __init__(self) -> None:
        self._queues: list[Queue] = []
        self._here = 0
        self._most = 0
        """At once, since the last batch began."""
        self._usual = 0.0

    def waits_at(self, queue: Queue) -> None:
        """From now on also there, after all that were told before."""
        self._queues.append(queue)

    def expected(self, queue: Queue) -> int:
        """So many are worth waiting for there: those who are here, or as many as were lately, each batch a little less;
        without those who wait further on."""
        further_on = self._queues[self._queues.index(queue) + 1 :]
        return max(self._most, round(self._usual)) - sum(each.waiting for each in further_on)

    def has_come(self, queue: Queue) -> None:
        """Somebody waits there: before it he is not expected any more."""
        for each in self._queues[: self._queues.index(queue)]:
            if each.waiting:
                each.look_again()

    def batch_begins(self) -> None:
        self._usual = max(self._most, self._usual + (self._most - self._usual) * _FORGETTING)
        self._most = self._here

    def __enter__(self) -> None:
        self._here += 1
        self._most = max(self._most, self._here)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._here -= 1
