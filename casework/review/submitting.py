"""送审: the unit hands a version to the reviewers, and answers for its material (三（三）4)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.open_cases import lock_open_case
from casework.permission import require
from casework.review.decisions import lock_draft
from casework.review.errors import DecisionSettled, DecisionUnusable
from casework.rows import unique
from casework.wording import required_text
from retention.subjects import row_in_unit
from storage.catalog.organisation import Person
from storage.catalog.review import DecisionReview, DecisionSubmission
from storage.ledger.append import Actor, Change, record_change


def submit_decision(
    session: Session,
    by: Person,
    decision_id: uuid.UUID,
    *,
    version_id: uuid.UUID,
    true: bool,
    accurate: bool,
    complete: bool,
) -> DecisionSubmission:
    """What the decision says now goes to the reviewers; whoever submits attests that its material is true, accurate and
    complete (真实性、准确性、完整性).

    Raises DecisionUnusable unless he attests all three, DecisionSettled, CaseClosed, RoleNotAllowed, UnknownSubject,
    OutsideUnit.
    """
    require(by, "submit_decisions")
    if not (true and accurate and complete):
        raise DecisionUnusable("not_attested")
    decision, version = lock_draft(session, by, decision_id, version_id)
    row = DecisionSubmission(
        id=uuid.uuid4(),
        unit_id=decision.unit_id,
        case_id=decision.case_id,
        decision_id=decision.id,
        version_id=version.id,
        attests_truth=true,
        attests_accuracy=accurate,
        attests_completeness=complete,
        submitted_by=by.id,
        submitted_at=datetime.now(UTC),
    )
    with unique(session, {"uq_decision_submission_standing": DecisionSettled(decision.id, "submitted")}):
        session.add(row)
    data = {
        "case_id": str(row.case_id),
        "submission_id": str(row.id),
        "version_id": str(version.id),
        "attests": ["truth", "accuracy", "completeness"],
    }
    _record(session, by, row, "submitted", data, {})
    return row


def withdraw_submission(session: Session, by: Person, submission_id: uuid.UUID, reason: str) -> DecisionSubmission:
    """It is with the reviewers no more; a pass that was given on it lets nothing through.

    Raises DecisionSettled, TextUnusable, CaseClosed, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    require(by, "submit_decisions")
    reason = required_text("reason", reason)
    row = row_in_unit(session, by, DecisionSubmission, submission_id)
    lock_open_case(session, by, row.case_id)
    lock_draft(session, by, row.decision_id)
    session.refresh(row)
    if row.withdrawn_at is not None:
        raise DecisionSettled(row.decision_id, "not_submitted")
    row.withdrawn_at, row.withdrawn_by, row.withdraw_reason = datetime.now(UTC), by.id, reason
    session.flush()
    _record(session, by, row, "submission_withdrawn", {"submission_id": str(row.id)}, {"reason": reason})
    return row


def standing_submissions(
    session: Session, version_ids: Collection[uuid.UUID]
) -> Mapping[uuid.UUID, DecisionSubmission]:
    """By version, that by which it is with the reviewers; no key for one that is not."""
    row = DecisionSubmission
    standing = select(row).where(row.version_id.in_(version_ids), row.withdrawn_at.is_(None))
    return {each.version_id: each for each in session.scalars(standing)}


def reviews_of(session: Session, version_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, tuple[DecisionReview, ...]]:
    """By version, every opinion on it, in order, withdrawn ones too; no key for one without any."""
    row = DecisionReview
    found: dict[uuid.UUID, list[DecisionReview]] = defaultdict(list)
    for each in session.scalars(select(row).where(row.version_id.in_(version_ids)).order_by(row.ordinal)):
        found[each.version_id].append(each)
    return {version_id: tuple(reviews) for version_id, reviews in found.items()}


def _record(
    session: Session,
    by: Person,
    row: DecisionSubmission,
    deed: str,
    data: Mapping[str, object],
    private: dict[str, str],
) -> None:
    change = Change(f"decision.{deed}", "decision", str(row.decision_id), row.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)
