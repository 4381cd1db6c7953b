"""Some objects leased at once, so that small ones cost little, and for as long as one goes on with them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from sqlalchemy import update
from sqlalchemy.orm import Session

from ingest.lease import LEASE, RENEWALS_PER_LEASE, Lease, taken_by
from storage.catalog.cold import ColdObject
from storage.catalog.object_looks import ObjectLook
from storage.catalog.replicas import ObjectReplica
from storage.database import Database

Row = TypeVar("Row", ObjectLook, ObjectReplica, ColdObject)

MOST_OBJECTS: Final = 64
MOST_BYTES: Final = 256 << 20
"""Leased at once, or one object that is larger. A crash costs no more than going on with these again."""


def within_reach(rows: Sequence[Row]) -> Iterator[Row]:
    """The first of them, until they are MOST_BYTES; that one always."""
    size_bytes = 0
    for row in rows:
        size_bytes += row.size_bytes
        if size_bytes > MOST_BYTES and row is not rows[0]:
            return
        yield row


def lease_rows(session: Session, table: type[Row], rows: Sequence[Row], worker: str, what: str) -> Lease[Row]:
    """`rows`, which the transaction has locked, are the worker's from now on; `what` they are, for the log."""
    theirs = table.id.in_([each.id for each in rows])
    taken = update(table).where(theirs).values(**taken_by(worker))
    session.execute(taken.execution_options(synchronize_session=False))
    return Lease(table, theirs, worker, f"{len(rows)} {what}")


def renew_in_time(database: Database, lease: Lease[Row], renewed_at: float) -> float:
    """Renew it where it is time to, and seldom: a step may be a fraction of a second. When it was last, by the steady
    clock. One that was lost by then is not had again: what is written under it is fenced."""
    if time.monotonic() - renewed_at <= LEASE.total_seconds() / RENEWALS_PER_LEASE:
        return renewed_at
    with database.transaction() as session:
        lease.write(session, **taken_by(lease.worker))
    return time.monotonic()
