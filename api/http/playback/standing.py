"""Windows that stand, asked for on the event loop: one question, one round trip, neither thread nor session.

A player asks for one range after the other, and each of them needs the whole of what may end a grant to be looked at
again. That is what these find out; `permitting.py` is asked where they find nothing, and says why.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final

import psycopg
import structlog

from api.http.playback.stored import COLUMNS, STORED_COPY, STORED_ORIGINAL, Footage, columns_of_text, footage_of
from casework.playback import Window
from casework.standing_window import Shape, Watcher, stands
from storage.catalog.access import PlaybackWindow
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording, Rendition
from storage.database import Database
from storage.entering import shown_now
from storage.plain_statement import PlainStatement, place

log = structlog.get_logger()
_MOST_KNOWN: Final = 2000


@dataclass(frozen=True)
class Standing:
    """What may leave now, to whom."""

    watcher: Watcher
    footage: Footage
    window: Window


class StandingWindows:
    """Of one process. Whom a window was opened for here is known from then on by the digest of what he showed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watchers: dict[bytes, Watcher] = {}

    def remember(self, person: Person) -> None:
        """Whoever shows what is shown now. What is remembered opens nothing: the database is asked whether it holds."""
        digest = _digest_shown()
        if digest is None:
            return
        if len(self._watchers) >= _MOST_KNOWN:
            self._watchers.pop(next(iter(self._watchers)), None)
        self._watchers[digest] = Watcher.of(person)

    async def find(self, recording_id: uuid.UUID, rendition: str | None, byte: int) -> Standing | None:
        """What is stored of a recording under a name, None for its original, and the window around a byte of it.

        None says nothing: nobody is known, or no window stands, or the database cannot be asked.
        """
        watcher = self._watchers.get(_digest_shown() or b"")
        if watcher is None:
            return None
        places = watcher.places(recording_id, byte, datetime.now(UTC))
        question = _question(watcher.shape(originals=rendition is None))
        try:
            seen = await self._database.seen_soon(question, **places, rendition=rendition or "")
        except psycopg.Error as error:
            log.warning("playback.not_asked", error=type(error).__name__)
            return None
        if seen.person_id != watcher.id or not seen.rows:
            return None
        return _standing(watcher, recording_id, seen.rows[0], is_original=rendition is None)


def _standing(watcher: Watcher, recording_id: uuid.UUID, row: Sequence[str | None], *, is_original: bool) -> Standing:
    footage = footage_of(recording_id, columns_of_text(row[:COLUMNS]), is_original=is_original)
    window_id, first_byte, last_byte, expires_at = (str(each) for each in row[COLUMNS:])
    window = Window(
        uuid.UUID(window_id), int(first_byte), int(last_byte), datetime.fromisoformat(expires_at), is_new=False
    )
    return Standing(watcher, footage, window)


@cache
def _question(shape: Shape) -> PlainStatement:
    window = PlaybackWindow
    if shape.originals:
        stored = STORED_ORIGINAL.where(window.object_name == Recording.object_name)
    else:
        stored = STORED_COPY.where(
            Rendition.recording_id == place("recording_id"),
            Rendition.name == place("rendition"),
            window.object_name == Rendition.object_name,
        )
    standing = stored.add_columns(window.id, window.first_byte, window.last_byte, window.expires_at)
    return PlainStatement(standing.where(*stands(shape)).order_by(window.expires_at.desc()).limit(1))


def _digest_shown() -> bytes | None:
    shown = shown_now()
    return None if shown is None else hashlib.sha256(shown.secret).digest()
