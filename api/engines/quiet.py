"""Memory that a crowd needed goes back to the system once the crowd has gone.

Sixty-four bodies of 100 kB at once leave holes in the heap that glibc keeps: it gives back what lies at its end alone.
Of a process that works for months, what it holds is then the sum of all that it ever needed, each at its own time.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Final

QUIET_TICKS: Final = 10
"""Of uvicorn's, ten a second: so long nobody has had an answer."""
LEAST_REQUESTS: Final = 100
"""Since it was done last: a page or a look at readiness leaves no holes worth the while."""


def give_back_free_memory() -> None:
    """Whole pages, wherever they lie (malloc_trim(3)): some milliseconds, in which nothing else goes on."""
    ctypes.CDLL(None).malloc_trim(0)


class Quiet:
    """Of one process: when it has become quiet after much work."""

    def __init__(self, on_quiet: Callable[[], None] = give_back_free_memory) -> None:
        self._on_quiet = on_quiet
        self._requests = 0
        self._requests_at_last = 0
        self._ticks = 0

    def tick(self, requests: int, under_way: int) -> None:
        """`requests`: answered since the process began; `under_way`: not answered yet."""
        if under_way or requests != self._requests:
            self._requests, self._ticks = requests, 0
            return
        self._ticks += 1
        if self._ticks == QUIET_TICKS and requests - self._requests_at_last >= LEAST_REQUESTS:
            self._requests_at_last = requests
            self._on_quiet()
