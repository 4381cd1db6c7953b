"""Units and the people in them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import ARRAY, CheckConstraint, Computed, ForeignKey, Index, UniqueConstraint, Uuid, func, select, text
from sqlalchemy.orm import Mapped, MappedSQLExpression, aliased, column_property, mapped_column

from storage.catalog.base import Base, CreatedAt, Id, Instant, UnitId, one_of, sought_by, sought_index

ROLES = ("officer", "supervisor", "legal_reviewer", "publisher", "auditor", "administrator")
POSTS: Mapping[str, str] = {"chief": "supervisor", "head_of_legal": "legal_reviewer"}
"""职务 and the role that whoever holds one has: 单位负责人, 法制机构负责人."""


class Unit(Base):
    """单位: a bureau, a detachment or a street brigade; the tree is by parent.

    One that was merged (撤并) ended on a day and is below its successor since; `parent_before` was above it till then.
    """

    __tablename__ = "unit"
    __table_args__ = (
        CheckConstraint("parent_id <> id", name="parent"),
        CheckConstraint(
            "num_nonnulls(ended_on, ended_into, end_ground, ended_at) IN (0, 4) "
            "AND (parent_before IS NULL OR ended_on IS NOT NULL) "
            "AND (ended_into IS NULL OR ended_into <> id AND ended_into = parent_id)",
            name="ended",
        ),
        Index("ix_unit_ended_into", "ended_into", postgresql_where=text("ended_into IS NOT NULL")),
    )
    id: Mapped[Id]
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("unit.id"))
    name: Mapped[str]
    code: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[CreatedAt]
    ended_on: Mapped[date | None]
    ended_into: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("unit.id"))
    parent_before: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("unit.id"))
    end_ground: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    # The name of `ended_into`: wherever a merged unit is named, so is its successor.
    successor_name: ClassVar[MappedSQLExpression[str | None]]


_SUCCESSOR = aliased(Unit)
Unit.successor_name = column_property(
    select(_SUCCESSOR.name).where(_SUCCESSOR.id == Unit.ended_into).correlate_except(_SUCCESSOR).scalar_subquery()
)


class Person(Base):
    """人员: somebody who signs in, or a program that acts under one role."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint(one_of("role", *ROLES), name="role"),
        UniqueConstraint("unit_id", "badge_number"),
        sought_index("person"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId] = mapped_column()
    # Units that were merged into the person's: casework/units.py says what follows from it.
    carries: Mapped[list[uuid.UUID]] = column_property(func.units_carried_by(unit_id, type_=ARRAY(Uuid())))
    name: Mapped[str]
    sign_in_name: Mapped[str] = mapped_column(unique=True)
    badge_number: Mapped[str | None]
    role: Mapped[str]
    # The application may write it and not read it (migration 0051): no row loads it.
    password_hash: Mapped[str | None] = mapped_column(deferred=True)
    can_sign_in: Mapped[bool] = mapped_column(Computed("password_hash IS NOT NULL", persisted=True), nullable=False)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[CreatedAt]
    sought: Mapped[str] = sought_by("sought_text(name, badge_number)")


class PersonPost(Base):
    """任职: somebody holds a post of his unit from when he was named to it; ended, never deleted."""

    __tablename__ = "person_post"
    __table_args__ = (
        CheckConstraint(one_of("post", *POSTS), name="post"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended"),
        Index("uq_person_post_live", "person_id", "post", unique=True, postgresql_where=text("ended_at IS NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    post: Mapped[str]
    named_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    named_at: Mapped[Instant]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
