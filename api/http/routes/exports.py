"""Copying a case out: making the package, and fetching it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from functools import partial
from typing import Annotated
from urllib.parse import quote

from fastapi import Query, Request
from fastapi.responses import Response, StreamingResponse

from api.archive import Archive
from api.credentials import Viewer
from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.packages import fetchable, make_package, permit_fetching, require_fetcher
from api.http.paging import Wanted, listed
from api.http.reading.access import export_items
from api.http.schema.access import ExportItem, NewExport
from api.http.schema.base import Listed
from api.http.sessions import SignedIn, TheArchive, hold_while_it_leaves
from api.http.tar import tar_members, tar_pieces, tar_size
from casework.export import list_exports
from retention.own_units import own_units
from storage.catalog.access import Export
from storage.catalog.casework import Case

router = api_router(tags=["exports"])

TAR_TYPE = "application/x-tar"


@router.post("/cases/{case_id}/exports", summary="导出案件 / Copy a case out", status_code=201)
def make_export(case_id: uuid.UUID, form: NewExport, viewer: SignedIn, archive: TheArchive) -> ExportItem:
    """Under a grant to copy. The package is verified before this answers, and can be fetched for a day."""
    export_id = make_package(archive, viewer.person, case_id, form.grant_id)
    with looking(archive, viewer) as session:
        export = session.get_one(Export, export_id)
        return export_items(session, [export], frozenset([export.id]))[0]


@router.get("/exports", summary="导出列表 / List exports")
def show_exports(
    viewer: SignedIn, archive: TheArchive, page: Wanted, case: Annotated[uuid.UUID | None, Query()] = None
) -> Listed[ExportItem]:
    with looking(archive, viewer) as session:
        exports = list_exports(session, own_units(viewer.person), case_id=case, after=page.after, limit=page.limit)
        there = fetchable(archive, viewer.person, iter(exports.items))
        return listed(exports, lambda rows: export_items(session, rows, there))


@router.get(
    "/exports/{export_id}/package",
    summary="下载数据包（tar） / Fetch the package",
    response_class=Response,
    responses={200: {"content": {TAR_TYPE: {}}}},
)
def send_package(export_id: uuid.UUID, request: Request, viewer: SignedIn, archive: TheArchive) -> Response:
    """For whoever made it, while the grant holds; an entry says so before the first byte leaves."""
    hold_while_it_leaves(request, partial(_still_fetcher, archive, export_id))
    with doing(archive, viewer) as session:
        path = permit_fetching(session, archive, viewer.person, export_id, datetime.now(UTC))
        number = session.get_one(Case, session.get_one(Export, export_id).case_id).number
    members = tar_members(path, f"liuhen-{export_id}")
    headers = {
        "Content-Length": str(tar_size(members)),
        # RFC 5987 for what a case is called; the plain name is for whoever does not read that.
        "Content-Disposition": f'attachment; filename="liuhen-{export_id}.tar"; '
        f"filename*=UTF-8''{quote(f'{number}-{str(export_id)[:8]}.tar', safe='')}",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(tar_pieces(members), headers=headers, media_type=TAR_TYPE)


def _still_fetcher(archive: Archive, export_id: uuid.UUID, viewer: Viewer) -> None:
    with looking(archive, viewer) as session:
        require_fetcher(session, viewer.person, export_id, datetime.now(UTC))
