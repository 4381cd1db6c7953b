"""Footage leaves here and nowhere else: authorise, open a window, commit its entry, and only then the first byte."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.archive import Archive
from api.credentials import Viewer
from api.http.errors import NotFound, RangeUnsatisfiable
from api.http.ranges import Span, parse_range
from api.http.sending import FootageResponse, Sending
from api.http.sessions import hold_while_it_leaves, require_viewer_in
from casework.access import GrantFound, find_grant, find_original_grant, record_refusal
from casework.errors import AccessRefused, Unknown
from casework.playback import WINDOW_BYTES, Window, open_window
from casework.standing_window import find_standing_window
from casework.units import unit_of
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording, Rendition
from storage.keystore import WrappedKey
from storage.sealed_object import AtRest, open_sealed

# Columns alone: a row as an object would bring manifest, token and findings along with every range.
_STORED_ORIGINAL = select(
    Recording.id,
    Recording.object_name,
    Recording.size_bytes,
    Recording.sha256,
    Recording.ciphertext_size_bytes,
    Recording.kek_id,
    Recording.wrapped_data_key,
    Recording.original_name,
)
_STORED_COPY = select(
    Rendition.id,
    Rendition.object_name,
    Rendition.size_bytes,
    Rendition.sha256,
    Rendition.ciphertext_size_bytes,
    Rendition.kek_id,
    Rendition.wrapped_data_key,
    Rendition.media_type,
)


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


@dataclass(frozen=True)
class Asked:
    """What a request wants of an object, by its headers."""

    headers_only: bool
    range: str | None
    if_range: str | None
    if_none_match: str | None

    @classmethod
    def of(cls, request: Request) -> Asked:
        headers = request.headers
        return cls(
            request.method == "HEAD", headers.get("range"), headers.get("if-range"), headers.get("if-none-match")
        )

    def span(self, footage: Footage) -> Span:
        """Raises RangeUnsatisfiable. A range of another version of the object counts as none (RFC 9110, 13.1.5)."""
        is_same = self.if_range is None or self.if_range.strip() == footage.etag
        return parse_range(self.range if is_same else None, footage.size_bytes)

    def quick_span(self, footage: Footage) -> Span | None:
        """The span of bytes that are to be sent; None where none are, or not before a closer look."""
        if self.is_known(footage):
            return None
        try:
            return self.span(footage)
        except RangeUnsatisfiable:
            return None

    def is_known(self, footage: Footage) -> bool:
        """Whether the client says that it has this very object (RFC 9110, 13.1.2)."""
        known = [tag.strip().removeprefix("W/") for tag in (self.if_none_match or "").split(",")]
        return footage.etag in known or known == ["*"]


@dataclass(frozen=True)
class Permitted:
    """What may be answered now, to whom. `window` is None where nothing but headers leaves."""

    person: Person
    footage: Footage
    span: Span
    window: Window | None


def send_footage(request: Request, archive: Archive, recording_id: uuid.UUID, rendition: str | None) -> Response:
    """The response to a GET or HEAD for footage.

    Raises SignInNeeded, NotFound, Unknown, AccessRefused (entered), RangeUnsatisfiable, and what store and key store
    raise.
    """
    asked = Asked.of(request)
    permitted = authorise(request, archive, recording_id, rendition, asked)
    footage, span = permitted.footage, permitted.span
    if asked.is_known(footage):
        return Response(status_code=304, headers={"ETag": footage.etag, "Cache-Control": "no-store"})
    headers, status = footage_headers(footage, span), 206 if span.partial else 200
    if permitted.window is None:
        return Response(status_code=status, headers=headers, media_type=footage.media_type)
    hold_while_it_leaves(request, partial(still_granted, archive, footage))
    plaintext = open_sealed(archive.store, archive.key_store, footage.at_rest, archive.copies)
    try:
        open_next = partial(reopen, request, archive, footage, last_byte=span.last)
        sending = Sending(request.app.state.sent_notes, plaintext, span, permitted.window, open_next)
    except BaseException:
        plaintext.close()
        raise
    return FootageResponse(sending, status, headers, footage.media_type)


def authorise(
    request: Request, archive: Archive, recording_id: uuid.UUID, rendition: str | None, asked: Asked
) -> Permitted:
    """Somebody with a grant that holds now, and the first window committed. One transaction for all of it.

    A refusal is committed in a transaction of its own.
    """
    now, object_name = datetime.now(UTC), None if rendition is None else f"renditions/{recording_id}/{rendition}"
    person: Person | None = None
    try:
        with archive.database.transaction() as session:
            person = require_viewer_in(session, request).person
            footage = find_footage(session, recording_id, rendition)
            if footage is not None:
                object_name = footage.object_name
            elif rendition is None:
                object_name = _original_name(session, recording_id)
            return _permit(session, person, recording_id, footage, asked, now)
    except AccessRefused as refused:
        assert person is not None  # nobody else was refused access
        enter_refusal(archive, person, recording_id, refused, object_name)
        raise


def _permit(
    session: Session, person: Person, recording_id: uuid.UUID, footage: Footage | None, asked: Asked, now: datetime
) -> Permitted:
    span = None if footage is None or asked.headers_only else asked.quick_span(footage)
    if footage is not None and span is not None:
        asked_for = recording_id, footage.object_name, span.first, now
        standing = find_standing_window(session, person, *asked_for, originals=footage.is_original)
        if standing is not None:
            return Permitted(person, footage, span, standing)
    grant = _find_grant(session, person, recording_id, footage, now)
    # Whether a copy exists is told only to whoever may see it: the refusal comes first.
    if footage is None:
        raise NotFound(f"{recording_id}: no such rendition")
    span = asked.span(footage)
    if asked.headers_only or asked.is_known(footage):
        return Permitted(person, footage, span, None)
    return Permitted(person, footage, span, _open_one(session, person, grant, footage, span.first, span.last, now))


def reopen(request: Request, archive: Archive, footage: Footage, first_byte: int, *, last_byte: int) -> Window:
    """The next window of a response under way: sign-in, person, place in a case and grant are looked at anew.

    Raises SignInNeeded for whoever signed out or was blocked meanwhile, AccessRefused, entered like any other refusal.
    """
    now = datetime.now(UTC)
    person: Person | None = None
    try:
        with archive.database.transaction() as session:
            person = require_viewer_in(session, request).person
            grant = _find_grant(session, person, footage.recording_id, footage, now)
            return _open_one(session, person, grant, footage, first_byte, last_byte, now)
    except AccessRefused as refused:
        assert person is not None  # nobody else was refused access
        enter_refusal(archive, person, footage.recording_id, refused, footage.object_name)
        raise


def still_granted(archive: Archive, footage: Footage, viewer: Viewer) -> None:
    """What is asked within a window. Raises AccessRefused, entered."""
    try:
        with archive.database.reading() as session:
            _find_grant(session, viewer.person, footage.recording_id, footage, datetime.now(UTC))
    except AccessRefused as refused:
        enter_refusal(archive, viewer.person, footage.recording_id, refused, footage.object_name)
        raise


def enter_refusal(
    archive: Archive, person: Person, recording_id: uuid.UUID, refused: AccessRefused, object_name: str | None = None
) -> None:
    with archive.database.transaction() as session:
        record_refusal(session, person, recording_id, refused.reason, object_name)


def find_footage(session: Session, recording_id: uuid.UUID, rendition: str | None) -> Footage | None:
    """What is stored of a recording under a name; None for a rendition that there is not, and for another unit's.

    Raises Unknown.
    """
    if rendition is not None:
        found = _STORED_COPY.where(Rendition.recording_id == recording_id, Rendition.name == rendition)
        copy = session.execute(found).first()
        if copy is not None:
            return _footage(recording_id, copy, copy.media_type)
    original = session.execute(_STORED_ORIGINAL.where(Recording.id == recording_id)).first()
    if original is None and unit_of(session, "recording", recording_id) is None:
        raise Unknown("recording", recording_id)
    if original is None or rendition is not None:
        return None
    whole = _footage(recording_id, original, "application/octet-stream")
    return replace(whole, download_name=original.original_name, is_original=True)


def _original_name(session: Session, recording_id: uuid.UUID) -> str | None:
    """The object's, for the entry of a refusal: of a recording that is not seen, too."""
    return session.scalar(select(func.sealed_object_of(recording_id).table_valued("object_name")))


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


