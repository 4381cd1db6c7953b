"""Which redacted copies are due, and who has leased them.

Each is encoded, so they are made where what takes long is made. Units take turns, as with renditions.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session, aliased

from ingest.lease import Lease, is_free, taken_by
from ingest.media.redaction import Hidden
from ingest.rendering.workshop import MEDIA
from storage.catalog.recordings import Recording
from storage.catalog.redaction import RedactedCopy, Redaction
from storage.database import Database
from storage.ledger.append import Change, record_change
from storage.sealed_object import AtRest

PREFIX = "redacted/"


@dataclass(frozen=True)
class DueCopy:
    """One copy that is owed, leased by `worker`, with the original that it is made of."""

    copy_id: uuid.UUID
    unit_id: uuid.UUID
    recording_id: uuid.UUID
    redaction_id: uuid.UUID
    original: AtRest
    size_bytes: int
    sha256: bytes
    hidden: Hidden
    mark: tuple[str, ...]
    worker: str
    deferrals: int
    deadlines: int

    @property
    def lease(self) -> Lease[RedactedCopy]:
        mine = and_(RedactedCopy.id == self.copy_id, RedactedCopy.state == "due")
        return Lease(RedactedCopy, mine, self.worker, f"redacted copy {self.copy_id}")

    def enter_failure(self, session: Session) -> None:
        """Whoever wants it may ask for it again."""
        data = {"copy_id": str(self.copy_id), "redaction_id": str(self.redaction_id)}
        change = Change("copy.failed", "recording", str(self.recording_id), self.unit_id, data)
        record_change(session, MEDIA, change)

    @property
    def folder(self) -> str:
        return f"{PREFIX}{self.copy_id}/"


def lease_due_copy(database: Database, worker: str) -> DueCopy | None:
    """Lease the oldest of the unit that was served longest ago; None when none is due."""
    served = aliased(RedactedCopy)
    last = select(func.max(served.taken_at)).where(served.unit_id == RedactedCopy.unit_id).scalar_subquery()
    free = select(RedactedCopy).where(RedactedCopy.state == "due", is_free(RedactedCopy))
    turn = free.order_by(last.asc().nulls_first(), RedactedCopy.asked_at, RedactedCopy.id)
    with database.transaction() as session:
        row = session.scalars(turn.limit(1).with_for_update(skip_locked=True, of=RedactedCopy)).first()
        return None if row is None else _take(session, row, worker)


def _take(session: Session, row: RedactedCopy, worker: str) -> DueCopy:
    taken = {"attempts": RedactedCopy.attempts + 1, "taken_at": func.clock_timestamp(), **taken_by(worker)}
    session.execute(update(RedactedCopy).where(RedactedCopy.id == row.id).values(**taken))
    recording, stated = session.get_one(Recording, row.recording_id), session.get_one(Redaction, row.redaction_id)
    return DueCopy(
        copy_id=row.id,
        unit_id=row.unit_id,
        recording_id=recording.id,
        redaction_id=stated.id,
        original=AtRest.of(recording),
        size_bytes=recording.size_bytes,
        sha256=recording.sha256,
        hidden=Hidden.of(stated.boxes, stated.mutes),
        mark=tuple(row.mark),
        worker=worker,
        deferrals=row.deferrals,
        deadlines=row.deadlines,
    )
