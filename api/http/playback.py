"""Footage leaves here and nowhere else: authorise, open a window, commit its entry, and only then the first byte."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

import anyio.to_thread
import structlog
from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import select

from api.archive import Archive
from api.http.errors import NotFound
from api.http.ranges import Span, parse_range
from api.http.sessions import Viewer
from casework.access import find_grant, record_refusal
from casework.errors import AccessRefused
from casework.playback import Window, note_sent, open_window
from storage.catalog.recordings import Recording, Rendition
from storage.encryption.segments import decrypt_span
from storage.keystore import WrappedKey
from storage.objects.protocol import ObjectReader

log = structlog.get_logger()
PIECE_BYTES = 256 * 1024
ORIGINAL = "original"


@dataclass(frozen=True)
class Footage:
    """One stored object as it is sent: an original or a rendition. `aad` is the id it was sealed under."""

    recording_id: uuid.UUID
    object_name: str
    size_bytes: int
    sha256: bytes
    pinned_bytes: int
    wrapped_key: WrappedKey
    aad: bytes
    media_type: str
    download_name: str | None


@dataclass(frozen=True)
class Opened:
    """A span that may be sent now: every window that covers it is committed."""

    footage: Footage
    span: Span
    windows: tuple[Window, ...]


def send_footage(
    request: Request, archive: Archive, viewer: Viewer, recording_id: uuid.UUID, rendition: str | None
) -> Response:
    """The response to a GET or HEAD for footage. Raises NotFound, AccessRefused (entered), RangeUnsatisfiable."""
    footage = find_footage(archive, recording_id, rendition)
    opened = authorise(request, archive, viewer, footage)
    headers = footage_headers(footage, opened.span)
    status = 206 if opened.span.partial else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=footage.media_type)
    key = archive.key_store.unwrap_data_key(footage.wrapped_key)
    reader = archive.store.open(footage.object_name)
    try:
        pieces = decrypt_span(
            reader,
            key,
            footage.aad,
            opened.span.first,
            opened.span.length,
            piece_bytes=PIECE_BYTES,
            pinned_bytes=footage.pinned_bytes,
        )
    except BaseException:
        reader.close()
        raise
    body = _stream(archive, opened, reader, pieces)
    return StreamingResponse(body, status, headers, media_type=footage.media_type)


def find_footage(archive: Archive, recording_id: uuid.UUID, rendition: str | None) -> Footage:
    """What is stored of a recording under a name. Raises NotFound."""
    with archive.database.reading() as session:
        recording = session.get(Recording, recording_id)
        if recording is None:
            raise NotFound(f"recording {recording_id}")
        if rendition is None:
            return _original(recording)
        row = session.scalars(
            select(Rendition).where(Rendition.recording_id == recording_id, Rendition.name == rendition)
        ).first()
        # Whether a copy exists is told only to whoever may see it: the refusal comes first.
        return _original(recording, missing=rendition) if row is None else _rendition(row)


def authorise(request: Request, archive: Archive, viewer: Viewer, footage: Footage) -> Opened:
    """A grant that holds now, and its windows committed. A refusal is committed in a transaction of its own."""
    now = datetime.now(UTC)
    try:
        with archive.database.transaction() as session:
            grant = find_grant(session, viewer.person, footage.recording_id, "view", now)
            if footage.size_bytes < 0:
                raise NotFound(footage.object_name)
            span = parse_range(request.headers.get("range"), footage.size_bytes)
            if request.method == "HEAD":
                return Opened(footage, span, ())
            windows = open_window(
                session,
                viewer.person,
                grant,
                recording_id=footage.recording_id,
                object_name=footage.object_name,
                object_size=footage.size_bytes,
                first_byte=span.first,
                last_byte=span.last,
                now=now,
            )
            return Opened(footage, span, windows)
    except AccessRefused as refused:
        with archive.database.transaction() as session:
            record_refusal(session, viewer.person, footage.recording_id, refused.reason, footage.object_name)
        raise


def footage_headers(footage: Footage, span: Span) -> dict[str, str]:
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(span.length),
        "ETag": f'"{footage.sha256.hex()}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if span.partial:
        headers["Content-Range"] = span.content_range
    if footage.download_name is not None:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(footage.download_name, safe='')}"
    return headers


async def _stream(
    archive: Archive, opened: Opened, reader: ObjectReader, pieces: object
) -> AsyncIterator[memoryview]:
    """Send, then note what was sent, also when the client has gone: decrypting a piece is quicker than a thread."""
    sent = 0
    try:
        for piece in pieces:  # type: ignore[attr-defined]
            yield piece
            sent += len(piece)
    finally:
        reader.close()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(_note_sent, archive, opened, sent)


def _note_sent(archive: Archive, opened: Opened, sent_bytes: int) -> None:
    """Spread what left over the windows it left under."""
    position, end = opened.span.first, opened.span.first + sent_bytes
    with archive.database.transaction() as session:
        for window in opened.windows:
            under = min(end, window.last_byte + 1) - max(position, window.first_byte)
            if under > 0:
                note_sent(session, window.window_id, under)


def _original(recording: Recording, missing: str | None = None) -> Footage:
    return Footage(
        recording_id=recording.id,
        object_name=recording.object_name if missing is None else f"renditions/{recording.id}/{missing}"[:120],
        size_bytes=recording.size_bytes if missing is None else -1,
        sha256=recording.sha256,
        pinned_bytes=recording.ciphertext_size_bytes,
        wrapped_key=WrappedKey(recording.kek_id, recording.wrapped_data_key),
        aad=str(recording.id).encode(),
        media_type="application/octet-stream",
        download_name=recording.original_name,
    )


def _rendition(row: Rendition) -> Footage:
    return Footage(
        recording_id=row.recording_id,
        object_name=row.object_name,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        pinned_bytes=row.ciphertext_size_bytes,
        wrapped_key=WrappedKey(row.kek_id, row.wrapped_data_key),
        aad=str(row.id).encode(),
        media_type=row.media_type,
        download_name=None,
    )
