"""Requests, grants and exports of one unit, with names."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from api.http.reading.names import case_refs, people_named
from api.http.schema.access import ExportItem, GrantItem, RequestItem
from api.http.schema.base import PersonRef
from casework.permission import MAY
from storage.catalog.access import AccessRequest, Export, Grant
from storage.catalog.organisation import Person


def may_decide(person: Person, request: AccessRequest) -> bool:
    """Whether the person may say yes or no to it: pending, somebody else's, and a role for that kind."""
    allowed = person.active and person.role in MAY[f"approve_{request.kind}"]
    return allowed and request.state == "pending" and request.person_id != person.id


def request_items(session: Session, person: Person, rows: Sequence[AccessRequest]) -> list[RequestItem]:
    cases = case_refs(session, (row.case_id for row in rows))
    names = people_named(session, *(row.person_id for row in rows), *(row.decided_by for row in rows))
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
            may_decide=may_decide(person, row),
        )
        for row in rows
    ]


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
            approved_by=PersonRef.of(row.approved_by, names),
            granted_at=row.granted_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            revoked_by=PersonRef.maybe(row.revoked_by, names),
            live=row.revoked_at is None and row.expires_at > now,
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
