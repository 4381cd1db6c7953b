"""A round (评查): announced, drawn by the first checkpoint that covers its announcement, ended when all is done."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.errors import Unknown
from casework.filereview.drawing import digest_eligible, draw_cases
from casework.filereview.errors import (
    AlreadyDrawn,
    NotCoveredYet,
    PeriodUnusable,
    ReviewEnded,
    ReviewUnfinished,
    SampleTooLarge,
)
from casework.filereview.sheets import sheet_on
from casework.register.calendar import is_usable
from casework.rows import unique
from casework.units import require_live, require_over
from casework.wording import required_name
from integrity.local_time import chinese_day
from storage.catalog.file_review import MOST_DRAWN, FileReview, FileReviewDraw, FileReviewFinding, FileReviewScore
from storage.catalog.ledger import LedgerCheckpoint, LedgerSequence
from storage.catalog.organisation import Person
from storage.ledger.append import Actor, Change, record_change
from storage.ledger.checkpoints import first_checkpoint_over

OPENING = "open_file_reviews"


@dataclass(frozen=True)
class Wanted:
    """What a round is to be of: Chinese days, both included, and how many cases."""

    title: str
    first_day: date
    last_day: date
    sample_size: int


@dataclass(frozen=True)
class Left:
    """What is to be done before a round ends: cases without a score, and findings that go on."""

    is_drawn: bool
    unscored: int
    going_on: int


def announce_review(session: Session, by: Person, unit_id: uuid.UUID, wanted: Wanted, now: datetime) -> FileReview:
    """The round, its list of cases and its sheet are settled now, before anybody can know what they will be drawn by.

    Raises NoScoreSheet, PeriodUnusable, SampleTooLarge, TextUnusable, UnitEnded, RoleNotAllowed, Unknown, OutsideUnit.
    """
    require_over(session, by, OPENING, unit_id)
    require_live(session, unit_id)
    title = required_name("title", wanted.title)
    _refuse_period(wanted, chinese_day(now))
    rule = sheet_on(session, unit_id, chinese_day(now))
    days = wanted.first_day, wanted.last_day
    eligible: list[str] = session.scalars(select(func.file_review_eligible(unit_id, *days))).one()
    if not 1 <= wanted.sample_size <= min(len(eligible), MOST_DRAWN):
        raise SampleTooLarge(wanted.sample_size, min(len(eligible), MOST_DRAWN))
    round_id = uuid.uuid4()
    data = {
        "first_day": wanted.first_day.isoformat(),
        "last_day": wanted.last_day.isoformat(),
        "sample_size": wanted.sample_size,
        "rule_id": str(rule.id),
        "eligible_count": len(eligible),
        "eligible_sha256": digest_eligible(eligible),
    }
    change = Change("file_review.announced", "file_review", str(round_id), unit_id, data, {"title": title})
    entry = record_change(session, Actor.person(by.id), change)
    session.flush()
    row = FileReview(
        id=round_id,
        unit_id=unit_id,
        title=title,
        first_day=wanted.first_day,
        last_day=wanted.last_day,
        sample_size=wanted.sample_size,
        rule_id=rule.id,
        eligible=eligible,
        entry_id=entry.id,
        announced_by=by.id,
        announced_at=now,
    )
    session.add(row)
    session.flush()
    return row


def draw_review(session: Session, by: Person, round_id: uuid.UUID, now: datetime) -> FileReviewDraw:
    """By the first checkpoint that covers the announcement: whoever does it, and whenever, the cases are the same.

    Raises NotCoveredYet, AlreadyDrawn, RoleNotAllowed, Unknown, OutsideUnit.
    """
    review = find_review(session, by, round_id, OPENING)
    drawn = draw_of(session, review.id)
    if drawn is not None:
        raise AlreadyDrawn(review.id, drawn.drawn_at)
    seed = seed_of(session, review)
    if seed is None:
        raise NotCoveredYet(review.id)
    cases = draw_cases(seed.root, review.id, map(uuid.UUID, review.eligible), review.sample_size)
    row = FileReviewDraw(
        id=uuid.uuid4(),
        unit_id=review.unit_id,
        round_id=review.id,
        checkpoint_size=seed.size,
        root=seed.root,
        drawn=[str(each) for each in cases],
        drawn_by=by.id,
        drawn_at=now,
    )
    with unique(session, {"uq_file_review_draw_round_id": AlreadyDrawn(review.id, now)}):
        session.add(row)
    data = {
        "draw_id": str(row.id),
        "checkpoint_size": seed.size,
        "root": seed.root.hex(),
        "eligible_count": len(review.eligible),
        "eligible_sha256": digest_eligible(review.eligible),
        "drawn": row.drawn,
    }
    record_review_change(session, by, review.id, review.unit_id, "drawn", data)
    return row


def end_review(session: Session, by: Person, round_id: uuid.UUID, now: datetime) -> FileReview:
    """All drawn cases are scored, and all findings have ended.

    Raises ReviewUnfinished, ReviewEnded, RoleNotAllowed, Unknown, OutsideUnit.
    """
    review = find_review(session, by, round_id, OPENING)
    session.refresh(review, with_for_update=True)
    refuse_ended(review)
    left = left_of(session, review.id)
    if not left.is_drawn or left.unscored or left.going_on:
        raise ReviewUnfinished(review.id, left.is_drawn, left.unscored, left.going_on)
    review.ended_at, review.ended_by = now, by.id
    session.flush()
    record_review_change(session, by, review.id, review.unit_id, "ended")
    return review


def left_of(session: Session, round_id: uuid.UUID) -> Left:
    """Of every drawn case, also of what a class of secrecy keeps from whoever looks: numbers alone."""
    drawn = draw_of(session, round_id)
    scored = set(session.scalars(select(FileReviewScore.case_id).where(FileReviewScore.round_id == round_id)))
    going_on = FileReviewFinding.round_id == round_id, FileReviewFinding.ended_at.is_(None)
    findings = session.scalar(select(func.count()).select_from(FileReviewFinding).where(*going_on)) or 0
    return Left(drawn is not None, 0 if drawn is None else len(set(drawn.cases) - scored), findings)


def find_review(session: Session, by: Person, round_id: uuid.UUID, deed: str) -> FileReview:
    """A round of the person's unit or of one below it. Raises Unknown, OutsideUnit, RoleNotAllowed."""
    review = session.get(FileReview, round_id)
    if review is None:
        raise Unknown("file_review", round_id)
    require_over(session, by, deed, review.unit_id)
    return review


