"""法律顾问、公职律师、驻队律师、行业专家: the pool, who joins and leaves it, and conflicts of interest."""

from __future__ import annotations

import uuid

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.reading.disputes import describe_adviser
from api.http.schema.base import Listed, Reason
from api.http.schema.committee import AdviserItem, ConflictItem, NewAdviser, NewConflict
from api.http.sessions import SignedIn, TheArchive
from casework.permission import require
from casework.review.advisers import add_adviser, end_adviser, list_advisers, state_conflict
from retention.own_units import own_units

router = api_router(tags=["advisers"])


@router.get("/advisers", summary="顾问名册 / The pool of advisers")
def show_advisers(viewer: SignedIn, archive: TheArchive) -> Listed[AdviserItem]:
    """Those that the viewer's unit may draw from: its own and those of the units above it."""
    with looking(archive, viewer) as session:
        require(viewer.person, "keep_advisers")
        return Listed(items=[describe_adviser(row) for row in list_advisers(session, *own_units(viewer.person))])


@router.post("/advisers", summary="登记顾问 / Add an adviser", status_code=201)
def make_adviser(form: NewAdviser, viewer: SignedIn, archive: TheArchive) -> AdviserItem:
    with doing(archive, viewer) as session:
        return describe_adviser(add_adviser(session, viewer.person, **form.model_dump()))


@router.post("/advisers/{adviser_id}/end", summary="顾问退出 / End an adviser")
def end(adviser_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> AdviserItem:
    with doing(archive, viewer) as session:
        return describe_adviser(end_adviser(session, viewer.person, adviser_id, form.reason))


@router.post("/advisers/{adviser_id}/conflicts", summary="登记利益冲突 / State a conflict of interest", status_code=201)
def make_conflict(adviser_id: uuid.UUID, form: NewConflict, viewer: SignedIn, archive: TheArchive) -> ConflictItem:
    """He gives no advice in this case."""
    with doing(archive, viewer) as session:
        row = state_conflict(session, viewer.person, adviser_id, form.case_id, form.reason)
        return ConflictItem.model_validate(row)
