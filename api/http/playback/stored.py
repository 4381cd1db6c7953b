"""One stored object as it is sent: where it is, what opens it, and what its answer says of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.http.playback.ranges import Span
from casework.errors import Unknown
from casework.units import unit_of
from storage.catalog.recordings import Recording, Rendition
from storage.keystore import WrappedKey
from storage.sealed_object import AtRest

# Columns alone: a row as an object would bring manifest, token and findings along with every range.
STORED_ORIGINAL: Final = select(
    Recording.id,
    Recording.object_name,
    Recording.size_bytes,
    Recording.sha256,
    Recording.ciphertext_size_bytes,
    Recording.kek_id,
    Recording.wrapped_data_key,
    Recording.original_name,
)
STORED_COPY: Final = select(
    Rendition.id,
    Rendition.object_name,
    Rendition.size_bytes,
    Rendition.sha256,
    Rendition.ciphertext_size_bytes,
    Rendition.kek_id,
    Rendition.wrapped_data_key,
    Rendition.media_type,
)
COLUMNS: Final = 8
"""Of either."""


@dataclass(frozen=True)
class Footage:
    """One stored object as it is sent: an original or a rendition."""

    recording_id: uuid.UUID
    at_rest: AtRest
    size_bytes: int
    sha256: bytes
    media_type: str
    download_name: str | None
    is_original: bool  # it leaves as it was recorded: with the approver's express consent alone

    @property
    def object_name(self) -> str:
        return self.at_rest.object_name

    @property
    def etag(self) -> str:
        return f'"{self.sha256.hex()}"'


def find_footage(session: Session, recording_id: uuid.UUID, rendition: str | None) -> Footage | None:
    """What is stored of a recording under a name; None for a rendition that there is not, and for another unit's.

    Raises Unknown.
    """
    if rendition is not None:
        copy = STORED_COPY.where(Rendition.recording_id == recording_id, Rendition.name == rendition)
        row = session.execute(copy).first()
        if row is not None:
            return footage_of(recording_id, row, is_original=False)
    original = session.execute(STORED_ORIGINAL.where(Recording.id == recording_id)).first()
    if original is None and unit_of(session, "recording", recording_id) is None:
        raise Unknown("recording", recording_id)
    if original is None or rendition is not None:
        return None
    return footage_of(recording_id, original, is_original=True)


def footage_of(recording_id: uuid.UUID, columns: Sequence[Any], *, is_original: bool) -> Footage:
    """Of a row of STORED_ORIGINAL or STORED_COPY. An original leaves as bytes that no browser looks into."""
    sealed_id, object_name, size_bytes, sha256, ciphertext_size_bytes, kek_id, wrapped_data_key, said = columns
    return Footage(
        recording_id=recording_id,
        at_rest=AtRest(sealed_id, object_name, ciphertext_size_bytes, WrappedKey(kek_id, wrapped_data_key)),
        size_bytes=size_bytes,
        sha256=sha256,
        media_type="application/octet-stream" if is_original else said,
        download_name=said if is_original else None,
        is_original=is_original,
    )


def columns_of_text(columns: Sequence[Any]) -> tuple[object, ...]:
    """Such a row, whose columns are never null, as a plain connection gives it."""
    sealed_id, object_name, size_bytes, sha256, ciphertext_size_bytes, kek_id, wrapped_data_key, said = columns
    return (
        uuid.UUID(sealed_id),
        object_name,
        int(size_bytes),
        _octets(sha256),
        int(ciphertext_size_bytes),
        kek_id,
        _octets(wrapped_data_key),
        said,
    )


def _octets(text: str) -> bytes:
    """PostgreSQL writes them in hexadecimal, after two signs of its own."""
    return bytes.fromhex(text[2:])


def footage_headers(footage: Footage, span: Span) -> dict[str, str]:
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(span.length),
        "ETag": footage.etag,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if span.partial:
        headers["Content-Range"] = span.content_range
    if footage.download_name is not None:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(footage.download_name, safe='')}"
    return headers