def refuse_ended(review: FileReview) -> None:
    """Raises ReviewEnded."""
    if review.ended_at is not None:
        raise ReviewEnded(review.id, review.ended_at)


def draw_of(session: Session, round_id: uuid.UUID) -> FileReviewDraw | None:
    return session.scalars(select(FileReviewDraw).where(FileReviewDraw.round_id == round_id)).first()


def seed_of(session: Session, review: FileReview) -> LedgerCheckpoint | None:
    """The first checkpoint that covers the round's announcement; None while there is none."""
    announced = select(LedgerSequence.index).where(LedgerSequence.entry_id == review.entry_id)
    return first_checkpoint_over(session, announced.scalar_subquery())


def record_review_change(
    session: Session,
    by: Person,
    round_id: uuid.UUID,
    unit_id: uuid.UUID,
    deed: str,
    data: dict[str, object] | None = None,
    private: dict[str, str] | None = None,
) -> None:
    """The entry of what was done in a round; `unit_id`: of the row that it made or ended."""
    change = Change(f"file_review.{deed}", "file_review", str(round_id), unit_id, data or {}, private or {})
    record_change(session, Actor.person(by.id), change)


def _refuse_period(wanted: Wanted, today: date) -> None:
    problems = {
        "no_such_year": not (is_usable(wanted.first_day) and is_usable(wanted.last_day)),
        "wrong_order": wanted.first_day > wanted.last_day,
        "not_over": wanted.last_day >= today,
    }
    for problem, holds in problems.items():
        if holds:
            raise PeriodUnusable(wanted.first_day, wanted.last_day, problem)
