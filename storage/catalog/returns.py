"""定期报送: which returns units owe, what was drawn up of them, and how each was sent."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, Id, Instant, Json, Octets, UnitId
from storage.catalog.rules import RuleVersion


class ReturnRule(RuleVersion):
    """One version of which returns are owed, to whom and by when (报表制度)."""

    __tablename__ = "return_rule"


class UnitReturn(Base):
    """报表: a version of a unit's return for one period, as its figures were at a checkpoint; never changed.

    `ordinal` 1 is the first; a later one says why (`reason`). It is checked by somebody else than who drew it up, or
    set aside; what was sent is neither any more.
    """

    __tablename__ = "unit_return"
    __table_args__ = (
        UniqueConstraint("unit_id", "code", "period", "ordinal"),
        CheckConstraint("ordinal > 0 AND (ordinal = 1) = (reason IS NULL)", name="ordinal"),
        CheckConstraint("first_day <= last_day", name="days"),
        CheckConstraint("(checked_at IS NULL) = (checked_by IS NULL)", name="checked"),
        CheckConstraint("checked_by <> drawn_up_by", name="four_eyes"),
        CheckConstraint("num_nulls(set_aside_at, set_aside_by, set_aside_reason) IN (0, 3)", name="set_aside"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    rule_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("return_rule.id"))
    code: Mapped[str]
    period: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    ordinal: Mapped[int]
    reason: Mapped[str | None]
    checkpoint_size: Mapped[int] = mapped_column(BigInteger, ForeignKey("ledger_checkpoint.size"))
    root: Mapped[Octets]
    figures: Mapped[Json]
    drawn_up_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    drawn_up_at: Mapped[Instant]
    checked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    checked_at: Mapped[datetime | None]
    set_aside_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    set_aside_at: Mapped[datetime | None]
    set_aside_reason: Mapped[str | None]


class ReturnSending(Base):
    """报送: a return was sent to one recipient, on a (Chinese) day; `proof`: by which way and under which number."""

    __tablename__ = "return_sending"
    __table_args__ = (UniqueConstraint("return_id", "recipient"),)
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    return_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("unit_return.id"))
    recipient: Mapped[str]
    sent_on: Mapped[date]
    proof: Mapped[str]
    sent_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    sent_at: Mapped[Instant]


class ReturnReceipt(Base):
    """回执: a picture or a PDF that shows that a return arrived."""

    __tablename__ = "return_receipt"
    __table_args__ = (CheckConstraint("sha256 = sha256(content)", name="sha256"),)
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    sending_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("return_sending.id"), index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    content: Mapped[Octets] = mapped_column(deferred=True)
    sha256: Mapped[Octets]
    filed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    filed_at: Mapped[Instant]
