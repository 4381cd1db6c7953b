"""Retrieval as the auditor sees it: grants with their use, viewings, refusals; by person, unit, case and days."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from api.http.reading.oversight import SHEETS
from api.pages.visit import Visit
from casework import permission as casework_permission
from casework.retrieval.oversight import Wanted
from casework.units import units_below
from integrity.local_time import CHINA
from storage.catalog.casework import Case
from storage.catalog.organisation import Person

ROWS = 50
FIELDS = ("person", "unit", "case", "since", "until", "unused")
MOST_PEOPLE = 500


@dataclass(frozen=True)
class Filter:
    """What was asked for, as it was typed, and what of it could be understood."""

    typed: Mapping[str, str]
    wanted: Wanted
    unknown_case: bool


def build_oversight(visit: Visit) -> Mapping[str, Any]:
    visit.require(*casework_permission.MAY["oversee_retrieval"])
    shown = visit.asked("show") if visit.asked("show") in SHEETS else "grants"
    sheet, asked = SHEETS[shown], read_filter(visit)
    page = sheet.list_page(visit.session, visit.person, asked.wanted, after=visit.after, limit=ROWS)
    tree = units_below(visit.session, visit.person.unit_id)
    return {
        "shown": shown,
        "lists": tuple(SHEETS),
        "rows": () if asked.unknown_case else sheet.items_of(visit.session, visit.person, page.items),
        "next": None if asked.unknown_case else visit.next_page(page.next),
        "filters": asked.typed,
        "unknown_case": asked.unknown_case,
        "units": {node.unit.id: node.unit for node in tree},
        "tree": tree,
        "people": people_below(visit, [node.unit.id for node in tree]),
        "table": f"/api/v1/oversight/{shown}.csv{query_of(asked.wanted)}",
    }


def read_filter(visit: Visit) -> Filter:
    """Days are Chinese ones, both of them included. A case goes by its number."""
    typed = {name: visit.asked(name)[:200] for name in FIELDS}
    since, until = day_of(typed["since"]), day_of(typed["until"])
    case_id = find_case_id(visit, typed["case"])
    wanted = Wanted(
        person_id=id_of(typed["person"]),
        unit_id=id_of(typed["unit"]),
        case_id=case_id,
        since=None if since is None else start_of(since),
        until=None if until is None else start_of(until + timedelta(days=1)),
        unused=bool(typed["unused"]),
    )
    return Filter(typed, wanted, unknown_case=bool(typed["case"]) and case_id is None)


def find_case_id(visit: Visit, number: str) -> uuid.UUID | None:
    if not number:
        return None
    return visit.session.scalar(select(Case.id).where(Case.number == number).limit(1))


def people_below(visit: Visit, unit_ids: Sequence[uuid.UUID]) -> Sequence[Any]:
    people = select(Person.id, Person.name, Person.badge_number).where(Person.unit_id.in_(unit_ids))
    return visit.session.execute(people.order_by(Person.name, Person.id).limit(MOST_PEOPLE)).all()


def query_of(wanted: Wanted) -> str:
    """The same filter, as the API takes it."""
    fields = {
        "person": wanted.person_id,
        "unit": wanted.unit_id,
        "case": wanted.case_id,
        "since": wanted.since and wanted.since.isoformat(),
        "until": wanted.until and wanted.until.isoformat(),
        "unused": "true" if wanted.unused else None,
    }
    kept = {name: str(value) for name, value in fields.items() if value is not None}
    return f"?{urlencode(kept)}" if kept else ""


def day_of(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1990 <= found.year <= 2200 else None


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA)


def id_of(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
