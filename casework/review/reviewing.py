"""法制审核: seven questions, each answered with references into the case, and an opinion that the archive signs."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.errors import Unknown
from casework.review.decisions import issue_of, latest_version
from casework.review.errors import AnswersUnusable, DecisionSettled, ReviewerBarred, ReviewSettled
from casework.review.passes import ReviewSigner
from casework.review.references import refuse_foreign_references
from casework.review.transfers import open_transfer
from casework.units import require_over
from casework.wording import known_word, required_text
from integrity.canonical import canonical_json
from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.decisions import DecisionVersion
from storage.catalog.organisation import Person
from storage.catalog.review import ANSWERS, OPINIONS, QUESTIONS, DecisionReview, DecisionSubmission
from storage.ledger.append import Actor, Change, record_change

AGAINST: Mapping[str, str] = {question: "yes" if question == "crime" else "no" for question in QUESTIONS}
"""The answer to each question that a decision is not agreed to with: a suspicion of crime is one."""


@dataclass(frozen=True)
class Answer:
    """`answer`: a word of ANSWERS; `references` are `kind:id` of what stands in the case (references.py)."""

    answer: str
    references: tuple[str, ...] = ()
    note: str = ""


def give_opinion(
    session: Session,
    by: Person,
    submission_id: uuid.UUID,
    *,
    opinion: str,
    answers: Mapping[str, Answer],
    statement: str,
    signer: ReviewSigner,
) -> DecisionReview:
    """同意 or 存在问题, on the version that was submitted, signed by the archive in the reviewer's name.

    Raises ReviewerBarred, AnswersUnusable, ReviewSettled, DecisionSettled, WordUnknown, TextUnusable, RoleNotAllowed,
    Unknown, OutsideUnit.
    """
    submission, version = lock_submission(session, by, submission_id)
    refuse_barred(session, by, submission.case_id)
    opinion = known_word("opinion", opinion, OPINIONS)
    checked = whole_answers(session, submission.case_id, opinion, answers)
    if standing_opinion(session, version.id) is not None:
        raise ReviewSettled(version.id, "given")
    row = DecisionReview(
        id=uuid.uuid4(),
        unit_id=submission.unit_id,
        case_id=submission.case_id,
        decision_id=submission.decision_id,
        version_id=version.id,
        submission_id=submission.id,
        ordinal=next_ordinal(session, version.id),
        opinion=opinion,
        answers=checked,
        statement=required_text("statement", statement),
        reviewer_id=by.id,
        reviewed_at=datetime.now(UTC),
    )
    add_signed(session, by, row, version, signer)
    return row


def next_ordinal(session: Session, version_id: uuid.UUID) -> int:
    """Of the next opinion on a version."""
    given = select(func.count()).select_from(DecisionReview).where(DecisionReview.version_id == version_id)
    return (session.scalar(given) or 0) + 1


def add_signed(
    session: Session, by: Person, row: DecisionReview, version: DecisionVersion, signer: ReviewSigner
) -> None:
    """Sign the opinion, and keep it with its entry; a suspicion of crime makes a task of its own."""
    signer.sign(row, version)
    session.add(row)
    session.flush()
    data: dict[str, Any] = {
        "case_id": str(row.case_id),
        "review_id": str(row.id),
        "version_id": str(row.version_id),
        "submission_id": str(row.submission_id),
        "ordinal": row.ordinal,
        "opinion": row.opinion,
        "envelope_sha256": hashlib.sha256(row.envelope).hexdigest(),
        "answers_sha256": digest_answers(row.answers),
    }
    if row.session_id is not None:
        data["session_id"] = str(row.session_id)
    _record(session, by, row, "reviewed", data, {"statement": row.statement})
    if row.answers["crime"]["answer"] == "yes":
        open_transfer(session, by, row)


def withdraw_review(session: Session, by: Person, review_id: uuid.UUID, reason: str) -> DecisionReview:
    """The opinion is taken back: a pass lets nothing through any more, issued or not.

    Open to whoever gave it, and to every reviewer above the case. Raises ReviewSettled, TextUnusable, RoleNotAllowed,
    Unknown, OutsideUnit.
    """
    reason = required_text("reason", reason)
    row = session.get(DecisionReview, review_id)
    if row is None:
        raise Unknown("decision_review", review_id)
    require_over(session, by, "review_decisions", row.unit_id)
    session.execute(select(Case.id).where(Case.id == row.case_id).with_for_update(key_share=True))
    session.refresh(row)
    if row.withdrawn_at is not None:
        raise ReviewSettled(row.id, "withdrawn")
    row.withdrawn_at, row.withdrawn_by, row.withdraw_reason = datetime.now(UTC), by.id, reason
    session.flush()
    _record(session, by, row, "review_withdrawn", {"review_id": str(row.id)}, {"reason": reason})
    return row


def lock_submission(
    session: Session, by: Person, submission_id: uuid.UUID
) -> tuple[DecisionSubmission, DecisionVersion]:
    """A submission that waits for an opinion, in the reviewer's unit or below, with the version it is of.

    Raises DecisionSettled, RoleNotAllowed, Unknown, OutsideUnit.
    """
    row = session.get(DecisionSubmission, submission_id)
    if row is None:
        raise Unknown("decision_submission", submission_id)
    require_over(session, by, "review_decisions", row.unit_id)
    session.execute(select(Case.id).where(Case.id == row.case_id).with_for_update(key_share=True))
    session.refresh(row)
    latest = latest_version(session, row.decision_id)
    state = "not_submitted" if row.withdrawn_at is not None else None
    if latest.id != row.version_id:
        state = "changed"
    if issue_of(session, row.decision_id) is not None:
        state = "issued"
    if state is not None:
        raise DecisionSettled(row.decision_id, state)
    return row, latest


def refuse_barred(session: Session, by: Person, case_id: uuid.UUID) -> None:
    """Raises ReviewerBarred."""
    why = why_barred(session, by, case_id)
    if why is not None:
        raise ReviewerBarred(by.id, why)


def why_barred(session: Session, by: Person, case_id: uuid.UUID) -> str | None:
    """Whoever took part in a case does not review it; who reviews is qualified today. A word of BARRED, or None."""
    if session.scalar(select(func.takes_part_in(case_id, by.id))):
        return "involved"
    today = chinese_day(datetime.now(UTC))
    return None if session.scalar(select(func.qualified_to_review(by.id, today))) else "unqualified"


def standing_opinion(session: Session, version_id: uuid.UUID) -> DecisionReview | None:
    """The latest opinion on a version that was not withdrawn."""
    row = DecisionReview
    standing = select(row).where(row.version_id == version_id, row.withdrawn_at.is_(None))
    return session.scalars(standing.order_by(row.ordinal.desc()).limit(1)).first()


def digest_answers(answers: Mapping[str, Any]) -> str:
    """SHA-256 of the answers' canonical form, in hexadecimal: as an entry states it."""
    return hashlib.sha256(canonical_json(answers, "answers")).hexdigest()


