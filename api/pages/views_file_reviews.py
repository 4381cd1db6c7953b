"""案卷评查: rounds of reviewing case files, and one of them with its draw, sheets and findings."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from api.http.reading.file_reviews import people_of
from api.pages.visit import Visit
from casework.filereview.listing import list_rounds, show_round
from casework.filereview.rounds import left_of
from casework.organisation import names_of
from casework.permission import MAY
from casework.units import line_of, units_below
from integrity.local_time import chinese_day
from retention.own_units import own_units
from storage.catalog.file_review import MOST_DRAWN, OUTCOMES
from storage.catalog.organisation import Unit

ROWS = 20
USUAL_DAYS = 30
"""Within which what was found is to be put right, unless the reviewer says otherwise."""


def build_file_reviews(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["see_file_reviews"])
    today = chinese_day(visit.now)
    page = list_rounds(visit.session, visit.person, today, after=visit.after, limit=ROWS)
    opens = visit.person.role in MAY["open_file_reviews"]
    first_day, last_day = _quarter_before(today)
    return {
        "rounds": page.items,
        "next": visit.next_page(page.next),
        "units": _units(visit, (each.row.unit_id for each in page.items)),
        "tree": units_below(visit.session, visit.person.unit_id) if opens else (),
        "most": MOST_DRAWN,
        "first_day": first_day,
        "last_day": last_day,
        "latest": today - timedelta(days=1),
    }


def build_file_review(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["see_file_reviews"])
    today, person = chinese_day(visit.now), visit.person
    shown = show_round(visit.session, person, visit.path_id(), today)
    over = person.unit_id in line_of(visit.session, shown.row.unit_id)
    goes_on = shown.state != "ended"
    return {
        "shown": shown,
        "names": names_of(visit.session, set(people_of(shown))),
        "units": _units(visit, (shown.row.unit_id, *(each.case.unit_id for each in shown.cases))),
        "may": {
            "open": over and goes_on and person.role in MAY["open_file_reviews"],
            "score": over and goes_on and person.role in MAY["score_file_reviews"],
            "answer": goes_on and person.role in MAY["answer_file_reviews"],
        },
        "left": left_of(visit.session, shown.row.id),
        "outcomes": OUTCOMES,
        "own": own_units(person),
        "today": today,
        "usual_day": today + timedelta(days=USUAL_DAYS),
    }


def _units(visit: Visit, unit_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    rows = visit.session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(set(unit_ids))))
    return {row.id: row.name for row in rows}


def _quarter_before(day: date) -> tuple[date, date]:
    """The first and the last day of the quarter before that of a day."""
    last = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1) - timedelta(days=1)
    return last.replace(month=last.month - 2, day=1), last
