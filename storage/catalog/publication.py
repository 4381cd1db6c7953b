"""What is published of enforcement (执法公示): by which rules, by whom, in which words, on which channels.

Whether something may be published is the database's to say: migration 0040, docs/publication.md.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, FetchedValue, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, Id, Instant, JsonList, Octets, UnitId, one_of, sought_by, sought_index
from storage.catalog.decisions import PARTY_KINDS
from storage.catalog.rules import RuleVersion

PUBLICATION_KINDS = ("penalty", "inspection")
DUTIES = ("collect", "transmit", "review", "publish")
"""采集, 传递, 审核, 发布: who does what of publishing in a unit."""
STEPS = ("transmitted", "passed", "returned", "published", "withheld", "taken_down")
TAKEN_DOWN_BECAUSE = ("revoked", "unlawful", "remade", "inaccurate", "privacy")
"""被依法撤销, 确认违法, 要求重新作出; and what is no fault of the decision: 内容有误, 涉及不应公开的信息."""
FOR_GOOD = ("revoked", "unlawful", "remade")
PUSH_PROBLEMS = ("gate", "unreachable", "untrusted", "no_answer", "too_long", "no_receipt", "status")
"""Why a message did not go, or was not taken: the gate is shut; no connection, a certificate that is not trusted, no
answer in time, one that is too long, one without a receipt, one with another status than a success."""


class PublicationRule(RuleVersion):
    """One version of the rules of publishing: channels, grounds not to publish, what is masked and how."""

    __tablename__ = "publication_rule"


class DisclosureRule(RuleVersion):
    """One version of the catalogue of what is public before anything happens (事前公开)."""

    __tablename__ = "disclosure_rule"


class PublicationDuty(Base):
    """Somebody of a unit has a duty of publishing from when he was named to it; ended, never deleted."""

    __tablename__ = "publication_duty"
    __table_args__ = (
        CheckConstraint(one_of("duty", *DUTIES), name="duty"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended"),
        Index("uq_publication_duty_live", "person_id", "duty", unique=True, postgresql_where=text("ended_at IS NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    duty: Mapped[str]
    named_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    named_at: Mapped[Instant]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class Publication(Base):
    """What one decision, or one inspection's result, comes to in public: its text stands in versions.

    `event_id`: from which its term runs; `issue_id`: that the decision was issued (none of an inspection's result).
    `shown_version_id` is the database's own word: the version that the public sees now. So is `ended_at`: when its
    event was withdrawn, and it with it; of one decision there is one that is not ended.
    """

    __tablename__ = "publication"
    __table_args__ = (
        UniqueConstraint("event_id"),
        CheckConstraint(one_of("kind", *PUBLICATION_KINDS), name="kind"),
        CheckConstraint("(kind = 'penalty') = (issue_id IS NOT NULL)", name="issue"),
        CheckConstraint("(shown_version_id IS NULL) = (shown_at IS NULL)", name="shown"),
        Index("uq_publication_issue_id", "issue_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_publication_shown", "shown_at", "id", postgresql_where=text("shown_version_id IS NOT NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_event.id"))
    issue_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("decision_issue.id"))
    begun_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    begun_at: Mapped[Instant]
    shown_version_id: Mapped[uuid.UUID | None] = mapped_column(server_default=FetchedValue())
    shown_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    ended_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())


class PublicationVersion(Base):
    """The words that are to be public (`authority` … `decided_on`), or the ground not to publish; never changed.

    Beside them, for the reviewers alone, what they were made of: `party_full`, `conclusion_full`, `names` of further
    persons. `kept`: what a rule would mask and stays for a reason. `needs_second` is the database's own word: a
    second reviewer looks at whatever speaks of persons. `rules`: the versions that it was masked by.
    `hides_former`: of a correction: what stood there before is not shown in the history.
    """

    __tablename__ = "publication_version"
    __table_args__ = (
        UniqueConstraint("publication_id", "ordinal"),
        CheckConstraint("ordinal > 0", name="ordinal"),
        CheckConstraint("(ordinal = 1) = (reason IS NULL)", name="first"),
        CheckConstraint(one_of("party_kind", *PARTY_KINDS), name="party_kind"),
        CheckConstraint(
            "(withhold_ground IS NULL) = (withhold_reason IS NULL) AND num_nonnulls(authority, party, category, "
            "conclusion, decided_on) = CASE WHEN withhold_ground IS NULL THEN 5 ELSE 0 END",
            name="whole",
        ),
        CheckConstraint(
            "jsonb_typeof(names) = 'array' AND jsonb_typeof(kept) = 'array' AND jsonb_typeof(rules) = 'array'",
            name="lists",
        ),
        sought_index("publication_version"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    publication_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("publication.id"))
    ordinal: Mapped[int]
    party_full: Mapped[str]
    party_kind: Mapped[str]
    conclusion_full: Mapped[str]
    names: Mapped[JsonList]
    authority: Mapped[str | None]
    party: Mapped[str | None]
    category: Mapped[str | None]
    conclusion: Mapped[str | None]
    document_number: Mapped[str | None]
    legal_basis: Mapped[str | None]
    decided_on: Mapped[date | None]
    withhold_ground: Mapped[str | None]
    withhold_reason: Mapped[str | None]
    kept: Mapped[JsonList]
    rules: Mapped[JsonList]
    needs_second: Mapped[bool]
    reason: Mapped[str | None]
    hides_former: Mapped[bool]
    stated_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    stated_at: Mapped[Instant]
    # What is public of it alone: anybody searches it.
    sought: Mapped[str] = sought_by("sought_text(party, conclusion, document_number, authority)")


class PublicationStep(Base):
    """A step of a publication (传递, 审核, 退回, 发布, 不予公开, 撤下), in the order of `ordinal`; never changed.

    `reason` of one that was taken down is public.
    """

    __tablename__ = "publication_step"
    __table_args__ = (
        UniqueConstraint("publication_id", "ordinal"),
        CheckConstraint("ordinal > 0", name="ordinal"),
        CheckConstraint(one_of("step", *STEPS), name="step"),
        CheckConstraint("(step = 'taken_down') = (ground IS NOT NULL)", name="ground"),
        CheckConstraint(f"ground IS NULL OR {one_of('ground', *TAKEN_DOWN_BECAUSE)}", name="known_ground"),
        CheckConstraint("step NOT IN ('returned', 'taken_down') OR reason IS NOT NULL", name="reason"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    publication_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("publication.id"))
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("publication_version.id"))
    ordinal: Mapped[int]
    step: Mapped[str]
    ground: Mapped[str | None]
    reason: Mapped[str | None]
    taken_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    taken_at: Mapped[Instant]


class PublicationPosting(Base):
    """A version was posted on a channel (网站, 政务新媒体, 公示栏, 服务窗口), where, on which day; and left it."""

    __tablename__ = "publication_posting"
    __table_args__ = (
        CheckConstraint(
            "(removed_at IS NULL) = (removed_by IS NULL) AND (removed_at IS NULL) = (removal IS NULL)", name="removed"
        ),
        Index(
            "uq_publication_posting_live",
            "publication_id",
            "version_id",
            "channel",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    publication_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("publication.id"))
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("publication_version.id"))
    channel: Mapped[str]
    place: Mapped[str]
    posted_on: Mapped[date]
    posted_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    posted_at: Mapped[Instant]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    removal: Mapped[str | None]


class PostingEvidence(Base):
    """What shows that something was posted, or left a channel: a picture or a PDF, as it was handed in."""

    __tablename__ = "posting_evidence"
    __table_args__ = (CheckConstraint("sha256 = sha256(content)", name="sha256"),)
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    posting_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("publication_posting.id"))
    name: Mapped[str]
    media_type: Mapped[str]
    content: Mapped[Octets] = mapped_column(deferred=True)
    sha256: Mapped[Octets]
    filed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    filed_at: Mapped[Instant]


class PublicationPush(Base):
    """A message to the city's platform (推送), made by a step, and tried until the platform has taken it.

    Of a publication's messages the one of the highest `ordinal`, that of its step, counts: those before it are sent no
    more. `due_at`: not before that instant. `problem`, a word of PUSH_PROBLEMS, and `detail` are of the last attempt;
    `refused_at`: the platform will never take it as it is, and a person has to look. `receipt` is the platform's.
    """

    __tablename__ = "publication_push"
    __table_args__ = (
        UniqueConstraint("step_id"),
        UniqueConstraint("publication_id", "ordinal"),
        CheckConstraint(one_of("action", "publish", "withdraw"), name="action"),
        CheckConstraint("attempts >= 0 AND (attempts = 0) = (attempted_at IS NULL)", name="attempts"),
        CheckConstraint(f"problem IS NULL OR {one_of('problem', *PUSH_PROBLEMS)}", name="problem"),
        CheckConstraint("(accepted_at IS NULL) = (receipt IS NULL)", name="receipt"),
        CheckConstraint("num_nonnulls(accepted_at, refused_at) <= 1", name="ended"),
        Index(
            "ix_publication_push_due",
            "due_at",
            postgresql_where=text("accepted_at IS NULL AND refused_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    publication_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("publication.id"))
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("publication_version.id"))
    step_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("publication_step.id"))
    ordinal: Mapped[int]
    action: Mapped[str]
    due_at: Mapped[Instant]
    attempts: Mapped[int]
    attempted_at: Mapped[datetime | None]
    problem: Mapped[str | None]
    detail: Mapped[str | None]
    accepted_at: Mapped[datetime | None]
    receipt: Mapped[str | None]
    refused_at: Mapped[datetime | None]
