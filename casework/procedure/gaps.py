"""What is missing now, across the open cases of a unit: for the officer, the supervisor of the shift, and the archive.

Worked out whenever it is asked for: a recording that comes late, a link that ends, an answer about a clock shows at
once.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from casework.procedure.acts import ActNow, standing_acts
from casework.procedure.judged import JudgedAct
from casework.procedure.judgement import judge_acts
from casework.secrecy import keeps_case_from
from integrity.local_time import CHINA
from retention.own_units import of_own
from retention.paging import Cursor, Page, newest_first, take_page
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.catalog.procedure import CaseAct, CaseActStatement


@dataclass(frozen=True)
class Gap:
    """An act that somebody has something to do about, and its case."""

    case: Case
    judged: JudgedAct


def list_gaps(
    session: Session,
    person: Person,
    now: datetime,
    *,
    mine: bool = False,
    day: date | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[Gap]:
    """Of the acts of the unit's open cases, the latest first, those that wait for somebody, or of which a duty is not
    entered.

    None of a case whose class of secrecy is closed to the person.

    `mine`: those the person took part in, or entered; `day`: those that went on on that Chinese day. A page looks at
    `limit` acts, so that it may have fewer gaps, or none, and still have a next one.
    """
    statement = standing_acts().join(Case, Case.id == CaseAct.case_id)
    statement = statement.where(of_own(person, CaseAct.unit_id), Case.closed_at.is_(None))
    statement = statement.where(~keeps_case_from(person, CaseAct.case_id))
    if mine:
        said = CaseActStatement
        took_part = or_(said.officer_id == person.id, said.second_officer_id == person.id)
        statement = statement.where(or_(took_part, CaseAct.added_by == person.id))
    if day is not None:
        midnight = datetime.combine(day, time(), CHINA)
        of_day = CaseActStatement.span.overlaps(Range(midnight, midnight + timedelta(days=1)))
        # The unit once more: for the index, which begins with it.
        statement = statement.where(of_own(person, CaseActStatement.unit_id), of_day)
    began = func.lower(CaseActStatement.span)
    rows = session.execute(newest_first(statement, began, CaseAct.id, after, limit)).all()
    page = take_page([ActNow(act, said) for act, said in rows], limit, _place)
    waiting = [each for each in judge_acts(session, page.items, now) if each.waits or each.duties_missing]
    cases = _cases(session, {each.act.act.case_id for each in waiting})
    return Page(tuple(Gap(cases[each.act.act.case_id], each) for each in waiting), page.next)


def _place(act: ActNow) -> Cursor:
    return Cursor(act.said.starts_at, str(act.act.id))


def _cases(session: Session, ids: set[uuid.UUID]) -> dict[uuid.UUID, Case]:
    return {row.id: row for row in session.scalars(select(Case).where(Case.id.in_(ids)))}
