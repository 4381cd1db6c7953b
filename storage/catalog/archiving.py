"""Archived cases (归档): their class of secrecy (密级), how long they are kept by which rules, and their catalogues."""

from __future__ import annotations

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, Id, Instant, JsonList, Octets, TransactionId, UnitId, one_of
from storage.catalog.rules import RuleVersion

SECRECY_CLASSES = ("ordinary", "privacy", "business_secret", "state_secret")
"""一般, 个人隐私, 商业秘密, 国家秘密: the least strict first. Whom each lets in: casework/permission.py."""


class RetentionRule(RuleVersion):
    """One version of which cases and acts are kept for how long (保管期限规则)."""

    __tablename__ = "retention_rule"


class CaseSecrecy(Base):
    """密级: what somebody said a case's class is. Never changed; the highest `ordinal` counts, and none is ordinary."""

    __tablename__ = "case_secrecy"
    __table_args__ = (
        UniqueConstraint("case_id", "ordinal"),
        CheckConstraint("ordinal > 0", name="ordinal"),
        CheckConstraint(one_of("secrecy_class", *SECRECY_CLASSES), name="secrecy_class"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    ordinal: Mapped[int]
    secrecy_class: Mapped[str]
    reason: Mapped[str | None]
    stated_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    stated_at: Mapped[Instant]


class CaseArchive(Base):
    """归档: a closed case was archived, once. `rules` are the versions that said how long it is kept at least.

    `skipped_reason`: why the case never came to some of its stages, where it was closed before them.
    """

    __tablename__ = "case_archive"
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), unique=True)
    secrecy_class: Mapped[str]
    retention_class: Mapped[str] = mapped_column(ForeignKey("retention_class.code"))
    rules: Mapped[JsonList]
    skipped_reason: Mapped[str | None]
    archived_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    archived_at: Mapped[Instant]


class CaseCatalogue(Base):
    """卷内目录: what an archived case holds, as bytes that stay (docs/formats/catalogue.md).

    Version 1 is made at archiving, each later one by a supplement (补充归档), with its reason. `transaction_id` is the
    database's own word: recordings are put into an archived case in no other transaction than that of a supplement.
    """

    __tablename__ = "case_catalogue"
    __table_args__ = (
        UniqueConstraint("case_id", "version"),
        CheckConstraint("version > 0 AND (version = 1) = (reason IS NULL)", name="version"),
        CheckConstraint("sha256 = sha256(content)", name="sha256"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    version: Mapped[int]
    content: Mapped[Octets]
    sha256: Mapped[Octets]
    reason: Mapped[str | None]
    made_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[Instant]
    transaction_id: Mapped[int] = mapped_column(TransactionId, server_default=text("pg_current_xact_id()"))
