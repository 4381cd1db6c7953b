"""A window that stands: the quick answer for a player's many small ranges, found by one question instead of five."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from casework.playback import WINDOW_BYTES, Window
from storage.catalog.access import Grant, PlaybackWindow
from storage.catalog.casework import CaseLink
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording


def find_standing_window(
    session: Session, person: Person, recording_id: uuid.UUID, object_name: str, byte: int, now: datetime
) -> Window | None:
    """The person's open window around `byte`, if everything it was opened under holds now as it did then.

    Says yes only where `casework.access.find_grant` would find this very grant. None says nothing: then that is asked,
    and gives the reason of a refusal.
    """
    live_link = and_(
        CaseLink.case_id == Grant.case_id,
        CaseLink.recording_id == PlaybackWindow.recording_id,
        CaseLink.ended_at.is_(None),
    )
    window, own = PlaybackWindow, Grant.unit_id == person.unit_id
    statement = (
        select(window.id, window.first_byte, window.last_byte, window.expires_at)
        .join(Grant, Grant.id == window.grant_id)
        .join(CaseLink, live_link)
        .join(Recording, Recording.id == window.recording_id)
        .where(window.person_id == person.id, window.recording_id == recording_id, window.object_name == object_name)
        .where(window.first_byte == byte - byte % WINDOW_BYTES, window.expires_at > now)
        .where(own, Recording.unit_id == person.unit_id, Grant.person_id == person.id, Grant.kind == "view")
        .where(Grant.revoked_at.is_(None), Grant.expires_at > now)
        .order_by(window.expires_at.desc())
        .limit(1)
    )
    row = session.execute(statement).first() if person.active else None
    return None if row is None else Window(row.id, row.first_byte, row.last_byte, row.expires_at, is_new=False)
