"""舆情应对: dossiers of what may be said of a case."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, Id, Instant, Octets, UnitId


class Dossier(Base):
    """舆情应对材料: what could be said of a case when it was made, in answer to `question`; never changed.

    `content` is JSON, already masked (docs/dossiers.md); `contact_way`: how whoever answers outside is reached.
    `ordinal` counts those of a case. Handed on once somebody else has looked at it (`checked_by`).
    """

    __tablename__ = "dossier"
    __table_args__ = (
        UniqueConstraint("case_id", "ordinal"),
        CheckConstraint("ordinal > 0", name="ordinal"),
        CheckConstraint("sha256 = sha256(content)", name="sha256"),
        CheckConstraint("(checked_at IS NULL) = (checked_by IS NULL)", name="checked"),
        CheckConstraint("checked_by <> made_by", name="checked_by_another"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    ordinal: Mapped[int]
    question: Mapped[str]
    reason: Mapped[str]
    contact_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    contact_way: Mapped[str]
    content: Mapped[Octets]
    sha256: Mapped[Octets]
    made_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[Instant]
    checked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    checked_at: Mapped[datetime | None]
