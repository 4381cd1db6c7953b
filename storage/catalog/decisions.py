"""What is to be decided in a case (拟作出的决定), and that it was issued; which decisions need a legal review.

Whether a version may be issued is the database's to say: `gate_refusals` in migration 0026, docs/review.md.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, Id, Instant, JsonList, UnitId, one_of
from storage.catalog.casework import CASE_KINDS
from storage.catalog.rules import RuleVersion

LEVELS = ("brigade", "detachment", "bureau")
"""街镇大队, 支队, 局: at which level it is decided."""
PARTY_KINDS = ("citizen", "organisation")
FACTS = ("after_hearing", "public_interest", "social_risk", "major_rights", "complex", "several_relations")
"""What a draft may state of its case towards the five grounds of a review; once stated in a case it stays."""
WITH_AMOUNT = ("fine", "confiscation", "additional_fine")
MEASURES = (
    *WITH_AMOUNT,
    "warning",
    "criticism",
    "licence_suspended",
    "licence_revoked",
    "business_restricted",
    "business_suspended",
    "closure",
    "demolition_ordered",
    "seizure",
    "demolition",
    "substitute_performance",
    "goods_disposed",
    "correction",
    "no_penalty",
)
MEASURES_OF: Mapping[str, tuple[str, ...]] = {
    "inspection": ("correction",),
    "coercion": ("seizure", "demolition", "additional_fine", "substitute_performance", "goods_disposed"),
    "penalty": (
        *("fine", "confiscation", "warning", "criticism", "licence_suspended", "licence_revoked"),
        *("business_restricted", "business_suspended", "closure", "demolition_ordered", "correction", "no_penalty"),
    ),
}
"""Which a decision of each kind may name (处罚法 9; 强制法 9, 12): `measures_of` of migration 0095 holds it so."""
WITHDRAWN_CHECK = (
    "(withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)"
)


class ReviewScopeRule(RuleVersion):
    """One version of the list of decisions that need a legal review (重大执法决定法制审核目录清单)."""

    __tablename__ = "review_scope_rule"


class GateBegan(Base):
    """The moment from which cases are decided by a decision's row: written by the migration, and by nobody else."""

    __tablename__ = "gate_began"
    __table_args__ = (CheckConstraint("id = 1", name="once"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    began_at: Mapped[Instant]


class Decision(Base):
    """拟作出的决定 of a case. What it says stands in its versions, the latest counts; withdrawn, never deleted."""

    __tablename__ = "decision"
    __table_args__ = (CheckConstraint(WITHDRAWN_CHECK, name="withdrawn"),)
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    begun_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    begun_at: Mapped[Instant]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    withdraw_reason: Mapped[str | None]


class DecisionVersion(Base):
    """What a decision says: kind and measures, level, field, amount in fen (0.01 yuan), whom it affects.

    Never changed: a change is another one, with its reason. `scope` is the database's own word when it was stated:
    which lines of which versions of the list ask for a review. `affected`: how many third persons.
    """

    __tablename__ = "decision_version"
    __table_args__ = (
        UniqueConstraint("decision_id", "ordinal"),
        CheckConstraint("ordinal > 0", name="ordinal"),
        CheckConstraint("(ordinal = 1) = (reason IS NULL)", name="first"),
        CheckConstraint(one_of("kind", *CASE_KINDS), name="kind"),
        CheckConstraint("jsonb_typeof(measures) = 'array' AND measures <> '[]'", name="measures"),
        CheckConstraint(one_of("level", *LEVELS), name="level"),
        CheckConstraint(
            "(amount_fen IS NOT NULL) = (measures ?| ARRAY['fine', 'confiscation', 'additional_fine']) "
            "AND (amount_fen IS NULL OR amount_fen >= 0)",
            name="amount",
        ),
        CheckConstraint(one_of("party_kind", *PARTY_KINDS), name="party_kind"),
        CheckConstraint("affected >= 0", name="affected"),
        CheckConstraint(
            f"jsonb_typeof(facts) = 'array' AND facts <@ jsonb_build_array({', '.join(repr(fact) for fact in FACTS)})",
            name="facts",
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id"))
    ordinal: Mapped[int]
    kind: Mapped[str]
    measures: Mapped[JsonList]
    level: Mapped[str]
    field: Mapped[str]
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    party: Mapped[str]
    party_kind: Mapped[str]
    affected: Mapped[int]
    facts: Mapped[JsonList]
    content: Mapped[str]
    reason: Mapped[str | None]
    stated_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    stated_at: Mapped[Instant]
    scope: Mapped[JsonList]


class DecisionIssue(Base):
    """作出决定: a version was issued, by whom, on which day, by leave of which review (none: out of scope).

    Day, review and scope are the database's own word.
    """

    __tablename__ = "decision_issue"
    __table_args__ = (UniqueConstraint("decision_id"),)
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id"))
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision_version.id"))
    review_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("decision_review.id"))
    issued_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    issued_at: Mapped[Instant]
    issued_on: Mapped[date]
    scope: Mapped[JsonList]
