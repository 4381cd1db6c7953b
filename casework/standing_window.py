"""A window that stands (未到期的观看时段): the quick answer for a player's many ranges, found by one question.

Who asks is known from a moment ago, and the question says so: where he has another role, place or unit by now, it finds
nothing. None found says nothing: then `casework.access.find_grant` is asked, and gives the reason of a refusal.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement

from casework.access import holds_now
from casework.playback import WINDOW_BYTES
from storage.catalog.access import Grant, PlaybackWindow
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.plain_statement import place


@dataclass(frozen=True)
class Shape:
    """What a question looks like: the same for all people of a role whose unit carries on as many others."""

    role: str
    carried: int
    originals: bool
    """The object is an original: `find_original_grant` asks the same."""


@dataclass(frozen=True)
class Watcher:
    """A person as he was a moment ago."""

    id: uuid.UUID
    unit_id: uuid.UUID
    carries: tuple[uuid.UUID, ...]
    role: str

    @classmethod
    def of(cls, person: Person) -> Watcher:
        return cls(person.id, person.unit_id, tuple(person.carries or ()), person.role)

    def shape(self, *, originals: bool) -> Shape:
        return Shape(self.role, len(self.carries), originals)

    def places(self, recording_id: uuid.UUID, byte: int, now: datetime) -> dict[str, object]:
        """What `stands` left open."""
        return {
            **{f"carried_{number}": unit_id for number, unit_id in enumerate(self.carries)},
            "person_id": self.id,
            "own_unit_id": self.unit_id,
            "carries": self.carries,
            "recording_id": recording_id,
            "window_begins": byte - byte % WINDOW_BYTES,
            "now": now,
        }


def stands(shape: Shape) -> tuple[ColumnElement[bool], ...]:
    """What lets a window's bytes leave now: for a statement over PlaybackWindow, Grant, CaseLink, Recording and Person.

    The same `holds_now`, of the window's own grant, as `casework.access.find_grant` asks of any.
    """
    watcher, window, now = _stand_in(shape), PlaybackWindow, place("now")
    return (
        Person.id == window.person_id,
        Person.unit_id == watcher.unit_id,
        Person.role == shape.role,
        Person.active.is_(True),
        Person.carries == place("carries"),
        window.person_id == watcher.id,
        window.recording_id == place("recording_id"),
        window.first_byte == place("window_begins"),
        window.expires_at > now,
        Grant.id == window.grant_id,
        Recording.id == window.recording_id,
        *holds_now(watcher, "copy" if shape.originals else "view", cast(datetime, now), originals=shape.originals),
    )


def _stand_in(shape: Shape) -> Person:
    """Somebody of that shape, with a place for each fact of his own: conditions say of him what they say of anybody."""
    facts: dict[str, Any] = {
        "id": place("person_id"),
        "unit_id": place("own_unit_id"),
        "carries": [place(f"carried_{number}") for number in range(shape.carried)],
    }
    return Person(role=shape.role, active=True, **facts)
