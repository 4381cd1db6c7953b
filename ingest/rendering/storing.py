"""Storing a copy that was made: sealed under a key of its own, read back, recorded with its entry and its job's end.

A rendition and a redacted copy go the same way. Whoever has lost his lease meanwhile leaves nothing behind, and takes
nothing away.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Protocol

import structlog
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from ingest.media.renditions import RenditionMade
from ingest.rendering.ending import Owed
from ingest.rendering.workshop import Rendering
from retention.disposal import disposal_month
from storage.catalog.recordings import Recording
from storage.keystore import WrappedKey
from storage.sealed_object import aad_of
from storage.sealing import SealedObject, SealingPlan, read_back, write_sealed

log = structlog.get_logger()


class Place(Protocol):
    """Where one copy goes: objects whose names begin with `prefix`, and the row `copy_id`, under which it is sealed.
    `which`: of what is leased, its job."""

    @property
    def due(self) -> Owed: ...
    @property
    def copy_id(self) -> uuid.UUID: ...
    @property
    def prefix(self) -> str: ...
    @property
    def which(self) -> tuple[ColumnElement[bool], ...]: ...

    def known(self, session: Session) -> set[str]:
        """The objects under `prefix` that a row refers to."""

    def record(self, session: Session, made: RenditionMade, columns: Mapping[str, Any]) -> None:
        """Its row with these columns, its job's end, and its entry. The lease is held."""


def store_copy(place: Place, made: RenditionMade, rendering: Rendering) -> None:
    """Raises NoRoomToWork."""
    rendering.room.require(made.size_bytes)
    if not remove_orphans(place, rendering):
        log.warning("copy.made_elsewhere", subject=place.due.lease.subject, kind=made.name)
        return
    plan = SealingPlan.fresh(f"{place.prefix}{uuid.uuid4().hex}", aad_of(place.copy_id))
    sealed = write_sealed(made.path, rendering.store, plan)
    read_back(rendering.store, plan, sealed)
    if not record_copy(place, made, plan, sealed, rendering):
        log.warning("copy.made_elsewhere", subject=place.due.lease.subject, kind=made.name)
        rendering.store.delete(plan.object_name)


def remove_orphans(place: Place, rendering: Rendering) -> bool:
    """Objects of an earlier run that crashed before it recorded them: nobody refers to them, nobody can. False, and
    nothing removed, when the lease was lost: what lies there may be what another worker has made since."""
    with rendering.database.transaction() as session:
        if not place.due.lease.is_held(session, *place.which):
            return False
        for orphan in set(rendering.store.list(place.prefix)) - place.known(session):
            rendering.store.delete(orphan)
    return True


def record_copy(
    place: Place, made: RenditionMade, plan: SealingPlan, sealed: SealedObject, rendering: Rendering
) -> bool:
    """One transaction. False, and nothing written, when the lease was lost.

    The data key is wrapped only here, under the month that `lock_month` says.
    """
    due = place.due
    with rendering.database.transaction() as session:
        month = lock_month(session, due.recording_id)
        if not due.lease.is_held(session, *place.which):
            return False
        wrapped = rendering.key_store.wrap_data_key(due.unit_id, month, plan.data_key)
        place.record(session, made, made_columns(made, sealed, wrapped, due.sha256))
        return True


def lock_month(session: Session, recording_id: uuid.UUID) -> str:
    """The month of disposal, with the recording locked: whoever lengthens its keeping does so before, and the key comes
    under the later month, or afterwards, and finds the row. Recordings are locked before their jobs, by all."""
    kept = select(Recording.retain_until).where(Recording.id == recording_id).with_for_update(key_share=True)
    return disposal_month(session.scalars(kept).one())


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
