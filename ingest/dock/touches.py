"""What is asked of a source at this moment, and for how long: a card that hangs answers nobody, not even with an error.

Whoever asks it is inside the system then and can say nothing: others look at this, and do not wait as well.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SLOW_SECONDS = 20.0
"""A card that is read at all answers within one or two, and one that dies gives a block up in less."""


class Touches:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._since: dict[object, tuple[threading.Thread, float]] = {}

    @contextmanager
    def one(self) -> Iterator[None]:
        """Around what may take as long as the source likes."""
        touch, since = object(), (threading.current_thread(), time.monotonic())
        with self._turn:
            self._since[touch] = since
        try:
            yield
        finally:
            with self._turn:
                del self._since[touch]

    def lasts_seconds(self, thread: threading.Thread | None = None) -> float:
        """How long the longest of them has been waited for, of all or of one thread; 0 where there is none."""
        with self._turn:
            begun = [since for whose, since in self._since.values() if thread is None or whose is thread]
        return time.monotonic() - min(begun) if begun else 0.0

    def keeps(self, thread: threading.Thread) -> bool:
        """Whether a thread waits in vain, and is not merely at work on what others wait for."""
        return self.lasts_seconds(thread) >= SLOW_SECONDS

    @property
    def is_slow(self) -> bool:
        """Whether whoever asks now had better not wait."""
        return self.lasts_seconds() >= SLOW_SECONDS
