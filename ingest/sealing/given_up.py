"""Attempts that become no recording: what sealing had made of an upload before a person gave it up, or before it was
found that the same bytes are sealed already. Ciphertext that nobody will ask for, and its key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from ingest.lease import MOST_AHEAD
from storage.catalog.recordings import CustodyAttempt, Recording
from storage.catalog.uploads import Upload
from storage.database import Database
from storage.objects.protocol import ObjectStore

log = structlog.get_logger()

LATE_WORKER = timedelta(hours=1)
"""Who lost a lease without giving it back may only be stopped for a while, and about to publish an object."""


def remove_attempts_given_up(database: Database, store: ObjectStore) -> list[str]:
    """Remove the objects and the attempts, with their keys, of uploads that were released, or that were sealed before.
    Returns the uploads' ids.

    A crash anywhere, or another who does the same at once, leaves nothing undone: the row goes last. What cannot be
    removed now is logged, keeps nobody else's, and is tried again by a later call. Raises what the database raises when
    it does not say what is due.
    """
    with database.reading() as session:
        due = session.scalars(
            select(CustodyAttempt.upload_id).join_from(CustodyAttempt, Upload).where(_given_up())
        ).all()
    return [upload_id for upload_id in due if _removed(database, store, upload_id)]


def _removed(database: Database, store: ObjectStore, upload_id: str) -> bool:
    try:
        return _remove(database, store, upload_id)
    except Exception:
        log.exception("custody.given_up_stays", upload=upload_id)
        return False


def _remove(database: Database, store: ObjectStore, upload_id: str) -> bool:
    """The object first, in no transaction: a store that answers late would hold rows locked, and a connection.

    No lock is needed for that. An upload that was given up stays so, and is no recording's; its object's name is of
    this attempt alone; and removing it twice is removing it once. A crash before the row goes leaves the row, by which
    a later call finds both. The row first would leave an object that nothing leads to.
    """
    with database.reading() as session:
        attempt = session.scalars(_attempt_of(upload_id)).first()
    if attempt is None:
        return False
    store.delete(attempt.object_name)
    with database.transaction() as session:
        return _forget(session, upload_id)


def _forget(session: Session, upload_id: str) -> bool:
    """False where another was here first."""
    attempt = session.scalars(_attempt_of(upload_id).with_for_update(of=CustodyAttempt)).first()
    if attempt is not None:
        session.delete(attempt)
    return attempt is not None


def _attempt_of(upload_id: str) -> Select[CustodyAttempt]:
    return select(CustodyAttempt).join_from(CustodyAttempt, Upload).where(Upload.id == upload_id, _given_up())


def _given_up() -> ColumnElement[bool]:
    """Never of what is a recording, whatever the upload's row says: that object is evidence."""
    is_recording = select(Recording.id).where(Recording.id == CustodyAttempt.recording_id).exists()
    released = (Upload.state == "terminated") & or_(Upload.leased_by.is_(None), _is_over(Upload.leased_until))
    # Who is late with a repeat has no lease by then that could tell.
    superseded = (Upload.recording_id != CustodyAttempt.recording_id) & _is_over(CustodyAttempt.superseded_at)
    return or_(released, superseded) & ~is_recording


def _is_over(since: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Long enough ago for whoever was stopped then; or it was written while the database's clock was ahead."""
    return or_(since < func.now() - LATE_WORKER, since > func.now() + MOST_AHEAD)
