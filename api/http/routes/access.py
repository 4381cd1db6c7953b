"""Requests and grants: asking, deciding, revoking."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import Response

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.errors import InputUnusable
from api.http.paging import Wanted, listed
from api.http.papers import PAPER_ANSWER, PAPER_BODY, paper_response
from api.http.reading.access import attachment_item, grant_items, request_items
from api.http.schema.access import Approval, AttachmentItem, GrantItem, NewRequest, RequestItem
from api.http.schema.base import Listed, Reason
from api.http.sessions import SignedIn, TheArchive
from api.http.station_requests import read_body
from casework.requests import approve, ask, find_request, list_grants, list_requests, refuse, revoke
from casework.retrieval.attachments import Vault, file_attachment, open_attachment
from casework.retrieval.deciding import list_to_decide
from casework.retrieval.visitors import Visitor
from retention.own_units import own_units
from storage.sealed_object import AtRest, open_sealed

router = api_router(tags=["access"])


@router.post("/requests", summary="调阅申请 / Ask to see or to copy a case's footage", status_code=201)
def make_request(form: NewRequest, viewer: SignedIn, archive: TheArchive) -> RequestItem:
    """`state` tells: approved at once where the rule lets an officer of the case view directly, else pending."""
    with doing(archive, viewer) as session:
        visitor = None if form.visitor is None else Visitor(**form.visitor.model_dump())
        person, purpose = viewer.person, form.purpose
        request = ask(
            session,
            person,
            case_id=form.case_id,
            kind=form.kind,
            purpose=purpose,
            visitor=visitor,
            unredacted_reason=form.unredacted_reason,
        )
        session.refresh(request)
        return request_items(session, viewer.person, [request])[0]


@router.get("/requests", summary="申请列表 / List requests")
def show_requests(
    viewer: SignedIn,
    archive: TheArchive,
    page: Wanted,
    state: Annotated[str | None, Query(pattern="^(pending|approved|refused)$")] = None,
    mine: Annotated[bool, Query(description="仅本人的 / only one's own")] = False,
    case: Annotated[uuid.UUID | None, Query()] = None,
    to_decide: Annotated[bool, Query(description="等待本人审批的，含下级单位 / that wait for one's own word")] = False,
) -> Listed[RequestItem]:
    """The unit's; `may_decide` marks those that wait for the viewer's word (`state=pending` for all that wait)."""
    with looking(archive, viewer) as session:
        person = viewer.person
        if to_decide:
            waiting = list_to_decide(session, person, after=page.after, limit=page.limit)
            return listed(waiting, lambda rows: request_items(session, person, rows))
        requests = list_requests(
            session,
            own_units(person),
            state=state,
            person_id=person.id if mine else None,
            case_id=case,
            after=page.after,
            limit=page.limit,
        )
        return listed(requests, lambda rows: request_items(session, person, rows))


@router.get("/requests/{request_id}", summary="一份申请 / One request")
def show_request(request_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> RequestItem:
    with looking(archive, viewer) as session:
        request = find_request(session, viewer.person, request_id)
        return request_items(session, viewer.person, [request])[0]


@router.post(
    "/requests/{request_id}/attachments",
    summary="提交附件（PDF、JPEG、PNG） / Hand in a paper",
    status_code=201,
    openapi_extra=PAPER_BODY,
)
def file_paper(
    request_id: uuid.UUID,
    viewer: SignedIn,
    archive: TheArchive,
    content: Annotated[bytes, Depends(read_body)],
    kind: Annotated[str, Query(max_length=40, description="letter 或 identity / letter or identity")],
    name: Annotated[str, Query(max_length=200, description="文件名 / the file's name")],
) -> AttachmentItem:
    """The body is the file itself, of at most 4 MiB. By whoever asked, before anybody has decided."""
    vault = Vault(archive.store, archive.key_store, archive.work_folder)
    with doing(archive, viewer) as session:
        row = file_attachment(session, viewer.person, vault, request_id, kind=kind, name=name, content=content)
        return attachment_item(row)


@router.get(
    "/attachments/{attachment_id}",
    summary="查阅附件 / Read a paper",
    response_class=Response,
    responses=PAPER_ANSWER,
)
def send_paper(attachment_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Response:
    """For whoever asked, and in the unit or above for those who decide and auditors; an entry comes first."""
    with doing(archive, viewer) as session:
        row = open_attachment(session, viewer.person, attachment_id)
        at_rest, size_bytes, name, media_type = AtRest.of(row), row.size_bytes, row.name, row.media_type
    with open_sealed(archive.store, archive.key_store, at_rest, archive.copies) as plaintext:
        content = b"".join(plaintext.pieces_of_either(0, size_bytes, size_bytes))
    return paper_response(content, media_type, name)


@router.post("/requests/{request_id}/approve", summary="批准 / Approve", status_code=201)
def approve_request(request_id: uuid.UUID, form: Approval, viewer: SignedIn, archive: TheArchive) -> GrantItem:
    """Nobody approves his own: trying to is refused and entered."""
    now = datetime.now(UTC)
    with doing(archive, viewer) as session:
        consent, end = form.consent_reason, _end(form, now)
        grant = approve(session, viewer.person, request_id, expires_at=end, now=now, consent_reason=consent)
        return grant_items(session, [grant], now)[0]


@router.post("/requests/{request_id}/refuse", summary="不予批准 / Refuse")
def refuse_request(request_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> RequestItem:
    with doing(archive, viewer) as session:
        request = refuse(session, viewer.person, request_id, form.reason)
        return request_items(session, viewer.person, [request])[0]


@router.get("/grants", summary="授权列表 / List grants")
def show_grants(
    viewer: SignedIn,
    archive: TheArchive,
    page: Wanted,
    live: Annotated[bool, Query(description="仅现时有效 / only those that hold now")] = False,
    mine: Annotated[bool, Query(description="仅本人的 / only one's own")] = False,
    case: Annotated[uuid.UUID | None, Query()] = None,
) -> Listed[GrantItem]:
    now = datetime.now(UTC)
    with looking(archive, viewer) as session:
        grants = list_grants(
            session,
            own_units(viewer.person),
            live_at=now if live else None,
            person_id=viewer.person.id if mine else None,
            case_id=case,
            after=page.after,
            limit=page.limit,
        )
        return listed(grants, lambda rows: grant_items(session, rows, now))


@router.post("/grants/{grant_id}/revoke", summary="撤销授权 / Revoke")
def revoke_grant(grant_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> GrantItem:
    """Holds from the next byte range on."""
    with doing(archive, viewer) as session:
        grant = revoke(session, viewer.person, grant_id, form.reason)
        return grant_items(session, [grant], datetime.now(UTC))[0]


def _end(form: Approval, now: datetime) -> datetime:
    if (form.expires_at is None) == (form.hours is None):
        raise InputUnusable("expires_at", "请在 expires_at 和 hours 中填写一项", "name either expires_at or hours")
    return form.expires_at or now + timedelta(hours=form.hours or 0)
