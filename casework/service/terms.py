"""What a service ends and begins: the term of service, and the days in which a hearing can be asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.deadlines.errors import EventEntered
from casework.deadlines.events import enter_event, fulfil_term
from casework.service.errors import ServiceCounts
from casework.service.leave import Leaving
from casework.service.manners import POSTED
from casework.service.proof import days_served, serves
from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.deadlines import CaseEvent, CaseTerm
from storage.catalog.decisions import DecisionVersion
from storage.catalog.organisation import Person
from storage.catalog.service import CaseService


def end_term(session: Session, by: Person, row: CaseService, leaving: Leaving, now: datetime) -> None:
    """Of a penalty that was issued the term that runs from its event; of a document of before, which names none, the
    only one that is open.

    A public notice ends it on the day it is posted: to serve in time is the unit's duty, the days that it hangs are
    not. Of a paper that is a number alone nobody knows what it is: its term is ended by hand.
    """
    if leaving.document is None and leaving.issue is None:
        return
    if leaving.issue is not None and session.get_one(DecisionVersion, row.version_id).kind != "penalty":
        return
    if leaving.document is not None and leaving.document.kind != "penalty_decision":
        return
    day = chinese_day(row.served_at)
    open_ = select(CaseTerm.id, CaseEvent).join(CaseEvent, CaseEvent.id == CaseTerm.event_id)
    open_ = open_.where(*_terms_of_service(row), CaseTerm.done_on.is_(None), CaseEvent.day <= day)
    if leaving.issue is not None:
        open_ = open_.where(CaseEvent.issue_id == leaving.issue.id)
    terms = session.execute(open_).all()
    if len(terms) == 1 and day in days_served(session, terms[0].CaseEvent):
        fulfil_term(session, by, terms[0].id, day, now)


def begin_term(session: Session, by: Person, case: Case, row: CaseService, leaving: Leaving, now: datetime) -> None:
    """Who is told of his right to a hearing has his days from the one on which that counts as served."""
    told = leaving.document is not None and leaving.document.kind == "hearing_rights_notice"
    if not told or row.method == POSTED or case.closed_at is not None:
        return
    try:
        enter_event(session, by, case.id, "hearing_offered", row.counts_on, now)
    except EventEntered:
        # Somebody entered that day himself: its term runs already.
        return


def refuse_counting(session: Session, row: CaseService) -> None:
    """The row is withdrawn, and what is left has to hold of each term that it may have ended. Raises ServiceCounts."""
    day = chinese_day(row.served_at)
    ended = select(CaseEvent).join(CaseTerm, CaseTerm.event_id == CaseEvent.id)
    for event in session.scalars(ended.where(*_terms_of_service(row), CaseTerm.done_on == day)).all():
        if serves(session, row, event) and day not in days_served(session, event):
            raise ServiceCounts(row.id, day)


def _terms_of_service(row: CaseService) -> tuple[Any, ...]:
    return CaseTerm.case_id == row.case_id, CaseTerm.kind == "service", CaseEvent.withdrawn_at.is_(None)
