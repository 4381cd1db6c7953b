"""案卷评查: rounds of reviewing case files, their drawn samples, score sheets, findings and answers."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, Id, Instant, Json, JsonList, Octets, UnitId, one_of
from storage.catalog.rules import RuleVersion

MOST_DRAWN = 1000
"""The entry of a draw names every case, and an entry has at most 65,535 bytes."""
OUTCOMES = ("rectified", "unfounded")
"""How a finding ends: 已整改, 不成立."""


class ScoreSheetRule(RuleVersion):
    """One version of the items that a case file is scored by (评查标准)."""

    __tablename__ = "score_sheet_rule"


class FileReview(Base):
    """评查: a round of reviewing, of cases that were closed or archived from `first_day` to `last_day` (Chinese days).

    `eligible`: the ids of all of them, sorted, as they were when it was announced by `entry_id`.
    """

    __tablename__ = "file_review"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="days"),
        CheckConstraint(
            f"sample_size BETWEEN 1 AND {MOST_DRAWN} AND sample_size <= jsonb_array_length(eligible)",
            name="sample_size",
        ),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    title: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    sample_size: Mapped[int]
    rule_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("score_sheet_rule.id"))
    eligible: Mapped[JsonList]
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
    announced_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    announced_at: Mapped[Instant]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))


class FileReviewDraw(Base):
    """抽取: which cases the checkpoint drew, in the order of their rank (docs/file-review.md)."""

    __tablename__ = "file_review_draw"
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    round_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("file_review.id"), unique=True)
    checkpoint_size: Mapped[int] = mapped_column(BigInteger, ForeignKey("ledger_checkpoint.size"))
    root: Mapped[Octets]
    drawn: Mapped[JsonList]
    drawn_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    drawn_at: Mapped[Instant]

    @property
    def cases(self) -> tuple[uuid.UUID, ...]:
        return tuple(uuid.UUID(each) for each in self.drawn)


class FileReviewScore(Base):
    """评分表: a case's points and notes by item. Never changed; the highest `ordinal` counts, and says why."""

    __tablename__ = "file_review_score"
    __table_args__ = (
        UniqueConstraint("round_id", "case_id", "ordinal"),
        CheckConstraint("ordinal > 0 AND (ordinal = 1) = (reason IS NULL)", name="ordinal"),
        CheckConstraint("total BETWEEN 0 AND 100", name="total"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    round_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("file_review.id"))
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    ordinal: Mapped[int]
    scores: Mapped[Json]
    total: Mapped[int]
    reason: Mapped[str | None]
    scored_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    scored_at: Mapped[Instant]


class FileReviewFinding(Base):
    """问题: what is wrong with a case file, to be put right by the day `due_on`. Ended once, by a reviewer."""

    __tablename__ = "file_review_finding"
    __table_args__ = (
        CheckConstraint(one_of("outcome", *OUTCOMES), name="outcome"),
        CheckConstraint("num_nulls(outcome, ended_at, ended_by, end_note) IN (0, 4)", name="ended"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    round_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("file_review.id"), index=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    item: Mapped[str]
    problem: Mapped[str]
    due_on: Mapped[date]
    found_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    found_at: Mapped[Instant]
    outcome: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    end_note: Mapped[str | None]


class FileReviewAnswer(Base):
    """整改情况: what the unit that handled the case did about a finding. Never changed; another may follow."""

    __tablename__ = "file_review_answer"
    __table_args__ = (
        UniqueConstraint("finding_id", "ordinal"),
        CheckConstraint("ordinal > 0", name="ordinal"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    finding_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("file_review_finding.id"))
    ordinal: Mapped[int]
    answer: Mapped[str]
    answered_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[Instant]
