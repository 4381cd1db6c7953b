"""Requests, grants, and what was really shown or copied under them."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import (
    Base,
    CreatedAt,
    HeldUnitId,
    Id,
    Instant,
    JsonList,
    Octets,
    Size,
    UnitId,
    of_case,
    of_recording,
    one_of,
)
from storage.catalog.organisation import POSTS
from storage.catalog.rules import RuleVersion

ACCESS_KINDS = ("view", "copy")
OUTSIDERS = ("organ", "lawyer", "party")
"""其他机关, 律师, 当事人: they have no account; somebody of the unit asks for them."""
ASKERS = ("handler", "staff", *OUTSIDERS)
NOBODY = "none"
APPROVALS = (NOBODY, *POSTS)
"""The post whose holder has to say yes, or none: the rule itself grants."""
PAPERS = ("letter", "identity")
PAPER_TYPES = ("application/pdf", "image/jpeg", "image/png")


class RetrievalRule(RuleVersion):
    """One version of who may see or copy footage, with whose approval and which papers (调阅规则)."""

    __tablename__ = "retrieval_rule"


class AccessRequest(Base):
    """调阅申请: who wants to see or copy which case's footage, and what for.

    `approval`, `needs` and `longest_hours` are what the rule `rule_id` asked for on its day; of requests that are older
    than rules they are null. `unredacted`: the originals are asked for, too. `visitor_name`, `visitor_document` (of his
    identity) and `body_name`: of an outsider.
    """

    __tablename__ = "access_request"
    __table_args__ = (
        of_case(),
        CheckConstraint(one_of("kind", *ACCESS_KINDS), name="kind"),
        CheckConstraint(one_of("who", *ASKERS), name="who"),
        CheckConstraint(one_of("approval", *APPROVALS), name="approval"),
        CheckConstraint("approval IS DISTINCT FROM 'none' OR who = 'handler' AND kind = 'view'", name="by_rule"),
        CheckConstraint(
            f"({one_of('who', *OUTSIDERS)}) = (visitor_name IS NOT NULL)"
            " AND (visitor_name IS NULL) = (visitor_document IS NULL)"
            " AND (body_name IS NULL OR visitor_name IS NOT NULL)",
            name="visitor",
        ),
        CheckConstraint(one_of("state", "pending", "approved", "refused"), name="state"),
        CheckConstraint("decided_by IS DISTINCT FROM person_id", name="decided_by_somebody_else"),
        CheckConstraint("unredacted = (unredacted_reason IS NOT NULL)", name="unredacted"),
        CheckConstraint("NOT unredacted OR kind = 'copy'", name="unredacted_copy"),
        Index("ix_access_request_listing", "unit_id", "asked_at", "id"),
    )
    id: Mapped[Id]
    unit_id: Mapped[HeldUnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str]
    purpose: Mapped[str]
    state: Mapped[str] = mapped_column(default="pending")
    asked_at: Mapped[CreatedAt]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]
    who: Mapped[str] = mapped_column(server_default=text("'staff'"))
    approval: Mapped[str | None]
    needs: Mapped[JsonList] = mapped_column(server_default=text("'[]'"))
    longest_hours: Mapped[int | None]
    rule_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("retrieval_rule.id"))
    body_name: Mapped[str | None]
    visitor_name: Mapped[str | None]
    visitor_document: Mapped[str | None]
    unredacted: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    unredacted_reason: Mapped[str | None]


class RequestAttachment(Base):
    """附件: a letter or an identity document that an outsider handed in, sealed as footage is, and never replaced."""

    __tablename__ = "request_attachment"
    __table_args__ = (
        CheckConstraint(one_of("kind", *PAPERS), name="kind"),
        CheckConstraint(one_of("media_type", *PAPER_TYPES), name="media_type"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("access_request.id"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[Size]
    sha256: Mapped[Octets]
    object_name: Mapped[str] = mapped_column(unique=True)
    ciphertext_size_bytes: Mapped[Size]
    ciphertext_sha256: Mapped[Octets]
    kek_id: Mapped[str]
    wrapped_data_key: Mapped[Octets]
    filed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    filed_at: Mapped[Instant]


class Grant(Base):
    """授权: made by approving a request, or by the rule itself (`approved_by` null); ends by time or by revocation.
    Nobody approves his own. `unredacted`: whoever approved let the originals go, too, and said why."""

    __tablename__ = "access_grant"
    __table_args__ = (
        CheckConstraint(one_of("kind", *ACCESS_KINDS), name="kind"),
        CheckConstraint("approved_by <> person_id", name="approved_by_somebody_else"),
        CheckConstraint("expires_at > granted_at", name="expires_after_granted"),
        CheckConstraint("unredacted = (consent_reason IS NOT NULL)", name="consent"),
        Index("ix_access_grant_person", "person_id", "case_id"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("access_request.id"), unique=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str]
    approved_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    granted_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    unredacted: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    consent_reason: Mapped[str | None]


class PlaybackWindow(Base):
    """A span of bytes opened to one person under one grant; its entry was committed before the first byte.

    `sent_bytes` is what really left, summed up in an entry of its own once the window has expired.
    """

    __tablename__ = "playback_window"
    __table_args__ = (
        of_recording(),
        Index("ix_playback_window_lookup", "person_id", "recording_id", "object_name", "expires_at"),
        Index("ix_playback_window_open", "expires_at", postgresql_where=text("summed_up_at IS NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[HeldUnitId]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("access_grant.id"), index=True)
    recording_id: Mapped[uuid.UUID] = mapped_column(index=True)
    object_name: Mapped[str]
    first_byte: Mapped[Size]
    last_byte: Mapped[Size]
    opened_at: Mapped[CreatedAt]
    expires_at: Mapped[Instant]
    sent_bytes: Mapped[Size] = mapped_column(default=0)
    summed_up_at: Mapped[datetime | None]


class Export(Base):
    """A package made under a grant to copy: which case, for whom, and the digest of its package statement.

    `started_at`, the database's own word, is when its contents were settled.
    """

    __tablename__ = "export"
    __table_args__ = (of_case(),)
    id: Mapped[Id]
    unit_id: Mapped[HeldUnitId]
    case_id: Mapped[uuid.UUID]
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("access_grant.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    statement_sha256: Mapped[Octets | None]
    started_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]


VIEWING_OUTCOMES = ("proper", "questioned")


class ViewingReview(Base):
    """复核: what an auditor says of a viewing, one recording under one grant, once."""

    __tablename__ = "viewing_review"
    __table_args__ = (
        UniqueConstraint("grant_id", "recording_id"),
        CheckConstraint(one_of("outcome", *VIEWING_OUTCOMES), name="outcome"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("access_grant.id"))
    recording_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recording.id"))
    outcome: Mapped[str]
    note: Mapped[str]
    reviewed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    reviewed_at: Mapped[Instant]
