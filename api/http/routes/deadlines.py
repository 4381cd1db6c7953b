"""Deadlines (期限): events of a case that start them, what ends them, and what is due next."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Query

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.paging import Wanted, listed
from api.http.reading.deadlines import describe_case_deadlines, describe_event, due_items
from api.http.schema.base import Listed, Reason
from api.http.schema.deadlines import CaseDeadlines, DueItem, EventItem, Fulfilment, NewEvent
from api.http.sessions import SignedIn, TheArchive
from casework.cases import find_case
from casework.deadlines.events import enter_event, fulfil_term, withdraw_event
from casework.deadlines.listing import list_deadlines
from integrity.local_time import chinese_day

router = api_router(tags=["deadlines"])


def _today() -> date:
    return chinese_day(datetime.now(UTC))


@router.get("/deadlines", summary="期限 / What is due next in the unit's cases")
def show_due(
    viewer: SignedIn,
    archive: TheArchive,
    page: Wanted,
    mine: Annotated[bool, Query(description="仅本人登记的事项或建立的案件 / of one's own events and cases")] = False,
    overdue: Annotated[bool, Query(description="仅已逾期的 / only what is overdue")] = False,
) -> Listed[DueItem]:
    """Open terms, what is due first, first; those of closed cases and estimates among them."""
    with looking(archive, viewer) as session:
        found = list_deadlines(
            session, viewer.person, _today(), mine=mine, overdue=overdue, after=page.after, limit=page.limit
        )
        return listed(found, lambda rows: due_items(session, rows))


@router.get("/cases/{case_id}/deadlines", summary="案件的期限 / Deadlines of a case")
def show_deadlines(case_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> CaseDeadlines:
    """Every event from which terms run, withdrawn ones too, and every due day that was worked out."""
    with looking(archive, viewer) as session:
        return describe_case_deadlines(session, find_case(session, viewer.person, case_id), _today())


@router.post("/cases/{case_id}/events", summary="登记期限起算事项 / Enter an event", status_code=201)
def make_event(case_id: uuid.UUID, form: NewEvent, viewer: SignedIn, archive: TheArchive) -> EventItem:
    """The version of the rules that holds on its day says until when its terms run; the answer is kept."""
    with doing(archive, viewer) as session:
        who, now = viewer.person, datetime.now(UTC)
        named = {"decision_id": form.decision_id, "revokes_id": form.revokes_id}
        event = enter_event(session, who, case_id, form.kind, form.day, now, **named)
        return describe_event(session, find_case(session, viewer.person, case_id), event.id, _today())


@router.post("/events/{event_id}/withdraw", summary="撤回期限起算事项 / Withdraw an event")
def take_event_back(event_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> EventItem:
    """It did not happen, or on another day: a supervisor says so. It stays on record as withdrawn."""
    with doing(archive, viewer) as session:
        event = withdraw_event(session, viewer.person, event_id, form.reason)
        return describe_event(session, find_case(session, viewer.person, event.case_id), event.id, _today())


@router.post("/terms/{term_id}/fulfilment", summary="登记期限内事项办结 / Say when it was done")
def end_term(term_id: uuid.UUID, form: Fulfilment, viewer: SignedIn, archive: TheArchive) -> EventItem:
    """In time or late; gives the event with all its terms."""
    with doing(archive, viewer) as session:
        term = fulfil_term(session, viewer.person, term_id, form.done_on, datetime.now(UTC))
        return describe_event(session, find_case(session, viewer.person, term.case_id), term.event_id, _today())
