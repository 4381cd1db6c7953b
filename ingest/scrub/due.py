"""Whose turn it is: what was looked at longest ago. Some objects are leased at once, so that small ones cost little."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, true
from sqlalchemy.orm import Session

from ingest.alarms import StoredSubject
from ingest.lease import MOST_AHEAD, Lease, is_free
from ingest.objects.batches import MOST_OBJECTS, lease_rows, within_reach
from storage.catalog.object_looks import WHOLE, ObjectLook
from storage.database import Database

LOST_AGAIN: Final = timedelta(hours=6)
"""So soon what is lost is looked at again by itself: somebody may have put it back."""


@dataclass(frozen=True)
class Selection:
    """Which objects are looked at: those looked at last before `before`, and of the lost ones those before
    `lost_before` (instants of the database's clock). `among`: these alone."""

    before: ColumnElement[datetime]
    lost_before: ColumnElement[datetime]
    among: Collection[uuid.UUID] | None = None

    @classmethod
    def in_rounds(cls, days: int) -> Selection:
        """As they come due by themselves: each once in `days`."""
        return cls(func.now() - timedelta(days=days), func.now() - LOST_AGAIN)

    @classmethod
    def all_before(cls, instant: datetime, among: Collection[uuid.UUID] | None = None) -> Selection:
        """Each once, whatever its turn; what was looked at since `instant` is done."""
        return cls(literal(instant), literal(instant), among)

    @classmethod
    def due_at(cls, instant: datetime, days: int) -> Selection:
        """What is due at `instant`, and all that is lost."""
        return cls(literal(instant) - timedelta(days=days), literal(instant))

    def wanted(self) -> ColumnElement[bool]:
        return or_(*self.kinds())

    def kinds(self) -> Sequence[ColumnElement[bool]]:
        """What is wanted, by why; each is one look at an index."""
        ours = true() if self.among is None else ObjectLook.id.in_(self.among)
        return (
            and_(ObjectLook.found != WHOLE, ObjectLook.looked_at < self.lost_before, ours),
            and_(ObjectLook.looked_at < self.before, ours),
            # Written while the database's clock was ahead: nobody was there yet.
            and_(ObjectLook.looked_at > func.now() + MOST_AHEAD, ours),
        )


@dataclass(frozen=True, slots=True)
class Due:
    """An object that was leased. `found`: by the look before this one."""

    kind: str
    id: uuid.UUID
    unit_id: uuid.UUID
    size_bytes: int
    found: str

    @property
    def subject(self) -> StoredSubject:
        return StoredSubject(self.kind, self.id, self.unit_id)


@dataclass(frozen=True)
class Batch:
    """What `lease` holds, the longest ago first."""

    lease: Lease[ObjectLook]
    due: Sequence[Due]


def lease_batch(database: Database, worker: str, selection: Selection, lost_first: bool) -> Batch | None:
    """None where nothing is due that nobody has. `lost_first`: what is lost comes before all else; otherwise after."""
    lost, *others = selection.kinds()
    with database.transaction() as session:
        for wanted in (lost, *others) if lost_first else (*others, lost):
            rows = list(within_reach(session.scalars(_free(wanted)).all()))
            if rows:
                return _leased(session, rows, worker)
    return None


def _free(wanted: ColumnElement[bool]) -> Select[ObjectLook]:
    statement = select(ObjectLook).where(wanted, is_free(ObjectLook)).order_by(ObjectLook.looked_at)
    return statement.limit(MOST_OBJECTS).with_for_update(skip_locked=True)


def _leased(session: Session, rows: Sequence[ObjectLook], worker: str) -> Batch:
    due = [Due(row.kind, row.id, row.unit_id, row.size_bytes, row.found) for row in rows]
    return Batch(lease_rows(session, ObjectLook, rows, worker, "objects to be looked at"), due)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is to look at."""

    objects: int
    size_bytes: int


def measure(session: Session, selection: Selection) -> Extent:
    """Of what is wanted now, leased or not."""
    counted = select(func.count(), func.coalesce(func.sum(ObjectLook.size_bytes), 0)).where(selection.wanted())
    objects, size_bytes = session.execute(counted).one()
    return Extent(objects, int(size_bytes))
