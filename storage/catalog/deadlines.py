"""Until when something has to be done (期限): terms in versions, and the days off of the years (放假安排)."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, CreatedAt, Id, Instant, JsonList, Octets, UnitId, one_of
from storage.catalog.rules import RuleVersion


class TermRule(RuleVersion):
    """One version of the terms that one jurisdiction rules."""

    __tablename__ = "term_rule"


class CalendarYear(Base):
    """One year's days off as a notice has them, laid over what the installed library says of that year.

    Notices change running years: of several with one `year` the highest `ordinal` counts, and the others stay.
    """

    __tablename__ = "calendar_year"
    __table_args__ = (
        UniqueConstraint("year", "ordinal"),
        CheckConstraint("ordinal > 0", name="ordinal"),
        CheckConstraint("octet_length(source_sha256) = 32", name="source_sha256"),
    )
    id: Mapped[Id]
    year: Mapped[int]
    ordinal: Mapped[int]
    source: Mapped[str]
    source_sha256: Mapped[Octets]
    loaded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    loaded_at: Mapped[CreatedAt]


class CaseEvent(Base):
    """Something that happened in a case on a day, and from which terms run. Never changed; withdrawn if wrong.

    `issue_id`: the decision that was made, or was revoked. None of any other kind of event, and in a case that was
    decided before decisions had rows. `revokes_id`: of a revocation, the event of the check's result that it revokes.
    """

    __tablename__ = "case_event"
    __table_args__ = (
        CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)",
            name="withdrawn",
        ),
        Index(
            "uq_case_event_standing",
            "case_id",
            "kind",
            "day",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL AND issue_id IS NULL AND revokes_id IS NULL"),
        ),
        Index("uq_case_event_of_issue", "issue_id", "kind", unique=True, postgresql_where=text("withdrawn_at IS NULL")),
        Index("uq_case_event_revokes", "revokes_id", unique=True, postgresql_where=text("withdrawn_at IS NULL")),
        CheckConstraint(
            "revokes_id IS NULL OR kind = 'decision_revoked' AND issue_id IS NULL",
            name="revokes",
        ),
        CheckConstraint(
            "issue_id IS NULL OR kind IN ('penalty_decided', 'coercion_decided', 'decision_revoked')",
            name="of_decision",
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    kind: Mapped[str]
    day: Mapped[date]
    entered_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    entered_at: Mapped[Instant]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    withdraw_reason: Mapped[str | None]
    issue_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("decision_issue.id"))
    revokes_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_event.id"))


class CaseTerm(Base):
    """One term that runs from an event. What it is for was done on the day `done_on`, as somebody entered."""

    __tablename__ = "case_term"
    __table_args__ = (
        UniqueConstraint("event_id", "kind"),
        CheckConstraint("(done_at IS NULL) = (done_by IS NULL) AND (done_at IS NULL) = (done_on IS NULL)", name="done"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_event.id"))
    kind: Mapped[str]
    done_on: Mapped[date | None]
    done_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    done_at: Mapped[datetime | None]


class TermAnswer(Base):
    """Until when a term runs, as it was worked out once, and by which version. The latest counts, all stay.

    A due day; or an estimate, where the days off of the years `unannounced` were not known; or neither: no version held
    on the event's day, and there is no term. `because`: entered, or computed anew after `rules` or `calendar` changed.
    """

    __tablename__ = "term_answer"
    __table_args__ = (
        UniqueConstraint("term_id", "ordinal"),
        CheckConstraint("ordinal > 0", name="ordinal"),
        CheckConstraint(one_of("because", "entered", "rules", "calendar"), name="because"),
        CheckConstraint("(because = 'entered') = (ordinal = 1)", name="first"),
        CheckConstraint("num_nonnulls(due_on, estimate) = num_nonnulls(rule_id)", name="one_day"),
        CheckConstraint("(estimate IS NULL) = (unannounced = '[]')", name="unannounced"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    term_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_term.id"))
    ordinal: Mapped[int]
    due_on: Mapped[date | None]
    estimate: Mapped[date | None]
    unannounced: Mapped[JsonList]
    rule_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("term_rule.id"))
    because: Mapped[str]
    computed_at: Mapped[Instant]

    @property
    def day(self) -> date | None:
        """The due day, or the estimate of it."""
        return self.due_on or self.estimate
