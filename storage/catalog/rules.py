"""Versions of rules, whatever they rule: the columns that all their tables have."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem

from storage.catalog.base import Base, CreatedAt, Id, Json, Octets


class RuleVersion(Base):
    """One version of what one jurisdiction rules, on the days of `valid`, the end not included.

    `unit_id` null: of every unit; else of that unit and those below it. `source` is the YAML as it was loaded, `rules`
    what was read of it. Versions of one jurisdiction and unit never overlap; one that was loaded only ever gets an end.
    """

    __abstract__ = True

    @declared_attr.directive
    def __table_args__(cls) -> tuple[SchemaItem, ...]:  # noqa: N805  a class's own
        return (
            UniqueConstraint("jurisdiction", "unit_id", "version", postgresql_nulls_not_distinct=True),
            CheckConstraint("version > 0", name="version"),
            CheckConstraint("lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)", name="valid"),
            CheckConstraint("octet_length(source_sha256) = 32", name="source_sha256"),
        )

    id: Mapped[Id]
    unit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("unit.id"))
    jurisdiction: Mapped[str]
    version: Mapped[int]
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    title_zh: Mapped[str]
    title_en: Mapped[str]
    rules: Mapped[Json]
    source: Mapped[str]
    source_sha256: Mapped[Octets]
    loaded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    loaded_at: Mapped[CreatedAt]
    in_force_at: Mapped[datetime | None]

    @property
    def valid_from(self) -> date:
        assert self.valid.lower is not None
        return self.valid.lower

    @property
    def last_day(self) -> date | None:
        """The last day on which it holds; None while no end is known."""
        return None if self.valid.upper is None else self.valid.upper - timedelta(days=1)

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.last_day is None or day <= self.last_day)
