"""The acts of a case on its page: what was recorded of each, what is missing, who explained it, and the forms."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from api.pages.visit import Visit
from casework import permission
from casework.checklists.checklist_file import ActRule
from casework.checklists.checklists import checklists_on, kinds_of
from casework.organisation import names_of
from casework.procedure.acts import statements_of_acts
from casework.procedure.judged import JudgedAct, Stretch
from casework.procedure.judgement import judge_case
from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.catalog.procedure import ActExplanation, CaseActStatement


@dataclass(frozen=True)
class Part:
    """A stretch as it is drawn: `percent` of the act's length, and the explanations that speak of it.

    `said`: none, pending, confirmed, or reason: what an officer wrote stands without anybody's confirmation.
    """

    stretch: Stretch
    percent: str
    seconds: float
    said: str
    explanations: tuple[ActExplanation, ...]

    @property
    def is_open(self) -> bool:
        return self.stretch.state != "covered" and self.said == "none"


@dataclass(frozen=True)
class ActShown:
    judged: JudgedAct
    parts: tuple[Part, ...]
    history: tuple[CaseActStatement, ...]

    @property
    def said(self) -> CaseActStatement:
        return self.judged.act.said


def build_acts(visit: Visit, case: Case) -> Mapping[str, Any]:
    """What the page's part about acts is filled from."""
    session = visit.session
    judged = judge_case(session, case.id, visit.now)
    said = statements_of_acts(session, [each.act.act.id for each in judged])
    acts = tuple(ActShown(each, _parts(each), said[each.act.act.id]) for each in judged)
    role, is_open = visit.person.role, case.closed_at is None
    return {
        "acts": acts,
        "forbidding": [each for each in judged if each.forbids_closing is not None],
        "act_names": names_of(session, _people_of(acts)),
        "act_kinds": _kinds(visit, case.unit_id, visit.now),
        "act_officers": _officers(visit, visit.person.unit_id),
        "act_may": {
            "state": is_open and role in permission.MAY["work_on_cases"],
            "explain": is_open and role in permission.MAY["explain_gaps"],
            "decide": is_open and role in permission.MAY["confirm_explanations"],
            "withdraw": is_open and role in permission.MAY["withdraw_acts"],
        },
    }


def _parts(judged: JudgedAct) -> tuple[Part, ...]:
    whole = (judged.until - judged.act.said.starts_at).total_seconds() or 1.0
    by_id = {row.id: row for row in judged.explanations}
    return tuple(_part(each, [by_id[row] for row in each.explained_by], whole) for each in judged.stretches)


def _part(stretch: Stretch, explanations: Sequence[ActExplanation], whole: float) -> Part:
    seconds = (stretch.ends_at - stretch.starts_at).total_seconds()
    said: str = stretch.label
    if said == "confirmed" and not any(each.state == "confirmed" for each in explanations):
        said = "reason"
    return Part(stretch, f"{100 * seconds / whole:.3f}%", seconds, said, tuple(explanations))


def _people_of(acts: Sequence[ActShown]) -> set[uuid.UUID]:
    said = {person for act in acts for row in act.history for person in (*row.officers, row.stated_by)}
    explained = (row for act in acts for row in act.judged.explanations)
    named = {person for row in explained for person in (row.given_by, row.decided_by, row.withdrawn_by)}
    return said | {person for person in named if person is not None}


def _kinds(visit: Visit, unit_id: uuid.UUID, now: datetime) -> tuple[ActRule, ...]:
    """Today's; an act of another day is held against that day's when it is entered."""
    return kinds_of(checklists_on(visit.session, unit_id, chinese_day(now)))


def _officers(visit: Visit, unit_id: uuid.UUID) -> tuple[Person, ...]:
    statement = select(Person).where(
        Person.unit_id == unit_id, Person.active, Person.role.in_(permission.MAY["work_on_cases"])
    )
    return tuple(visit.session.scalars(statement.order_by(Person.badge_number, Person.name, Person.id)))
