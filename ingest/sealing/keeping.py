"""What is sealed is locked in the store before its receipt leaves: docs/decisions/0024-objects-in-s3.md.

Not earlier: until its row stands an object may belong to nothing, and what is locked nobody can remove.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from ingest.sealing.due import DueUpload
from ingest.sealing.parts import Custody
from ingest.sealing.steps import step
from integrity.local_time import end_of_day
from retention.classes import retain_until_at_sealing
from storage.catalog.recordings import Recording
from storage.catalog.uploads import Upload


@dataclass(frozen=True)
class _SealedRow:
    """What the row of the upload's recording says."""

    object_name: str
    last_day: date | None


@step
def lock_in_store(upload: DueUpload, custody: Custody) -> None:
    """On return the store deletes the recording's object for nobody before its last day of keeping has ended.

    Doing it again changes nothing. Raises ObjectMissing where there is nothing to be locked: then custody makes it anew
    first (stored.py), and locks that.
    """
    row = _read_row(upload, custody)
    if row.last_day is not None:
        custody.store.keep_until(row.object_name, end_of_day(row.last_day))


def _read_row(upload: DueUpload, custody: Custody) -> _SealedRow:
    found = select(Recording.object_name, Recording.retain_until, Recording.received_at)
    with custody.database.reading() as session:
        row = session.execute(
            found.join(Upload, Upload.recording_id == Recording.id).where(Upload.id == upload.id)
        ).one()
    # What is kept for ever has no last day: at least as long as everything is.
    last_day = row.retain_until or retain_until_at_sealing(row.received_at)
    return _SealedRow(row.object_name, last_day)
