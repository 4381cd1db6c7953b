"""What is sealed is locked in the store before its receipt leaves: docs/decisions/0024-objects-in-s3.md.

Not earlier: until its row stands an object may belong to nothing, and what is locked nobody can remove.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from ingest.errors import StoredCopyLost
from ingest.sealing.due import DueUpload
from ingest.sealing.parts import Custody
from integrity.local_time import CHINA
from retention.classes import retain_until_at_sealing
from storage.catalog.recordings import Recording
from storage.catalog.uploads import Upload
from storage.errors import ObjectMissing
from storage.ledger.own_store import require_own_store


def keep_in_store(upload: DueUpload, custody: Custody) -> None:
    """On return the store deletes the recording's object for nobody before its last day of keeping has ended.

    Doing it again changes nothing. Raises StoredCopyLost where the object is gone, StoreLacksLedger, and what the store
    raises.
    """
    with custody.database.reading() as session:
        found = select(Recording.id, Recording.object_name, Recording.retain_until, Recording.received_at)
        row = session.execute(
            found.join(Upload, Upload.recording_id == Recording.id).where(Upload.id == upload.id)
        ).one()
    # What is kept for ever has no last day: at least as long as everything is.
    last_day = row.retain_until or retain_until_at_sealing(row.received_at)
    if last_day is None:
        return
    try:
        custody.store.keep_until(row.object_name, end_of_day(last_day))
    except ObjectMissing as error:
        # Another's store holds nothing of ours, and is no loss: it is waited for.
        require_own_store(custody.database, custody.store)
        raise StoredCopyLost(upload.id, row.id, str(error)) from error


def end_of_day(day: date) -> datetime:
    """The first instant that is no more of this day, in China."""
    return datetime.combine(day + timedelta(days=1), time(), CHINA)
