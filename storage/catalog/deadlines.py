"""Until when something has to be done (期限): terms in versions, and the days off of the years (放假安排)."""

from __future__ import annotations

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, CreatedAt, Id, Octets
from storage.catalog.rules import RuleVersion


class TermRule(RuleVersion):
    """One version of the terms that one jurisdiction rules."""

    __tablename__ = "term_rule"


class CalendarYear(Base):
    """One year's days off as a notice has them, laid over what the installed library says of that year.

    Notices change running years: of several with one `year` the highest `ordinal` counts, and the others stay.
    """

    __tablename__ = "calendar_year"
    __table_args__ = (
        UniqueConstraint("year", "ordinal"),
        CheckConstraint("ordinal > 0", name="ordinal"),
        CheckConstraint("octet_length(source_sha256) = 32", name="source_sha256"),
    )
    id: Mapped[Id]
    year: Mapped[int]
    ordinal: Mapped[int]
    source: Mapped[str]
    source_sha256: Mapped[Octets]
    loaded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    loaded_at: Mapped[CreatedAt]
