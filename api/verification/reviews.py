"""Each opinion of a legal review: signed by this archive over what its rows say; and no decision issued by another.

Whoever holds the application's password can write a review, an issue and the entries that go with them: this is where
that shows (docs/decisions/0017-signed-passes.md).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from api.review_keys import review_keys
from api.verification.audit import Audit
from casework.notices.standing import days_that_ran, missing_before
from casework.review.passes import require_signed
from integrity.epoch_keys import EpochKey
from integrity.errors import EvidenceError
from storage.catalog.decisions import DecisionIssue, DecisionVersion
from storage.catalog.review import DecisionReview


def audit_reviews(audit: Audit) -> int:
    """Look at every opinion, and at every issue of a decision that needed one; how many opinions there were."""
    keys, count = review_keys(audit.archive.keyring), 0
    for rows in audit.rows(select(DecisionReview), DecisionReview.id):
        versions = _versions(audit, [row.version_id for row in rows])
        for row in rows:
            count += 1
            problem = _problem(row, versions.get(row.version_id), keys)
            if problem is not None:
                audit.findings.add("review_invalid", f"decision_review {row.id}", "what this archive signed", problem)
    for issues in audit.rows(select(DecisionIssue), DecisionIssue.id):
        _check_issues(audit, issues, keys)
        _check_told(audit, issues)
    return count


def _problem(row: DecisionReview, version: DecisionVersion | None, keys: Sequence[EpochKey]) -> object:
    """What is wrong with an opinion; None where nothing is."""
    if version is None:
        return "of no version"
    try:
        require_signed(row, version, keys)
    except EvidenceError as error:
        return error
    return None


def _versions(audit: Audit, wanted: Sequence[uuid.UUID]) -> dict[uuid.UUID, DecisionVersion]:
    with audit.archive.database.reading() as session:
        found = session.scalars(select(DecisionVersion).where(DecisionVersion.id.in_(wanted))).all()
        session.expunge_all()
    return {row.id: row for row in found}


def _check_issues(audit: Audit, issues: Sequence[DecisionIssue], keys: Sequence[EpochKey]) -> None:
    wanted = {row.review_id for row in issues if row.review_id is not None}
    with audit.archive.database.reading() as session:
        found = session.scalars(select(DecisionReview).where(DecisionReview.id.in_(wanted))).all()
        session.expunge_all()
    reviews, versions = {row.id: row for row in found}, _versions(audit, [row.version_id for row in issues])
    for issue in issues:
        review = None if issue.review_id is None else reviews.get(issue.review_id)
        if issue.scope == [] or (review is not None and _let_pass(issue, review, versions, keys)):
            continue
        audit.findings.add("issued_without_pass", f"decision_issue {issue.id}", "a signed pass", issue.review_id)


def _check_told(audit: Audit, issues: Sequence[DecisionIssue]) -> None:
    """No penalty but of whom was told, and heard: what the database says of it now, and the official calendar, which it
    has not. Its functions are held against the package's by guards.py."""
    with audit.archive.database.reading() as session:
        missing = missing_before(session, [issue.version_id for issue in issues])
        running = days_that_ran(session, issues)
    for issue in issues:
        words = (*missing[issue.version_id], *running.get(issue.id, ()))
        if words:
            found = ", ".join(dict.fromkeys(words))
            audit.findings.add("issued_untold", f"decision_issue {issue.id}", "a party who was told and heard", found)


def _let_pass(
    issue: DecisionIssue,
    review: DecisionReview,
    versions: Mapping[uuid.UUID, DecisionVersion],
    keys: Sequence[EpochKey],
) -> bool:
    """A signed opinion of this version, which agreed, and stood when the decision was issued."""
    withdrawn = review.withdrawn_at is not None and review.withdrawn_at < issue.issued_at
    agreed = review.version_id == issue.version_id and review.opinion == "agreed"
    return (
        agreed
        and not withdrawn
        and review.reviewed_at <= issue.issued_at
        and _problem(review, versions.get(review.version_id), keys) is None
    )
