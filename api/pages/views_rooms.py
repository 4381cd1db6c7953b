"""办案场所: the rooms of a unit with their recorders, who uses them, and which sessions have no case yet."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from api.pages.visit import Visit
from casework.organisation import names_of
from casework.permission import MAY
from casework.rooms.listing import list_caseless, list_sessions
from casework.rooms.rooms import list_rooms
from casework.units import units_below
from retention.own_units import of_own
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.catalog.rooms import ROOM_KINDS, RoomSession

ROWS = 30
MOST_CASES = 200


def build_rooms(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["list_rooms"])
    page = list_sessions(visit.session, visit.person, after=visit.after, limit=ROWS)
    rooms = list_rooms(visit.session, visit.person, closed=visit.asked("closed") == "1")
    caseless = list_caseless(visit.session, visit.person, visit.now)
    role = visit.person.role
    going_on = [each.using for each in rooms if each.using is not None]
    used = [*(each.row for each in page.items), *(each.shown.row for each in caseless), *going_on]
    may = {name: role in MAY[deed] for name, deed in _DEEDS.items()}
    return {
        "rooms": rooms,
        "sessions": page.items,
        "next": visit.next_page(page.next),
        "caseless": caseless,
        "names": names_of(visit.session, _people(used)),
        "kinds": ROOM_KINDS,
        "tree": units_below(visit.session, visit.person.unit_id) if may["keep"] else (),
        "officers": _officers(visit) if may["use"] else (),
        "cases": _open_cases(visit) if may["use"] else (),
        "may": may,
    }


_DEEDS: Mapping[str, str] = {
    "keep": "keep_rooms",
    "fix": "issue_devices",
    "use": "work_on_cases",
    "withdraw": "withdraw_acts",
}


def _people(rows: Iterable[RoomSession]) -> set[uuid.UUID]:
    return {person for row in rows for person in row.officers}


def _officers(visit: Visit) -> tuple[Person, ...]:
    able = of_own(visit.person, Person.unit_id), Person.active, Person.role.in_(MAY["work_on_cases"])
    return tuple(visit.session.scalars(select(Person).where(*able).order_by(Person.badge_number, Person.name)))


def _open_cases(visit: Visit) -> tuple[Case, ...]:
    open_ = of_own(visit.person, Case.unit_id), Case.closed_at.is_(None)
    return tuple(visit.session.scalars(select(Case).where(*open_).order_by(Case.opened_at.desc()).limit(MOST_CASES)))
