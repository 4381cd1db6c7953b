"""Disagreements with an opinion: what became of them, those that wait for the committee, and who may sit in it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from casework.errors import Unknown
from casework.permission import require
from casework.review.advisers import conflicts_in, list_advisers
from casework.review.attendance import attendance_of
from casework.units import in_reach, line_of, require_over
from retention.paging import Cursor, Page, page_rows, take_page
from storage.catalog.casework import Case
from storage.catalog.decisions import Decision, DecisionIssue
from storage.catalog.organisation import Person
from storage.catalog.review import (
    Adviser,
    CommitteeAttendance,
    CommitteeSession,
    DecisionReview,
    DecisionSubmission,
    Disagreement,
)

MOST_PEOPLE = 300


@dataclass(frozen=True)
class SittingNow:
    """A session of the committee: who voted, and what each adviser said."""

    row: CommitteeSession
    members: tuple[uuid.UUID, ...]
    advice: tuple[tuple[Adviser, str], ...]


@dataclass(frozen=True)
class DisputeNow:
    """A disagreement, and the session that settled it, if one did."""

    row: Disagreement
    sitting: SittingNow | None


@dataclass(frozen=True)
class WaitingDispute:
    """A disagreement with the opinion it is about and its case."""

    row: Disagreement
    review: DecisionReview
    case: Case


def disputes_of(
    session: Session, decision_ids: Collection[uuid.UUID]
) -> Mapping[uuid.UUID, Mapping[uuid.UUID, DisputeNow]]:
    """By decision, which is a key also without any, and by the opinion that is disagreed with."""
    found: dict[uuid.UUID, dict[uuid.UUID, DisputeNow]] = {each: {} for each in decision_ids}
    rows = session.scalars(select(Disagreement).where(Disagreement.decision_id.in_(decision_ids))).all()
    if not rows:
        return found
    held = select(CommitteeSession).where(CommitteeSession.disagreement_id.in_([row.id for row in rows]))
    sittings = _sittings(session, session.scalars(held).all())
    for row in rows:
        found[row.decision_id][row.review_id] = DisputeNow(row, sittings.get(row.id))
    return found


def list_disputes(
    session: Session, by: Person, *, after: Cursor | None = None, limit: int = 50
) -> Page[WaitingDispute]:
    """What waits for a session in the reviewer's unit and those below it, the longest first. Raises RoleNotAllowed."""
    require(by, "review_decisions")
    row, review = Disagreement, DecisionReview
    settled = exists().where(DecisionIssue.decision_id == row.decision_id)
    withdrawn = exists().where(Decision.id == row.decision_id, Decision.withdrawn_at.is_not(None))
    later = exists().where(DecisionSubmission.id == review.submission_id, DecisionSubmission.withdrawn_at.is_not(None))
    sat = exists().where(CommitteeSession.disagreement_id == row.id)
    statement = (
        select(row, review, Case)
        .join(review, review.id == row.review_id)
        .join(Case, Case.id == row.case_id)
        .where(in_reach(by, row.unit_id), review.withdrawn_at.is_(None), Case.closed_at.is_(None))
        .where(~settled, ~withdrawn, ~later, ~sat)
        .order_by(row.stated_at, row.id)
    )
    if after is not None:
        statement = statement.where((row.stated_at > after.at) | ((row.stated_at == after.at) & (row.id > after.id)))
    found: Sequence[WaitingDispute] = [
        WaitingDispute(each[0], each[1], each[2]) for each in session.execute(statement.limit(page_rows(limit) + 1))
    ]
    return take_page(found, limit, lambda each: Cursor(each.row.stated_at, str(each.row.id)))


def open_dispute(session: Session, by: Person, disagreement_id: uuid.UUID) -> WaitingDispute:
    """Whatever became of it, for a reviewer above its case. Raises Unknown, OutsideUnit, RoleNotAllowed."""
    row = session.get(Disagreement, disagreement_id)
    if row is None:
        raise Unknown("decision_disagreement", disagreement_id)
    require_over(session, by, "review_decisions", row.unit_id)
    return WaitingDispute(row, session.get_one(DecisionReview, row.review_id), session.get_one(Case, row.case_id))


def may_sit(session: Session, case: Case) -> tuple[Person, ...]:
    """Who may be a member: of the case's unit or one above it, and not involved. At most MOST_PEOPLE, by name."""
    above = line_of(session, case.unit_id)
    people = select(Person).where(Person.unit_id.in_(above), Person.active, ~func.takes_part_in(case.id, Person.id))
    return tuple(session.scalars(people.order_by(Person.name, Person.id).limit(MOST_PEOPLE)))


def may_advise(session: Session, case: Case) -> tuple[Adviser, ...]:
    """Who may give advice: of the pool that the unit draws from, and without a conflict of interest."""
    conflicts = {each.adviser_id for each in conflicts_in(session, case.id)}
    pool = list_advisers(session, case.unit_id)
    return tuple(each for each in pool if each.ended_at is None and each.id not in conflicts)


def _sittings(session: Session, rows: Sequence[CommitteeSession]) -> dict[uuid.UUID, SittingNow]:
    """By the disagreement that each settled."""
    attended = attendance_of(session, [row.id for row in rows])
    wanted = {each.adviser_id for each in attended if each.adviser_id is not None}
    found = session.scalars(select(Adviser).where(Adviser.id.in_(wanted))) if wanted else ()
    advisers = {each.id: each for each in found}
    return {row.disagreement_id: _sitting(row, advisers, attended) for row in rows}


def _sitting(
    row: CommitteeSession, advisers: Mapping[uuid.UUID, Adviser], attended: Sequence[CommitteeAttendance]
) -> SittingNow:
    there = [each for each in attended if each.session_id == row.id]
    members = tuple(each.member_id for each in there if each.member_id is not None)
    advice = tuple((advisers[each.adviser_id], each.advice or "") for each in there if each.adviser_id is not None)
    return SittingNow(row, members, advice)
