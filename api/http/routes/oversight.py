"""The auditor's view of retrieval: every grant with its use, every viewing, every refusal; as lists and as CSV."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import Response

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.errors import NotFound
from api.http.paging import Wanted as WantedPage
from api.http.paging import listed
from api.http.reading.oversight import SHEETS, as_csv, grant_use_items, read_items, refusal_items, seen_items
from api.http.reading.samples import describe_review, describe_sample
from api.http.schema.base import Listed
from api.http.schema.oversight import (
    GrantUseItem,
    NewViewingReview,
    ReadItem,
    RefusalItem,
    SampleItem,
    SeenItem,
    ViewingReviewItem,
)
from api.http.sessions import SignedIn, TheArchive
from casework.permission import require
from casework.register.calendar import is_usable, read_day
from casework.retrieval.errors import MonthUnusable
from casework.retrieval.oversight import Wanted, list_grant_uses, list_readings, list_refusals, list_seen
from casework.retrieval.sampling import draw_viewings, review_viewing
from storage.ledger.append import Actor, Change, record_change

router = api_router(prefix="/oversight", tags=["oversight"])
DEED = "oversee_retrieval"


def narrowed(
    person: Annotated[uuid.UUID | None, Query(description="某人 / somebody's")] = None,
    unit: Annotated[uuid.UUID | None, Query(description="某单位 / of a unit")] = None,
    case: Annotated[uuid.UUID | None, Query(description="某案 / of a case")] = None,
    since: Annotated[datetime | None, Query(description="自 / from, with its offset")] = None,
    until: Annotated[datetime | None, Query(description="至（不含） / before, with its offset")] = None,
    unused: Annotated[bool, Query(description="仅未使用的授权 / unused grants alone")] = False,
) -> Wanted:
    """A time without an offset is UTC, as everywhere in the API."""

    def zoned(moment: datetime | None) -> datetime | None:
        return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)

    return Wanted(person, unit, case, zoned(since), zoned(until), unused)


Narrowed = Annotated[Wanted, Depends(narrowed)]


@router.get("/grants", summary="授权及其使用 / Grants and their use")
def show_grant_uses(viewer: SignedIn, archive: TheArchive, page: WantedPage, wanted: Narrowed) -> Listed[GrantUseItem]:
    require(viewer.person, DEED)
    with looking(archive, viewer) as session:
        uses = list_grant_uses(session, viewer.person, wanted, after=page.after, limit=page.limit)
        return listed(uses, lambda rows: grant_use_items(session, viewer.person, rows))


@router.get("/viewings", summary="观看 / Viewings")
def show_viewings(viewer: SignedIn, archive: TheArchive, page: WantedPage, wanted: Narrowed) -> Listed[SeenItem]:
    require(viewer.person, DEED)
    with looking(archive, viewer) as session:
        seen = list_seen(session, viewer.person, wanted, after=page.after, limit=page.limit)
        return listed(seen, lambda rows: seen_items(session, viewer.person, rows))


@router.get("/readings", summary="查阅文书 / Readings of documents")
def show_readings(viewer: SignedIn, archive: TheArchive, page: WantedPage, wanted: Narrowed) -> Listed[ReadItem]:
    require(viewer.person, DEED)
    with looking(archive, viewer) as session:
        readings = list_readings(session, viewer.person, wanted, after=page.after, limit=page.limit)
        return listed(readings, lambda rows: read_items(session, viewer.person, rows))


@router.get("/refusals", summary="拒绝 / Refusals")
def show_refusals(viewer: SignedIn, archive: TheArchive, page: WantedPage, wanted: Narrowed) -> Listed[RefusalItem]:
    require(viewer.person, DEED)
    with looking(archive, viewer) as session:
        refusals = list_refusals(session, viewer.person, wanted, after=page.after, limit=page.limit)
        return listed(refusals, lambda rows: refusal_items(session, viewer.person, rows))


@router.get("/sample", summary="随机复核的样本 / The sample of a month's viewings")
def show_sample(
    viewer: SignedIn,
    archive: TheArchive,
    month: Annotated[
        str, Query(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$", description="月份 / month", examples=["2026-10"])
    ],
) -> SampleItem:
    """Drawn by the first checkpoint that was signed after the month: nobody chooses, and anybody can draw it."""
    with looking(archive, viewer) as session:
        drawn = draw_viewings(session, viewer.person, _first_day(month), datetime.now(UTC))
        return describe_sample(session, viewer.person, drawn)


def _first_day(month: str) -> date:
    """Raises MonthUnusable."""
    day = read_day(f"{month}-01")
    if day is None or not is_usable(day):
        raise MonthUnusable(month)
    return day


@router.post("/reviews", summary="登记复核 / Say whether a viewing was proper", status_code=201)
def make_review(form: NewViewingReview, viewer: SignedIn, archive: TheArchive) -> ViewingReviewItem:
    with doing(archive, viewer) as session:
        row = review_viewing(session, viewer.person, **form.model_dump())
        return describe_review(session, row)


@router.get(
    "/{name}.csv",
    summary="导出为表格 / As a table",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
def send_table(name: str, viewer: SignedIn, archive: TheArchive, wanted: Narrowed) -> Response:
    """`name`: grants, viewings, readings or refusals. UTF-8 with its mark, times of Beijing; taking it is an entry."""
    if name not in SHEETS:
        raise NotFound(name[:64])
    require(viewer.person, DEED)
    with doing(archive, viewer) as session:
        content = as_csv(session, viewer.person, name, wanted)
        unit_id = viewer.person.unit_id
        change = Change("oversight.table_taken", "unit", str(unit_id), unit_id, {"list": name})
        record_change(session, Actor.person(viewer.person.id), change)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
