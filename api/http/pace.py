"""How much of an answer is handed over at once: little to who is slow, for what was handed over leaves in any case."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

LEAST_AT_ONCE = 256 * 1024
MOST_AT_ONCE = 1 << 20
_QUICK_SECONDS: Final = 0.05


class Pace:
    """Of one answer: what left at once lately, for as long as each piece takes next to no time."""

    def __init__(self) -> None:
        self._most = LEAST_AT_ONCE

    def cut(self, body: memoryview) -> Iterator[memoryview]:
        """The bytes in pieces, each of them as large as those before it were quick: the next one is asked for when the
        last one has been taken."""
        while body:
            handed_at = time.monotonic()
            yield body[: self._most]
            body = body[self._most :]
            quick = time.monotonic() - handed_at < _QUICK_SECONDS
            self._most = MOST_AT_ONCE if quick else LEAST_AT_ONCE
