"""Recovery of a film that lost its index, with the help of a whole one of the same recorder."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.reading.recordings import describe_recording, find_recording
from api.http.reading.recovery import recovery_references
from api.http.schema.base import Listed
from api.http.schema.recordings import NewRecovery, RecordingDetail, RecoveryReference
from api.http.sessions import SignedIn, TheArchive
from ingest.rendering.asking import ask_for_recovery

router = api_router(prefix="/recordings", tags=["recordings"])


@router.get("/{recording_id}/recovery-references", summary="可作参考的录像 / Recordings that may help a recovery")
def show_references(recording_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Listed[RecoveryReference]:
    """Whole H.264 or HEVC films of the unit in MP4; of the same recorder first. Empty where nothing needs one."""
    with looking(archive, viewer) as session:
        recording = find_recording(session, viewer.person, recording_id)
        return Listed(items=recovery_references(session, recording))


@router.post("/{recording_id}/recovery", summary="借助参考录像恢复 / Recover with a reference", status_code=202)
def recover(recording_id: uuid.UUID, form: NewRecovery, viewer: SignedIn, archive: TheArchive) -> RecordingDetail:
    """A worker makes the copy; `media_jobs` says how it went. The original is only read; no copy is replaced."""
    with doing(archive, viewer) as session:
        row = ask_for_recovery(session, viewer.person, recording_id, form.reference)
        session.flush()
        return describe_recording(session, viewer.person, row, datetime.now(UTC))
