"""The question for a standing window, asked in a test's own session."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.standing_window import Watcher, stands
from storage.catalog.access import PlaybackWindow
from storage.catalog.organisation import Person


def find_standing_window(
    session: Session,
    who: Person | Watcher,
    recording_id: uuid.UUID,
    object_name: str,
    byte: int,
    now: datetime,
    *,
    originals: bool = False,
) -> Any | None:
    """The window of whoever is `who`, as he is or as he is remembered; None where none stands."""
    watcher = who if isinstance(who, Watcher) else Watcher.of(who)
    shape = watcher.shape(originals=originals)
    statement = select(PlaybackWindow.id).where(*stands(shape), PlaybackWindow.object_name == object_name)
    return session.execute(statement, watcher.places(recording_id, byte, now)).first()
