"""An original in the cold place that is asked for at the server, in the name of whom a grant is for."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from api.archive import Archive
from api.cooling import require_cold
from casework.access import record_refusal
from casework.errors import AccessRefused, Unknown
from casework.recall import recall_by
from retention.recalls import Whereabouts
from storage.catalog.access import Grant
from storage.catalog.organisation import Person


def recall_for_holder(archive: Archive, recording_id: uuid.UUID, grant_id: uuid.UUID) -> Whereabouts | None:
    """As he would ask on the recording's page. Where the original is then; None for the store.

    Committed when this returns, and so is the entry of a refusal. Raises AccessRefused, Unknown, and UsageRefused where
    no cold place is named.
    """
    require_cold(archive)
    with archive.database.reading() as session:
        grant = session.get(Grant, grant_id)
        if grant is None:
            raise Unknown("access_grant", grant_id)
        holder = session.get_one(Person, grant.person_id)
    try:
        with archive.database.transaction() as session:
            return recall_by(session, holder, recording_id, grant_id, datetime.now(UTC))
    except AccessRefused as refused:
        with archive.database.transaction() as session:
            record_refusal(session, holder, recording_id, refused.reason)
        raise
