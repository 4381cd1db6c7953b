"""An original that is asked for and lies in the cold place: it is brought back, and whoever asked is told when."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from fastapi import Request

from api.archive import Archive
from api.http.sessions import require_viewer_in
from api.recalling import recall_under
from casework.access import find_original_grant
from retention.errors import OriginalsCold


def recall_original(request: Request, archive: Archive, recording_id: uuid.UUID) -> OriginalsCold:
    """Committed when this returns; what is to be raised. Raises AccessRefused, and what `require_viewer_in` does."""
    with archive.database.transaction() as session:
        person = require_viewer_in(session, request).person
        grant = find_original_grant(session, person, recording_id, datetime.now(UTC))
        return recall_under(session, archive, person, grant.grant_id, [recording_id])
