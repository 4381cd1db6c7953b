"""意见不一致 (三（三）1): the unit disagrees, the committee sits, and its outcome is an opinion of its own, signed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.errors import Unknown
from casework.open_cases import lock_open_case
from casework.permission import require
from casework.review.attendance import add_attendance
from casework.review.decisions import lock_draft
from casework.review.errors import CommitteeUnusable, ReviewSettled
from casework.review.passes import ReviewSigner
from casework.review.reviewing import (
    Answer,
    add_signed,
    lock_submission,
    next_ordinal,
    refuse_barred,
    standing_opinion,
    whole_answers,
)
from casework.rows import unique
from casework.wording import required_name, required_text
from integrity.fields import format_instant
from storage.catalog.organisation import Person
from storage.catalog.review import CommitteeSession, DecisionReview, Disagreement
from storage.ledger.append import Actor, Change, record_change

QUORUM: Final = 3
MOST_MEMBERS: Final = 50


@dataclass(frozen=True)
class Sitting:
    """What a session was. `members`: who voted, with whoever presided among them; `advice`: what each adviser said."""

    held_at: datetime
    place: str
    minutes: str
    presided_by: uuid.UUID
    members: tuple[uuid.UUID, ...]
    votes_for: int
    votes_against: int
    abstentions: int
    advice: Mapping[uuid.UUID, str]


def disagree(session: Session, by: Person, review_id: uuid.UUID, reason: str) -> Disagreement:
    """The handling unit does not share a reviewer's opinion that named problems: the committee is asked.

    What the committee itself came to is not disputed again: other members would vote until one vote is won.
    Raises ReviewSettled, DecisionSettled, TextUnusable, CaseClosed, RoleNotAllowed, Unknown, OutsideUnit.
    """
    require(by, "submit_decisions")
    reason = required_text("reason", reason)
    review = session.get(DecisionReview, review_id)
    if review is None:
        raise Unknown("decision_review", review_id)
    lock_open_case(session, by, review.case_id)
    lock_draft(session, by, review.decision_id, review.version_id)
    session.refresh(review)
    if review.withdrawn_at is not None or review.opinion != "problems":
        raise ReviewSettled(review.id, "no_problems")
    if review.session_id is not None:
        raise ReviewSettled(review.id, "of_committee")
    row = Disagreement(
        id=uuid.uuid4(),
        unit_id=review.unit_id,
        case_id=review.case_id,
        decision_id=review.decision_id,
        review_id=review.id,
        reason=reason,
        stated_by=by.id,
        stated_at=datetime.now(UTC),
    )
    with unique(session, {"uq_decision_disagreement_review_id": ReviewSettled(review.id, "disagreed")}):
        session.add(row)
    data = {"case_id": str(row.case_id), "disagreement_id": str(row.id), "review_id": str(review.id)}
    _record(session, by, row.decision_id, row.unit_id, "disagreed", data, {"reason": reason})
    return row


def record_session(
    session: Session,
    by: Person,
    disagreement_id: uuid.UUID,
    sitting: Sitting,
    *,
    answers: Mapping[str, Answer],
    statement: str,
    signer: ReviewSigner,
    now: datetime,
) -> DecisionReview:
    """The committee sat: who, with which advice, how it voted. What more than half were for is agreed.

    The outcome is an opinion on the version, in the name of the reviewer who keeps the minutes. Members took no part in
    the case, advisers have no conflict in it. Raises CommitteeUnusable, ReviewerBarred, AnswersUnusable, ReviewSettled,
    DecisionSettled, TextUnusable, RoleNotAllowed, Unknown, OutsideUnit.
    """
    dispute = session.get(Disagreement, disagreement_id)
    if dispute is None:
        raise Unknown("decision_disagreement", disagreement_id)
    review = session.get_one(DecisionReview, dispute.review_id)
    submission, version = lock_submission(session, by, review.submission_id)
    refuse_barred(session, by, submission.case_id)
    _refuse_settled(session, dispute, version.id)
    _refuse_sitting(sitting, dispute, now)
    row = CommitteeSession(
        id=uuid.uuid4(),
        unit_id=dispute.unit_id,
        case_id=dispute.case_id,
        decision_id=dispute.decision_id,
        version_id=version.id,
        disagreement_id=dispute.id,
        held_at=sitting.held_at,
        place=required_name("place", sitting.place),
        minutes=required_text("minutes", sitting.minutes),
        presided_by=sitting.presided_by,
        votes_for=sitting.votes_for,
        votes_against=sitting.votes_against,
        abstentions=sitting.abstentions,
        outcome="agreed" if 2 * sitting.votes_for > len(sitting.members) else "problems",
        recorded_by=by.id,
        recorded_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    _record(session, by, row.decision_id, row.unit_id, "committee_sat", _facts(row), _private(row))
    add_attendance(session, by, row, sitting.members, sitting.advice)
    opinion = DecisionReview(
        id=uuid.uuid4(),
        unit_id=row.unit_id,
        case_id=row.case_id,
        decision_id=row.decision_id,
        version_id=version.id,
        submission_id=submission.id,
        session_id=row.id,
        ordinal=next_ordinal(session, version.id),
        opinion=row.outcome,
        answers=whole_answers(session, row.case_id, row.outcome, answers),
        statement=required_text("statement", statement),
        reviewer_id=by.id,
        reviewed_at=datetime.now(UTC),
    )
    add_signed(session, by, opinion, version, signer)
    return opinion


def session_of(session: Session, disagreement_id: uuid.UUID) -> CommitteeSession | None:
    row = CommitteeSession
    return session.scalars(select(row).where(row.disagreement_id == disagreement_id)).first()


def _refuse_settled(session: Session, dispute: Disagreement, version_id: uuid.UUID) -> None:
    """The committee sits once, over the opinion that counts: its pass beside another one's problems would be none."""
    if session_of(session, dispute.id) is not None:
        raise ReviewSettled(dispute.id, "sat")
    standing = standing_opinion(session, version_id)
    if standing is None or standing.id != dispute.review_id:
        raise ReviewSettled(dispute.id, "opinion_gone")


