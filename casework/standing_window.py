"""A window that stands: the quick answer for a player's many small ranges, found by one question instead of five."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.access import holds_now
from casework.playback import WINDOW_BYTES, Window
from storage.catalog.access import Grant, PlaybackWindow
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording


def find_standing_window(
    session: Session,
    person: Person,
    recording_id: uuid.UUID,
    object_name: str,
    byte: int,
    now: datetime,
    *,
    originals: bool = False,
) -> Window | None:
    """The person's open window around `byte`, if everything it was opened under holds now as it did then.

    Asks the same `holds_now` of the window's own grant as `casework.access.find_grant` asks of any. None says nothing:
    then that is asked, and gives the reason of a refusal. `originals`: the object is one; `find_original_grant` asks
    the same.
    """
    holds = holds_now(person, "copy" if originals else "view", now, originals=originals)
    window = PlaybackWindow
    statement = (
        select(window.id, window.first_byte, window.last_byte, window.expires_at)
        .where(window.person_id == person.id, window.recording_id == recording_id, window.object_name == object_name)
        .where(window.first_byte == byte - byte % WINDOW_BYTES, window.expires_at > now)
        .where(Grant.id == window.grant_id, Recording.id == window.recording_id, *holds)
        .order_by(window.expires_at.desc())
        .limit(1)
    )
    row = session.execute(statement).first()
    return None if row is None else Window(row.id, row.first_byte, row.last_byte, row.expires_at, is_new=False)
