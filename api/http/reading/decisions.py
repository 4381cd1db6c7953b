"""Decisions and their reviews, as answers say them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
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
from casework.review.listing import DecisionNow, VersionNow, Waiting, decisions_of_case, decisions_with
from casework.review.referable import referable_in
from casework.review.scopes import Met
from storage.catalog.casework import Case
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
    return describe_decisions(session, [decision_id])[decision_id]


def describe_decisions(session: Session, decision_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, DecisionItem]:
    """By decision: as many queries for many as for one."""
    found = decisions_with(session, decision_ids)
    names = names_of_decisions(session, found.values())
    return {decision_id: _decision(each, names) for decision_id, each in found.items()}


def describe_queue(session: Session, waiting: Sequence[Waiting]) -> list[QueuedReview]:
    return [QueuedReview(**facts) for facts in _queued(session, waiting)]


def describe_file(session: Session, waiting: Waiting, barred: str | None) -> ReviewFile:
    (facts,) = _queued(session, [waiting])
    return ReviewFile(**facts, references=describe_references(session, waiting.case.id), barred=barred)


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


def _queued(session: Session, waiting: Sequence[Waiting]) -> list[dict[str, Any]]:
    decisions = describe_decisions(session, {each.submission.decision_id for each in waiting})
    names = people_named(session, *(each.submission.submitted_by for each in waiting))
    return [
        {
            "submission_id": each.submission.id,
            "case": CaseRef(id=each.case.id, number=each.case.number, title=each.case.title),
            "submitted_by": PersonRef.of(each.submission.submitted_by, names),
            "submitted_at": each.submission.submitted_at,
            "decision": decisions[each.submission.decision_id],
        }
        for each in waiting
    ]


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
