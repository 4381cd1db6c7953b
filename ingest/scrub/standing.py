"""What is known of the stored objects now: how long ago the oldest look was, what is lost, and which."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from ingest.objects.stated import TABLES
from ingest.scrub.errors import ObjectsDamaged, ScrubBehind
from storage.catalog.access import RequestAttachment
from storage.catalog.object_looks import WHOLE, ObjectLook

ROUNDS_BEHIND: Final = 2
"""So many rounds without a look are too long."""


@dataclass(frozen=True)
class Standing:
    """`oldest_look`: of the object that was looked at the longest ago; None where there is none. `lost`: how many were
    found so, by finding."""

    oldest_look: datetime | None
    lost: Mapping[str, int]

    @property
    def lost_objects(self) -> int:
        return sum(self.lost.values())


@dataclass(frozen=True)
class LostObject:
    """`object_name` is None where whoever asks does not see its row. `of`: its recording, or its request."""

    kind: str
    id: uuid.UUID
    found: str
    lost_since: datetime
    looked_at: datetime
    object_name: str | None
    of: uuid.UUID | None


def read_standing(session: Session, units: Collection[uuid.UUID] | None = None) -> Standing:
    """Of these units, or of all."""
    ours = _of_units(units)
    oldest = session.scalar(select(func.min(ObjectLook.looked_at)).where(ours))
    counted = select(ObjectLook.found, func.count()).where(ObjectLook.found != WHOLE, ours).group_by(ObjectLook.found)
    return Standing(oldest, {row[0]: row[1] for row in session.execute(counted)})


def list_lost(session: Session, limit: int, units: Collection[uuid.UUID] | None = None) -> list[LostObject]:
    """The first that were lost first."""
    statement = select(ObjectLook).where(ObjectLook.found != WHOLE, _of_units(units))
    rows = session.scalars(statement.order_by(ObjectLook.lost_since, ObjectLook.id).limit(limit)).all()
    named = _named(session, rows)
    return [_lost(row, *named.get(row.id, (None, None))) for row in rows]


def require_all_whole(session: Session) -> None:
    """Raises ObjectsDamaged."""
    lost = read_standing(session).lost_objects
    if lost:
        raise ObjectsDamaged(lost)


def require_looked_at(session: Session, days: int, now: datetime) -> None:
    """Raises ScrubBehind where the round of so many days is not kept."""
    oldest = session.scalar(select(func.min(ObjectLook.looked_at)))
    if oldest is not None and oldest < now - ROUNDS_BEHIND * timedelta(days=days):
        raise ScrubBehind(oldest)


def _of_units(units: Collection[uuid.UUID] | None) -> ColumnElement[bool]:
    return true() if units is None else ObjectLook.unit_id.in_(units)


def _named(session: Session, rows: Sequence[ObjectLook]) -> dict[uuid.UUID, tuple[str, uuid.UUID]]:
    named: dict[uuid.UUID, tuple[str, uuid.UUID]] = {}
    for kind in {row.kind for row in rows}:
        table = TABLES[kind]
        owner: Any = table.request_id if table is RequestAttachment else getattr(table, "recording_id", table.id)
        ids = [row.id for row in rows if row.kind == kind]
        found = session.execute(select(table.id, table.object_name, owner).where(table.id.in_(ids)))
        named |= {each[0]: (each[1], each[2]) for each in found}
    return named


def _lost(row: ObjectLook, object_name: str | None, of: uuid.UUID | None) -> LostObject:
    assert row.lost_since is not None, "what is lost says since when"
    return LostObject(row.kind, row.id, row.found, row.lost_since, row.looked_at, object_name, of)
