"""Deadlines: of a case, on its page; and what is due next for an officer, or in a unit."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select

from api.pages.visit import Visit
from casework.deadlines.decided import penalties_of_case
from casework.deadlines.events import EVENT_KINDS
from casework.deadlines.listing import count_overdue, deadlines_of_case, list_deadlines
from casework.organisation import names_of
from casework.permission import MAY
from integrity.local_time import chinese_day
from retention.own_units import own_units
from storage.catalog.casework import Case
from storage.catalog.decisions import DecisionIssue, DecisionVersion

ROWS = 100
MOST_OF_CONTENT: Final = 40


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


def build_case_deadlines(visit: Visit, case: Case) -> Mapping[str, Any]:
    """What the case page's part about deadlines is filled from."""
    today = chinese_day(visit.now)
    events = deadlines_of_case(visit.session, case, today)
    people = {person for each in events for person in (each.event.entered_by, each.event.withdrawn_by)}
    people |= {row.term.done_by for each in events for row in each.deadlines}
    role = visit.person.role
    penalties = penalties_of_case(visit.session, case.id)
    return {
        "events": events,
        "event_decisions": _said_of(visit, penalties),
        "several_decisions": penalties if len(penalties) > 1 else (),
        "deadline_names": names_of(visit.session, {person for person in people if person is not None}),
        "deadline_today": today,
        "event_kinds": [kind for kind, what in EVENT_KINDS.items() if case.closed_at is None or what.after_close],
        "deadline_may": {
            "enter": role in MAY["work_on_cases"],
            "withdraw": role in MAY["withdraw_events"],
        },
    }


def _said_of(visit: Visit, issued: Sequence[DecisionIssue]) -> Mapping[uuid.UUID, str]:
    """By issue, in words, which decision it is: against whom, and what it says."""
    wanted = {each.version_id for each in issued}
    versions = visit.session.scalars(select(DecisionVersion).where(DecisionVersion.id.in_(wanted)))
    said = {row.id: f"{row.party} {row.content[:MOST_OF_CONTENT]}" for row in versions}
    return {each.id: said[each.version_id] for each in issued}
