"""Windows (播放窗口): no byte of footage leaves before an entry says who gets which span of what, under which grant.

Spans are aligned, so that a player's many small ranges fall into few windows; a window lasts ten minutes and never past
its grant. What really left is noted as it goes and summed up in an entry of its own when the window is over.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Uuid, cast, exists, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from casework.access import GrantFound
from casework.errors import AccessRefused, RangeOutside, Unknown
from integrity.fields import format_instant
from retention.paging import Cursor, Page, page_rows, take_page
from storage.catalog.access import AccessRequest, Grant, PlaybackWindow
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording, Rendition
from storage.ledger.append import Actor, Change, record_change
from storage.plain_statement import place

WINDOW_BYTES = 64 << 20
WINDOW_SECONDS = 600
HOUSEKEEPING = Actor.system("housekeeping")
_SENT = (
    func.unnest(cast(place("windows"), ARRAY(Uuid())), cast(place("sent"), ARRAY(BigInteger())))
    .table_valued("id", "more", name="said")
    .render_derived()
)
NOTE_SENT: Final = select(func.note_sent_bytes(_SENT.c.id, _SENT.c.more))
"""Adds the bytes `sent` that have left under each of `windows`; a row for each, false for one that there is not.

What leaves after a window's summing up is summed up again: a slow reader loses nothing. A function of the database:
whoever notes it notes what others' players were sent as well.
"""
# To the database and to Python the same.
_POSTER: Final = "^renditions/[^/]+/(poster|sprite)-"


@dataclass(frozen=True)
class Window:
    """Bytes `first_byte` to `last_byte`, both included, may be sent until `expires_at`."""

    window_id: uuid.UUID
    first_byte: int
    last_byte: int
    expires_at: datetime
    is_new: bool


@dataclass(frozen=True)
class Viewing:
    """What one grant let one person see of a recording, all its windows together.

    `poster_only`: no more than its poster or preview pictures, as a list shows them; of a photograph that is all of it.
    """

    grant_id: uuid.UUID
    person_id: uuid.UUID
    person_name: str
    purpose: str
    first_opened_at: datetime
    last_opened_at: datetime
    window_count: int
    sent_bytes: int
    poster_only: bool


@dataclass(frozen=True)
class _Shown:
    """One object of one recording, shown to one person under one grant."""

    person: Person
    grant: GrantFound
    recording_id: uuid.UUID
    object_name: str
    object_size: int


def open_window(
    session: Session,
    person: Person,
    grant: GrantFound,
    *,
    recording_id: uuid.UUID,
    object_name: str,
    object_size: int,
    first_byte: int,
    last_byte: int,
    now: datetime,
) -> tuple[Window, ...]:
    """The windows that cover a range, in order: open ones where there are any, else new ones, each with its entry.

    Sizes and bytes are of the plaintext. The caller commits before it sends the first byte. Raises RangeOutside,
    Unknown for an object that is not this recording's, AccessRefused when the grant has expired.
    """
    if not 0 <= first_byte <= last_byte < object_size:
        raise RangeOutside(object_name, first_byte, last_byte, object_size)
    if grant.expires_at <= now:
        raise AccessRefused("expired", "recording", recording_id)
    shown = _Shown(person, grant, recording_id, object_name, object_size)
    starts = range(first_byte - first_byte % WINDOW_BYTES, last_byte + 1, WINDOW_BYTES)
    windows = _live_windows(session, shown, starts, now)
    missing = [start for start in starts if start not in windows]
    if missing:
        windows |= _open(session, shown, missing, now)
    return tuple(windows[start] for start in starts)


def sum_up_expired_windows(session: Session, now: datetime, limit: int = 500) -> int:
    """The housekeeping step: an entry with what really left for up to `limit` windows that are over; returns how many.

    The figure counts from the window's opening: where a window is summed up twice, the later entry counts.
    """
    statement = (
        select(PlaybackWindow)
        .where(PlaybackWindow.summed_up_at.is_(None), PlaybackWindow.expires_at <= now)
        .order_by(PlaybackWindow.expires_at, PlaybackWindow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    rows = session.scalars(statement).all()
    for row in rows:
        row.summed_up_at = now
        data = {"window_id": str(row.id), "grant_id": str(row.grant_id), "sent_bytes": row.sent_bytes}
        subject = str(row.recording_id)
        record_change(
            session, HOUSEKEEPING, Change("playback.window_summed_up", "recording", subject, row.unit_id, data)
        )
    session.flush()
    return len(rows)


def who_saw(
    session: Session, recording_id: uuid.UUID, *, after: Cursor | None = None, limit: int = 50
) -> Page[Viewing]:
    """Who was shown a recording, under which grant and what for, the latest first."""
    first = func.min(PlaybackWindow.opened_at)
    statement = (
        select(
            PlaybackWindow.grant_id,
            Person.id,
            Person.name,
            AccessRequest.purpose,
            first,
            func.max(PlaybackWindow.opened_at),
            func.count(),
            cast(func.sum(PlaybackWindow.sent_bytes), BigInteger),
            func.bool_and(shows_poster()),
        )
        .join(Person, Person.id == PlaybackWindow.person_id)
        .join(Grant, Grant.id == PlaybackWindow.grant_id)
        .join(AccessRequest, AccessRequest.id == Grant.request_id)
        .where(PlaybackWindow.recording_id == recording_id)
        .group_by(PlaybackWindow.grant_id, Person.id, AccessRequest.id)
        .order_by(first.desc(), PlaybackWindow.grant_id.desc())
        .limit(page_rows(limit) + 1)
    )
    if after is not None:
        statement = statement.having(
            tuple_(first, PlaybackWindow.grant_id) < tuple_(literal(after.at), literal(after.id))
        )
    viewings = [Viewing(*row) for row in session.execute(statement)]
    return take_page(viewings, limit, lambda viewing: Cursor(viewing.first_opened_at, str(viewing.grant_id)))


def shows_poster() -> ColumnElement[bool]:
    """Whether a window is of a poster or of preview pictures: whoever opened it has not played anything."""
    return PlaybackWindow.object_name.regexp_match(_POSTER)


def is_poster(object_name: str) -> bool:
    """The same of an object's name, as an entry states it."""
    return re.match(_POSTER, object_name) is not None


