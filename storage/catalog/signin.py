"""How a person or a program proves who it is. Only hashes of secrets are kept, and the key of who is entered."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, CreatedAt, Id, Instant, Octets, UnitId


class SignInSession(Base):
    """A browser's session: the cookie's SHA-256, and the secret its forms carry against forgery."""

    __tablename__ = "sign_in_session"
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    token_hash: Mapped[Octets] = mapped_column(unique=True)
    csrf_token: Mapped[str]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Instant]
    ended_at: Mapped[datetime | None]


class ApiToken(Base):
    """A program's bearer token, by its SHA-256."""

    __tablename__ = "api_token"
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    token_hash: Mapped[Octets] = mapped_column(unique=True)
    label: Mapped[str]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class OneTimeCode(Base):
    """A code that works once: the first administrator's sign-in on an empty archive."""

    __tablename__ = "one_time_code"
    id: Mapped[Id]
    code_hash: Mapped[Octets] = mapped_column(unique=True)
    purpose: Mapped[str]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Instant]
    used_at: Mapped[datetime | None]


class EnteringKey(Base):
    """What seals who a transaction is of, made by the migration: no role of ours reads or writes it."""

    __tablename__ = "entering_key"
    __table_args__ = (CheckConstraint("id = 1", name="once"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    inner_key: Mapped[Octets]
    outer_key: Mapped[Octets]


class SignInFailure(Base):
    """A failed sign-in, counted by name and by address so that guessing is slowed down."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (
        Index("ix_sign_in_failure_name", "sign_in_name", "failed_at"),
        Index("ix_sign_in_failure_address", "address", "failed_at"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    sign_in_name: Mapped[str]
    address: Mapped[str]
    failed_at: Mapped[CreatedAt]
