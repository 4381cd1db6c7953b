"""Whose turn it is: what somebody waits for, what is to be let go of, and then what is to be moved, one at a time."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from ingest.lease import Lease, is_free
from ingest.objects.batches import lease_rows
from retention.cold_rule import ColdRule, may_be_cold
from storage.catalog.cold import BOTH, COLD, DISPOSED, MOVING, ColdObject
from storage.catalog.recordings import Recording
from storage.database import Database

AGAIN: Final = timedelta(hours=6)
"""So soon what could not be moved, or brought back, is tried again."""
ASIDE: Final = timedelta(minutes=1)
"""So long an object is left alone after an error, so that one with which nothing works keeps no other waiting."""
PLANNED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Owed:
    """An object with which something is to be done. `wanted`: somebody has asked for it. `given_up`: the store has let
    go of its own."""

    id: uuid.UUID
    unit_id: uuid.UUID
    object_name: str
    size_bytes: int
    state: str
    wanted: bool
    given_up: bool


def lease_next(database: Database, worker: str) -> tuple[Lease[ColdObject], Owed] | None:
    """None where nothing is due that nobody has."""
    with database.transaction() as session:
        for statement in _in_turn():
            row = session.scalars(statement.with_for_update(skip_locked=True)).first()
            if row is not None:
                lease = lease_rows(session, ColdObject, [row], worker, "object of the cold place")
                return lease, owed_of(row)
    return None


def find_next(session: Session) -> Owed | None:
    """What `lease_next` would take now; nobody has it for that."""
    for statement in _in_turn():
        row = session.scalars(statement).first()
        if row is not None:
            return owed_of(row)
    return None


def plan(session: Session, rule: ColdRule, now: datetime) -> int:
    """Choose originals to be moved, the first sealed first; how many there were. One that came back is chosen again by
    its own row, when it is quiet."""
    chosen = (
        select(Recording.id, Recording.unit_id, Recording.object_name, Recording.ciphertext_size_bytes)
        .where(may_be_cold(rule, now), Recording.id.not_in(select(ColdObject.id)))
        .order_by(Recording.sealed_at)
        .limit(PLANNED_AT_ONCE)
    )
    columns = ["id", "unit_id", "object_name", "size_bytes"]
    planned = insert(ColdObject).from_select(columns, chosen).on_conflict_do_nothing().returning(ColdObject.id)
    return len(session.scalars(planned).all())


def _in_turn() -> Iterator[Select[ColdObject]]:
    for wanted, order in _by_turn():
        yield select(ColdObject).where(wanted, is_free(ColdObject)).order_by(order, ColdObject.id).limit(1)


def _by_turn() -> Iterator[tuple[ColumnElement[bool], InstrumentedAttribute[Any]]]:
    due = ColdObject.due_at <= func.now()
    yield and_(ColdObject.wanted_since.is_not(None), ColdObject.state == COLD, due), ColdObject.wanted_since
    yield and_(ColdObject.state == DISPOSED, due), ColdObject.due_at
    yield and_(ColdObject.state == COLD, ColdObject.given_up_at.is_(None), due), ColdObject.due_at
    yield and_(ColdObject.state.in_((MOVING, BOTH)), due), ColdObject.due_at


def owed_of(row: ColdObject) -> Owed:
    return Owed(
        row.id,
        row.unit_id,
        row.object_name,
        row.size_bytes,
        row.state,
        row.wanted_since is not None,
        row.given_up_at is not None,
    )
