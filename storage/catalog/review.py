"""The legal review (法制审核) of decisions: who submitted what, who may review, and the opinion that was signed."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, Id, Instant, Json, Octets, UnitId, one_of
from storage.catalog.decisions import WITHDRAWN_CHECK

QUESTIONS = ("authority", "procedure", "facts", "law", "powers", "documents", "crime")
"""主体与人员资格; 程序; 事实与证据; 法律适用与裁量基准; 权限; 文书; 是否涉嫌犯罪 (三（三）3)."""
ANSWERS = ("yes", "no", "not_applicable")
OPINIONS = ("agreed", "problems")
GROUNDS = ("legal_profession", "reviewed_before")
"""法律职业资格; or that somebody had reviewed before it was asked for: 初次从事 alone need the former."""


class DecisionSubmission(Base):
    """送审: a version is handed to the reviewers, and its material attested to be true, accurate and complete."""

    __tablename__ = "decision_submission"
    __table_args__ = (
        CheckConstraint(WITHDRAWN_CHECK, name="withdrawn"),
        Index(
            "uq_decision_submission_standing", "version_id", unique=True, postgresql_where=text("withdrawn_at IS NULL")
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id"))
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision_version.id"))
    attests_truth: Mapped[bool]
    attests_accuracy: Mapped[bool]
    attests_completeness: Mapped[bool]
    submitted_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    submitted_at: Mapped[Instant]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    withdraw_reason: Mapped[str | None]


class ReviewerQualification(Base):
    """What lets somebody review on the days of `valid`, the end not included; voided where it was entered wrongly."""

    __tablename__ = "reviewer_qualification"
    __table_args__ = (
        CheckConstraint(one_of("ground", *GROUNDS), name="ground"),
        CheckConstraint("lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)", name="valid"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    ground: Mapped[str]
    number: Mapped[str]
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    added_at: Mapped[Instant]
    voided_at: Mapped[datetime | None]

    @property
    def valid_from(self) -> date:
        assert self.valid.lower is not None
        return self.valid.lower

    @property
    def last_day(self) -> date | None:
        return None if self.valid.upper is None else self.valid.upper - timedelta(days=1)


class DecisionReview(Base):
    """法制审核意见: an answer with references to each of the seven questions, an opinion, and the archive's signature.

    `envelope` is the signed statement (docs/formats/review.md). `ordinal` counts the opinions on one version.
    """

    __tablename__ = "decision_review"
    __table_args__ = (
        UniqueConstraint("version_id", "ordinal"),
        CheckConstraint("ordinal > 0", name="ordinal"),
        CheckConstraint(one_of("opinion", *OPINIONS), name="opinion"),
        CheckConstraint(WITHDRAWN_CHECK, name="withdrawn"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id"))
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision_version.id"))
    submission_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision_submission.id"))
    ordinal: Mapped[int]
    opinion: Mapped[str]
    answers: Mapped[Json]
    statement: Mapped[str]
    reviewer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    reviewed_at: Mapped[Instant]
    envelope: Mapped[Octets]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    withdraw_reason: Mapped[str | None]
