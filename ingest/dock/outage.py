"""Whether the archive is away, for all files at once: told when it begins, seldom while it lasts, and when it is over.

Every file in trouble meets the same, and one that waits for its receipt meets it again and again: whoever watches wants
to hear of it once, and then that it is over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ingest.dock.events import ArchiveAway, ArchiveBack
from ingest.dock.words import Words

# Over so soon it is a cut line, which the next attempt mends: nobody has to do anything.
_WORTH_SAYING_SECONDS = 2.0
_AGAIN_AFTER_SECONDS = 60.0
_AT_LEAST_EVERY_SECONDS = 3600.0
# Twice the longest pause (patience.py): whoever was in trouble and is still there has tried again by then.
_FORGOTTEN_AFTER_SECONDS = 30.0


class Seldom:
    """When to say again what goes on: after a minute, two, four, and then once an hour. Not locked: its owner is."""

    def __init__(self, now: float) -> None:
        self._pause = _AGAIN_AFTER_SECONDS
        self._due = now + self._pause

    def is_due(self, now: float) -> bool:
        """Whether it is to be said at `now`, a monotonic time; if so, it was."""
        if now < self._due:
            return False
        self._pause = min(2 * self._pause, _AT_LEAST_EVERY_SECONDS)
        self._due = now + self._pause
        return True


class Outage:
    """Safe to use from several threads. `party` is whoever tries: a file's pauses.

    It is over when anybody is answered who was not: with several nodes others may be answered all along.
    """

    def __init__(
        self, tell: Callable[[ArchiveAway | ArchiveBack], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._turn = threading.Lock()
        self._troubled: set[object] = set()
        self._since = self._met_at = 0.0
        self._saying: Seldom | None = None

    def met(self, party: object, reason: Words, wait_seconds: float) -> None:
        """The archive did not answer, or not as one that is at work; `party` tries again after `wait_seconds`."""
        with self._turn:
            now = self._clock()
            if not self._troubled:
                self._since = now
            self._troubled.add(party)
            self._met_at = now
            lasts = now - self._since
            if self._saying is None:
                if lasts + wait_seconds < _WORTH_SAYING_SECONDS:
                    return
                self._saying = Seldom(now)
            elif not self._saying.is_due(now):
                return
            self._tell(ArchiveAway(reason, round(lasts, 1)))

    def answered(self, party: object) -> None:
        """The archive is at work, as far as `party` can tell."""
        with self._turn:
            now = self._clock()
            if party not in self._troubled and now - self._met_at < _FORGOTTEN_AFTER_SECONDS:
                return
            was_told, self._saying = self._saying is not None, None
            self._troubled.clear()
            if was_told:
                self._tell(ArchiveBack(round(now - self._since, 1)))
