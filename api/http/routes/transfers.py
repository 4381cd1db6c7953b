"""移送司法: suspicions of crime, and how each ends."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.paging import Wanted, listed
from api.http.reading.disputes import describe_transfers
from api.http.schema.base import Listed, Reason
from api.http.schema.committee import HandedOver, TransferItem
from api.http.sessions import SignedIn, TheArchive
from casework.review.transfers import find_no_crime, hand_over, open_transfers
from storage.catalog.casework import Case
from storage.catalog.review import CrimeTransfer

router = api_router(tags=["transfers"])


@router.get("/transfers", summary="待移送司法 / Suspicions of crime that wait")
def show_transfers(viewer: SignedIn, archive: TheArchive, page: Wanted) -> Listed[TransferItem]:
    """Of the viewer's unit and those below it, the longest first. While one is open nothing is issued in its case."""
    with looking(archive, viewer) as session:
        found = open_transfers(session, viewer.person, after=page.after, limit=page.limit)
        return listed(found, lambda rows: describe_transfers(session, rows))


@router.post("/transfers/{transfer_id}/hand-over", summary="移送司法机关 / Hand the case over")
def end_by_handing_over(
    transfer_id: uuid.UUID, form: HandedOver, viewer: SignedIn, archive: TheArchive
) -> TransferItem:
    """With a package of this case, finished since the suspicion was stated, to whom, and by which receipt."""
    with doing(archive, viewer) as session:
        row = hand_over(session, viewer.person, transfer_id, **form.model_dump())
        return _item(session, row)


@router.post("/transfers/{transfer_id}/no-crime", summary="不构成犯罪 / It is no crime")
def end_as_no_crime(transfer_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> TransferItem:
    with doing(archive, viewer) as session:
        return _item(session, find_no_crime(session, viewer.person, transfer_id, form.reason))


def _item(session: Session, row: CrimeTransfer) -> TransferItem:
    return describe_transfers(session, [(row, session.get_one(Case, row.case_id))])[0]
