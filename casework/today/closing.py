"""Why cases cannot be closed: those that are at their last stage, with the acts that forbid it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.procedure.acts import ActNow, standing_acts
from casework.procedure.judged import JudgedAct
from casework.procedure.judgement import judge_acts
from retention.own_units import of_own
from retention.paging import Cursor, Page, newest_first, take_page
from storage.catalog.casework import STAGES, Case
from storage.catalog.organisation import Person
from storage.catalog.procedure import CaseAct, CaseActStatement

AT_THE_END: Final = STAGES[-1]


@dataclass(frozen=True)
class Ending:
    """An open case at its last stage, and what forbids closing it; nothing: it only has to be closed."""

    case: Case
    forbidding: tuple[JudgedAct, ...]


def list_ending(
    session: Session, person: Person, now: datetime, *, after: Cursor | None = None, limit: int = 20
) -> Page[Ending]:
    """Of the person's unit, the latest opened first."""
    open_ = of_own(person, Case.unit_id), Case.closed_at.is_(None), Case.stage == AT_THE_END
    rows = session.scalars(newest_first(select(Case).where(*open_), Case.opened_at, Case.id, after, limit)).all()
    page = take_page(rows, limit, lambda case: Cursor(case.opened_at, str(case.id)))
    forbidding = _forbidding(session, [case.id for case in page.items], now)
    return Page(tuple(Ending(case, tuple(forbidding[case.id])) for case in page.items), page.next)


def _forbidding(session: Session, case_ids: list[uuid.UUID], now: datetime) -> dict[uuid.UUID, list[JudgedAct]]:
    statement = standing_acts().where(CaseAct.case_id.in_(case_ids))
    rows = session.execute(statement.order_by(func.lower(CaseActStatement.span), CaseAct.id)).all()
    found: dict[uuid.UUID, list[JudgedAct]] = defaultdict(list)
    for judged in judge_acts(session, [ActNow(act, said) for act, said in rows], now):
        if judged.forbids_closing is not None:
            found[judged.act.act.case_id].append(judged)
    return found
