"""Which whole recordings may help to recover one that lost its index."""

from __future__ import annotations

from sqlalchemy.orm import Session

from api.http.schema.recordings import RecoveryReference
from ingest.rendering.asking import lacks_index
from ingest.rendering.references import list_references
from storage.catalog.recordings import Recording


def recovery_references(session: Session, recording: Recording) -> list[RecoveryReference]:
    """The same recorder's first; none where there is nothing that a reference would help with."""
    if not lacks_index(recording):
        return []
    return [
        RecoveryReference(
            id=row.id,
            original_name=row.original_name,
            device=row.device,
            started_at=row.started_at,
            same_device=row.device is not None and row.device == recording.device,
        )
        for row in list_references(session, recording)
    ]
