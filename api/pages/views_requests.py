"""Requests and grants: to ask, to follow what one asked, to decide on what others ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from api.pages.views_recording import open_cases
from api.pages.visit import Visit
from casework import permission as casework_permission
from casework.organisation import names_of
from casework.requests import LONGEST_GRANT, list_grants, list_requests
from storage.catalog.access import ACCESS_KINDS, AccessRequest, Grant
from storage.catalog.casework import Case, CaseLink

ROWS = 50
EXPIRY_CHOICES_DAYS = (1, 3, 7, 30)


@dataclass(frozen=True)
class RequestRow:
    """A request with what whoever decides wants to see beside it."""

    request: AccessRequest
    case: Case
    asker: str
    decider: str | None
    recording_count: int
    own: bool


@dataclass(frozen=True)
class GrantRow:
    grant: Grant
    case: Case
    holder: str
    approver: str
    purpose: str


def build_requests(visit: Visit) -> Mapping[str, Any]:
    visit.require("officer", "supervisor", "legal_reviewer")
    session, unit_id, person = visit.session, visit.person.unit_id, visit.person
    pending = list_requests(session, unit_id, state="pending", after=visit.after, limit=ROWS)
    decidable = [row for row in pending.items if may_decide(visit, row)]
    mine = list_requests(session, unit_id, person_id=person.id, limit=ROWS).items
    grants = list_grants(session, unit_id, live_at=visit.now, limit=200).items
    shown_grants = [row for row in grants if row.person_id == person.id or may_approve(visit, row.kind)]
    return {
        "to_decide": request_rows(visit, decidable),
        "next": visit.next_page(pending.next),
        "mine": request_rows(visit, mine),
        "grants": grant_rows(visit, shown_grants),
        "cases": open_cases(visit),
        "chosen_case": visit.asked("case"),
        "chosen_kind": visit.asked("kind"),
        "kinds": ACCESS_KINDS,
        "expiry_choices": [(days, visit.now + timedelta(days=days)) for days in EXPIRY_CHOICES_DAYS],
        "latest_expiry": visit.now + LONGEST_GRANT,
        "decides": any(may_approve(visit, kind) for kind in ACCESS_KINDS),
        "revocable": {kind for kind in ACCESS_KINDS if may_approve(visit, kind)},
    }


def may_approve(visit: Visit, kind: str) -> bool:
    return visit.person.role in casework_permission.MAY[f"approve_{kind}"]


def may_decide(visit: Visit, request: AccessRequest) -> bool:
    """Nobody decides on his own request."""
    return request.person_id != visit.person.id and may_approve(visit, request.kind)


def request_rows(visit: Visit, requests: Sequence[AccessRequest]) -> tuple[RequestRow, ...]:
    cases = cases_by_id(visit, (row.case_id for row in requests))
    deciders = {row.decided_by for row in requests if row.decided_by}
    names = names_of(visit.session, {row.person_id for row in requests} | deciders)
    counts = recording_counts(visit, cases)
    return tuple(
        RequestRow(
            request=row,
            case=cases[row.case_id],
            asker=names.get(row.person_id, ""),
            decider=names.get(row.decided_by) if row.decided_by else None,
            recording_count=counts.get(row.case_id, 0),
            own=row.person_id == visit.person.id,
        )
        for row in requests
    )


def grant_rows(visit: Visit, grants: Sequence[Grant]) -> tuple[GrantRow, ...]:
    cases = cases_by_id(visit, (row.case_id for row in grants))
    names = names_of(visit.session, {person for row in grants for person in (row.person_id, row.approved_by)})
    asked = select(AccessRequest.id, AccessRequest.purpose).where(
        AccessRequest.id.in_([row.request_id for row in grants])
    )
    purposes = {row.id: row.purpose for row in visit.session.execute(asked)}
    return tuple(
        GrantRow(
            grant=row,
            case=cases[row.case_id],
            holder=names.get(row.person_id, ""),
            approver=names.get(row.approved_by, ""),
            purpose=purposes.get(row.request_id, ""),
        )
        for row in grants
    )


def cases_by_id(visit: Visit, case_ids: Iterable[Any]) -> dict[Any, Case]:
    rows = visit.session.scalars(select(Case).where(Case.id.in_(set(case_ids))))
    return {row.id: row for row in rows}


def recording_counts(visit: Visit, case_ids: Iterable[Any]) -> dict[Any, int]:
    live = CaseLink.case_id.in_(set(case_ids)), CaseLink.ended_at.is_(None)
    counted = select(CaseLink.case_id, func.count()).where(*live).group_by(CaseLink.case_id)
    return {row[0]: row[1] for row in visit.session.execute(counted)}
