"""So many bytes a second and no more: what was not read at once is not made up for later."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from ingest.objects.look import PIECE_BYTES

AT_ONCE_BYTES: Final = 256 << 20
"""Read at one go where nothing limits it."""


class Throttle:
    """An allowance that grows with time, up to `burst_seconds` of it. Whoever reads more than is left waits longer."""

    def __init__(
        self, bytes_per_second: float | None, burst_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`bytes_per_second` None: no limit."""
        self.bytes_per_second = bytes_per_second
        self._burst_seconds = burst_seconds
        self._clock = clock
        self._at = clock()
        self._left = 0.0

    def allowed(self) -> int:
        """Bytes that may be read now. 0 until there is a piece, or all that may ever be saved up."""
        if self.bytes_per_second is None:
            return AT_ONCE_BYTES
        left = self._grown(self.bytes_per_second)
        return int(left) if left >= min(PIECE_BYTES, self._most(self.bytes_per_second)) else 0

    def spend(self, size_bytes: int) -> None:
        if self.bytes_per_second is not None:
            self._left -= size_bytes

    def seconds_to_wait(self) -> float:
        """Until something is allowed again."""
        rate = self.bytes_per_second
        if rate is None:
            return 0.0
        return max(0.0, (min(PIECE_BYTES, self._most(rate)) - self._grown(rate)) / rate)

    def _most(self, rate: float) -> float:
        return rate * self._burst_seconds

    def _grown(self, rate: float) -> float:
        now = self._clock()
        self._left = min(self._left + (now - self._at) * rate, self._most(rate))
        self._at = now
        return self._left
