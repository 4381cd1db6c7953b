"""Before a penalty (处罚前告知): which notices are owed, what the party was told, what he said, how it was answered.

What of it is missing before a decision is the database's to say: `told_refusals` in migration 0095, docs/notices.md.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, Id, Instant, UnitId, one_of
from storage.catalog.decisions import WITHDRAWN_CHECK
from storage.catalog.rules import RuleVersion

NOTICE_KINDS = ("penalty", "hearing")
"""事先告知, 听证告知."""
REPLY_KINDS = (
    "statement",
    "statement_waived",
    "hearing_requested",
    "hearing_request_withdrawn",
    "hearing_waived",
    "hearing_short_notice_agreed",
)
"""陈述申辩, 放弃陈述申辩, 要求听证, 撤回听证要求, 放弃听证, 同意缩短听证通知时间."""
TAKEN_BACK_BY_TWO = ("statement", "hearing_requested")
"""What one person alone does not make unsaid: that it was entered wrongly, another one says."""
OUTCOMES = ("adopted", "partly_adopted", "not_adopted", "entered_wrongly")
"""采纳, 部分采纳, 不采纳; 经核实确属误登: of what somebody else withdrew, and of nothing else."""


class NoticeRule(RuleVersion):
    """One version of which notices a penalty owes, and which penalties owe a hearing."""

    __tablename__ = "notice_rule"


class NoticeBegan(Base):
    """The moment from which cases owe their notices: written by the migration, and by nobody else."""

    __tablename__ = "notice_began"
    __table_args__ = (CheckConstraint("id = 1", name="once"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    began_at: Mapped[Instant]


class PartyNotice(Base):
    """That a party is told of a draft: by a final document that says what it says, or on the spot by word of mouth.

    `days`: those that the document leaves him for statement and defence; the database's own word.
    """

    __tablename__ = "party_notice"
    __table_args__ = (
        CheckConstraint(one_of("kind", *NOTICE_KINDS), name="kind"),
        CheckConstraint(
            "num_nonnulls(document_id, told_at) = 1 AND num_nonnulls(told_by, told_at, place) IN (0, 3) "
            "AND (kind = 'penalty' OR document_id IS NOT NULL)",
            name="manner",
        ),
        CheckConstraint(WITHDRAWN_CHECK, name="withdrawn"),
        Index("uq_party_notice_standing", "document_id", unique=True, postgresql_where=text("withdrawn_at IS NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id"), index=True)
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision_version.id"))
    kind: Mapped[str]
    document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("document.id"))
    days: Mapped[int | None]
    told_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    told_at: Mapped[datetime | None]
    place: Mapped[str | None]
    stated_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    stated_at: Mapped[Instant]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    withdraw_reason: Mapped[str | None]


class PartyReply(Base):
    """What the party said to a notice, and who heard it; `document_id` or `recording_id` show it."""

    __tablename__ = "party_reply"
    __table_args__ = (
        CheckConstraint(one_of("kind", *REPLY_KINDS), name="kind"),
        CheckConstraint("kind <> 'statement' OR content IS NOT NULL", name="said"),
        CheckConstraint("said_at <= stated_at", name="has_been"),
        CheckConstraint(WITHDRAWN_CHECK, name="withdrawn"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    notice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party_notice.id"), index=True)
    kind: Mapped[str]
    said_at: Mapped[Instant]
    heard_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    content: Mapped[str | None]
    document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("document.id"))
    recording_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("recording.id"))
    stated_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    stated_at: Mapped[Instant]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    withdraw_reason: Mapped[str | None]


class ReplyAnswer(Base):
    """复核: a statement was looked into, and adopted or not, with the reason."""

    __tablename__ = "reply_answer"
    __table_args__ = (
        CheckConstraint(one_of("outcome", *OUTCOMES), name="outcome"),
        CheckConstraint(WITHDRAWN_CHECK, name="withdrawn"),
        Index("uq_reply_answer_standing", "reply_id", unique=True, postgresql_where=text("withdrawn_at IS NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    reply_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party_reply.id"))
    outcome: Mapped[str]
    reason: Mapped[str]
    answered_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[Instant]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    withdraw_reason: Mapped[str | None]
