"""Originals in the cold place: where one is, and asking for it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from api.archive import Archive
from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.reading.recordings import find_recording
from api.http.schema.recalls import OriginalPlace
from api.http.sessions import SignedIn, TheArchive
from casework.recall import recall
from retention.recalls import Whereabouts, where_is

router = api_router(prefix="/recordings", tags=["recordings"])


@router.get("/{recording_id}/recall", summary="原件存放位置 / Where the original lies")
def show_place(recording_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> OriginalPlace:
    """In the store, or in the cold place (docs/cold.md); for whoever may see the recording's facts."""
    with looking(archive, viewer) as session:
        row = find_recording(session, viewer.person, recording_id)
        return _place(archive, where_is(session, row.id))


@router.post("/{recording_id}/recall", summary="申请调回原件 / Have the original brought back", status_code=202)
def ask(recording_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> OriginalPlace:
    """Under a grant to view or to copy; an entry says who asked, under which. Again, or of what is in the store, it
    changes nothing."""
    with doing(archive, viewer) as session:
        return _place(archive, recall(session, viewer.person, recording_id, datetime.now(UTC)))


def _place(archive: Archive, where: Whereabouts | None) -> OriginalPlace:
    if where is None:
        return OriginalPlace(state="store")
    return OriginalPlace(
        state=where.state,
        size_bytes=where.size_bytes,
        asked_at=where.asked_at,
        estimated_seconds=where.estimated_seconds(int(archive.settings.cold_rate)),
    )
