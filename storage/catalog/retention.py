"""How long recordings are kept, and what keeps them longer."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, CreatedAt, HeldUnitId, Id, UnitId, of_recording


class RetentionClass(Base):
    """保管期限: `keep_months` of null is permanent (永久)."""

    __tablename__ = "retention_class"
    __table_args__ = (CheckConstraint("keep_months IS NULL OR keep_months > 0", name="keep_months"),)
    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    keep_months: Mapped[int | None]


class Hold(Base):
    """保全: on one recording or on a whole case; what is held is never disposed of."""

    __tablename__ = "hold"
    __table_args__ = (
        CheckConstraint("(recording_id IS NULL) <> (case_id IS NULL)", name="one_target"),
        Index("ix_hold_live_recording", "recording_id", postgresql_where=text("released_at IS NULL")),
        Index("ix_hold_live_case", "case_id", postgresql_where=text("released_at IS NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    recording_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("recording.id"))
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case.id"))
    reason: Mapped[str]
    placed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    placed_at: Mapped[CreatedAt]
    released_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    released_at: Mapped[datetime | None]
    release_reason: Mapped[str | None]


class DisposalDue(Base):
    """The housekeeping task's list of what may be appraised (鉴定). A row here removes nothing."""

    __tablename__ = "disposal_due"
    __table_args__ = (of_recording(),)
    recording_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[HeldUnitId]
    due_since: Mapped[date]
    listed_at: Mapped[CreatedAt]
