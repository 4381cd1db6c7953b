"""Whose turn it is: what is to be removed, what waits to be copied, then the copy that was looked at longest ago."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from ingest.lease import MOST_AHEAD, Lease, is_free
from ingest.objects.batches import MOST_OBJECTS, lease_rows, within_reach
from storage.catalog.object_looks import WHOLE
from storage.catalog.replicas import COPIED, DISPOSED, WAITING, ObjectReplica
from storage.database import Database

AGAIN: Final = timedelta(hours=6)
"""So soon what could not be copied, or healed, is tried again by itself."""
ASIDE: Final = timedelta(minutes=1)
"""So long an object is left alone after an error, so that one with which nothing works keeps no other waiting."""
LONGEST_PAUSE: Final = timedelta(days=2)
"""No pause is longer. What reaches farther ahead was written while the database's clock was ahead."""


@dataclass(frozen=True, slots=True)
class Owed:
    """An object with which something is to be done. `found`: of its copy, by the look before this one. `removed`: once
    already, of what was disposed of."""

    kind: str
    id: uuid.UUID
    object_name: str
    size_bytes: int
    state: str
    found: str
    removed: bool


@dataclass(frozen=True)
class Batch:
    """What `lease` holds, in the order in which it is due. All are in one state."""

    lease: Lease[ObjectReplica]
    owed: Sequence[Owed]


def lease_batch(database: Database, worker: str, days: int) -> Batch | None:
    """None where nothing is due that nobody has. `days`: in which each copy is looked at once."""
    with database.transaction() as session:
        for statement in (_to_do(DISPOSED), _to_do(WAITING), *_to_look_at(days)):
            rows = list(within_reach(session.scalars(statement).all()))
            if rows:
                return _leased(session, rows, worker)
    return None


def try_at_once(session: Session) -> None:
    """What waits for its pause to pass is due now."""
    paused = update(ObjectReplica).where(ObjectReplica.state != COPIED, ObjectReplica.due_at > func.now())
    paused = paused.where(ObjectReplica.removed_at.is_(None))
    session.execute(paused.values(due_at=func.now()).execution_options(synchronize_session=False))


def _to_do(state: str) -> Select[ObjectReplica]:
    due = or_(ObjectReplica.due_at <= func.now(), ObjectReplica.due_at > func.now() + LONGEST_PAUSE)
    return _free(and_(ObjectReplica.state == state, due)).order_by(ObjectReplica.due_at)


def _to_look_at(days: int) -> Iterator[Select[ObjectReplica]]:
    """By why; each is one look at an index."""
    looked_at = ObjectReplica.looked_at
    for due in (
        and_(ObjectReplica.found != WHOLE, looked_at < func.now() - AGAIN),
        looked_at < func.now() - timedelta(days=days),
        looked_at > func.now() + MOST_AHEAD,
    ):
        yield _free(and_(ObjectReplica.state == COPIED, due)).order_by(looked_at)


def _free(wanted: ColumnElement[bool]) -> Select[ObjectReplica]:
    statement = select(ObjectReplica).where(wanted, is_free(ObjectReplica))
    return statement.limit(MOST_OBJECTS).with_for_update(skip_locked=True)


def _leased(session: Session, rows: Sequence[ObjectReplica], worker: str) -> Batch:
    owed = [_owed(row) for row in rows]
    return Batch(lease_rows(session, ObjectReplica, rows, worker, "objects of the replica"), owed)


def _owed(row: ObjectReplica) -> Owed:
    removed = row.removed_at is not None
    return Owed(row.kind, row.id, row.object_name, row.size_bytes, row.state, row.found, removed)
