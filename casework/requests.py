"""Requests (调阅申请) and grants (授权): who may see or copy a case's footage, what for, how long, by whose word.

By which rule, whose word and with which papers: casework/retrieval.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.handling import handles
from casework.permission import require
from casework.retrieval.deciding import lock_request_to_decide, longest_hours, refuse_missing_papers
from casework.retrieval.errors import AlreadyDecided, AlreadyRevoked, ExpiryUnusable
from casework.retrieval.originals import checked_consent, checked_reason
from casework.retrieval.rules import require_way
from casework.retrieval.visitors import Visitor
from casework.secrecy import refuse_uncleared
from casework.wording import known_word, required_text
from integrity.fields import format_instant
from retention.own_units import Units, of_units
from retention.paging import Cursor, Page, newest_first, take_page
from retention.subjects import row_in_unit
from storage.catalog.access import ACCESS_KINDS, NOBODY, AccessRequest, Grant
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.ledger.append import Actor, Change, record_change


def ask(
    session: Session,
    by: Person,
    *,
    case_id: uuid.UUID,
    kind: str,
    purpose: str,
    visitor: Visitor | None = None,
    unredacted_reason: str | None = None,
    now: datetime | None = None,
) -> AccessRequest:
    """Ask to see ("view") or to copy ("copy") the footage of a case of the person's own unit, maybe for an outsider.

    Where the rule of today lets an officer of the case view it directly, the request is approved at once, by the rule,
    and its grant made. Copies are redacted; with `unredacted_reason` the originals are asked for as well, which takes
    the approver's express consent. Raises WordUnknown, TextUnusable, VisitorUnusable, NoWay, AccessRefused where the
    case's class of secrecy keeps it from the person, UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    require(by, "ask_for_access")
    known_word("kind", kind, ACCESS_KINDS)
    purpose, now = required_text("purpose", purpose), now or datetime.now(UTC)
    visitor = None if visitor is None else visitor.checked()
    unredacted_reason = checked_reason(kind, unredacted_reason)
    case = row_in_unit(session, by, Case, case_id)
    refuse_uncleared(session, by, case, kind)
    who = visitor.who if visitor is not None else "handler" if handles(session, by, case.id) else "staff"
    ruled = require_way(session, case.unit_id, who, kind, now)
    request = AccessRequest(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        person_id=by.id,
        kind=kind,
        purpose=purpose,
        state="pending",
        who=who,
        approval=ruled.way.approval,
        needs=list(ruled.way.needs),
        longest_hours=ruled.way.longest_hours,
        rule_id=ruled.rule.id,
        body_name=None if visitor is None else visitor.body_name,
        visitor_name=None if visitor is None else visitor.name,
        visitor_document=None if visitor is None else visitor.document,
        unredacted=unredacted_reason is not None,
        unredacted_reason=unredacted_reason,
    )
    session.add(request)
    session.flush()
    _record_asking(session, by, request, visitor)
    if request.approval == NOBODY:
        _grant_by_rule(session, by, request, now)
    return request


def approve(
    session: Session,
    by: Person,
    request_id: uuid.UUID,
    *,
    expires_at: datetime,
    now: datetime,
    consent_reason: str | None = None,
) -> Grant:
    """Say yes to somebody else's request. Of two that decide at once the first wins, the other gets AlreadyDecided.

    Where the originals are asked for, `consent_reason` says why they may be given. Raises AlreadyDecided, OwnRequest,
    NotTheApprover, PapersMissing, ConsentMissing, ConsentNotAsked, TextUnusable, ExpiryUnusable, NoWay, AccessRefused
    where the case's class of secrecy, by now, keeps it from whoever asked or from whoever decides, RoleNotAllowed,
    UnknownSubject, OutsideUnit.
    """
    request = _lock_pending(session, by, request_id)
    refuse_missing_papers(session, request)
    consent_reason = checked_consent(request, consent_reason)
    latest = now + timedelta(hours=longest_hours(session, request))
    if expires_at.tzinfo is None or not now < expires_at <= latest:
        raise ExpiryUnusable(expires_at, latest)
    case = session.get_one(Case, request.case_id)
    refuse_uncleared(session, by, case, request.kind)
    refuse_uncleared(session, session.get_one(Person, request.person_id), case, request.kind, "asker_secrecy")
    request.state, request.decided_by, request.decided_at = "approved", by.id, now
    grant = _add_grant(session, request, by.id, now, expires_at, consent_reason)
    _record_grant(session, Actor.person(by.id), "access.granted", grant)
    return grant


def refuse(session: Session, by: Person, request_id: uuid.UUID, reason: str) -> AccessRequest:
    """Say no to somebody else's request.

    Raises AlreadyDecided, OwnRequest, NotTheApprover, TextUnusable without a reason, RoleNotAllowed, UnknownSubject,
    OutsideUnit.
    """
    reason = required_text("reason", reason)
    request = _lock_pending(session, by, request_id)
    request.state, request.decided_by, request.decided_at = "refused", by.id, datetime.now(UTC)
    request.decision_reason = reason
    session.flush()
    _record_refusal(session, by, request, reason)
    return request


