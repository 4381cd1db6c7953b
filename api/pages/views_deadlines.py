"""Deadlines: of a case, on its page; and what is due next for an officer, or in a unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.pages.decisions_said import said_of
from api.pages.visit import Visit
from casework.deadlines.decided import CONCLUDED, results_of_case
from casework.deadlines.events import EVENT_KINDS
from casework.deadlines.listing import count_overdue, deadlines_of_case, list_deadlines
from casework.issued import issued_in
from casework.organisation import names_of
from casework.permission import MAY
from integrity.local_time import chinese_day
from retention.own_units import own_units
from storage.catalog.casework import Case

ROWS = 100


def build_deadlines(visit: Visit) -> Mapping[str, Any]:
    """Without a choice: of an officer his own, of a supervisor the unit's."""
    visit.require(*MAY["work_on_cases"])
    today, session = chinese_day(visit.now), visit.session
    chosen = bool(visit.request.query_params)
    mine = visit.asked("mine") == "1" if chosen else visit.person.role == "officer"
    overdue = visit.asked("overdue") == "1"
    page = list_deadlines(session, visit.person, today, mine=mine, overdue=overdue, after=visit.after, limit=ROWS)
    return {
        "deadlines": page.items,
        "next": visit.next_page(page.next),
        "names": names_of(session, {each.event.entered_by for each in page.items}),
        "mine": mine,
        "overdue": overdue,
        "today": today,
        "overdue_count": count_overdue(session, own_units(visit.person), today),
    }


def build_case_deadlines(visit: Visit, case: Case, sees: bool) -> Mapping[str, Any]:
    """What the case page's part about deadlines is filled from; `sees`: what was decided is open to the person."""
    today = chinese_day(visit.now)
    events = deadlines_of_case(visit.session, case, today)
    people = {person for each in events for person in (each.event.entered_by, each.event.withdrawn_by)}
    people |= {row.term.done_by for each in events for row in each.deadlines}
    role = visit.person.role
    penalties = issued_in(visit.session, case.id, "penalty")
    results = results_of_case(visit.session, case.id)
    return {
        "events": events,
        "event_decisions": said_of(visit.session, penalties) if sees else {},
        "several_decisions": penalties if len(penalties) + len(results) > 1 else (),
        "several_results": results if len(penalties) + len(results) > 1 else (),
        "revoked_results": {each.event.id: each.event for each in events if each.event.kind == CONCLUDED},
        "deadline_names": names_of(visit.session, {person for person in people if person is not None}),
        "deadline_today": today,
        "event_kinds": [kind for kind, what in EVENT_KINDS.items() if case.closed_at is None or what.after_close],
        "deadline_may": {
            "enter": sees and role in MAY["work_on_cases"],
            "withdraw": role in MAY["withdraw_events"],
        },
    }
