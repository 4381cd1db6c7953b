"""A person names a whole recording of the same recorder, and the recovery of one without an index is tried with it."""

from __future__ import annotations

import uuid

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from ingest.media import findings as code
from ingest.rendering.due import due_again
from ingest.rendering.errors import RecoveryNotPossible, RecoveryUnderWay
from ingest.rendering.references import is_reference
from retention.permission import require_role
from retention.subjects import row_in_unit
from storage.catalog.organisation import Person
from storage.catalog.recordings import DECODING, MediaJob, Recording
from storage.ledger.append import Actor, Change, record_change

MAY_ASK = ("officer", "supervisor", "administrator")


def ask_for_recovery(session: Session, by: Person, recording_id: uuid.UUID, reference_id: uuid.UUID) -> Recording:
    """The recovery and the copies that wait for it become due again; the original is only read.

    Raises DeedNotAllowed, UnknownSubject, OutsideUnit, RecoveryNotPossible, RecoveryUnderWay. Its entry is in the same
    transaction.
    """
    require_role(by, "recover", MAY_ASK)
    recording = row_in_unit(session, by, Recording, recording_id, lock=True)
    reference = row_in_unit(session, by, Recording, reference_id)
    if not lacks_index(recording):
        raise RecoveryNotPossible(recording_id, "its index is there")
    fits = select(Recording.id).where(Recording.id == reference.id, is_reference(recording))
    if session.scalars(fits).first() is None:
        raise RecoveryNotPossible(recording_id, "the reference is no whole H.264 or HEVC film in MP4")
    make_due(session, recording, reference_id)
    data = {"reference": str(reference_id)}
    change = Change("recovery.asked", "recording", str(recording_id), recording.unit_id, data)
    record_change(session, Actor.person(by.id), change)
    return recording


def lacks_index(recording: Recording) -> bool:
    reasons = recording.findings.get("reasons") or ()
    return any(isinstance(reason, dict) and reason.get("code") == code.MOOV_MISSING for reason in reasons)


def make_due(session: Session, recording: Recording, reference_id: uuid.UUID) -> None:
    """Raises RecoveryNotPossible where it was recovered before: a copy is never replaced. And RecoveryUnderWay while
    a worker has the recording's copies before him: whoever asks again and again must not take them from him each time.

    The recording is locked first, here as by whoever records a copy. Of jobs no lock is waited for: who holds one is at
    work on it.
    """
    mine = and_(MediaJob.recording_id == recording.id, MediaJob.kind != DECODING)
    if session.scalar(select(MediaJob.state).where(mine, MediaJob.kind == "recovery")) == "done":
        raise RecoveryNotPossible(recording.id, "it has been recovered")
    known = set(session.scalars(select(MediaJob.kind).where(mine)))
    jobs = session.scalars(select(MediaJob).where(mine).with_for_update(skip_locked=True)).all()
    if len(jobs) < len(known) or any(job.state == "due" for job in jobs):
        raise RecoveryUnderWay(recording.id)
    if "recovery" not in known:
        session.add(MediaJob(recording_id=recording.id, unit_id=recording.unit_id, kind="recovery"))
        session.flush()
    ended = mine, MediaJob.state.in_(("nothing", "failed", "due"))
    session.execute(update(MediaJob).where(*ended).values(**due_again()))
    session.execute(update(MediaJob).where(*ended, MediaJob.kind == "recovery").values(reference_id=reference_id))
