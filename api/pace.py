"""How fast what goes on in the background reads: so many bytes a second, a part of it while receipts are owed, and
nothing for a while after nothing was due or something was away."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import exists, select

from ingest.objects.throttle import Throttle
from storage.catalog.uploads import OWED_RECEIPT, Upload
from storage.database import Database

BURST_SECONDS: Final = 2.0
"""What is read at one go is at most what was allowed in so long: a few tenths of a second's work."""
AWAY_SECONDS: Final = 30.0
"""So long nothing is asked of a store that did not work."""
BESIDE_SEALING: Final = 0.25
"""The part of its rate that is left while uploads wait for theirs: receipts come first, and it never stands still."""


class Pace:
    """For one process. Raises StorageError and what a database raises that does not answer."""

    def __init__(
        self, database: Database, bytes_per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._bytes_per_second, self._clock = database, bytes_per_second, clock
        self._throttle = Throttle(bytes_per_second, BURST_SECONDS, clock)
        self._rest_until = 0.0

    def allowed(self) -> int:
        """Bytes that may be read now; 0 while it rests."""
        if self._clock() < self._rest_until:
            return 0
        self._throttle.bytes_per_second = self._bytes_per_second * (BESIDE_SEALING if self._receipts_wait() else 1.0)
        return self._throttle.allowed()

    def spend(self, size_bytes: int) -> None:
        self._throttle.spend(size_bytes)

    def rest(self, seconds: float) -> None:
        self._rest_until = self._clock() + seconds

    def _receipts_wait(self) -> bool:
        with self._database.reading() as session:
            return bool(session.scalar(select(exists().where(Upload.state.in_(OWED_RECEIPT)))))
