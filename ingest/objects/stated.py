"""What each object has to be: by its recording's signed manifest, or by the row of whoever made it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from integrity.dsse import Envelope
from integrity.epoch_keys import EpochKey, public_keys, require_epoch
from integrity.errors import EvidenceError
from integrity.manifest import open_manifest
from storage.catalog.access import RequestAttachment
from storage.catalog.recordings import Recording, Rendition
from storage.catalog.redaction import RedactedCopy

ManifestKeys = Callable[[], Sequence[EpochKey]]
"""The manifest keys that the archive has announced, of every epoch, as of now."""

_Table = type[Recording] | type[Rendition] | type[RedactedCopy] | type[RequestAttachment]
TABLES: Final[Mapping[str, _Table]] = {
    "recording": Recording,
    "rendition": Rendition,
    "redacted_copy": RedactedCopy,
    "request_attachment": RequestAttachment,
}
_NEVER_CHANGED: Final = ("request_attachment",)
"""Nobody has leave to change, or to lock, a row of these."""


@dataclass(frozen=True, slots=True)
class Stated:
    """An object as it was sealed: bytes and SHA-256 of the ciphertext. `flaw`: why nothing that was signed says so;
    then name and size are the row's, and there is no digest to hold the bytes against."""

    id: uuid.UUID
    object_name: str
    size_bytes: int
    sha256: bytes
    flaw: str | None = None


def read_stated(
    session: Session, wanted: Iterable[tuple[str, uuid.UUID]], keys: Sequence[EpochKey], *, lock: bool = False
) -> dict[uuid.UUID, Stated]:
    """Of pairs of kind and id; what is no longer in the catalog is left out. `lock`: nobody removes the rows before the
    transaction ends, and who was about to has done so."""
    by_kind: dict[str, list[uuid.UUID]] = {}
    for kind, each in wanted:
        by_kind.setdefault(kind, []).append(each)
    return {each.id: each for kind, ids in by_kind.items() for each in _of_kind(session, kind, ids, keys, lock)}


def _of_kind(
    session: Session, kind: str, ids: Sequence[uuid.UUID], keys: Sequence[EpochKey], lock: bool
) -> Iterator[Stated]:
    table = TABLES[kind]
    columns: tuple[Any, ...] = (table.id, table.object_name, table.ciphertext_size_bytes, table.ciphertext_sha256)
    if table is Recording:
        columns += (Recording.manifest,)
    statement = select(*columns).where(table.id.in_(ids), table.object_name.is_not(None)).order_by(table.id)
    if lock and kind not in _NEVER_CHANGED:
        statement = statement.with_for_update(read=True, key_share=True)
    for row in session.execute(statement):
        found = Stated(row.id, row.object_name, row.ciphertext_size_bytes, row.ciphertext_sha256)
        yield found if table is not Recording else _as_signed(found, row.manifest, keys)


def _as_signed(kept: Stated, envelope: bytes, keys: Sequence[EpochKey]) -> Stated:
    """The manifest counts, not the row: whoever can write rows could make them fit what he put into the store."""
    subject = f"recording {kept.id}"
    try:
        manifest = open_manifest(envelope, public_keys(keys), subject)
        for signature in Envelope.parse(envelope).signatures:
            require_epoch(keys, signature.key_id, manifest.key_epoch, subject)
    except EvidenceError as error:
        return Stated(kept.id, kept.object_name, kept.size_bytes, b"", flaw=str(error))
    if manifest.recording_id != kept.id:
        flaw = f"{subject}: its manifest is that of recording {manifest.recording_id}"
        return Stated(kept.id, kept.object_name, kept.size_bytes, b"", flaw=flaw)
    return Stated(kept.id, manifest.object_name, manifest.ciphertext_size_bytes, manifest.ciphertext_sha256.value)
