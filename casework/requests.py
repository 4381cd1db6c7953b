"""Requests (调阅申请) and grants (授权): who may see or copy a case's footage, what for, how long, by whose word."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.errors import AlreadyDecided, AlreadyRevoked, ExpiryUnusable, OwnRequest
from casework.permission import require
from casework.secrecy import refuse_uncleared
from casework.wording import known_word, required_text
from integrity.fields import format_instant
from retention.paging import Cursor, Page, newest_first, take_page
from retention.subjects import row_in_unit
from storage.catalog.access import ACCESS_KINDS, AccessRequest, Grant
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.ledger.append import Actor, Change, record_change

LONGEST_GRANT = timedelta(days=180)


def ask(session: Session, by: Person, *, case_id: uuid.UUID, kind: str, purpose: str) -> AccessRequest:
    """Ask to see ("view") or to copy ("copy") the footage of a case of the person's own unit.

    Raises WordUnknown for the kind, TextUnusable for an empty purpose, AccessRefused where the case's class of secrecy
    keeps it from the person, UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    require(by, "ask_for_access")
    known_word("kind", kind, ACCESS_KINDS)
    purpose = required_text("purpose", purpose)
    case = row_in_unit(session, by, Case, case_id)
    refuse_uncleared(session, by, case, kind)
    request = AccessRequest(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        person_id=by.id,
        kind=kind,
        purpose=purpose,
        state="pending",
    )
    session.add(request)
    session.flush()
    _record_request(session, by, request, "access.requested", {"purpose": purpose})
    return request


def approve(session: Session, by: Person, request_id: uuid.UUID, *, expires_at: datetime, now: datetime) -> Grant:
    """Say yes to somebody else's request. Of two that decide at once the first wins, the other gets AlreadyDecided.

    Raises AlreadyDecided, OwnRequest, ExpiryUnusable, AccessRefused where the case's class of secrecy, by now, keeps it
    from whoever asked or from whoever decides, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    request = _lock_request_to_decide(session, by, request_id)
    if expires_at.tzinfo is None or not now < expires_at <= now + LONGEST_GRANT:
        raise ExpiryUnusable(expires_at, now + LONGEST_GRANT)
    case = session.get_one(Case, request.case_id)
    refuse_uncleared(session, by, case, request.kind)
    refuse_uncleared(session, session.get_one(Person, request.person_id), case, request.kind, "asker_secrecy")
    request.state, request.decided_by, request.decided_at = "approved", by.id, now
    grant = Grant(
        id=uuid.uuid4(),
        unit_id=request.unit_id,
        request_id=request.id,
        case_id=request.case_id,
        person_id=request.person_id,
        kind=request.kind,
        approved_by=by.id,
        granted_at=now,
        expires_at=expires_at,
    )
    session.add(grant)
    session.flush()
    data = {
        "request_id": str(request.id),
        "case_id": str(request.case_id),
        "person_id": str(request.person_id),
        "kind": request.kind,
        "expires_at": format_instant(expires_at),
    }
    record_change(
        session, Actor.person(by.id), Change("access.granted", "access_grant", str(grant.id), grant.unit_id, data)
    )
    return grant


def refuse(session: Session, by: Person, request_id: uuid.UUID, reason: str) -> AccessRequest:
    """Say no to somebody else's request.

    Raises AlreadyDecided, OwnRequest, TextUnusable without a reason, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    reason = required_text("reason", reason)
    request = _lock_request_to_decide(session, by, request_id)
    request.state, request.decided_by, request.decided_at = "refused", by.id, datetime.now(UTC)
    request.decision_reason = reason
    session.flush()
    _record_request(session, by, request, "access.request_refused", {"reason": reason})
    return request


def revoke(session: Session, by: Person, grant_id: uuid.UUID, reason: str) -> Grant:
    """End a grant before its time, from the next byte range on. Who may approve its kind may revoke it.

    Raises AlreadyRevoked, TextUnusable without a reason, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    reason = required_text("reason", reason)
    grant = row_in_unit(session, by, Grant, grant_id, lock=True)
    require(by, f"approve_{grant.kind}")
    if grant.revoked_at is not None:
        raise AlreadyRevoked(grant.id, grant.revoked_at)
    grant.revoked_at, grant.revoked_by = datetime.now(UTC), by.id
    session.flush()
    data = {"request_id": str(grant.request_id), "case_id": str(grant.case_id), "person_id": str(grant.person_id)}
    change = Change("access.grant_revoked", "access_grant", str(grant.id), grant.unit_id, data, {"reason": reason})
    record_change(session, Actor.person(by.id), change)
    return grant


def find_request(session: Session, person: Person, request_id: uuid.UUID) -> AccessRequest:
    """A request of the person's unit. Raises UnknownSubject, OutsideUnit."""
    return row_in_unit(session, person, AccessRequest, request_id)


def list_requests(
    session: Session,
    unit_id: uuid.UUID,
    *,
    state: str | None = None,
    person_id: uuid.UUID | None = None,
    case_id: uuid.UUID | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[AccessRequest]:
    """The unit's requests, the latest first; those in one state, of one person or for one case where that is named."""
    wanted = {AccessRequest.state: state, AccessRequest.person_id: person_id, AccessRequest.case_id: case_id}
    statement = select(AccessRequest).where(AccessRequest.unit_id == unit_id)
    statement = statement.where(*(column == value for column, value in wanted.items() if value is not None))
    rows = session.scalars(newest_first(statement, AccessRequest.asked_at, AccessRequest.id, after, limit)).all()
    return take_page(rows, limit, lambda request: Cursor(request.asked_at, str(request.id)))


def list_grants(
    session: Session,
    unit_id: uuid.UUID,
    *,
    live_at: datetime | None = None,
    person_id: uuid.UUID | None = None,
    case_id: uuid.UUID | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[Grant]:
    """The unit's grants, the latest first; those that hold at an instant, of one person, for one case if named."""
    wanted = {Grant.person_id: person_id, Grant.case_id: case_id}
    statement = select(Grant).where(Grant.unit_id == unit_id)
    statement = statement.where(*(column == value for column, value in wanted.items() if value is not None))
    if live_at is not None:
        statement = statement.where(Grant.revoked_at.is_(None), Grant.expires_at > live_at)
    rows = session.scalars(newest_first(statement, Grant.granted_at, Grant.id, after, limit)).all()
    return take_page(rows, limit, lambda grant: Cursor(grant.granted_at, str(grant.id)))


def _lock_request_to_decide(session: Session, by: Person, request_id: uuid.UUID) -> AccessRequest:
    request = row_in_unit(session, by, AccessRequest, request_id, lock=True)
    if request.person_id == by.id:
        raise OwnRequest(request.id)
    require(by, f"approve_{request.kind}")
    if request.state != "pending":
        raise AlreadyDecided(request.id, request.state, request.decided_at)
    return request


def _record_request(session: Session, by: Person, request: AccessRequest, action: str, private: dict[str, str]) -> None:
    data = {"case_id": str(request.case_id), "kind": request.kind}
    change = Change(action, "access_request", str(request.id), request.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)
