"""Which recordings still owe a copy, and who has claimed them. As in ingest/sealing/due.py, the database knows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import case, func, or_, select, update

from storage.catalog.recordings import MediaJob, Recording
from storage.database import Database
from storage.keystore import WrappedKey

LEASE = timedelta(minutes=2)
"""Renewed between copies; the longest single copy may outlast it, and a repeat makes the same copy or finds it."""
MOST_ATTEMPTS = 3


@dataclass(frozen=True)
class DueCopies:
    """One recording with every copy it still owes."""

    recording_id: uuid.UUID
    unit_id: uuid.UUID
    kinds: tuple[str, ...]
    object_name: str
    ciphertext_size_bytes: int
    size_bytes: int
    sha256: bytes
    wrapped_key: WrappedKey
    retain_until: date | None
    worker: str


def claim_due_copies(database: Database, worker: str) -> DueCopies | None:
    """Claim the recording that has waited longest, with all its due copies; None when nothing is due."""
    with database.transaction() as session:
        first = session.scalars(
            select(MediaJob)
            .where(MediaJob.state == "due", or_(MediaJob.claimed_until.is_(None), MediaJob.claimed_until < func.now()))
            .order_by(MediaJob.created_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if first is None:
            return None
        kinds = session.scalars(
            update(MediaJob)
            .where(
                MediaJob.recording_id == first.recording_id,
                MediaJob.state == "due",
                or_(MediaJob.claimed_until.is_(None), MediaJob.claimed_until < func.now()),
            )
            .values(claimed_by=worker, claimed_until=func.now() + LEASE, attempts=MediaJob.attempts + 1)
            .returning(MediaJob.kind)
        ).all()
        recording = session.get_one(Recording, first.recording_id)
        return DueCopies(
            recording_id=recording.id,
            unit_id=recording.unit_id,
            kinds=tuple(sorted(kinds)),
            object_name=recording.object_name,
            ciphertext_size_bytes=recording.ciphertext_size_bytes,
            size_bytes=recording.size_bytes,
            sha256=recording.sha256,
            wrapped_key=WrappedKey(recording.kek_id, recording.wrapped_data_key),
            retain_until=recording.retain_until,
            worker=worker,
        )


def extend_claim(database: Database, due: DueCopies) -> None:
    with database.transaction() as session:
        session.execute(
            update(MediaJob)
            .where(MediaJob.recording_id == due.recording_id, MediaJob.claimed_by == due.worker)
            .where(MediaJob.state == "due")
            .values(claimed_until=func.now() + LEASE)
        )


def settle(database: Database, due: DueCopies, kind: str, state: str, outcome: str) -> None:
    """A job's end: `nothing` to show, or `failed` for good."""
    with database.transaction() as session:
        session.execute(
            update(MediaJob)
            .where(MediaJob.recording_id == due.recording_id, MediaJob.kind == kind, MediaJob.state == "due")
            .values(state=state, outcome=outcome[:500], finished_at=func.now(), claimed_by=None, claimed_until=None)
        )


def put_off(database: Database, due: DueCopies, kind: str, reason: str) -> None:
    """Try again later, a few times; then the job has failed and says why. Custody is not concerned."""
    with database.transaction() as session:
        session.execute(
            update(MediaJob)
            .where(MediaJob.recording_id == due.recording_id, MediaJob.kind == kind, MediaJob.state == "due")
            .values(
                state=case((MediaJob.attempts >= MOST_ATTEMPTS, "failed"), else_="due"),
                outcome=reason[:500],
                claimed_by=None,
                claimed_until=func.now() + timedelta(seconds=5),
            )
        )
