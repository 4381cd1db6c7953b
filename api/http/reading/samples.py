"""The sample of a month's viewings, with purposes and what auditors said."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.http.reading.names import people_named
from api.http.reading.oversight import seen_items
from api.http.schema.base import PersonRef
from api.http.schema.oversight import DrawnItem, SampleItem, ViewingReviewItem
from casework.retrieval.sampling import Drawn
from storage.catalog.access import AccessRequest, Grant, ViewingReview
from storage.catalog.organisation import Person


def describe_sample(session: Session, by: Person, drawn: Drawn) -> SampleItem:
    purposes = _purposes(session, {each.grant_id for each in drawn.sample})
    reviews = {key: describe_review(session, row) for key, row in drawn.reviews.items()}
    return SampleItem(
        month=f"{drawn.month:%Y-%m}",
        checkpoint_size=drawn.size,
        checkpoint_root=drawn.root.hex(),
        eligible=drawn.eligible,
        items=[
            DrawnItem(
                **item.model_dump(),
                purpose=purposes[item.grant_id],
                review=reviews.get((item.grant_id, item.recording_id)),
            )
            for item in seen_items(session, by, drawn.sample)
        ],
    )


def describe_review(session: Session, row: ViewingReview) -> ViewingReviewItem:
    return ViewingReviewItem(
        id=row.id,
        outcome=row.outcome,
        note=row.note,
        reviewed_by=PersonRef.of(row.reviewed_by, people_named(session, row.reviewed_by)),
        reviewed_at=row.reviewed_at,
    )


def _purposes(session: Session, grant_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    asked = select(Grant.id, AccessRequest.purpose).join(AccessRequest, AccessRequest.id == Grant.request_id)
    return {row.id: row.purpose for row in session.execute(asked.where(Grant.id.in_(grant_ids)))}
