"""A supervisor's shift: who recorded how much, which acts lack what, which explanations and requests wait for him."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.deadlines.listing import Deadline, count_overdue, list_deadlines
from casework.elements.queue import count_asked_about, count_questions
from casework.filereview.waiting import FindingDue, list_findings_due
from casework.permission import require
from casework.procedure.acts import ActNow, standing_acts
from casework.procedure.gaps import Gap, list_gaps
from casework.procedure.judged import JudgedAct
from casework.procedure.judgement import judge_acts
from casework.returns.listing import ReturnShown, list_pressing
from casework.rooms.listing import Caseless, list_caseless
from casework.today.closing import Ending, list_ending
from casework.today.officer import pressing
from casework.today.recorded import RecordedByOne, recorded_by_each
from integrity.local_time import chinese_day
from retention.own_units import of_own, own_units
from retention.paging import Page
from storage.catalog.access import AccessRequest
from storage.catalog.casework import Case, LinkQuestion
from storage.catalog.organisation import Person
from storage.catalog.procedure import ActExplanation, CaseAct

MOST_ACTS: Final = 100
MOST_DUE: Final = 100
MOST_EXPLANATIONS: Final = 50


@dataclass(frozen=True)
class ToDecide:
    """An explanation that waits for this supervisor."""

    case: Case
    judged: JudgedAct
    explanation: ActExplanation


@dataclass(frozen=True)
class Shift:
    """`gaps`: acts of the day that lack something. `to_decide`: explanations, whatever their day. `requests`,
    `questions` (of `asked_about` recordings), `link_questions`, `overdue`: how many wait in the unit. `due`: terms
    overdue, due today or soon; `findings`: of reviews of case files, and `returns` to superiors: likewise, and those
    overdue in the units below."""

    day: date
    recorded: tuple[RecordedByOne, ...]
    gaps: tuple[Gap, ...]
    to_decide: tuple[ToDecide, ...]
    caseless: tuple[Caseless, ...]
    ending: Page[Ending]
    due: tuple[Deadline, ...]
    overdue: int
    findings: tuple[FindingDue, ...]
    returns: tuple[ReturnShown, ...]
    requests: int
    questions: int
    asked_about: int
    link_questions: int


def shift_of(session: Session, person: Person, now: datetime, day: date | None = None) -> Shift:
    """The person's unit on that (Chinese) day, else today. Raises RoleNotAllowed."""
    require(person, "confirm_explanations")
    day, today = day or chinese_day(now), chinese_day(now)
    return Shift(
        day=day,
        recorded=recorded_by_each(session, person.unit_id, day),
        gaps=list_gaps(session, person, now, day=day, limit=MOST_ACTS).items,
        to_decide=list_to_decide(session, person, now),
        caseless=list_caseless(session, person, now),
        ending=list_ending(session, person, now),
        due=pressing(list_deadlines(session, person, today, limit=MOST_DUE).items),
        overdue=count_overdue(session, own_units(person), today),
        findings=list_findings_due(session, person, today),
        returns=list_pressing(session, person, today),
        requests=_count_requests(session, person),
        questions=count_questions(session, person),
        asked_about=count_asked_about(session, person),
        link_questions=_count_link_questions(session, person),
    )


def list_to_decide(session: Session, person: Person, now: datetime) -> tuple[ToDecide, ...]:
    """Explanations that this supervisor may decide on, the oldest first: not his own, of no act of his, in open cases,
    and only where the act's rule wants it confirmed."""
    row = ActExplanation
    pending = (
        select(row, Case)
        .join(Case, Case.id == row.case_id)
        .where(
            of_own(person, row.unit_id),
            row.decision.is_(None),
            row.withdrawn_at.is_(None),
            row.given_by != person.id,
            Case.closed_at.is_(None),
        )
        .order_by(row.given_at, row.id)
        .limit(MOST_EXPLANATIONS)
    )
    rows = session.execute(pending).all()
    ids = {explanation.act_id for explanation, _ in rows}
    acts = [ActNow(act, said) for act, said in session.execute(standing_acts().where(CaseAct.id.in_(ids)))]
    judged = {each.act.act.id: each for each in judge_acts(session, acts, now)}
    return tuple(
        ToDecide(case, judged[explanation.act_id], explanation)
        for explanation, case in rows
        if explanation.act_id in judged and _may_decide(person, judged[explanation.act_id], explanation)
    )


def _may_decide(person: Person, judged: JudgedAct, explanation: ActExplanation) -> bool:
    waits = any(each.id == explanation.id for each in judged.to_confirm)
    return waits and person.id not in judged.act.said.officers


def _count_requests(session: Session, person: Person) -> int:
    """Nobody decides on his own."""
    row = AccessRequest
    waiting = of_own(person, row.unit_id), row.state == "pending", row.person_id != person.id
    return session.scalar(select(func.count()).select_from(row).where(*waiting)) or 0


def _count_link_questions(session: Session, person: Person) -> int:
    row = LinkQuestion
    waiting = of_own(person, row.unit_id), row.answered_at.is_(None)
    return session.scalar(select(func.count()).select_from(row).where(*waiting)) or 0
