"""What is missing now in the unit's open cases: today's, one's own, or all that keeps a case from being closed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from api.pages.visit import Visit
from casework.organisation import names_of
from casework.permission import MAY
from casework.procedure.gaps import list_gaps
from integrity.local_time import chinese_day

ROWS = 100


def build_gaps(visit: Visit) -> Mapping[str, Any]:
    """Without a choice: today's, and of an officer his own."""
    visit.require(*MAY["explain_gaps"])
    chosen = bool(visit.request.query_params)
    everything = visit.asked("all") == "1"
    today = chinese_day(visit.now)
    day = None if everything else _day(visit.asked("on")) or today
    mine = visit.asked("mine") == "1" if chosen else visit.person.role == "officer"
    page = list_gaps(visit.session, visit.person, visit.now, mine=mine, day=day, after=visit.after, limit=ROWS)
    people = {person for gap in page.items for person in gap.judged.act.said.officers}
    return {
        "gaps": page.items,
        "next": visit.next_page(page.next),
        "names": names_of(visit.session, people),
        "mine": mine,
        "everything": everything,
        "day": day,
        "today": today,
        "to_confirm": sum(len(gap.judged.to_confirm) for gap in page.items),
    }


def _day(text: str) -> date | None:
    """None for nothing, and for what is no day."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