def _find_grant(
    session: Session, person: Person, recording_id: uuid.UUID, footage: Footage | None, now: datetime
) -> GrantFound:
    """What the original leaves under, or a copy that is made to be looked at. Raises AccessRefused, Unknown."""
    if footage is not None and footage.is_original:
        return find_original_grant(session, person, recording_id, now)
    return find_grant(session, person, recording_id, "view", now)


def _open_one(
    session: Session,
    person: Person,
    grant: GrantFound,
    footage: Footage,
    first_byte: int,
    last_byte: int,
    now: datetime,
) -> Window:
    """The window that `first_byte` lies in, and no further: the next is opened when its bytes are due."""
    end_of_window = first_byte - first_byte % WINDOW_BYTES + WINDOW_BYTES - 1
    (window,) = open_window(
        session,
        person,
        grant,
        recording_id=footage.recording_id,
        object_name=footage.object_name,
        object_size=footage.size_bytes,
        first_byte=first_byte,
        last_byte=min(last_byte, end_of_window),
        now=now,
    )
    return window


def _footage(recording_id: uuid.UUID, row: Any, media_type: str) -> Footage:
    return Footage(
        recording_id=recording_id,
        at_rest=AtRest(
            row.id, row.object_name, row.ciphertext_size_bytes, WrappedKey(row.kek_id, row.wrapped_data_key)
        ),
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        media_type=media_type,
        download_name=None,
        is_original=False,
    )
