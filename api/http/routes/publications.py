"""Publication (公示): collected, handed on, reviewed, published, corrected, taken down; where; and what is due."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import Response
from sqlalchemy import select

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.overdue_table import overdue_csv
from api.http.paging import Wanted, listed
from api.http.papers import PAPER_ANSWER, PAPER_BODY, paper_response
from api.http.reading.publication import (
    describe_publication,
    due_publications,
    duty_items,
    publication_items,
)
from api.http.schema.base import Listed, Reason
from api.http.schema.publication import (
    DuePublication,
    DutyItem,
    NewDuty,
    NewPass,
    NewPosting,
    NewReturn,
    OfVersion,
    PublicationItem,
    Removal,
    RestatedPublication,
    SaidPublication,
    TakingDown,
)
from api.http.sessions import SignedIn, TheArchive
from api.http.station_requests import read_body
from api.review_keys import review_keys
from casework.permission import require
from casework.publication.collecting import Kept, Said, collect, restate
from casework.publication.duties import duties_in, end_duty, name_to_duty
from casework.publication.listing import find_publication, list_due, list_publications, read_evidence
from casework.publication.posting import file_evidence, post, remove
from casework.publication.pushing import retry_push
from casework.publication.stepping import pass_on, publish, send_back, take_down, transmit, withhold
from casework.units import unit_tree
from integrity.local_time import chinese_day
from retention.paging import MOST_ROWS
from storage.catalog.publication import PublicationPosting

router = api_router(tags=["publication"])


def _today() -> date:
    return chinese_day(datetime.now(UTC))


def _said(form: SaidPublication) -> Said:
    plain = {name: getattr(form, name) for name in SaidPublication.model_fields}
    kept = tuple(Kept(each.code, each.text, each.reason) for each in form.kept)
    return Said(**{**plain, "names": tuple(form.names), "kept": kept})


@router.get("/publications/due", summary="公示期限 / What is due to be published or withdrawn")
def show_due(
    viewer: SignedIn,
    archive: TheArchive,
    page: Wanted,
    overdue: Annotated[bool, Query(description="仅已逾期的 / only what is overdue")] = False,
) -> Listed[DuePublication]:
    """Open terms of the unit, what is due first, first, with what there is of the publication."""
    with looking(archive, viewer) as session:
        found = list_due(session, viewer.person, _today(), overdue=overdue, after=page.after, limit=page.limit)
        return listed(found, due_publications)


@router.get(
    "/publications/overdue.csv", summary="逾期公示报表 / The report of what is overdue", response_class=Response
)
def send_overdue(viewer: SignedIn, archive: TheArchive) -> Response:
    """Everything overdue in the unit, as CSV in UTF-8 with a mark, as spreadsheets take it."""
    with looking(archive, viewer) as session:
        page = list_due(session, viewer.person, _today(), overdue=True, limit=MOST_ROWS)
        rows = list(page.items)
        while page.next is not None:
            page = list_due(session, viewer.person, _today(), overdue=True, after=page.next, limit=MOST_ROWS)
            rows += page.items
        content = overdue_csv(due_publications(rows))
    headers = {"Content-Disposition": "attachment; filename=overdue-publications.csv", "Cache-Control": "no-store"}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/publications", summary="公示列表 / Publications of the unit")
def show_publications(
    viewer: SignedIn,
    archive: TheArchive,
    page: Wanted,
    q: Annotated[str, Query(max_length=100, description="案号或公示内容 / a case's number or public text")] = "",
) -> Listed[PublicationItem]:
    with looking(archive, viewer) as session:
        found = list_publications(session, viewer.person, query=q.strip(), after=page.after, limit=page.limit)
        return listed(found, lambda rows: publication_items(session, rows))


@router.get("/publications/{publication_id}", summary="一项公示 / One publication")
def show_publication(publication_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> PublicationItem:
    """Every text, every step, every channel."""
    with looking(archive, viewer) as session:
        return publication_items(session, [find_publication(session, viewer.person, publication_id)])[0]


@router.post(
    "/events/{event_id}/publication", summary="采集公示信息 / Collect what is to be published", status_code=201
)
def make_publication(
    event_id: uuid.UUID, form: SaidPublication, viewer: SignedIn, archive: TheArchive
) -> PublicationItem:
    """Of the decision, or of the inspection's result, from whose event the term runs."""
    with doing(archive, viewer) as session:
        version = collect(session, viewer.person, event_id, _said(form), datetime.now(UTC))
        return describe_publication(session, version.publication_id)


@router.post("/publications/{publication_id}/versions", summary="更正公示信息 / State it anew", status_code=201)
def make_text(
    publication_id: uuid.UUID, form: RestatedPublication, viewer: SignedIn, archive: TheArchive
) -> PublicationItem:
    """Goes the same way; what is published stays so until this is published instead."""
    with doing(archive, viewer) as session:
        restate(
            session,
            viewer.person,
            publication_id,
            _said(form),
            form.reason,
            datetime.now(UTC),
            former=form.former,
            hides_former=form.hides_former,
        )
        return describe_publication(session, publication_id)


@router.post("/publications/{publication_id}/transmission", summary="传递 / Hand it on to be reviewed")
def hand_on(publication_id: uuid.UUID, form: OfVersion, viewer: SignedIn, archive: TheArchive) -> PublicationItem:
    with doing(archive, viewer) as session:
        transmit(session, viewer.person, publication_id, form.version_id)
        return describe_publication(session, publication_id)


