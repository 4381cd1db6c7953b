"""A copy that was made and sealed, as the columns of its row; and the month that its key comes under."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.media.renditions import RenditionMade
from retention.disposal import disposal_month
from storage.catalog.recordings import Recording
from storage.keystore import WrappedKey
from storage.sealing import SealedObject


def made_columns(
    made: RenditionMade, sealed: SealedObject, wrapped: WrappedKey, parent_sha256: bytes
) -> dict[str, Any]:
    """Of Rendition and RedactedCopy alike. `parent_sha256`: of the original it was made of."""
    return {
        "media_type": made.media_type,
        "size_bytes": sealed.digests.size_bytes,
        "sha256": sealed.digests.sha256.value,
        "object_name": sealed.stored.name,
        "ciphertext_size_bytes": sealed.stored.size_bytes,
        "ciphertext_sha256": sealed.ciphertext_sha256.value,
        "kek_id": wrapped.kek_id,
        "wrapped_data_key": wrapped.wrapped,
        "parent_sha256": parent_sha256,
        "tool": made.tool,
        "tool_version": made.tool_version,
        "settings": list(made.settings),
    }


def lock_month(session: Session, recording_id: uuid.UUID) -> str:
    """The month of disposal, with the recording locked: whoever lengthens its keeping does so before, and the key comes
    under the later month, or afterwards, and finds the row. Recordings are locked before their jobs, by all."""
    kept = select(Recording.retain_until).where(Recording.id == recording_id).with_for_update(key_share=True)
    return disposal_month(session.scalars(kept).one())
