"""Decisions as they stand: of a case, and those that wait for a reviewer."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, aliased

from casework.errors import Unknown
from casework.permission import require
from casework.review.disputes import DisputeNow, disputes_of
from casework.review.gate import refusals_of_versions
from casework.review.scopes import Met, explain_scopes
from casework.review.submitting import reviews_of, standing_submissions
from casework.units import in_reach, require_over
from retention.paging import Cursor, Page, page_rows, take_page
from storage.catalog.casework import Case
from storage.catalog.decisions import Decision, DecisionIssue, DecisionVersion
from storage.catalog.organisation import Person
from storage.catalog.review import DecisionReview, DecisionSubmission


@dataclass(frozen=True)
class VersionNow:
    """A version, the lines of the list that it meets, and every opinion on it."""

    row: DecisionVersion
    scope: tuple[Met, ...]
    reviews: tuple[DecisionReview, ...]


@dataclass(frozen=True)
class DecisionNow:
    """`state`: draft, submitted, agreed, problems, issued or withdrawn; `refusals`: why it may not be issued now;
    `disputes`: by the opinion that is disagreed with."""

    row: Decision
    versions: tuple[VersionNow, ...]
    submission: DecisionSubmission | None
    issue: DecisionIssue | None
    refusals: tuple[str, ...]
    disputes: Mapping[uuid.UUID, DisputeNow]

    @property
    def latest(self) -> VersionNow:
        return self.versions[-1]

    @property
    def state(self) -> str:
        if self.row.withdrawn_at is not None:
            return "withdrawn"
        if self.issue is not None:
            return "issued"
        standing = [each for each in self.latest.reviews if each.withdrawn_at is None]
        if standing:
            return standing[-1].opinion
        return "draft" if self.submission is None else "submitted"


@dataclass(frozen=True)
class Waiting:
    """A submission without an opinion that stands."""

    submission: DecisionSubmission
    case: Case


def decisions_of_case(session: Session, case_id: uuid.UUID) -> tuple[DecisionNow, ...]:
    """Every decision of a case, by when it was begun, withdrawn ones too."""
    rows = session.scalars(select(Decision).where(Decision.case_id == case_id).order_by(Decision.begun_at, Decision.id))
    return decisions_now(session, rows.all())


def decisions_with(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, DecisionNow]:
    """Those of these ids, by id."""
    rows = session.scalars(select(Decision).where(Decision.id.in_(ids))).all()
    return {each.row.id: each for each in decisions_now(session, rows)}


def decision_now(session: Session, row: Decision) -> DecisionNow:
    return decisions_now(session, [row])[0]


def decisions_now(session: Session, rows: Sequence[Decision]) -> tuple[DecisionNow, ...]:
    """In their order: as many queries for many as for one."""
    ids = [row.id for row in rows]
    versions = _versions(session, ids)
    latest = [versions[each][-1].row.id for each in ids]
    submissions = standing_submissions(session, latest)
    issued = session.scalars(select(DecisionIssue).where(DecisionIssue.decision_id.in_(ids)))
    issues = {each.decision_id: each for each in issued}
    refusals, disputes = refusals_of_versions(session, latest), disputes_of(session, ids)
    return tuple(
        DecisionNow(row, versions[row.id], submissions.get(last), issues.get(row.id), refusals[last], disputes[row.id])
        for row, last in zip(rows, latest, strict=True)
    )


def _versions(session: Session, decision_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, tuple[VersionNow, ...]]:
    """By decision, in their order."""
    said = select(DecisionVersion).where(DecisionVersion.decision_id.in_(decision_ids))
    rows = session.scalars(said.order_by(DecisionVersion.ordinal)).all()
    reviews = reviews_of(session, [row.id for row in rows])
    scopes = explain_scopes(session, [row.scope for row in rows])
    found: dict[uuid.UUID, tuple[VersionNow, ...]] = defaultdict(tuple)
    for row, scope in zip(rows, scopes, strict=True):
        found[row.decision_id] += (VersionNow(row, scope, reviews.get(row.id, ())),)
    return found


def list_waiting(session: Session, by: Person, *, after: Cursor | None = None, limit: int = 50) -> Page[Waiting]:
    """What waits for an opinion in the reviewer's unit and those below it, the longest first. Raises RoleNotAllowed."""
    require(by, "review_decisions")
    row = DecisionSubmission
    statement = _waiting().where(in_reach(by, row.unit_id)).order_by(row.submitted_at, row.id)
    if after is not None:
        statement = statement.where(
            (row.submitted_at > after.at) | ((row.submitted_at == after.at) & (row.id > after.id))
        )
    rows: Sequence[tuple[DecisionSubmission, Case]] = [
        (each[0], each[1]) for each in session.execute(statement.limit(page_rows(limit) + 1))
    ]
    page = take_page(rows, limit, lambda each: Cursor(each[0].submitted_at, str(each[0].id)))
    return Page(tuple(Waiting(*each) for each in page.items), page.next)


def _waiting() -> Select[DecisionSubmission, Case]:
    row, later, review = DecisionSubmission, aliased(DecisionVersion), DecisionReview
    settled = exists().where(DecisionIssue.decision_id == row.decision_id)
    withdrawn = exists().where(Decision.id == row.decision_id, Decision.withdrawn_at.is_not(None))
    changed = exists().where(
        DecisionVersion.id == row.version_id,
        later.decision_id == row.decision_id,
        later.ordinal > DecisionVersion.ordinal,
    )
    reviewed = exists().where(review.version_id == row.version_id, review.withdrawn_at.is_(None))
    return (
        select(row, Case)
        .join(Case, Case.id == row.case_id)
        .where(row.withdrawn_at.is_(None), Case.closed_at.is_(None), ~settled, ~withdrawn, ~changed, ~reviewed)
    )


def open_submission(session: Session, by: Person, submission_id: uuid.UUID) -> Waiting:
    """What was submitted, whatever became of it, for a reviewer of its unit or of one above. Raises Unknown,
    OutsideUnit, RoleNotAllowed."""
    row = session.get(DecisionSubmission, submission_id)
    if row is None:
        raise Unknown("decision_submission", submission_id)
    require_over(session, by, "review_decisions", row.unit_id)
    return Waiting(row, session.get_one(Case, row.case_id))
