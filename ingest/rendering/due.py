"""Which recordings still owe a rendition, and who has leased them. The database knows, as with uploads."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, case, func, select, update

from ingest.lease import Lease, given_back, is_free, taken_by
from storage.catalog.recordings import MediaJob, Recording
from storage.database import Database
from storage.keystore import WrappedKey

MOST_ATTEMPTS = 3
PAUSE = timedelta(seconds=5)


@dataclass(frozen=True)
class DueRenditions:
    """One recording with every rendition it still owes, leased by `worker`."""

    recording_id: uuid.UUID
    unit_id: uuid.UUID
    kinds: tuple[str, ...]
    object_name: str
    ciphertext_size_bytes: int
    size_bytes: int
    sha256: bytes
    wrapped_key: WrappedKey
    worker: str

    @property
    def lease(self) -> Lease:
        due = and_(MediaJob.recording_id == self.recording_id, MediaJob.state == "due")
        return Lease(MediaJob, due, self.worker, f"renditions of {self.recording_id}")


def lease_due_renditions(database: Database, worker: str) -> DueRenditions | None:
    """Lease the recording that has waited longest, with all its due renditions; None when nothing is due."""
    # A row that another worker is just leasing is left to it: two that wait for each other's rows would never end.
    free = select(MediaJob).where(MediaJob.state == "due", is_free(MediaJob)).with_for_update(skip_locked=True)
    with database.transaction() as session:
        first = session.scalars(free.order_by(MediaJob.created_at).limit(1)).first()
        if first is None:
            return None
        jobs = session.scalars(free.where(MediaJob.recording_id == first.recording_id)).all()
        session.execute(
            update(MediaJob)
            .where(MediaJob.id.in_([job.id for job in jobs]))
            .values(attempts=MediaJob.attempts + 1, **taken_by(worker))
        )
        recording = session.get_one(Recording, first.recording_id)
        return DueRenditions(
            recording_id=recording.id,
            unit_id=recording.unit_id,
            kinds=tuple(sorted(job.kind for job in jobs)),
            object_name=recording.object_name,
            ciphertext_size_bytes=recording.ciphertext_size_bytes,
            size_bytes=recording.size_bytes,
            sha256=recording.sha256,
            wrapped_key=WrappedKey(recording.kek_id, recording.wrapped_data_key),
            worker=worker,
        )


def settle(database: Database, due: DueRenditions, kind: str, reason: str) -> None:
    """A job's end without a rendition: there is nothing to show."""
    ended = {"state": "nothing", "outcome": reason[:500], "finished_at": func.now(), **given_back()}
    with database.transaction() as session:
        due.lease.write(session, MediaJob.kind == kind, **ended)


def give_up(database: Database, due: DueRenditions, kind: str, reason: str) -> None:
    """The job has failed for good: a repeat would cost the same again and end the same way."""
    ended = {"state": "failed", "outcome": reason[:500], "finished_at": func.now(), **given_back()}
    with database.transaction() as session:
        due.lease.write(session, MediaJob.kind == kind, **ended)


def put_off(database: Database, due: DueRenditions, kind: str, reason: str, *, by_the_file: bool = True) -> None:
    """Try again later; custody is not concerned.

    What the file brings about is tried a few times, then the job has failed and says why. What fails on our side (a
    database that restarts, a full disk) is no attempt at all: it may happen any number of times.
    """
    later = {
        "state": case((MediaJob.attempts >= MOST_ATTEMPTS, "failed"), else_="due") if by_the_file else "due",
        "attempts": MediaJob.attempts - int(not by_the_file),
        "outcome": reason[:500],
        **given_back(PAUSE),
    }
    with database.transaction() as session:
        due.lease.write(session, MediaJob.kind == kind, **later)
