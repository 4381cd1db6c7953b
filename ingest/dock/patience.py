"""How long the agent goes on trying: growing pauses with jitter, and one clock for all files.

One clock, because files share the archive: while any of them moves, waiting for the others is right; when none has
moved for long enough, the fault is not a file's and a person should look.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from ingest.dock.errors import Interrupted, NoProgress, NotSealedYet, TryAgain
from ingest.dock.outage import Outage
from ingest.dock.words import Words

_FIRST_PAUSE_SECONDS = 0.25
_SHORTEST_ASKED_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 15.0


class Patience:
    """Shared by all files of a run. `stop` ends every pause at once; `outage` hears when the archive is away."""

    def __init__(self, give_up_seconds: float, stop: threading.Event, outage: Outage | None = None) -> None:
        self.stop = stop
        self.outage = outage or Outage(lambda _: None)
        self._give_up_seconds = give_up_seconds
        self._moved_at = time.monotonic()

    def progressed(self) -> None:
        """Something moved that had not moved before: start the clock again."""
        self._moved_at = time.monotonic()

    def check(self) -> None:
        """Raises Interrupted once the run was asked to stop."""
        if self.stop.is_set():
            raise Interrupted

    def pause(self, seconds: float, reason: Words) -> None:
        """Wait. Raises Interrupted, or NoProgress instead of waiting when the clock has run out."""
        self.stop.wait(self.grant(seconds, reason))
        self.check()

    def grant(self, seconds: float, reason: Words) -> float:
        """How many of these seconds may be waited. Raises NoProgress when the clock has run out."""
        waited = time.monotonic() - self._moved_at
        if waited >= self._give_up_seconds:
            raise NoProgress(waited, reason)
        return min(seconds, self._give_up_seconds - waited)


class Retries:
    """One file's pauses: each longer than the last until something works. `tell` hears of each pause, why and how long
    it is, and whether the archive is away.
    """

    def __init__(self, patience: Patience, tell: Callable[[Words, float, bool], None]) -> None:
        self._patience = patience
        self._tell = tell
        self._failures = 0
        self._unsealed_since: float | None = None

    def worked(self) -> None:
        """The file moved on: the next pause is short again."""
        self._failures = 0
        self._patience.progressed()
        self.answered()

    def answered(self) -> None:
        """The archive is there, whatever comes of it."""
        self._patience.outage.answered(self)

    def until_next(self, answer: TryAgain) -> float:
        """For whoever waits by himself: the seconds until he asks again. Raises NoProgress.

        Where all is well (NotSealedYet) as long as the server asked, and a tenth of what was waited already: a receipt
        that is soon there comes soon, and one that never comes is seldom asked for. Nothing is told of that.
        """
        if not isinstance(answer, NotSealedYet):
            return self._patience.grant(self._longer(answer), answer.reason)
        now = time.monotonic()
        self._failures = 0
        self.answered()
        if self._unsealed_since is None:
            self._unsealed_since = now
        grown = min((now - self._unsealed_since) / 10, _LONGEST_PAUSE_SECONDS)
        seconds = max(answer.retry_after_seconds, _SHORTEST_ASKED_PAUSE_SECONDS, grown)
        return self._patience.grant(seconds, answer.reason)

    def wait_after(self, answer: TryAgain) -> None:
        """Pause for as long as the server asked, or else for a random part of a doubling time."""
        self._patience.pause(self._longer(answer), answer.reason)

    def _longer(self, answer: TryAgain) -> float:
        """The next pause, told. The random part spreads the stations of a whole shift that lost one server at once."""
        longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0**self._failures)
        self._failures = min(self._failures + 1, 16)
        seconds = max(answer.retry_after_seconds, random.uniform(longest / 2, longest))  # noqa: S311 — spreads load, hides nothing
        if answer.is_away:
            self._patience.outage.met(self, answer.reason, seconds)
        else:
            self.answered()
        self._tell(answer.reason, seconds, answer.is_away)
        return seconds
