"""Fair-share scheduling of custody: stations share its time, and none has all lanes, however many files it sends.

A file may be made to take a minute of looking at. In the order of their arrival, a station with thousands of such files
would have everybody else wait for days. So of two stations the one is served that had less of custody's time lately,
and one lane is always left for somebody else. Where only one station has anything due it loses nothing by that. Nor
does a large file wait for all small ones of its own station: the last lane that the station may have is kept for it.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

HALF_LIFE_SECONDS = 300.0
"""After so long, half of what a station had is forgotten: a card emptied in the morning costs nothing at noon."""


@dataclass(frozen=True)
class Order:
    """Of stations: `full` get no lane now; `one_short` may have one more, for no small file where a large one waits;
    `behind` had some of the time, least first. All others come before those."""

    full: tuple[uuid.UUID, ...] = ()
    behind: tuple[uuid.UUID, ...] = ()
    one_short: tuple[uuid.UUID, ...] = ()


class FairShare:
    """What the lanes of one worker do for whom. Safe to use from all of them."""

    def __init__(self, most_at_once: int, now: Callable[[], float] = time.monotonic) -> None:
        self.choosing = threading.Lock()
        """Held while a lane chooses and begins: no two of them see the same order."""
        self._most_at_once, self._now = most_at_once, now
        self._guard = threading.Lock()
        self._under_way: Counter[uuid.UUID] = Counter()
        self._large_under_way = 0
        self._had: dict[uuid.UUID, float] = {}
        self._as_of = now()

    @property
    def under_way(self) -> int:
        """Lanes at work."""
        with self._guard:
            return self._under_way.total()

    def order(self) -> Order:
        with self._guard:
            self._pass_time()
            most = self._most_at_once
            full = tuple(each for each, lanes in self._under_way.items() if lanes >= most)
            one_short = tuple(each for each, lanes in self._under_way.items() if lanes == most - 1)
            behind = tuple(sorted(self._had, key=self._had.__getitem__))
            # While a large one is under way nobody looks for another: nothing is kept for it.
            return Order(full, behind, () if self._large_under_way else one_short)

    def begin(self, station_id: uuid.UUID, is_large: bool = False) -> None:
        with self._guard:
            self._pass_time()
            self._under_way[station_id] += 1
            self._large_under_way += is_large
            # Before it has taken any time: whoever was served just now is behind whoever was not.
            self._had.setdefault(station_id, 0.0)

    def end(self, station_id: uuid.UUID, is_large: bool = False) -> None:
        with self._guard:
            self._pass_time()
            self._under_way[station_id] -= 1
            self._large_under_way -= is_large
            if not self._under_way[station_id]:
                del self._under_way[station_id]

    def _pass_time(self) -> None:
        """A lane's time counts while it passes, not when it ends: a slow file holds its own station back."""
        now = self._now()
        passed, self._as_of = now - self._as_of, now
        kept = 0.5 ** (passed / HALF_LIFE_SECONDS)
        self._had = {
            each: had * kept + self._under_way[each] * passed
            for each, had in self._had.items()
            if had * kept > 0.001 or each in self._under_way
        }


class FairSemaphore:
    """So many may do something at once; of those who wait, whoever's party has fewest, then was served longest ago."""

    def __init__(self, permits: int) -> None:
        self.permits = permits
        self._changed = threading.Condition()
        self._numbers = count(1)
        self._waiting: list[tuple[uuid.UUID, int]] = []
        self._held: Counter[uuid.UUID] = Counter()
        self._served: dict[uuid.UUID, int] = {}

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        with self._changed:
            return len(self._waiting)

    @contextmanager
    def taken(self, party: uuid.UUID) -> Iterator[None]:
        """A place for as long as the block runs; waits for one without end."""
        with self._changed:
            ticket = (party, next(self._numbers))
            self._waiting.append(ticket)
            self._changed.wait_for(lambda: self._is_next(ticket))
            self._waiting.remove(ticket)
            self._held[party] += 1
            self._served[party] = next(self._numbers)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._held[party] -= 1
                self._changed.notify_all()

    def _is_next(self, ticket: tuple[uuid.UUID, int]) -> bool:
        return self._held.total() < self.permits and ticket == min(self._waiting, key=self._rank)

    def _rank(self, ticket: tuple[uuid.UUID, int]) -> tuple[int, int, int]:
        party, number = ticket
        return self._held[party], self._served.get(party, 0), number
