"""Who decides on a request: somebody else, with the post that the rule of its day names, in its unit or above."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.permission import require
from casework.retrieval.errors import NotTheApprover, NoWay, OwnRequest, PapersMissing
from casework.retrieval.posts import Decided, approvers_of, approvers_of_each
from casework.retrieval.rules import require_way
from casework.units import line_of, unit_tree
from retention.errors import OutsideUnit, UnknownSubject
from retention.paging import MOST_ROWS, Cursor, Page, newest_first, take_page
from storage.catalog.access import AccessRequest, RequestAttachment
from storage.catalog.organisation import POSTS, Person


def lock_request_to_decide(session: Session, by: Person, request_id: uuid.UUID) -> AccessRequest:
    """The request, so that nobody else decides meanwhile, for one who may decide on it.

    Raises UnknownSubject, OutsideUnit, OwnRequest, RoleNotAllowed, NotTheApprover, NoWay. Its state is not looked at.
    """
    wanted = select(AccessRequest).where(AccessRequest.id == request_id).with_for_update(key_share=True)
    request = session.scalars(wanted.execution_options(populate_existing=True)).first()
    if request is None:
        raise UnknownSubject("access_request", request_id)
    if by.unit_id not in line_of(session, request.unit_id):
        raise OutsideUnit("access_request", request_id)
    if request.person_id == by.id:
        raise OwnRequest(request.id)
    post = post_needed(session, request)
    require(by, f"approve_as_{post}")
    approvers = approvers_of(session, request.unit_id, post, but=request.person_id)
    if not approvers.includes(by):
        raise NotTheApprover(request.id, post, tuple(approvers.names.values()))
    return request


def post_needed(session: Session, request: AccessRequest) -> str:
    """As the rule of its day had it. A request that is older than rules is ruled by those of today. Raises NoWay."""
    if request.approval in POSTS:
        return str(request.approval)
    return require_way(session, request.unit_id, "staff", request.kind, datetime.now(UTC)).way.approval


def longest_hours(session: Session, request: AccessRequest) -> int:
    """How long a grant may last at most, likewise. Raises NoWay."""
    if request.longest_hours is not None:
        return request.longest_hours
    return require_way(session, request.unit_id, "staff", request.kind, datetime.now(UTC)).way.longest_hours


def papers_missing(session: Session, request: AccessRequest) -> tuple[str, ...]:
    """Which of the papers that its rule asks for are not there yet."""
    filed = set(session.scalars(select(RequestAttachment.kind).where(RequestAttachment.request_id == request.id)))
    return tuple(str(paper) for paper in request.needs if paper not in filed)


def refuse_missing_papers(session: Session, request: AccessRequest) -> None:
    """Raises PapersMissing."""
    missing = papers_missing(session, request)
    if missing:
        raise PapersMissing(request.id, missing)


def decidable(session: Session, by: Person, requests: Sequence[AccessRequest]) -> frozenset[uuid.UUID]:
    """Those that wait for this person's word."""
    if not by.active or by.role not in POSTS.values():
        return frozenset()
    waiting = {each.id: needed for each in requests if each.person_id != by.id and (needed := decided(session, each))}
    approvers = approvers_of_each(session, waiting.values())
    return frozenset(request_id for request_id, needed in waiting.items() if approvers[needed].includes(by))


def decided(session: Session, request: AccessRequest) -> Decided | None:
    """What a request that waits needs: None for one that does not, or is older than rules and none rules it today.

    Whoever tries to decide on one of these is told so.
    """
    if request.state != "pending":
        return None
    try:
        return Decided(request.unit_id, post_needed(session, request), request.person_id)
    except NoWay:
        return None


def list_to_decide(
    session: Session, by: Person, *, after: Cursor | None = None, limit: int = 50
) -> Page[AccessRequest]:
    """Requests of the person's unit and of those below it that wait for his word, the latest first."""
    tree = unit_tree(by.unit_id)
    pending = select(AccessRequest).where(
        AccessRequest.state == "pending", AccessRequest.unit_id.in_(select(tree.c.id))
    )
    kept: list[AccessRequest] = []
    while len(kept) <= limit:
        waiting = newest_first(pending, AccessRequest.asked_at, AccessRequest.id, after, MOST_ROWS)
        rows = session.scalars(waiting).all()
        mine = decidable(session, by, rows)
        kept += [row for row in rows if row.id in mine]
        if len(rows) <= MOST_ROWS:
            break
        after = _place_of(rows[-1])
    return take_page(kept, limit, _place_of)


def _place_of(request: AccessRequest) -> Cursor:
    return Cursor(request.asked_at, str(request.id))
