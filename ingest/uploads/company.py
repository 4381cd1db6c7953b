"""How many requests are here together that will soon ask for the same pieces of work.

Whoever sends one small file after another is back within moments of each answer. So several that do wait for each
other at every step, and go through all of them side by side: a batch of eight costs the catalog, the disk and the
interpreter about as much as two of one.

Long bodies are no company: they are here for minutes, and ask for nothing.
"""

from __future__ import annotations

from types import TracebackType

_FORGETTING = 0.2
"""How much of the difference a smaller company makes, from one batch to the next, to what is expected."""


class Company:
    """To be entered by each request for as long as it may ask, on one event loop."""

    def __init__(self) -> None:
        self._here = 0
        self._most = 0
        """At once, since the last batch began."""
        self._usual = 0.0

    @property
    def expected(self) -> int:
        """So many are worth waiting for: those who are here, or as many as were lately, each batch a little less."""
        return max(self._most, round(self._usual))

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
