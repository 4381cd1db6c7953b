"""What officers do in a case (执法行为), which recordings that needs (音像记录事项清单), and why some are missing."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, Id, Instant, JsonList, UnitId, one_of, sought_by, sought_index
from storage.catalog.rules import RuleVersion


class RecordingChecklist(RuleVersion):
    """One version of which acts need which recordings."""

    __tablename__ = "recording_checklist"


class CaseAct(Base):
    """执法行为: something that officers did in a case. What is said of it stands in its statements, the latest counts.

    Withdrawn, never deleted, where it did not take place.
    """

    __tablename__ = "case_act"
    __table_args__ = (
        CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)",
            name="withdrawn",
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    added_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[Instant]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    withdraw_reason: Mapped[str | None]


class CaseActStatement(Base):
    """What was said of an act: its kind, from when to when (no end: it is under way), where, by which officers.

    Never changed: a correction is another one, with its reason. `checklists` are the versions that held on the day it
    began, by which it is judged for good.
    """

    __tablename__ = "case_act_statement"
    __table_args__ = (
        UniqueConstraint("act_id", "ordinal"),
        CheckConstraint("ordinal > 0", name="ordinal"),
        CheckConstraint(
            "lower_inc(span) AND NOT lower_inf(span) AND NOT upper_inc(span) AND NOT isempty(span)", name="span"
        ),
        CheckConstraint("second_officer_id IS DISTINCT FROM officer_id", name="two_officers"),
        CheckConstraint("jsonb_typeof(checklists) = 'array' AND checklists <> '[]'", name="checklists"),
        Index("ix_case_act_statement_span", "unit_id", "span", postgresql_using="gist"),
        sought_index("case_act_statement"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    act_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_act.id"))
    ordinal: Mapped[int]
    kind: Mapped[str]
    span: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    place: Mapped[str | None]
    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    second_officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    checklists: Mapped[JsonList]
    reason: Mapped[str | None]
    stated_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    stated_at: Mapped[Instant]
    sought: Mapped[str] = sought_by("sought_text(place)")

    @property
    def starts_at(self) -> datetime:
        assert self.span.lower is not None
        return self.span.lower

    @property
    def ends_at(self) -> datetime | None:
        """None: under way."""
        return self.span.upper

    @property
    def officers(self) -> tuple[uuid.UUID, ...]:
        return tuple(each for each in (self.officer_id, self.second_officer_id) if each is not None)


class ActExplanation(Base):
    """Why minutes of an act were not recorded, by a named officer; confirmed or refused by somebody else, who did not
    take part in it. What was decided stays, also of one that is withdrawn afterwards."""

    __tablename__ = "act_explanation"
    __table_args__ = (
        CheckConstraint(
            "lower_inc(span) AND NOT lower_inf(span) AND NOT upper_inc(span) AND NOT upper_inf(span) "
            "AND NOT isempty(span)",
            name="span",
        ),
        CheckConstraint("decided_by IS DISTINCT FROM given_by", name="decided_by_somebody_else"),
        CheckConstraint(one_of("decision", "confirmed", "refused"), name="decision"),
        CheckConstraint(
            "(decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL) "
            "AND (decision_reason IS NULL OR decision IS NOT NULL)",
            name="decided",
        ),
        CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)",
            name="withdrawn",
        ),
        Index(
            "ix_act_explanation_pending",
            "unit_id",
            postgresql_where=text("decision IS NULL AND withdrawn_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    act_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_act.id"), index=True)
    span: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    reason: Mapped[str]
    given_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    given_at: Mapped[Instant]
    decision: Mapped[str | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    withdraw_reason: Mapped[str | None]

    @property
    def state(self) -> str:
        """pending, confirmed, refused or withdrawn."""
        return "withdrawn" if self.withdrawn_at is not None else self.decision or "pending"
