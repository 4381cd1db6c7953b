"""Cases, their stages, who worked on them when, and which recordings belong to them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import (
    Base,
    CreatedAt,
    HeldUnitId,
    Id,
    Instant,
    JsonList,
    UnitId,
    of_recording,
    one_of,
    sought_by,
    sought_index,
)
from storage.catalog.recordings import PLACE_CHECK

CASE_KINDS = ("inspection", "coercion", "penalty")
UNSTATED = "unstated"
PROCEDURES: Mapping[str, tuple[str, ...]] = {
    "inspection": ("routine_check", "random_check"),
    "coercion": ("coercive_measure",),
    "penalty": ("simple_penalty", "ordinary_penalty", "hearing_penalty"),
}
"""日常检查, 双随机; 行政强制; 简易, 普通, 听证. UNSTATED: of a case that was opened before anybody was asked."""
KIND_OF: Mapping[str, str] = {each: kind for kind, of in PROCEDURES.items() for each in of}
STAGES = ("initiation", "investigation", "hearing", "decision", "execution")
"""启动, 调查取证, (听证), 审核决定, 送达执行: which of them a procedure has, casework/stage_machines.py says."""
_PROCEDURE_OF_KIND = " OR ".join(
    ("procedure = 'unstated'", *(f"kind = {kind!r} AND {one_of('procedure', *of)}" for kind, of in PROCEDURES.items()))
)


class Case(Base):
    """案件. The row's `stage` is where it stands; its history is in `case_stage`."""

    __tablename__ = "case"
    __table_args__ = (
        UniqueConstraint("unit_id", "number"),
        UniqueConstraint("id", "unit_id"),
        CheckConstraint(one_of("kind", *CASE_KINDS), name="kind"),
        CheckConstraint(_PROCEDURE_OF_KIND, name="procedure"),
        CheckConstraint(one_of("stage", *STAGES), name="stage"),
        Index("ix_case_listing", "unit_id", "opened_at", "id"),
        Index("ix_case_open", "unit_id", "stage", "opened_at", postgresql_where=text("closed_at IS NULL")),
        sought_index("case"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    number: Mapped[str]
    title: Mapped[str]
    kind: Mapped[str]
    procedure: Mapped[str] = mapped_column(server_default=text("'unstated'"))
    stage: Mapped[str] = mapped_column(default="initiation")
    opened_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[CreatedAt]
    closed_at: Mapped[datetime | None]
    sought: Mapped[str] = sought_by("sought_text(number, title)")


class CaseStage(Base):
    """环节: a stage that a case entered, from which one, when and by whom; with a reason where it was led back."""

    __tablename__ = "case_stage"
    __table_args__ = (
        CheckConstraint(one_of("stage", *STAGES), name="stage"),
        CheckConstraint("(ordinal = 1) = (from_stage IS NULL) AND ordinal > 0", name="first"),
        UniqueConstraint("case_id", "ordinal"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    ordinal: Mapped[int]
    from_stage: Mapped[str | None]
    stage: Mapped[str]
    reason: Mapped[str | None]
    entered_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    entered_at: Mapped[Instant]


class CaseAssignment(Base):
    """Which officer and which device were at work on a case, when, and, if anybody said so, where (WGS 84 degrees).

    Withdrawn, never changed, where it was entered wrongly; `replaced_by` is the one that was entered in its place,
    `withdrawn_by` nobody where it was the operator at the machine.
    """

    __tablename__ = "case_assignment"
    __table_args__ = (
        CheckConstraint("officer IS NOT NULL OR device IS NOT NULL", name="officer_or_device"),
        CheckConstraint(PLACE_CHECK, name="place"),
        CheckConstraint(
            "(withdrawn_at IS NULL) = (withdraw_reason IS NULL) AND (withdrawn_by IS NULL OR withdrawn_at IS NOT NULL)",
            name="withdrawn",
        ),
        CheckConstraint("replaced_by IS NULL OR (withdrawn_at IS NOT NULL AND replaced_by <> id)", name="replaced"),
        UniqueConstraint("replaced_by"),
        Index("ix_case_assignment_span", "span", postgresql_using="gist"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    officer: Mapped[str | None]
    device: Mapped[str | None]
    stage: Mapped[str]
    span: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    withdraw_reason: Mapped[str | None]
    replaced_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_assignment.id"))


class CaseLink(Base):
    """A recording's place in a case. Ended, never deleted, when it turns out wrong.

    Of a link that the linker made, `score` and `reasons` say why: docs/linking.md.
    """

    __tablename__ = "case_link"
    __table_args__ = (
        of_recording(),
        CheckConstraint(one_of("made_by", "person", "window"), name="made_by"),
        CheckConstraint("(score IS NULL) = (reasons IS NULL)", name="scored"),
        Index("uq_case_link_live", "case_id", "recording_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[HeldUnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    recording_id: Mapped[uuid.UUID] = mapped_column(index=True)
    stage: Mapped[str]
    made_by: Mapped[str]
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str]
    score: Mapped[int | None]
    reasons: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    end_reason: Mapped[str | None]


class LinkQuestion(Base):
    """No single case is clear for a recording: somebody is asked, nothing is guessed.

    Answered by nobody (`answered_at` without `answered_by`): the linker withdrew it, because new facts had come.
    `reason` is what whoever answered it gave, if anything: the entry commits to it.
    """

    __tablename__ = "link_question"
    __table_args__ = (
        of_recording(),
        Index("uq_link_question_open", "recording_id", unique=True, postgresql_where=text("answered_at IS NULL")),
        CheckConstraint("reason IS NULL OR answered_by IS NOT NULL", name="reason"),
    )
    id: Mapped[Id]
    unit_id: Mapped[HeldUnitId]
    recording_id: Mapped[uuid.UUID]
    candidates: Mapped[JsonList]
    created_at: Mapped[CreatedAt]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    chosen_case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case.id"))
    reason: Mapped[str | None]


class LinkingDone(Base):
    """The linker has looked at this recording: what is absent here is still due."""

    __tablename__ = "linking_done"
    __table_args__ = (
        of_recording(),
        Index("ix_linking_done_again", "recording_id", postgresql_where=text("outcome = 'again'")),
    )
    recording_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[HeldUnitId]
    outcome: Mapped[str]
    looked_at: Mapped[CreatedAt]
