"""Who may have footage now: grants, and the windows that are opened under them. What is refused is entered."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import Request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.archive import Archive
from api.credentials import Viewer
from api.http.errors import NotFound
from api.http.playback.asked import Asked
from api.http.playback.ranges import Span
from api.http.playback.recalling import recall_original
from api.http.playback.stored import Footage, find_footage
from api.http.sessions import require_viewer_in
from casework.access import GrantFound, find_grant, find_original_grant, record_refusal
from casework.errors import AccessRefused
from casework.playback import WINDOW_BYTES, Window, open_window
from retention.errors import OriginalsCold
from retention.recalls import require_in_store
from storage.catalog.organisation import Person


@dataclass(frozen=True)
class Permitted:
    """What may be answered now, to whom. `window` is None where nothing but headers leaves."""

    person: Person
    footage: Footage
    span: Span
    window: Window | None


def authorise(
    request: Request, archive: Archive, recording_id: uuid.UUID, rendition: str | None, asked: Asked
) -> Permitted:
    """Somebody with a grant that holds now, and the first window committed. One transaction for all of it.

    A refusal is committed in a transaction of its own; so is asking for an original that lies in the cold place, and
    then OriginalsCold is raised.
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
    except OriginalsCold:
        raise recall_original(request, archive, recording_id) from None


def _permit(
    session: Session, person: Person, recording_id: uuid.UUID, footage: Footage | None, asked: Asked, now: datetime
) -> Permitted:
    grant = _find_grant(session, person, recording_id, footage, now)
    # Whether a copy exists is told only to whoever may see it: the refusal comes first.
    if footage is None:
        raise NotFound(f"{recording_id}: no such rendition")
    span = asked.span(footage)
    if asked.headers_only or asked.is_known(footage):
        return Permitted(person, footage, span, None)
    if footage.is_original:
        require_in_store(session, [recording_id])
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


def _original_name(session: Session, recording_id: uuid.UUID) -> str | None:
    """The object's, for the entry of a refusal: of a recording that is not seen, too."""
    return session.scalar(select(func.sealed_object_of(recording_id).table_valued("object_name")))


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
