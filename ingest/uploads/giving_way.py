"""Bodies give way to sealing: while a large file is being sealed on this node, those of one process take an eighth of a
processor, and no more.

A file that has arrived is sealed before others arrive faster. Niceness alone does not bring that about: of two
processors, two processes that take sixteen bodies at full speed had three quarters, and sealing waited for one during
two thirds of its time. An eighth takes in some 100 MB/s, of each process, which is more than a station's network
brings: what is slowed down is who sends from next door, and for as long as his own file before is being sealed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

PART: Final = 0.125
WINDOW_SECONDS: Final = 0.05


class GivingWay:
    """Of one process: when whoever takes a long body is to take the next block of it."""

    def __init__(
        self,
        is_sealing: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
        used_seconds: Callable[[], float] = time.process_time,
    ) -> None:
        """`is_sealing` is asked once a window. `used_seconds`: of processors, by this process, whatever for: who waits
        for a page waits for no body."""
        self._ask, self._clock, self._used = is_sealing, clock, used_seconds
        self._is_sealing = False
        self._began_at = -WINDOW_SECONDS
        self._used_before = 0.0

    def pause_seconds(self) -> float:
        """Until the next window where what this one has is used up; mostly 0."""
        now = self._clock()
        if now - self._began_at >= WINDOW_SECONDS:
            self._is_sealing, self._began_at, self._used_before = self._ask(), now, self._used()
        if not self._is_sealing or self._used() - self._used_before < PART * WINDOW_SECONDS:
            return 0.0
        return self._began_at + WINDOW_SECONDS - now


def never() -> float:
    """Nobody to give way to."""
    return 0.0
