"""Units and the people in them."""

from __future__ import annotations

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, CreatedAt, Id, UnitId, one_of

ROLES = ("officer", "supervisor", "legal_reviewer", "publisher", "auditor", "administrator")


class Unit(Base):
    """单位: a bureau, a detachment or a street brigade; the tree is by parent."""

    __tablename__ = "unit"
    id: Mapped[Id]
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("unit.id"))
    name: Mapped[str]
    code: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[CreatedAt]


class Person(Base):
    """人员: somebody who signs in, or a program that acts under one role."""

    __tablename__ = "person"
    __table_args__ = (CheckConstraint(one_of("role", *ROLES), name="role"), UniqueConstraint("unit_id", "badge_number"))
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    name: Mapped[str]
    sign_in_name: Mapped[str] = mapped_column(unique=True)
    badge_number: Mapped[str | None]
    role: Mapped[str]
    password_hash: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[CreatedAt]