def _refuse_sitting(sitting: Sitting, dispute: Disagreement, now: datetime) -> None:
    problem, members = None, set(sitting.members)
    votes = (sitting.votes_for, sitting.votes_against, sitting.abstentions)
    if sitting.held_at.tzinfo is None or not dispute.stated_at <= sitting.held_at <= now:
        problem = "held_at"
    elif not QUORUM <= len(members) <= MOST_MEMBERS or len(members) < len(sitting.members):
        problem = "members"
    elif sitting.presided_by not in members:
        problem = "president"
    elif min(votes) < 0 or sum(votes) != len(members):
        problem = "votes"
    if problem is not None:
        raise CommitteeUnusable(problem)


def _facts(row: CommitteeSession) -> dict[str, Any]:
    return {
        "case_id": str(row.case_id),
        "session_id": str(row.id),
        "version_id": str(row.version_id),
        "disagreement_id": str(row.disagreement_id),
        "held_at": format_instant(row.held_at),
        "presided_by": str(row.presided_by),
        "votes_for": row.votes_for,
        "votes_against": row.votes_against,
        "abstentions": row.abstentions,
        "outcome": row.outcome,
    }


def _private(row: CommitteeSession) -> dict[str, str]:
    return {"place": row.place, "minutes": row.minutes}


def _record(
    session: Session,
    by: Person,
    decision_id: uuid.UUID,
    unit_id: uuid.UUID,
    deed: str,
    data: Mapping[str, Any],
    private: dict[str, str],
) -> None:
    change = Change(f"decision.{deed}", "decision", str(decision_id), unit_id, data, private)
    record_change(session, Actor.person(by.id), change)