def _live_windows(session: Session, shown: _Shown, starts: range, now: datetime) -> dict[int, Window]:
    statement = (
        select(PlaybackWindow)
        .where(PlaybackWindow.person_id == shown.person.id, PlaybackWindow.grant_id == shown.grant.grant_id)
        .where(PlaybackWindow.recording_id == shown.recording_id, PlaybackWindow.object_name == shown.object_name)
        .where(PlaybackWindow.first_byte.between(starts.start, starts.stop), PlaybackWindow.expires_at > now)
        .order_by(PlaybackWindow.expires_at)
    )
    return {row.first_byte: _window(row, is_new=False) for row in session.scalars(statement)}


def _open(session: Session, shown: _Shown, starts: list[int], now: datetime) -> dict[int, Window]:
    unit_id = _unit_of_object(session, shown.recording_id, shown.object_name)
    rows = [
        PlaybackWindow(
            id=uuid.uuid4(),
            unit_id=unit_id,
            person_id=shown.person.id,
            grant_id=shown.grant.grant_id,
            recording_id=shown.recording_id,
            object_name=shown.object_name,
            first_byte=start,
            last_byte=min(start + WINDOW_BYTES, shown.object_size) - 1,
            opened_at=now,
            expires_at=min(now + timedelta(seconds=WINDOW_SECONDS), shown.grant.expires_at),
            sent_bytes=0,
        )
        for start in starts
    ]
    session.add_all(rows)
    session.flush()
    for row in rows:
        _record_opening(session, shown.grant, row)
    return {row.first_byte: _window(row, is_new=True) for row in rows}


def _unit_of_object(session: Session, recording_id: uuid.UUID, object_name: str) -> uuid.UUID:
    rendition = exists().where(Rendition.recording_id == Recording.id, Rendition.object_name == object_name)
    its_own = or_(Recording.object_name == object_name, rendition)
    unit_id = session.scalar(select(Recording.unit_id).where(Recording.id == recording_id, its_own))
    if unit_id is None:
        raise Unknown("object", object_name)
    return unit_id


def _window(row: PlaybackWindow, *, is_new: bool) -> Window:
    return Window(row.id, row.first_byte, row.last_byte, row.expires_at, is_new)


def _record_opening(session: Session, grant: GrantFound, row: PlaybackWindow) -> None:
    data = {
        "window_id": str(row.id),
        "grant_id": str(grant.grant_id),
        "request_id": str(grant.request_id),
        "case_id": str(grant.case_id),
        "object_name": row.object_name,
        "first_byte": row.first_byte,
        "last_byte": row.last_byte,
        "opened_at": format_instant(row.opened_at),
        "expires_at": format_instant(row.expires_at),
    }
    change = Change("playback.window_opened", "recording", str(row.recording_id), row.unit_id, data)
    record_change(session, Actor.person(row.person_id), change)