def revoke(session: Session, by: Person, grant_id: uuid.UUID, reason: str) -> Grant:
    """End a grant before its time, from the next byte range on: any supervisor may, and of a copy the legal reviewers.

    Raises AlreadyRevoked, TextUnusable without a reason, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    reason = required_text("reason", reason)
    grant = row_in_unit(session, by, Grant, grant_id, lock=True)
    require(by, f"revoke_{grant.kind}")
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
    units: Units,
    *,
    state: str | None = None,
    person_id: uuid.UUID | None = None,
    case_id: uuid.UUID | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[AccessRequest]:
    """Those of a unit or several, the latest first; in one state, of one person or for one case where that is named."""
    wanted = {AccessRequest.state: state, AccessRequest.person_id: person_id, AccessRequest.case_id: case_id}
    statement = select(AccessRequest).where(of_units(AccessRequest.unit_id, units))
    statement = statement.where(*(column == value for column, value in wanted.items() if value is not None))
    rows = session.scalars(newest_first(statement, AccessRequest.asked_at, AccessRequest.id, after, limit)).all()
    return take_page(rows, limit, lambda request: Cursor(request.asked_at, str(request.id)))


def list_grants(
    session: Session,
    units: Units,
    *,
    live_at: datetime | None = None,
    person_id: uuid.UUID | None = None,
    case_id: uuid.UUID | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[Grant]:
    """Those of a unit or several, the latest first; that hold at an instant, of one person, for one case if named."""
    wanted = {Grant.person_id: person_id, Grant.case_id: case_id}
    statement = select(Grant).where(of_units(Grant.unit_id, units))
    statement = statement.where(*(column == value for column, value in wanted.items() if value is not None))
    if live_at is not None:
        statement = statement.where(Grant.revoked_at.is_(None), Grant.expires_at > live_at)
    rows = session.scalars(newest_first(statement, Grant.granted_at, Grant.id, after, limit)).all()
    return take_page(rows, limit, lambda grant: Cursor(grant.granted_at, str(grant.id)))


def _lock_pending(session: Session, by: Person, request_id: uuid.UUID) -> AccessRequest:
    request = lock_request_to_decide(session, by, request_id)
    if request.state != "pending":
        raise AlreadyDecided(request.id, request.state, request.decided_at)
    return request


def _grant_by_rule(session: Session, by: Person, request: AccessRequest, now: datetime) -> None:
    assert request.longest_hours is not None
    request.state, request.decided_at = "approved", now
    grant = _add_grant(session, request, None, now, now + timedelta(hours=request.longest_hours))
    _record_grant(session, Actor.person(by.id), "access.granted_by_rule", grant)


def _add_grant(
    session: Session,
    request: AccessRequest,
    approved_by: uuid.UUID | None,
    now: datetime,
    expires_at: datetime,
    consent_reason: str | None = None,
) -> Grant:
    grant = Grant(
        id=uuid.uuid4(),
        unit_id=request.unit_id,
        request_id=request.id,
        case_id=request.case_id,
        person_id=request.person_id,
        kind=request.kind,
        approved_by=approved_by,
        granted_at=now,
        expires_at=expires_at,
        unredacted=consent_reason is not None,
        consent_reason=consent_reason,
    )
    session.add(grant)
    session.flush()
    return grant


def _record_grant(session: Session, actor: Actor, action: str, grant: Grant) -> None:
    data = {
        "request_id": str(grant.request_id),
        "case_id": str(grant.case_id),
        "person_id": str(grant.person_id),
        "kind": grant.kind,
        "expires_at": format_instant(grant.expires_at),
        "unredacted": grant.unredacted,
    }
    private = {} if grant.consent_reason is None else {"consent_reason": grant.consent_reason}
    record_change(session, actor, Change(action, "access_grant", str(grant.id), grant.unit_id, data, private))


def _record_asking(session: Session, by: Person, request: AccessRequest, visitor: Visitor | None) -> None:
    data = {
        "case_id": str(request.case_id),
        "kind": request.kind,
        "who": request.who,
        "approval": request.approval,
        "needs": request.needs,
        "longest_hours": request.longest_hours,
        "rule_id": str(request.rule_id),
        "unredacted": request.unredacted,
    }
    private = {"purpose": request.purpose, **({} if visitor is None else visitor.private)}
    if request.unredacted_reason is not None:
        private["unredacted_reason"] = request.unredacted_reason
    change = Change("access.requested", "access_request", str(request.id), request.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)


def _record_refusal(session: Session, by: Person, request: AccessRequest, reason: str) -> None:
    data, private = {"case_id": str(request.case_id), "kind": request.kind}, {"reason": reason}
    change = Change("access.request_refused", "access_request", str(request.id), request.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)
