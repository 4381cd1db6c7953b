"""Decisions and their reviews, as answers say them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from api.http.reading.disputes import describe_dispute, people_of_dispute
from api.http.reading.names import people_named
from api.http.schema.base import CaseRef, PersonRef
from api.http.schema.decisions import (
    CaseDecisions,
    DecisionItem,
    GivenAnswer,
    QueuedReview,
    ReferenceItem,
    ReviewFile,
    ReviewItem,
    ScopeItem,
    VersionItem,
)
from casework.review.disputes import DisputeNow
from casework.review.gate import case_refusals
from casework.review.listing import DecisionNow, VersionNow, Waiting, decision_now, decisions_of_case
from casework.review.referable import referable_in
from casework.review.scopes import Met
from storage.catalog.casework import Case
from storage.catalog.decisions import Decision
from storage.catalog.review import DecisionReview

Names = Mapping[uuid.UUID, str]


def describe_case_decisions(session: Session, case: Case) -> CaseDecisions:
    found = decisions_of_case(session, case.id)
    names = names_of_decisions(session, found)
    return CaseDecisions(
        case_id=case.id,
        refusals=list(case_refusals(session, case.id)),
        decisions=[_decision(each, names) for each in found],
    )


def describe_decision(session: Session, decision_id: uuid.UUID) -> DecisionItem:
    found = decision_now(session, session.get_one(Decision, decision_id))
    return _decision(found, names_of_decisions(session, [found]))


def describe_queue(session: Session, waiting: Iterable[Waiting]) -> list[QueuedReview]:
    return [QueuedReview(**_queued(session, each)) for each in waiting]


def describe_file(session: Session, waiting: Waiting, barred: str | None) -> ReviewFile:
    return ReviewFile(
        **_queued(session, waiting), references=describe_references(session, waiting.case.id), barred=barred
    )


def describe_references(session: Session, case_id: uuid.UUID) -> list[ReferenceItem]:
    """What an answer in a review of this case may refer to."""
    return [ReferenceItem(reference=each.reference, label=each.detail) for each in referable_in(session, case_id)]


def names_of_decisions(session: Session, found: Iterable[DecisionNow]) -> Names:
    people: list[uuid.UUID | None] = []
    for each in found:
        people.append(None if each.issue is None else each.issue.issued_by)
        people += [version.row.stated_by for version in each.versions]
        people += [review.reviewer_id for version in each.versions for review in version.reviews]
        people += [person for dispute in each.disputes.values() for person in people_of_dispute(dispute)]
    return people_named(session, *people)


def _queued(session: Session, each: Waiting) -> dict[str, Any]:
    submission, case = each.submission, each.case
    return {
        "submission_id": submission.id,
        "case": CaseRef(id=case.id, number=case.number, title=case.title),
        "submitted_by": PersonRef.of(submission.submitted_by, people_named(session, submission.submitted_by)),
        "submitted_at": submission.submitted_at,
        "decision": describe_decision(session, submission.decision_id),
    }


def _decision(each: DecisionNow, names: Names) -> DecisionItem:
    issue = each.issue
    return DecisionItem(
        id=each.row.id,
        case_id=each.row.case_id,
        state=each.state,
        refusals=list(each.refusals),
        submission_id=None if each.submission is None else each.submission.id,
        issued_on=None if issue is None else issue.issued_on,
        issued_by=None if issue is None else PersonRef.of(issue.issued_by, names),
        versions=[_version(version, names, each.disputes) for version in each.versions],
    )


def _version(each: VersionNow, names: Names, disputes: Mapping[uuid.UUID, DisputeNow]) -> VersionItem:
    row = each.row
    plain = ("id", "ordinal", "kind", "measures", "level", "field", "amount_fen", "party", "party_kind", "affected")
    said = {name: getattr(row, name) for name in (*plain, "facts", "content", "reason", "stated_at")}
    return VersionItem(
        **said,
        stated_by=PersonRef.of(row.stated_by, names),
        needs_review=bool(row.scope),
        scope=[_scope(met) for met in each.scope],
        reviews=[_review(review, names, disputes.get(review.id)) for review in each.reviews],
    )


def _scope(met: Met) -> ScopeItem:
    trigger = met.trigger
    return ScopeItem(
        code=trigger.code,
        ground=trigger.ground,
        name_zh=trigger.name_zh,
        name_en=trigger.name_en,
        jurisdiction=met.jurisdiction,
        version=met.version,
        law=list(trigger.law),
    )


def _review(row: DecisionReview, names: Names, dispute: DisputeNow | None) -> ReviewItem:
    return ReviewItem(
        id=row.id,
        version_id=row.version_id,
        opinion=row.opinion,
        answers={question: GivenAnswer(**given) for question, given in row.answers.items()},
        statement=row.statement,
        reviewer=PersonRef.of(row.reviewer_id, names),
        reviewed_at=row.reviewed_at,
        withdrawn_at=row.withdrawn_at,
        withdraw_reason=row.withdraw_reason,
        disagreement=None if dispute is None else describe_dispute(dispute, names),
    )
