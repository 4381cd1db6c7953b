"""意见不一致: a unit disagrees with an opinion, and the committee (法制审核委员会) sits over it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.paging import Wanted, listed
from api.http.reading.decisions import describe_decision, describe_decisions, describe_references
from api.http.reading.disputes import describe_adviser
from api.http.schema.base import CaseRef, Listed, PersonRef, Reason
from api.http.schema.committee import CommitteeFile, NewSitting, QueuedDisagreement
from api.http.schema.decisions import DecisionItem, DisagreementItem
from api.http.sessions import SignedIn, TheArchive
from api.review_keys import review_signer
from casework.review.committee import Sitting, disagree, record_session
from casework.review.disputes import WaitingDispute, list_disputes, may_advise, may_sit, open_dispute
from casework.review.reviewing import Answer, why_barred

router = api_router(tags=["committee"])


@router.post("/opinions/{review_id}/disagreement", summary="提出异议 / Disagree with an opinion", status_code=201)
def state_disagreement(review_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> DecisionItem:
    """By the unit that handles the case, with an opinion that named problems: the committee is asked."""
    with doing(archive, viewer) as session:
        row = disagree(session, viewer.person, review_id, form.reason)
        return describe_decision(session, row.decision_id)


@router.get("/disagreements", summary="待委员会审议 / What waits for the committee")
def show_disagreements(viewer: SignedIn, archive: TheArchive, page: Wanted) -> Listed[QueuedDisagreement]:
    """Of the reviewer's unit and those below it, what waits longest first."""
    with looking(archive, viewer) as session:
        found = list_disputes(session, viewer.person, after=page.after, limit=page.limit)
        return listed(found, lambda rows: [QueuedDisagreement(**facts) for facts in _queued(session, rows)])


@router.get("/disagreements/{disagreement_id}", summary="审议材料 / What the committee deliberates on")
def show_disagreement(disagreement_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> CommitteeFile:
    with looking(archive, viewer) as session:
        waiting = open_dispute(session, viewer.person, disagreement_id)
        (facts,) = _queued(session, [waiting])
        return CommitteeFile(
            **facts,
            references=describe_references(session, waiting.case.id),
            may_sit=[PersonRef(id=person.id, name=person.name) for person in may_sit(session, waiting.case)],
            may_advise=[describe_adviser(each) for each in may_advise(session, waiting.case)],
            barred=why_barred(session, viewer.person, waiting.case.id),
        )


@router.post("/disagreements/{disagreement_id}/session", summary="登记会议 / Keep a session's minutes", status_code=201)
def keep_minutes(disagreement_id: uuid.UUID, form: NewSitting, viewer: SignedIn, archive: TheArchive) -> DecisionItem:
    """What more than half of the members were for is agreed; the outcome is an opinion of its own, signed."""
    answers = {
        question: Answer(given.answer, tuple(given.references), given.note) for question, given in form.answers.items()
    }
    with doing(archive, viewer) as session:
        row = record_session(
            session,
            viewer.person,
            disagreement_id,
            _sitting(form),
            answers=answers,
            statement=form.statement,
            signer=review_signer(archive.keyring),
            now=datetime.now(UTC),
        )
        return describe_decision(session, row.decision_id)


def _sitting(form: NewSitting) -> Sitting:
    return Sitting(
        held_at=form.held_at,
        place=form.place,
        minutes=form.minutes,
        presided_by=form.presided_by,
        members=tuple(form.members),
        votes_for=form.votes_for,
        votes_against=form.votes_against,
        abstentions=form.abstentions,
        advice=form.advice,
    )


def _queued(session: Session, waiting: Sequence[WaitingDispute]) -> list[dict[str, Any]]:
    decisions = describe_decisions(session, {each.row.decision_id for each in waiting})
    return [
        {
            "disagreement": _of(decisions[each.row.decision_id], each.row.id),
            "case": CaseRef(id=each.case.id, number=each.case.number, title=each.case.title),
            "decision": decisions[each.row.decision_id],
        }
        for each in waiting
    ]


def _of(decision: DecisionItem, disagreement_id: uuid.UUID) -> DisagreementItem:
    reviews = (review for version in decision.versions for review in version.reviews)
    return next(
        review.disagreement
        for review in reviews
        if review.disagreement is not None and review.disagreement.id == disagreement_id
    )
