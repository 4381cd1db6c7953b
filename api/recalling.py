"""Originals that somebody needs now and that lie in the cold place: asked for, with when they are expected."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy.orm import Session

from api.archive import Archive
from retention.errors import OriginalsCold
from retention.recalls import ask_for, where_is
from storage.catalog.organisation import Person


def recall_under(
    session: Session, archive: Archive, person: Person, grant_id: uuid.UUID, recording_ids: Collection[uuid.UUID]
) -> OriginalsCold:
    """Ask for each under a grant that the caller has found, and commits; what is to be raised then."""
    rate, longest = int(archive.settings.cold_rate), 0
    for recording_id in recording_ids:
        ask_for(session, person, grant_id, recording_id)
    for recording_id in recording_ids:
        where = where_is(session, recording_id)
        seconds = 0 if where is None else where.estimated_seconds(rate)
        if seconds is None:
            return OriginalsCold(tuple(recording_ids))
        longest = max(longest, seconds)
    return OriginalsCold(tuple(recording_ids), longest)
