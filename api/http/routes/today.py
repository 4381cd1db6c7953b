"""What waits: for an officer, for a supervisor of a shift, and what keeps cases from being closed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Query

from api.http.api_router import api_router
from api.http.deeds import looking
from api.http.paging import Wanted, listed
from api.http.reading.today import ending_items, officer_day_item, shift_item
from api.http.schema.base import Listed
from api.http.schema.today import EndingItem, OfficerDayItem, ShiftItem
from api.http.sessions import SignedIn, TheArchive
from casework.permission import require
from casework.today.closing import list_ending
from casework.today.officer import day_of_officer
from casework.today.shift import shift_of
from integrity.local_time import chinese_day

router = api_router(tags=["procedure"])


@router.get("/today", summary="本人今天待办 / What waits for oneself")
def show_today(viewer: SignedIn, archive: TheArchive) -> OfficerDayItem:
    now = datetime.now(UTC)
    with looking(archive, viewer) as session:
        return officer_day_item(session, day_of_officer(session, viewer.person, now), chinese_day(now))


@router.get("/shift", summary="本班概览 / A shift: who recorded how much, what is missing, what waits")
def show_shift(
    viewer: SignedIn,
    archive: TheArchive,
    on: Annotated[date | None, Query(description="哪一天，默认今天 / of that day, else of today")] = None,
) -> ShiftItem:
    with looking(archive, viewer) as session:
        return shift_item(session, shift_of(session, viewer.person, datetime.now(UTC), on))


@router.get("/ending-cases", summary="为什么不能结案 / Cases at their last stage, and what forbids closing them")
def show_ending(viewer: SignedIn, archive: TheArchive, page: Wanted) -> Listed[EndingItem]:
    with looking(archive, viewer) as session:
        require(viewer.person, "work_on_cases")
        found = list_ending(session, viewer.person, datetime.now(UTC), after=page.after, limit=page.limit)
        return listed(found, lambda rows: ending_items(session, rows))
