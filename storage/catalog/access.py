"""Requests, grants, and what was really shown or copied under them."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, CreatedAt, Id, Instant, Octets, Size, UnitId, one_of

ACCESS_KINDS = ("view", "copy")


class AccessRequest(Base):
    """调阅申请: who wants to see or copy which case's footage, and what for."""

    __tablename__ = "access_request"
    __table_args__ = (
        CheckConstraint(one_of("kind", *ACCESS_KINDS), name="kind"),
        CheckConstraint(one_of("state", "pending", "approved", "refused"), name="state"),
        CheckConstraint("decided_by IS DISTINCT FROM person_id", name="decided_by_somebody_else"),
        Index("ix_access_request_listing", "unit_id", "asked_at", "id"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str]
    purpose: Mapped[str]
    state: Mapped[str] = mapped_column(default="pending")
    asked_at: Mapped[CreatedAt]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]


class Grant(Base):
    """授权: made by approving a request; ends by time or by revocation. Nobody approves his own."""

    __tablename__ = "access_grant"
    __table_args__ = (
        CheckConstraint(one_of("kind", *ACCESS_KINDS), name="kind"),
        CheckConstraint("approved_by <> person_id", name="approved_by_somebody_else"),
        CheckConstraint("expires_at > granted_at", name="expires_after_granted"),
        Index("ix_access_grant_person", "person_id", "case_id"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("access_request.id"), unique=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str]
    approved_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    granted_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))


class PlaybackWindow(Base):
    """A span of bytes opened to one person under one grant; its entry was committed before the first byte.

    `sent_bytes` is what really left, summed up in an entry of its own once the window has expired.
    """

    __tablename__ = "playback_window"
    __table_args__ = (
        Index("ix_playback_window_lookup", "person_id", "recording_id", "object_name", "expires_at"),
        Index("ix_playback_window_open", "expires_at", postgresql_where=text("summed_up_at IS NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("access_grant.id"), index=True)
    recording_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recording.id"), index=True)
    object_name: Mapped[str]
    first_byte: Mapped[Size]
    last_byte: Mapped[Size]
    opened_at: Mapped[CreatedAt]
    expires_at: Mapped[Instant]
    sent_bytes: Mapped[Size] = mapped_column(default=0)
    summed_up_at: Mapped[datetime | None]


class Export(Base):
    """A package made under a grant to copy: which case, for whom, and the digest of its package statement."""

    __tablename__ = "export"
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("access_grant.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    statement_sha256: Mapped[Octets | None]
    started_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]
