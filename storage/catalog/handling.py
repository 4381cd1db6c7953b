"""Who handles a case (承办人员), that he showed who he is (出示执法证件), and what he told of it (告知)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, Id, Instant, UnitId


class CaseOfficer(Base):
    """承办人员: an officer of a case, from when he was named; ended, never deleted, when another takes over."""

    __tablename__ = "case_officer"
    __table_args__ = (
        CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (end_reason IS NULL)", name="ended"
        ),
        Index("uq_case_officer_live", "case_id", "person_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    named_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    named_at: Mapped[Instant]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    end_reason: Mapped[str | None]


class IdentityShown(Base):
    """出示执法证件: an officer showed his certificate, to whom the case concerns, at a time; in an act, where named."""

    __tablename__ = "identity_shown"
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    act_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_act.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    shown_at: Mapped[Instant]
    stated_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    stated_at: Mapped[Instant]


class NoticeGiven(Base):
    """告知: an officer told whom the case concerns the reasons, the legal grounds, and the rights and duties, by a
    document where one is named; in an act, where named."""

    __tablename__ = "notice_given"
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    act_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_act.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    given_at: Mapped[Instant]
    document_number: Mapped[str | None]
    stated_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    stated_at: Mapped[Instant]
