"""Asking for an original that lies in the cold place (调回申请), and how long it will take."""

from __future__ import annotations

import math
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from retention.errors import OriginalsCold
from storage.catalog.cold import COLD, ColdObject, ColdStore, RecallRequest
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.ledger.append import Actor, Change, record_change

LEAST_SECONDS: Final = 60
"""No estimate is shorter: the worker has to take it up, and reads it back when it has come."""
WAIT, COMING = "cold", "recalling"


@dataclass(frozen=True)
class Whereabouts:
    """Of an original that lies in the cold place alone. `asked_at`: when somebody first asked for it; then
    `ahead_bytes` are to be brought back before it is whole, its own among them. `failing`: the place does not work."""

    recording_id: uuid.UUID
    size_bytes: int
    moved_at: datetime
    asked_at: datetime | None
    ahead_bytes: int
    failing: bool

    @property
    def state(self) -> str:
        return WAIT if self.asked_at is None else COMING

    def estimated_seconds(self, bytes_per_second: int) -> int | None:
        """Until it is in the store, if it is asked for now or was; nobody knows while the cold place does not work."""
        if self.failing:
            return None
        return LEAST_SECONDS + math.ceil(self.ahead_bytes / bytes_per_second)


def where_is(session: Session, recording_id: uuid.UUID) -> Whereabouts | None:
    """None where the original is in the store."""
    row = session.scalars(
        select(ColdObject)
        .where(ColdObject.id == recording_id, ColdObject.state == COLD)
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        return None
    assert row.moved_at is not None, "what was moved says when"
    ahead = select(func.coalesce(func.sum(ColdObject.size_bytes), 0)).where(
        ColdObject.wanted_since.is_not(None),
        ColdObject.id != row.id,
        true() if row.wanted_since is None else ColdObject.wanted_since < row.wanted_since,
    )
    failing = select(ColdStore.place).where(ColdStore.in_use, ColdStore.failing_since.is_not(None))
    return Whereabouts(
        row.id,
        row.size_bytes,
        row.moved_at,
        row.wanted_since,
        row.size_bytes + int(session.scalars(ahead).one()),
        session.scalars(failing).first() is not None,
    )


def cold_ones(session: Session, recording_ids: Collection[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Those whose original lies in the cold place alone."""
    statement = select(ColdObject.id).where(ColdObject.id.in_(recording_ids), ColdObject.state == COLD)
    return frozenset(session.scalars(statement))


def require_in_store(session: Session, recording_ids: Collection[uuid.UUID]) -> None:
    """Raises OriginalsCold."""
    cold = cold_ones(session, recording_ids)
    if cold:
        raise OriginalsCold(tuple(sorted(cold)))


def ask_for(session: Session, person: Person, grant_id: uuid.UUID, recording_id: uuid.UUID) -> uuid.UUID | None:
    """Have an original brought back, under a grant that the caller has found; its entry goes along. None where it is in
    the store by now, or the same person waits for it already."""
    unit_id = session.scalars(select(Recording.unit_id).where(Recording.id == recording_id)).one()
    values = {"id": uuid.uuid4(), "unit_id": unit_id, "recording_id": recording_id}
    asked = insert(RecallRequest).values(**values, person_id=person.id, grant_id=grant_id)
    recall_id = session.scalars(asked.on_conflict_do_nothing().returning(RecallRequest.id)).first()
    if recall_id is not None:
        data = {"recall_id": str(recall_id), "grant_id": str(grant_id)}
        change = Change("recording.recall_asked", "recording", str(recording_id), unit_id, data)
        record_change(session, Actor.person(person.id), change)
    return recall_id
