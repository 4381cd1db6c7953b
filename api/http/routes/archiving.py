"""Archiving a closed case: its class of secrecy, its retention, its catalogue, and what is added later."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import Query
from fastapi.responses import Response

from api.http.api_router import api_router
from api.http.catalogue_table import catalogue_csv
from api.http.deeds import doing, looking
from api.http.reading.archiving import archive_item, describe_archiving, is_licensed, show_catalogue_of
from api.http.schema.archiving import (
    ArchiveItem,
    Archiving,
    CatalogueShown,
    NewArchive,
    NewSecrecy,
    NewSupplement,
)
from api.http.sessions import SignedIn, TheArchive
from casework.archiving.archives import archive_case, supplement_archive
from casework.archiving.catalogues import find_catalogue
from casework.archiving.readiness import Wanted
from casework.archiving.secrecy import state_secrecy
from casework.cases import find_case
from casework.elements.judgements import judge_if_it_can_be
from integrity.catalogue import parse_catalogue

router = api_router(prefix="/cases/{case_id}", tags=["archiving"])
WantedVersion = Annotated[int | None, Query(ge=1, description="默认最新一版 / else the latest")]


@router.post("/secrecy", summary="确定密级 / State the class of secrecy", status_code=201)
def make_secrecy(case_id: uuid.UUID, form: NewSecrecy, viewer: SignedIn, archive: TheArchive) -> Archiving:
    """Stricter by an officer or a supervisor; less strict by a supervisor who did not state the present one."""
    licensed = is_licensed(archive)
    with doing(archive, viewer) as session:
        state_secrecy(session, viewer.person, case_id, form.secrecy_class, form.reason, licensed=licensed)
        case = find_case(session, viewer.person, case_id)
        return describe_archiving(session, case, licensed, datetime.now(UTC))


@router.get("/archive", summary="归档条件 / What keeps the case from being archived, or its archive")
def show_archive(case_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Archiving:
    with looking(archive, viewer) as session:
        case = find_case(session, viewer.person, case_id)
        return describe_archiving(session, case, is_licensed(archive), datetime.now(UTC))


@router.post("/archive", summary="归档 / Archive the closed case", status_code=201)
def make_archive(case_id: uuid.UUID, form: NewArchive, viewer: SignedIn, archive: TheArchive) -> ArchiveItem:
    """Refused with everything that is missing at once. What is archived takes no more changes but supplements."""
    wanted = Wanted(form.secrecy_class, form.retention_class, form.skipped_reason, is_licensed(archive))
    with doing(archive, viewer) as session:
        row = archive_case(session, viewer.person, case_id, wanted, archive.key_store)
        return archive_item(session, row)


@router.post("/archive/supplements", summary="补充归档 / Add what came late", status_code=201)
def make_supplement(case_id: uuid.UUID, form: NewSupplement, viewer: SignedIn, archive: TheArchive) -> CatalogueShown:
    """Another version of the catalogue beside the ones before it."""
    adding = [(each.recording_id, each.stage) for each in form.recordings]
    with doing(archive, viewer) as session:
        supplement_archive(session, viewer.person, case_id, adding, form.reason, archive.key_store)
        judge_if_it_can_be(session, [each.recording_id for each in form.recordings])
        return show_catalogue_of(session, viewer.person, case_id, None)


@router.get("/catalogue", summary="卷内目录 / The catalogue")
def show_catalogue(
    case_id: uuid.UUID, viewer: SignedIn, archive: TheArchive, version: WantedVersion = None
) -> CatalogueShown:
    """As it was made at archiving, or by a supplement; before that what it would list now."""
    with looking(archive, viewer) as session:
        return show_catalogue_of(session, viewer.person, case_id, version)


@router.get(
    "/catalogue.{form}",
    summary="下载卷内目录 / Fetch the catalogue",
    response_class=Response,
    responses={200: {"content": {"application/json": {}, "text/csv": {}}}},
)
def send_catalogue(
    case_id: uuid.UUID,
    form: Literal["json", "csv"],
    viewer: SignedIn,
    archive: TheArchive,
    version: WantedVersion = None,
) -> Response:
    """`json`: the bytes that are kept, whose SHA-256 the ledger states; `csv`: the same as a table."""
    with looking(archive, viewer) as session:
        row = find_catalogue(session, viewer.person, case_id, version)
        content, number = row.content, find_case(session, viewer.person, case_id).number
        name = f"{number}-卷内目录-{row.version}.{form}"
    headers = {
        "Content-Disposition": f'attachment; filename="catalogue-{case_id}.{form}"; '
        f"filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "private, no-store",
    }
    if form == "json":
        return Response(content, headers=headers, media_type="application/json")
    return Response(catalogue_csv(parse_catalogue(content)), headers=headers, media_type="text/csv; charset=utf-8")
