"""What makes a pass one: the archive's signature over the opinion and over all that the decision said when it was read.

Decision 17: review rows are the application's to write, so that whoever has its password can write one too. He cannot
sign it: nothing is issued by it here, and the offline check finds it (api/verification/reviews.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.review.decisions import facts_of, private_of
from casework.review.errors import PassForged
from integrity.canonical import Json
from integrity.epoch_keys import EpochKey
from integrity.errors import EvidenceError
from integrity.keys import SigningKey
from integrity.review_opinion import ReviewOpinion, require_opinion, sign_opinion
from storage.catalog.decisions import DecisionVersion
from storage.catalog.review import DecisionReview


@dataclass(frozen=True)
class ReviewSigner:
    """The archive's review key, and the epoch that it signs in."""

    key: SigningKey
    epoch: int

    def sign(self, review: DecisionReview, version: DecisionVersion) -> None:
        review.envelope = sign_opinion(opinion_of(review, version, self.epoch), self.key)


def opinion_of(review: DecisionReview, version: DecisionVersion, key_epoch: int = 0) -> ReviewOpinion:
    """The statement that the rows come to."""
    return ReviewOpinion(
        review_id=review.id,
        unit_id=review.unit_id,
        case_id=review.case_id,
        decision_id=review.decision_id,
        version_id=review.version_id,
        submission_id=review.submission_id,
        ordinal=review.ordinal,
        opinion=review.opinion,
        answers=review.answers,
        statement=review.statement,
        reviewer_id=review.reviewer_id,
        reviewed_at=review.reviewed_at,
        decided=_decided(version),
        key_epoch=key_epoch,
        session_id=review.session_id,
    )


def require_signed(review: DecisionReview, version: DecisionVersion, keys: Iterable[EpochKey]) -> None:
    """Raises EvidenceError unless this archive signed just this opinion on just this version."""
    require_opinion(review.envelope, opinion_of(review, version), keys)


def refuse_forged_pass(session: Session, version: DecisionVersion, keys: Iterable[EpochKey]) -> None:
    """The database says which review lets the version pass; whether it was signed, it cannot. Raises PassForged."""
    review_id = session.scalar(select(func.pass_of(version.id)))
    if review_id is None:
        return
    review = session.get_one(DecisionReview, review_id)
    try:
        require_signed(review, version, keys)
    except EvidenceError as error:
        raise PassForged(review.id, type(error).__name__) from error


def _decided(version: DecisionVersion) -> Mapping[str, Json]:
    return {**facts_of(version), **private_of(version), "reason": version.reason}