@router.post("/publications/{publication_id}/pass", summary="审核通过 / Pass it")
def make_pass(publication_id: uuid.UUID, form: NewPass, viewer: SignedIn, archive: TheArchive) -> PublicationItem:
    """Never by whoever collected it; where it speaks of natural persons a second reviewer passes it too."""
    with doing(archive, viewer) as session:
        pass_on(session, viewer.person, publication_id, form.version_id, form.note)
        return describe_publication(session, publication_id)


@router.post("/publications/{publication_id}/return", summary="退回 / Send it back")
def make_return(publication_id: uuid.UUID, form: NewReturn, viewer: SignedIn, archive: TheArchive) -> PublicationItem:
    with doing(archive, viewer) as session:
        send_back(session, viewer.person, publication_id, form.version_id, form.reason)
        return describe_publication(session, publication_id)


@router.post("/publications/{publication_id}/publish", summary="发布 / Publish")
def make_public(publication_id: uuid.UUID, form: OfVersion, viewer: SignedIn, archive: TheArchive) -> PublicationItem:
    """Refused with 409 `gate` where the decision is not issued, or not by a review that stands. Its term is met."""
    with doing(archive, viewer) as session:
        keys = review_keys(archive.keyring)
        publish(session, viewer.person, publication_id, form.version_id, keys, datetime.now(UTC))
        return describe_publication(session, publication_id)


@router.post("/publications/{publication_id}/withhold", summary="不予公开 / Settle that it is not published")
def make_withheld(publication_id: uuid.UUID, form: OfVersion, viewer: SignedIn, archive: TheArchive) -> PublicationItem:
    """For the legal ground that its text states."""
    with doing(archive, viewer) as session:
        withhold(session, viewer.person, publication_id, form.version_id, datetime.now(UTC))
        return describe_publication(session, publication_id)


@router.post("/publications/{publication_id}/taking-down", summary="撤下 / Take it down")
def make_taken_down(
    publication_id: uuid.UUID, form: TakingDown, viewer: SignedIn, archive: TheArchive
) -> PublicationItem:
    """Nobody sees it from now on; what was posted elsewhere has to be removed there as well."""
    with doing(archive, viewer) as session:
        take_down(session, viewer.person, publication_id, form.ground, form.reason, datetime.now(UTC))
        return describe_publication(session, publication_id)


@router.post(
    "/publications/{publication_id}/postings", summary="登记渠道发布 / Say where it was posted", status_code=201
)
def make_posting(publication_id: uuid.UUID, form: NewPosting, viewer: SignedIn, archive: TheArchive) -> PublicationItem:
    with doing(archive, viewer) as session:
        keys, now = review_keys(archive.keyring), datetime.now(UTC)
        post(session, viewer.person, publication_id, **form.model_dump(), keys=keys, now=now)
        return describe_publication(session, publication_id)


@router.post("/postings/{posting_id}/removal", summary="登记渠道撤下 / Say that it left a channel")
def make_removal(posting_id: uuid.UUID, form: Removal, viewer: SignedIn, archive: TheArchive) -> PublicationItem:
    """The term of withdrawal is met when nothing is left anywhere."""
    with doing(archive, viewer) as session:
        row = remove(session, viewer.person, posting_id, form.removal, datetime.now(UTC))
        return describe_publication(session, row.publication_id)


@router.post(
    "/postings/{posting_id}/evidence",
    summary="提交发布凭证（PDF、JPEG、PNG） / Hand in what shows it",
    status_code=201,
    openapi_extra=PAPER_BODY,
)
def file_proof(
    posting_id: uuid.UUID,
    viewer: SignedIn,
    archive: TheArchive,
    content: Annotated[bytes, Depends(read_body)],
    name: Annotated[str, Query(max_length=200, description="文件名 / the file's name")],
) -> PublicationItem:
    """The body is the file itself, of at most 4 MiB."""
    with doing(archive, viewer) as session:
        row = file_evidence(session, viewer.person, posting_id, name, content)
        return describe_publication(session, session.get_one(PublicationPosting, row.posting_id).publication_id)


@router.get(
    "/posting-evidence/{evidence_id}",
    summary="查看发布凭证 / Read what shows it",
    response_class=Response,
    responses=PAPER_ANSWER,
)
def send_proof(evidence_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Response:
    with looking(archive, viewer) as session:
        row = read_evidence(session, viewer.person, evidence_id)
        content, media_type, name = row.content, row.media_type, row.name
    return paper_response(content, media_type, name)


@router.post("/pushes/{push_id}/retry", summary="重新推送 / Send again what the platform refused")
def send_again(push_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> PublicationItem:
    with doing(archive, viewer) as session:
        row = retry_push(session, viewer.person, push_id, datetime.now(UTC))
        return describe_publication(session, row.publication_id)


@router.post("/people/{person_id}/publication-duties", summary="指定公示职责 / Name to a duty", status_code=201)
def name_duty(person_id: uuid.UUID, form: NewDuty, viewer: SignedIn, archive: TheArchive) -> DutyItem:
    with doing(archive, viewer) as session:
        return duty_items(session, [name_to_duty(session, viewer.person, person_id, form.duty)])[0]


@router.get("/publication-duties", summary="公示职责 / Who has which duty of publishing now")
def show_duties(viewer: SignedIn, archive: TheArchive) -> Listed[DutyItem]:
    """In one's own unit and those below it."""
    require(viewer.person, "see_publications")
    with looking(archive, viewer) as session:
        units = session.scalars(select(unit_tree(viewer.person.unit_id).c.id)).all()
        return Listed(items=duty_items(session, duties_in(session, units)))


@router.post("/publication-duties/{duty_id}/end", summary="解除公示职责 / End a duty")
def finish_duty(duty_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> DutyItem:
    with doing(archive, viewer) as session:
        return duty_items(session, [end_duty(session, viewer.person, duty_id, form.reason)])[0]
