"""Holds, retention classes, and what may be appraised."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from sqlalchemy import select

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.paging import Wanted, listed
from api.http.reading.recordings import hold_items
from api.http.schema.access import DisposalItem, NewClass, NewHold, Retained, RetentionClassItem
from api.http.schema.base import Listed, Reason
from api.http.schema.recordings import HoldItem
from api.http.sessions import SignedIn, TheArchive
from integrity.local_time import chinese_day
from retention.classes import lengthen_class, list_classes
from retention.disposal import due_in_unit
from retention.holds import list_holds, place_hold, release_hold
from retention.own_units import own_units
from storage.catalog.recordings import Recording

router = api_router(tags=["retention"])


@router.post("/holds", summary="保全 / Place a hold", status_code=201)
def make_hold(form: NewHold, viewer: SignedIn, archive: TheArchive) -> HoldItem:
    """On one recording, or on a case with whatever is or will be in it."""
    with doing(archive, viewer) as session:
        hold = place_hold(
            session, viewer.person, recording_id=form.recording_id, case_id=form.case_id, reason=form.reason
        )
        session.refresh(hold)
        return hold_items(session, [hold])[0]


@router.get("/holds", summary="保全列表 / List holds")
def show_holds(
    viewer: SignedIn,
    archive: TheArchive,
    page: Wanted,
    live: Annotated[bool, Query(description="仅未解除的 / only those that stand")] = True,
) -> Listed[HoldItem]:
    with looking(archive, viewer) as session:
        holds = list_holds(session, own_units(viewer.person), live_only=live, after=page.after, limit=page.limit)
        return listed(holds, lambda rows: hold_items(session, rows))


@router.post("/holds/{hold_id}/release", summary="解除保全 / Release a hold")
def end_hold(hold_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> HoldItem:
    with doing(archive, viewer) as session:
        return hold_items(session, [release_hold(session, viewer.person, hold_id, form.reason)])[0]


@router.get("/retention-classes", summary="保管期限 / Retention classes")
def show_classes(viewer: SignedIn, archive: TheArchive) -> Listed[RetentionClassItem]:
    with looking(archive, viewer) as session:
        return Listed(items=[RetentionClassItem.model_validate(row) for row in list_classes(session)])


@router.post("/recordings/{recording_id}/retention", summary="延长保管期限 / Keep a recording longer")
def set_class(recording_id: uuid.UUID, form: NewClass, viewer: SignedIn, archive: TheArchive) -> Retained:
    """Never for less long: that is refused."""
    with doing(archive, viewer) as session:
        row = lengthen_class(session, viewer.person, recording_id, form.retention_class, form.reason, archive.key_store)
        return Retained(recording_id=row.id, retention_class=row.retention_class, retain_until=row.retain_until)


@router.get("/disposal", summary="到期待鉴定 / What may be appraised")
def show_disposal(viewer: SignedIn, archive: TheArchive, page: Wanted) -> Listed[DisposalItem]:
    """Nothing here is removed by being listed, and nothing that is held, permanent or in an open case is listed."""
    with looking(archive, viewer) as session:
        today = chinese_day(datetime.now(UTC))
        due = due_in_unit(session, own_units(viewer.person), today, after=page.after, limit=page.limit)
        ids = [row.recording_id for row in due.items]
        found = session.execute(select(Recording.id, Recording.original_name).where(Recording.id.in_(ids)))
        names = {row.id: row.original_name for row in found}
        return listed(
            due,
            lambda rows: [
                DisposalItem(
                    recording_id=row.recording_id,
                    original_name=names[row.recording_id],
                    due_since=row.due_since,
                    listed_at=row.listed_at,
                )
                for row in rows
            ],
        )
