"""Where an officer and a supervisor land: all that waits, on one page."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from api.pages.visit import Visit
from casework.organisation import names_of
from casework.permission import MAY
from casework.procedure.gaps import Gap
from casework.rooms.listing import Caseless
from casework.today.officer import day_of_officer
from casework.today.shift import shift_of
from integrity.local_time import chinese_day


def build_today(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["explain_gaps"])
    mine = day_of_officer(visit.session, visit.person, visit.now)
    people = _people([*mine.today, *mine.earlier], mine.caseless)
    people |= {each.explanation.decided_by for each in mine.returned if each.explanation.decided_by is not None}
    return {"mine": mine, "today": chinese_day(visit.now), "names": names_of(visit.session, people)}


def build_shift(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["confirm_explanations"])
    shift = shift_of(visit.session, visit.person, visit.now, read_day(visit.asked("on")))
    people = _people(shift.gaps, shift.caseless) | {each.explanation.given_by for each in shift.to_decide}
    return {
        "shift": shift,
        "blocked": sum(bool(each.forbidding) for each in shift.ending.items),
        "names": names_of(visit.session, people),
    }


def read_day(text: str) -> date | None:
    """What is no day is none."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _people(gaps: Iterable[Gap], caseless: Iterable[Caseless]) -> set[uuid.UUID]:
    acting = {person for gap in gaps for person in gap.judged.act.said.officers}
    return acting | {person for each in caseless for person in each.shown.row.officers}
