"""Requests, grants and exports of one unit, with names."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.http.reading.names import case_refs, people_named
from api.http.schema.access import AttachmentItem, ExportItem, GrantItem, RequestItem, VisitorItem
from api.http.schema.base import PersonRef
from casework.permission import MAY
from casework.retrieval.deciding import decidable
from storage.catalog.access import AccessRequest, Export, Grant, RequestAttachment, RetrievalRule
from storage.catalog.organisation import Person


def request_items(session: Session, person: Person, rows: Sequence[AccessRequest]) -> list[RequestItem]:
    cases = case_refs(session, (row.case_id for row in rows))
    names = people_named(session, *(row.person_id for row in rows), *(row.decided_by for row in rows))
    mine, papers, rules = decidable(session, person, rows), papers_of(session, rows), rule_names(session, rows)
    return [
        RequestItem(
            id=row.id,
            case=cases[row.case_id],
            person=PersonRef.of(row.person_id, names),
            kind=row.kind,
            purpose=row.purpose,
            state=row.state,
            asked_at=row.asked_at,
            decided_by=PersonRef.maybe(row.decided_by, names),
            decided_at=row.decided_at,
            decision_reason=row.decision_reason,
            may_decide=row.id in mine,
            who=row.who,
            approval=row.approval,
            rule=None if row.rule_id is None else rules[row.rule_id],
            longest_hours=row.longest_hours,
            unredacted=row.unredacted,
            unredacted_reason=row.unredacted_reason,
            needs=row.needs,
            missing=[paper for paper in row.needs if paper not in {each.kind for each in papers.get(row.id, ())}],
            attachments=[attachment_item(each) for each in papers.get(row.id, ())],
            visitor=visitor_item(person, row),
        )
        for row in rows
    ]


def papers_of(session: Session, requests: Sequence[AccessRequest]) -> Mapping[uuid.UUID, Sequence[RequestAttachment]]:
    """The papers of several requests, each one's in the order in which they were handed in."""
    row = RequestAttachment
    wanted = select(row).where(row.request_id.in_([request.id for request in requests]))
    found: dict[uuid.UUID, list[RequestAttachment]] = {}
    for paper in session.scalars(wanted.order_by(row.filed_at, row.id)):
        found.setdefault(paper.request_id, []).append(paper)
    return found


def rule_names(session: Session, requests: Sequence[AccessRequest]) -> Mapping[uuid.UUID, str]:
    row = RetrievalRule
    wanted = select(row.id, row.jurisdiction, row.version).where(row.id.in_({each.rule_id for each in requests}))
    return {each.id: f"{each.jurisdiction} {each.version}" for each in session.execute(wanted)}


def attachment_item(row: RequestAttachment) -> AttachmentItem:
    return AttachmentItem(
        id=row.id,
        kind=row.kind,
        name=row.name,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256.hex(),
        filed_at=row.filed_at,
    )


def visitor_item(person: Person, row: AccessRequest) -> VisitorItem | None:
    """Who the outsider is, for whoever asked for him and for those who may read his papers; to others he is nobody."""
    if row.visitor_name is None or row.visitor_document is None:
        return None
    if row.person_id != person.id and person.role not in MAY["read_papers"]:
        return None
    return VisitorItem(who=row.who, name=row.visitor_name, document=row.visitor_document, body_name=row.body_name)


def grant_items(session: Session, rows: Sequence[Grant], now: datetime) -> list[GrantItem]:
    cases = case_refs(session, (row.case_id for row in rows))
    names = people_named(
        session,
        *(row.person_id for row in rows),
        *(row.approved_by for row in rows),
        *(row.revoked_by for row in rows),
    )
    return [
        GrantItem(
            id=row.id,
            request_id=row.request_id,
            case=cases[row.case_id],
            person=PersonRef.of(row.person_id, names),
            kind=row.kind,
            approved_by=PersonRef.maybe(row.approved_by, names),
            granted_at=row.granted_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            revoked_by=PersonRef.maybe(row.revoked_by, names),
            live=row.revoked_at is None and row.expires_at > now,
            unredacted=row.unredacted,
            consent_reason=row.consent_reason,
        )
        for row in rows
    ]


def export_items(session: Session, rows: Sequence[Export], fetchable: frozenset[uuid.UUID]) -> list[ExportItem]:
    """`fetchable` names those exports whose package the viewer can have now."""
    cases = case_refs(session, (row.case_id for row in rows))
    names = people_named(session, *(row.person_id for row in rows))
    return [
        ExportItem(
            id=row.id,
            case=cases[row.case_id],
            grant_id=row.grant_id,
            person=PersonRef.of(row.person_id, names),
            started_at=row.started_at,
            finished_at=row.finished_at,
            statement_sha256=None if row.statement_sha256 is None else row.statement_sha256.hex(),
            package=f"/api/v1/exports/{row.id}/package" if row.id in fetchable else None,
        )
        for row in rows
    ]
