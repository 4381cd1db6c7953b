"""Requests and grants: to ask, to follow what one asked, to decide on what others ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from api.http.reading.access import papers_of, rule_names
from api.pages.views_recording import open_cases
from api.pages.views_redaction import redactions_to_check
from api.pages.visit import Visit
from casework import permission as casework_permission
from casework.organisation import names_of
from casework.requests import list_grants, list_requests
from casework.retrieval.deciding import decided, list_to_decide, longest_hours
from casework.retrieval.posts import approvers_of_each
from retention.own_units import own_units
from storage.catalog.access import ACCESS_KINDS, OUTSIDERS, AccessRequest, Grant, RequestAttachment
from storage.catalog.casework import Case, CaseLink
from storage.catalog.organisation import POSTS

ROWS = 50
PROPOSED = timedelta(days=3)


@dataclass(frozen=True)
class RequestRow:
    """A request with what whoever decides wants to see beside it; who decides it, while it waits: post and names."""

    request: AccessRequest
    case: Case
    asker: str
    decider: str | None
    recording_count: int
    papers: Sequence[RequestAttachment]
    missing: tuple[str, ...]
    rule: str
    post: str | None
    decided_by_any_of: tuple[str, ...]
    latest: datetime
    proposed: datetime


@dataclass(frozen=True)
class GrantRow:
    grant: Grant
    case: Case
    holder: str
    approver: str
    purpose: str


def build_requests(visit: Visit) -> Mapping[str, Any]:
    visit.require(*casework_permission.MAY["ask_for_access"])
    session, units, person = visit.session, own_units(visit.person), visit.person
    waiting = list_to_decide(session, person, after=visit.after, limit=ROWS)
    mine = list_requests(session, units, person_id=person.id, limit=ROWS).items
    grants = list_grants(session, units, live_at=visit.now, limit=200).items
    shown_grants = [row for row in grants if row.person_id == person.id or may_revoke(visit, row.kind)]
    return {
        "to_decide": request_rows(visit, waiting.items),
        "next": visit.next_page(waiting.next),
        **redactions_to_check(visit),
        "mine": request_rows(visit, mine),
        "grants": grant_rows(visit, shown_grants),
        "cases": open_cases(visit),
        "chosen_case": visit.asked("case"),
        "chosen_kind": visit.asked("kind"),
        "kinds": ACCESS_KINDS,
        "outsiders": OUTSIDERS,
        "decides": person.role in POSTS.values(),
        "revocable": {kind for kind in ACCESS_KINDS if may_revoke(visit, kind)},
    }


def may_revoke(visit: Visit, kind: str) -> bool:
    return visit.person.role in casework_permission.MAY[f"revoke_{kind}"]


def request_rows(visit: Visit, requests: Sequence[AccessRequest]) -> tuple[RequestRow, ...]:
    cases = cases_by_id(visit, (row.case_id for row in requests))
    deciders = {row.decided_by for row in requests if row.decided_by}
    names = names_of(visit.session, {row.person_id for row in requests} | deciders)
    counts, papers = recording_counts(visit, cases), papers_of(visit.session, requests)
    rules = rule_names(visit.session, requests)
    waiting = {row.id: needed for row in requests if (needed := decided(visit.session, row))}
    approvers = approvers_of_each(visit.session, waiting.values())

    def row_of(row: AccessRequest) -> RequestRow:
        needed = waiting.get(row.id)
        latest = visit.now + timedelta(hours=longest_hours(visit.session, row) if needed else 0)
        filed = papers.get(row.id, ())
        return RequestRow(
            request=row,
            case=cases[row.case_id],
            asker=names.get(row.person_id, ""),
            decider=names.get(row.decided_by) if row.decided_by else None,
            recording_count=counts.get(row.case_id, 0),
            papers=filed,
            missing=tuple(paper for paper in row.needs if paper not in {each.kind for each in filed}),
            rule="" if row.rule_id is None else rules[row.rule_id],
            post=needed.post if needed else None,
            decided_by_any_of=tuple(approvers[needed].names.values()) if needed else (),
            latest=latest,
            proposed=min(latest, visit.now + PROPOSED),
        )

    return tuple(row_of(row) for row in requests)


def grant_rows(visit: Visit, grants: Sequence[Grant]) -> tuple[GrantRow, ...]:
    cases = cases_by_id(visit, (row.case_id for row in grants))
    people = {person for row in grants for person in (row.person_id, row.approved_by) if person is not None}
    names = names_of(visit.session, people)
    asked = select(AccessRequest.id, AccessRequest.purpose).where(
        AccessRequest.id.in_([row.request_id for row in grants])
    )
    purposes = {row.id: row.purpose for row in visit.session.execute(asked)}
    return tuple(
        GrantRow(
            grant=row,
            case=cases[row.case_id],
            holder=names.get(row.person_id, ""),
            approver=names.get(row.approved_by, "") if row.approved_by else visit.translate("承办人员，按规则"),
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
