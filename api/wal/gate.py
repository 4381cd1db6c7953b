"""Nothing is signed before the log that has it is shipped, as long as the log is being shipped.

A checkpoint that was published cannot be taken back: an archive restored from a log that ends before it would have to
refuse to go on (storage/ledger/sequencer.py). And a receipt, which names its checkpoint, lets a station wipe its card.
So the sequencer waits here between giving places and signing them. While the place is away it does not: an archive goes
on receiving, and says that what it signs meanwhile is on this machine alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import text

from api.wal.lsn import parse_lsn
from api.wal.standing import WalStanding
from storage.database import Database

log = structlog.get_logger()

PATIENCE_SECONDS: Final = 5.0
_STALE_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.02
_WRITTEN = text("SELECT pg_current_wal_insert_lsn()::text")


def shipped_first(data: Path, database: Database) -> Callable[[], None]:
    """What the sequencer calls before it signs: returns once all that is committed by now is shipped, or cannot be."""

    def wait() -> None:
        with database.reading() as session:
            written = parse_lsn(session.execute(_WRITTEN).scalar_one())
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (standing := _working(data)) is not None and standing.lsn < written:
            if time.monotonic() >= deadline:
                log.warning("wal.signed_before_shipped", waited_seconds=PATIENCE_SECONDS)
                return
            time.sleep(_PAUSE_SECONDS)

    return wait


def _working(data: Path) -> WalStanding | None:
    """By a steady clock. One set forward would have us sign what is not shipped; set back, wait for who has died."""
    standing = WalStanding.read(data)
    if standing is None or standing.failure is not None:
        return None
    return standing if standing.was_seen_within(_STALE_SECONDS) else None
