"""Legal reviews (法制审核): the reviewer's queue, what there is to review, the opinion; and who may review."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.paging import Wanted, listed
from api.http.reading.decisions import describe_decision, describe_file, describe_queue
from api.http.schema.base import Listed, Reason
from api.http.schema.decisions import (
    DecisionItem,
    NewOpinion,
    NewQualification,
    QualificationItem,
    QueuedReview,
    ReviewFile,
)
from api.http.sessions import SignedIn, TheArchive
from api.review_keys import review_signer
from casework.review.listing import list_waiting, open_submission
from casework.review.qualifications import add_qualification, list_qualifications, void_qualification
from casework.review.reviewing import Answer, give_opinion, why_barred, withdraw_review
from storage.catalog.review import ReviewerQualification

router = api_router(tags=["reviews"])


@router.get("/reviews", summary="待审核 / What waits for a review")
def show_waiting(viewer: SignedIn, archive: TheArchive, page: Wanted) -> Listed[QueuedReview]:
    """Of the reviewer's unit and those below it, what waits longest first."""
    with looking(archive, viewer) as session:
        found = list_waiting(session, viewer.person, after=page.after, limit=page.limit)
        return listed(found, lambda rows: describe_queue(session, rows))


@router.get("/submissions/{submission_id}", summary="送审材料 / What there is to review")
def show_file(submission_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> ReviewFile:
    """The decision with every version, and everything in its case that an answer can refer to."""
    with looking(archive, viewer) as session:
        waiting = open_submission(session, viewer.person, submission_id)
        return describe_file(session, waiting, why_barred(session, viewer.person, waiting.case.id))


@router.post("/submissions/{submission_id}/opinion", summary="出具法制审核意见 / Give an opinion", status_code=201)
def make_opinion(submission_id: uuid.UUID, form: NewOpinion, viewer: SignedIn, archive: TheArchive) -> DecisionItem:
    """同意 or 存在问题, with the seven questions answered; the archive signs it in the reviewer's name."""
    answers = {
        question: Answer(given.answer, tuple(given.references), given.note) for question, given in form.answers.items()
    }
    with doing(archive, viewer) as session:
        row = give_opinion(
            session,
            viewer.person,
            submission_id,
            opinion=form.opinion,
            answers=answers,
            statement=form.statement,
            signer=review_signer(archive.keyring),
        )
        return describe_decision(session, row.decision_id)


@router.post("/opinions/{review_id}/withdraw", summary="撤回法制审核意见 / Withdraw an opinion")
def take_opinion_back(review_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> DecisionItem:
    """A pass that is withdrawn lets nothing through any more."""
    with doing(archive, viewer) as session:
        row = withdraw_review(session, viewer.person, review_id, form.reason)
        return describe_decision(session, row.decision_id)


@router.get("/people/{person_id}/qualifications", summary="审核资格 / What lets somebody review")
def show_qualifications(person_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Listed[QualificationItem]:
    with looking(archive, viewer) as session:
        rows = list_qualifications(session, viewer.person, person_id)
        return Listed(items=[QualificationItem.model_validate(row) for row in rows])


@router.post("/people/{person_id}/qualifications", summary="登记审核资格 / Enter a qualification", status_code=201)
def make_qualification(
    person_id: uuid.UUID, form: NewQualification, viewer: SignedIn, archive: TheArchive
) -> QualificationItem:
    with doing(archive, viewer) as session:
        return _item(session, add_qualification(session, viewer.person, person_id, **form.model_dump()).id)


@router.post("/qualifications/{qualification_id}/void", summary="作废审核资格 / Void a qualification")
def end_qualification(
    qualification_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive
) -> QualificationItem:
    with doing(archive, viewer) as session:
        return _item(session, void_qualification(session, viewer.person, qualification_id, form.reason).id)


def _item(session: Session, qualification_id: uuid.UUID) -> QualificationItem:
    return QualificationItem.model_validate(session.get_one(ReviewerQualification, qualification_id))
