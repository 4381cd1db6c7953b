"""Which redacted copies are due, and who has leased them; how one is put off, or given up with its reason.

Each is encoded, so they are made where what takes long is made. Units take turns, as with renditions.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session, aliased

from ingest.lease import Lease, given_back, is_free, taken_by
from ingest.media.redaction import Hidden
from ingest.rendering.due import LONGEST_PAUSE, MOST_ATTEMPTS, PAUSE
from ingest.rendering.workshop import MEDIA
from storage.catalog.recordings import Recording, Rendition
from storage.catalog.redaction import RedactedCopy, Redaction
from storage.database import Database
from storage.ledger.append import Change, record_change
from storage.sealed_object import AtRest

PREFIX = "redacted/"


@dataclass(frozen=True)
class DueCopy:
    """One copy that is owed, leased by `worker`, with the original that it is made of; `recovered`: what was saved of
    one that no player opens."""

    copy_id: uuid.UUID
    unit_id: uuid.UUID
    recording_id: uuid.UUID
    redaction_id: uuid.UUID
    original: AtRest
    size_bytes: int
    sha256: bytes
    recovered: tuple[AtRest, int] | None
    hidden: Hidden
    mark: tuple[str, ...]
    worker: str
    attempts: int
    deferrals: int

    @property
    def lease(self) -> Lease:
        mine = and_(RedactedCopy.id == self.copy_id, RedactedCopy.state == "due")
        return Lease(RedactedCopy, mine, self.worker, f"redacted copy {self.copy_id}")

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
    # What is written is in `row` as well, this attempt included.
    session.execute(update(RedactedCopy).where(RedactedCopy.id == row.id).values(**taken))
    recording, stated = session.get_one(Recording, row.recording_id), session.get_one(Redaction, row.redaction_id)
    saved = select(Rendition).where(Rendition.recording_id == recording.id, Rendition.name == "recovery")
    recovery = session.scalars(saved).first()
    return DueCopy(
        copy_id=row.id,
        unit_id=row.unit_id,
        recording_id=recording.id,
        redaction_id=stated.id,
        original=AtRest.of(recording),
        size_bytes=recording.size_bytes,
        sha256=recording.sha256,
        recovered=None if recovery is None else (AtRest.of(recovery), recovery.size_bytes),
        hidden=Hidden.of(stated.boxes, stated.mutes),
        mark=tuple(row.mark),
        worker=worker,
        attempts=row.attempts,
        deferrals=row.deferrals,
    )


def defer_copy(database: Database, due: DueCopy, reason: str) -> None:
    """Try again, later each time: what was in the way was ours, so it was no attempt at all."""
    later = {
        "attempts": RedactedCopy.attempts - 1,
        "deferrals": RedactedCopy.deferrals + 1,
        "outcome": reason[:500],
        **given_back(min(PAUSE * 2 ** min(due.deferrals, 10), LONGEST_PAUSE)),
    }
    with database.transaction() as session:
        due.lease.write(session, **later)


def put_off_copy(database: Database, due: DueCopy, reason: str) -> None:
    """What the file brings about is tried a few times, then it has failed."""
    if due.attempts >= MOST_ATTEMPTS:
        give_up_copy(database, due, reason)
        return
    with database.transaction() as session:
        due.lease.write(session, outcome=reason[:500], **given_back(PAUSE))


def give_up_copy(database: Database, due: DueCopy, reason: str) -> None:
    """It has failed for good, with its entry; whoever wants it may ask for it again."""
    with database.transaction() as session:
        if due.lease.write(session, state="failed", outcome=reason[:500], **given_back()):
            data = {"copy_id": str(due.copy_id), "redaction_id": str(due.redaction_id)}
            record_change(session, MEDIA, Change("copy.failed", "recording", str(due.recording_id), due.unit_id, data))
