"""What is due next, in a case or in a unit: until when, how many working days remain, what is overdue."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from sqlalchemy import Select, exists, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from casework.deadlines.calendar import ONE_DAY, Calendar
from casework.deadlines.calendars import calendar_now
from casework.deadlines.kinds import KINDS
from casework.deadlines.terms import Term, terms_of
from retention.own_units import Units, of_own, of_units
from retention.paging import Cursor, Page, page_rows, take_page
from storage.catalog.casework import Case
from storage.catalog.deadlines import CaseEvent, CaseTerm, TermAnswer, TermRule
from storage.catalog.decisions import DecisionIssue
from storage.catalog.organisation import Person

SOON_DAYS: Final = 3
STATES = ("overdue", "lapsed", "due_today", "soon", "running", "estimate", "no_term", "done", "done_late")
THE_PARTYS: Final = frozenset(name for name, kind in KINDS.items() if kind.is_the_partys)


@dataclass(frozen=True)
class Deadline:
    """A term with its latest answer, as of a day.

    `state` is a word of STATES. `days_left`: working days after today up to and with the due day, less than 0 where it
    has passed; of an estimate as far as anybody can guess. `rule` None: there was no such term on the event's day.
    """

    case: Case
    event: CaseEvent
    term: CaseTerm
    answer: TermAnswer
    rule: TermRule | None
    state: str
    days_left: int | None

    @property
    def ruled(self) -> Term | None:
        """The term as its version states it."""
        stated = () if self.rule is None else terms_of(self.rule.rules)
        return next((term for term in stated if term.kind == self.term.kind), None)


@dataclass(frozen=True)
class EventDeadlines:
    """An event of a case with the decision that it is of, its terms, and every answer that was given of each."""

    event: CaseEvent
    issue: DecisionIssue | None
    deadlines: tuple[Deadline, ...]
    history: dict[uuid.UUID, tuple[TermAnswer, ...]]


def deadlines_of_case(session: Session, case: Case, today: date) -> tuple[EventDeadlines, ...]:
    """Every event that was entered in a case, by its day, those that were withdrawn as well."""
    found: dict[uuid.UUID, list[Deadline]] = defaultdict(list)
    statement = _with_latest().where(CaseTerm.case_id == case.id).order_by(CaseTerm.kind)
    for deadline in _deadlines(session, session.execute(statement).all(), today):
        found[deadline.event.id].append(deadline)
    history: dict[uuid.UUID, list[TermAnswer]] = defaultdict(list)
    answers = select(TermAnswer).where(TermAnswer.case_id == case.id).order_by(TermAnswer.ordinal)
    for answer in session.scalars(answers):
        history[answer.term_id].append(answer)
    of_decision = DecisionIssue.id == CaseEvent.issue_id
    events = select(CaseEvent, DecisionIssue).outerjoin(DecisionIssue, of_decision).where(CaseEvent.case_id == case.id)
    events = events.order_by(CaseEvent.day, CaseEvent.entered_at, CaseEvent.id)
    return tuple(
        EventDeadlines(
            event,
            issue,
            tuple(found[event.id]),
            {each.term.id: tuple(history[each.term.id]) for each in found[event.id]},
        )
        for event, issue in session.execute(events)
    )


def list_deadlines(
    session: Session,
    person: Person,
    today: date,
    *,
    mine: bool = False,
    overdue: bool = False,
    kinds: Collection[str] | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[Deadline]:
    """The open terms of the unit's cases, closed ones too: what is due first, first; estimates among them.

    Of a term that is the party's only while it runs.
    `mine`: of events the person entered, and of cases the person opened; `overdue`: alone what is; `kinds`: alone of
    these.
    """
    day = func.coalesce(TermAnswer.due_on, TermAnswer.estimate)
    statement = _with_latest().where(
        of_own(person, CaseTerm.unit_id),
        CaseTerm.done_at.is_(None),
        CaseEvent.withdrawn_at.is_(None),
        day.is_not(None),
        or_(CaseTerm.kind.not_in(THE_PARTYS), TermAnswer.due_on.is_(None), TermAnswer.due_on >= today),
    )
    if mine:
        statement = statement.where(or_(CaseEvent.entered_by == person.id, Case.opened_by == person.id))
    if overdue:
        statement = statement.where(TermAnswer.due_on < today)
    if kinds is not None:
        statement = statement.where(CaseTerm.kind.in_(kinds))
    if after is not None:
        place = tuple_(literal(after.at.date()), literal(after.id, CaseTerm.id.type))
        statement = statement.where(tuple_(day, CaseTerm.id) > place)
    rows = session.execute(statement.order_by(day, CaseTerm.id).limit(page_rows(limit) + 1)).all()
    return take_page(_deadlines(session, rows, today), limit, _place)


def deadlines_of_events(session: Session, event_ids: Collection[uuid.UUID], today: date) -> list[Deadline]:
    """Every term that runs from one of these events, ended ones too."""
    statement = _with_latest().where(CaseTerm.event_id.in_(event_ids)).order_by(CaseTerm.kind)
    return _deadlines(session, session.execute(statement).all(), today)


def count_overdue(session: Session, units: Units, today: date, *, kinds: Collection[str] | None = None) -> int:
    """Open terms of a unit, or of several, whose due day has passed; of these kinds alone, where some are named."""
    statement = _with_latest().with_only_columns(func.count())
    if kinds is not None:
        statement = statement.where(CaseTerm.kind.in_(kinds))
    is_open = (CaseTerm.done_at.is_(None), CaseEvent.withdrawn_at.is_(None), CaseTerm.kind.not_in(THE_PARTYS))
    return session.scalar(statement.where(of_units(CaseTerm.unit_id, units), TermAnswer.due_on < today, *is_open)) or 0


def working_days_until(calendar: Calendar, today: date, day: date) -> int:
    """Working days after today up to and with `day`; those after `day` up to and with today, less than 0."""
    first, last = min(today, day), max(today, day)
    count = calendar.count_working_days(first + ONE_DAY, last)
    return count if day >= today else -count


def _with_latest() -> Select[Case, CaseEvent, CaseTerm, TermAnswer]:
    later = aliased(TermAnswer)
    is_latest = ~exists().where(later.term_id == TermAnswer.term_id, later.ordinal > TermAnswer.ordinal)
    return (
        select(Case, CaseEvent, CaseTerm, TermAnswer)
        .join(CaseEvent, CaseEvent.case_id == Case.id)
        .join(CaseTerm, CaseTerm.event_id == CaseEvent.id)
        .join(TermAnswer, TermAnswer.term_id == CaseTerm.id)
        .where(is_latest)
    )


def _deadlines(
    session: Session, rows: Sequence[tuple[Case, CaseEvent, CaseTerm, TermAnswer]], today: date
) -> list[Deadline]:
    wanted = {answer.rule_id for *_, answer in rows if answer.rule_id is not None}
    rules = {row.id: row for row in session.scalars(select(TermRule).where(TermRule.id.in_(wanted)))}
    calendar = calendar_now(session)
    found = []
    for case, event, term, answer in rows:
        left = None if answer.day is None or term.done_on else working_days_until(calendar, today, answer.day)
        rule = None if answer.rule_id is None else rules[answer.rule_id]
        found.append(Deadline(case, event, term, answer, rule, _state(term, answer, today, left), left))
    return found


def _state(term: CaseTerm, answer: TermAnswer, today: date, left: int | None) -> str:
    if term.done_on is not None:
        return "done_late" if answer.due_on is not None and term.done_on > answer.due_on else "done"
    if answer.due_on is None or left is None:
        return "no_term" if answer.estimate is None else "estimate"
    if answer.due_on < today:
        return "lapsed" if term.kind in THE_PARTYS else "overdue"
    if answer.due_on == today:
        return "due_today"
    return "soon" if left <= SOON_DAYS else "running"


def _place(deadline: Deadline) -> Cursor:
    assert deadline.answer.day is not None
    return Cursor(datetime.combine(deadline.answer.day, time(), UTC), str(deadline.term.id))