def whole_answers(
    session: Session, case_id: uuid.UUID, opinion: str, answers: Mapping[str, Answer]
) -> dict[str, dict[str, Any]]:
    """As they are stored. Raises AnswersUnusable."""
    for question in (*QUESTIONS, *answers):
        if question not in answers:
            raise AnswersUnusable(question, "missing")
        if question not in QUESTIONS:
            raise AnswersUnusable(question[:40], "unknown")
    for question in QUESTIONS:
        given = answers[question]
        if given.answer not in ANSWERS:
            raise AnswersUnusable(question, "no_answer")
        if given.answer != "not_applicable" and not given.references:
            raise AnswersUnusable(question, "no_references")
        if opinion == "agreed" and given.answer == AGAINST[question]:
            raise AnswersUnusable(question, "against")
        refuse_foreign_references(session, case_id, question, given.references)
    return {question: _as_json(answers[question]) for question in QUESTIONS}


def _as_json(given: Answer) -> dict[str, Any]:
    references: Sequence[str] = tuple(dict.fromkeys(given.references))
    note = {"note": required_text("note", given.note)} if given.note.strip() else {}
    return {"answer": given.answer, "references": list(references), **note}


def _record(
    session: Session, by: Person, row: DecisionReview, deed: str, data: Mapping[str, Any], private: dict[str, str]
) -> None:
    change = Change(f"decision.{deed}", "decision", str(row.decision_id), row.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)
