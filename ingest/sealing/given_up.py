"""What sealing had made of an upload before a person gave it up: ciphertext that nobody will ask for, and its key."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from ingest.lease import FARTHEST
from storage.catalog.recordings import CustodyAttempt, Recording
from storage.catalog.uploads import Upload
from storage.database import Database
from storage.objects.protocol import ObjectStore

LATE_WORKER = timedelta(hours=1)
"""Who lost a lease without giving it back may only be stopped for a while, and about to publish an object."""


def remove_attempts_given_up(database: Database, store: ObjectStore) -> list[str]:
    """Remove the objects and the attempts, with their keys, of uploads that were released. Returns the uploads' ids.

    A crash anywhere, or another who does the same at once, leaves nothing undone: the row goes last. Raises what store
    and database raise when they do not answer; then a later call goes on.
    """
    with database.reading() as session:
        due = session.scalars(
            select(CustodyAttempt.upload_id).join_from(CustodyAttempt, Upload).where(_given_up())
        ).all()
    return [upload_id for upload_id in due if _remove(database, store, upload_id)]


def _remove(database: Database, store: ObjectStore, upload_id: str) -> bool:
    with database.transaction() as session:
        attempt = _locked(session, upload_id)
        if attempt is None:
            return False
        store.delete(attempt.object_name)
        session.delete(attempt)
    return True


def _locked(session: Session, upload_id: str) -> CustodyAttempt | None:
    statement = select(CustodyAttempt).join_from(CustodyAttempt, Upload).where(Upload.id == upload_id, _given_up())
    return session.scalars(statement.with_for_update()).first()


def _given_up() -> ColumnElement[bool]:
    """Never of what is a recording, whatever the upload's row says: that object is evidence."""
    is_recording = select(Recording.id).where(Recording.id == CustodyAttempt.recording_id).exists()
    until = Upload.leased_until
    nobody_is_at_it = or_(Upload.leased_by.is_(None), until < func.now() - LATE_WORKER, until > func.now() + FARTHEST)
    return (Upload.state == "terminated") & nobody_is_at_it & ~is_recording
