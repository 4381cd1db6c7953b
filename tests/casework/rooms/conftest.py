from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from casework.checklists.checklists import load_shipped_checklists
from casework.register.devices import add_device
from casework.register.issues import issue_to_room
from casework.rooms.rooms import add_room
from casework.rooms.sessions import Use, begin_session
from storage.catalog.casework import Case
from storage.catalog.devices import Device
from storage.catalog.organisation import Person, Unit
from storage.catalog.rooms import Room, RoomSession

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
START = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LONG_AGO = NOW - timedelta(days=60)


@dataclass
class House:
    """A unit with an interview room and a recorder in it, since long ago; a case that nobody questioned anybody in."""

    session: Session
    archive: Any
    unit: Unit
    administrator: Person
    officer: Person
    second: Person
    supervisor: Person
    room: Room
    device: Device
    case: Case

    def use(self, minutes: float | None = 40, first: float = 0, case: Case | None = None, **more: Any) -> Use:
        """From minute `first` after START to `minutes`."""
        facts = {
            "starts_at": START + first * MINUTE,
            "ends_at": None if minutes is None else START + minutes * MINUTE,
            "officers": (self.officer.id, self.second.id),
            "case_id": None if case is None else case.id,
        }
        return Use(**{**facts, **more})

    def begin(self, minutes: float | None = 40, first: float = 0, **more: Any) -> RoomSession:
        return begin_session(self.session, self.officer, self.room.id, self.use(minutes, first, **more), NOW)

    def film(self, first: float, last: float, device: str = "ROOM0001", **more: Any) -> Any:
        facts = {"started_at": START + first * MINUTE, "duration_seconds": (last - first) * 60}
        return self.archive.recording(self.unit, device=device, **{**facts, **more})

    def settle(self) -> None:
        """What the database looks at when a transaction ends."""
        self.session.flush()
        self.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        self.session.execute(text("SET CONSTRAINTS ALL DEFERRED"))


@pytest.fixture
def house(session: Session, archive: Any) -> House:
    return make_house(session, archive)


@pytest.fixture
def house_in() -> Any:
    """The house in a session of the test's choice, for what commits."""
    return make_house


def make_house(session: Session, archive: Any) -> House:
    load_shipped_checklists(session, NOW)
    unit = archive.unit()
    administrator, officer, second, supervisor = (
        archive.person(unit, role) for role in ("administrator", "officer", "officer", "supervisor")
    )
    facts = {"unit_id": unit.id, "kind": "questioning", "name": "一号询问室"}
    room = add_room(session, administrator, **facts, now=NOW, in_use_from=LONG_AGO)
    device = add_device(session, administrator, unit_id=unit.id, code="ROOM0001")
    issue_to_room(session, supervisor, device.id, room.id, now=NOW, issued_at=LONG_AGO)
    return House(
        session, archive, unit, administrator, officer, second, supervisor, room, device, archive.case(officer)
    )
