"""Findings whose day has come, or comes soon: for whoever handles the case, and for whoever answers for the unit."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Exists, Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from casework.deadlines.calendars import calendar_now
from casework.deadlines.listing import SOON_DAYS, working_days_until
from casework.filereview.sheet_file import ScoreItem, items_of
from casework.secrecy import keeps_case_from
from casework.units import in_reach
from retention.own_units import of_own
from storage.catalog.casework import Case
from storage.catalog.file_review import FileReview, FileReviewAnswer, FileReviewFinding, ScoreSheetRule
from storage.catalog.handling import CaseOfficer
from storage.catalog.organisation import Person

MOST: Final = 100
_AHEAD: Final = timedelta(days=30)
"""Longer than SOON_DAYS working days are, over any holidays: what is due later is not looked at."""


@dataclass(frozen=True)
class FindingDue:
    """A finding that goes on, as of a day. `state`: overdue, due_today or soon; `days_left`: working days, less than 0
    where its day has passed; `item`: what of the sheet it is about; `answered`: it waits for the reviewer to end it."""

    row: FileReviewFinding
    case: Case
    item: ScoreItem
    answered: bool
    state: str
    days_left: int


def list_findings_of(session: Session, person: Person, today: date) -> tuple[FindingDue, ...]:
    """What has to be put right in cases that the person handles, or opened, overdue or due soon; what is due first,
    first. What was answered waits for somebody else."""
    handles = exists().where(
        CaseOfficer.case_id == Case.id, CaseOfficer.person_id == person.id, CaseOfficer.ended_at.is_(None)
    )
    own = of_own(person, FileReviewFinding.unit_id), ~_answered(), or_(Case.opened_by == person.id, handles)
    return _due(session, _going_on(person, today).where(*own), today)


def list_findings_due(session: Session, person: Person, today: date) -> tuple[FindingDue, ...]:
    """What the person's unit has to answer, likewise; and what is overdue there and in the units below, answered or
    not."""
    row = FileReviewFinding
    to_answer = and_(of_own(person, row.unit_id), ~_answered())
    wanted = in_reach(person, row.unit_id), or_(to_answer, row.due_on < today)
    return _due(session, _going_on(person, today).where(*wanted), today)


def _answered() -> Exists:
    return exists().where(FileReviewAnswer.finding_id == FileReviewFinding.id)


def _going_on(person: Person, today: date) -> Select[FileReviewFinding, Case, bool]:
    row = FileReviewFinding
    statement = select(row, Case, _answered()).join(Case, Case.id == row.case_id)
    statement = statement.where(row.ended_at.is_(None), row.due_on <= today + _AHEAD, ~keeps_case_from(person, Case.id))
    return statement.order_by(row.due_on, row.id).limit(MOST)


def _due(session: Session, statement: Select[FileReviewFinding, Case, bool], today: date) -> tuple[FindingDue, ...]:
    found = session.execute(statement).all()
    if not found:
        return ()
    items, calendar = _items(session, {row.round_id for row, _, _ in found}), calendar_now(session)
    due = []
    for row, case, answered in found:
        left = working_days_until(calendar, today, row.due_on)
        state = "overdue" if row.due_on < today else "due_today" if row.due_on == today else "soon"
        if state != "soon" or left <= SOON_DAYS:
            due.append(FindingDue(row, case, items[row.round_id][row.item], answered, state, left))
    return tuple(due)


def _items(session: Session, round_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, ScoreItem]]:
    """By round, the items of the sheet that it is scored by."""
    rules = select(FileReview.id, ScoreSheetRule.rules).join(ScoreSheetRule, ScoreSheetRule.id == FileReview.rule_id)
    rows = session.execute(rules.where(FileReview.id.in_(round_ids)))
    return {round_id: {each.code: each for each in items_of(rules_)} for round_id, rules_ in rows}
