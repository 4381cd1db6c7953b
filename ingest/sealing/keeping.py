"""What is sealed is locked in the store before its receipt leaves: docs/decisions/0024-objects-in-s3.md.

Not earlier: until its row stands an object may belong to nothing, and what is locked nobody can remove.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from ingest.sealing.due import DueUpload
from ingest.sealing.parts import Custody
from ingest.sealing.stored import is_said_to_be_lost, restore_stored_copy
from integrity.local_time import CHINA
from retention.classes import retain_until_at_sealing
from storage.catalog.recordings import Recording
from storage.catalog.uploads import Upload
from storage.errors import ObjectMissing


@dataclass(frozen=True)
class _SealedRow:
    """What the row of the upload's recording says."""

    id: uuid.UUID
    unit_id: uuid.UUID
    object_name: str
    last_day: date | None


def make_whole_if_lost(upload: DueUpload, custody: Custody) -> None:
    """Of one whose row an earlier run has written: where its object was found to be lost since, it is made anew from
    what is staged, with its alarm. That run, or another, may have ended before it was mended: that an object lies
    there says nothing then.

    Raises LostBeforeReceipt or StoredCopyLost where that cannot be, and what the store raises.
    """
    row = _read_row(upload, custody)
    if is_said_to_be_lost(row.id, row.unit_id, custody.database):
        restore_stored_copy(upload, row.id, row.unit_id, custody)


def lock_in_store(upload: DueUpload, custody: Custody) -> None:
    """On return the store deletes the recording's object for nobody before its last day of keeping has ended.

    Doing it again changes nothing. What is locked is whole: this run has read it back, what an earlier run left is made
    so first, and what is not there to be locked; that raises what `make_whole_if_lost` does. Raises StoreLacksLedger.
    """
    if upload.was_sealed_before:
        make_whole_if_lost(upload, custody)
    row = _read_row(upload, custody)
    if row.last_day is None:
        return
    try:
        custody.store.keep_until(row.object_name, end_of_day(row.last_day))
    except ObjectMissing:
        restore_stored_copy(upload, row.id, row.unit_id, custody)
        custody.store.keep_until(row.object_name, end_of_day(row.last_day))


def _read_row(upload: DueUpload, custody: Custody) -> _SealedRow:
    found = select(
        Recording.id, Recording.unit_id, Recording.object_name, Recording.retain_until, Recording.received_at
    )
    with custody.database.reading() as session:
        row = session.execute(
            found.join(Upload, Upload.recording_id == Recording.id).where(Upload.id == upload.id)
        ).one()
    # What is kept for ever has no last day: at least as long as everything is.
    last_day = row.retain_until or retain_until_at_sealing(row.received_at)
    return _SealedRow(row.id, row.unit_id, row.object_name, last_day)


def end_of_day(day: date) -> datetime:
    """The first instant that is no more of this day, in China."""
    return datetime.combine(day + timedelta(days=1), time(), CHINA)
