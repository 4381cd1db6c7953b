"""The legal review (法制审核) of decisions: who submitted what, who may review, and the opinion that was signed."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, HeldUnitId, Id, Instant, Json, Octets, UnitId, of_case, one_of
from storage.catalog.decisions import WITHDRAWN_CHECK

QUESTIONS = ("authority", "procedure", "facts", "law", "powers", "documents", "crime")
"""主体与人员资格; 程序; 事实与证据; 法律适用与裁量基准; 权限; 文书; 是否涉嫌犯罪 (三（三）3)."""
ANSWERS = ("yes", "no", "not_applicable")
OPINIONS = ("agreed", "problems")
ADVISER_KINDS = ("counsel", "public_lawyer", "resident_lawyer", "expert")
"""法律顾问、公职律师、驻队律师、行业专家."""
GROUNDS = ("legal_profession", "reviewed_before")
"""法律职业资格; or that somebody had reviewed before it was asked for: 初次从事 alone need the former."""


class DecisionSubmission(Base):
    """送审: a version is handed to the reviewers, and its material attested to be true, accurate and complete."""

    __tablename__ = "decision_submission"
    __table_args__ = (
        CheckConstraint(WITHDRAWN_CHECK, name="withdrawn"),
        Index(
            "uq_decision_submission_standing", "version_id", unique=True, postgresql_where=text("withdrawn_at IS NULL")
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id"))
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision_version.id"))
    attests_truth: Mapped[bool]
    attests_accuracy: Mapped[bool]
    attests_completeness: Mapped[bool]
    submitted_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    submitted_at: Mapped[Instant]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    withdraw_reason: Mapped[str | None]


class ReviewerQualification(Base):
    """What lets somebody review on the days of `valid`, the end not included; voided where it was entered wrongly."""

    __tablename__ = "reviewer_qualification"
    __table_args__ = (
        CheckConstraint(one_of("ground", *GROUNDS), name="ground"),
        CheckConstraint("lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)", name="valid"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    ground: Mapped[str]
    number: Mapped[str]
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    added_at: Mapped[Instant]
    voided_at: Mapped[datetime | None]

    @property
    def valid_from(self) -> date:
        assert self.valid.lower is not None
        return self.valid.lower

    @property
    def last_day(self) -> date | None:
        return None if self.valid.upper is None else self.valid.upper - timedelta(days=1)


class DecisionReview(Base):
    """法制审核意见: an answer with references to each of the seven questions, an opinion, and the archive's signature.

    `envelope` is the signed statement (docs/formats/review.md). `ordinal` counts the opinions on one version.
    """

    __tablename__ = "decision_review"
    __table_args__ = (
        UniqueConstraint("version_id", "ordinal"),
        CheckConstraint("ordinal > 0", name="ordinal"),
        CheckConstraint(one_of("opinion", *OPINIONS), name="opinion"),
        CheckConstraint(WITHDRAWN_CHECK, name="withdrawn"),
        Index("uq_decision_review_session", "session_id", unique=True),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id"))
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision_version.id"))
    submission_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision_submission.id"))
    ordinal: Mapped[int]
    opinion: Mapped[str]
    answers: Mapped[Json]
    statement: Mapped[str]
    reviewer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    reviewed_at: Mapped[Instant]
    envelope: Mapped[Octets]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    withdraw_reason: Mapped[str | None]
    # Of the committee, whose outcome it is; no foreign key, for a session is itself over a review.
    session_id: Mapped[uuid.UUID | None]


class Disagreement(Base):
    """意见不一致: the handling unit does not share an opinion that named problems; the committee is asked."""

    __tablename__ = "decision_disagreement"
    __table_args__ = (UniqueConstraint("review_id"),)
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id"))
    review_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision_review.id"))
    reason: Mapped[str]
    stated_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    stated_at: Mapped[Instant]


class Adviser(Base):
    """法律顾问、公职律师、驻队律师、行业专家: of a pool that the unit and those below it draw from."""

    __tablename__ = "adviser"
    __table_args__ = (
        CheckConstraint(one_of("kind", *ADVISER_KINDS), name="kind"),
        CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (end_reason IS NULL)", name="ended"
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    kind: Mapped[str]
    name: Mapped[str]
    office: Mapped[str]
    number: Mapped[str | None]
    added_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[Instant]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    end_reason: Mapped[str | None]


class AdviserConflict(Base):
    """利益冲突: why an adviser does not advise in a case."""

    __tablename__ = "adviser_conflict"
    __table_args__ = (of_case(), UniqueConstraint("adviser_id", "case_id"))
    id: Mapped[Id]
    unit_id: Mapped[HeldUnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(index=True)
    adviser_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("adviser.id"))
    reason: Mapped[str]
    stated_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    stated_at: Mapped[Instant]


class CommitteeSession(Base):
    """法制审核委员会会议: held over a disagreement, with minutes and vote; what more than half are for is agreed."""

    __tablename__ = "committee_session"
    __table_args__ = (
        UniqueConstraint("disagreement_id"),
        CheckConstraint("votes_for >= 0 AND votes_against >= 0 AND abstentions >= 0", name="votes"),
        CheckConstraint(
            "outcome = CASE WHEN 2 * votes_for > votes_for + votes_against + abstentions "
            "THEN 'agreed' ELSE 'problems' END",
            name="outcome",
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id"))
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision_version.id"))
    disagreement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision_disagreement.id"))
    held_at: Mapped[Instant]
    place: Mapped[str]
    minutes: Mapped[str]
    presided_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    votes_for: Mapped[int]
    votes_against: Mapped[int]
    abstentions: Mapped[int]
    outcome: Mapped[str]
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[Instant]


class CommitteeAttendance(Base):
    """Who sat: a member, or an adviser with the advice he gave."""

    __tablename__ = "committee_attendance"
    __table_args__ = (
        UniqueConstraint("session_id", "member_id"),
        UniqueConstraint("session_id", "adviser_id"),
        CheckConstraint("num_nonnulls(member_id, adviser_id) = 1", name="who"),
        CheckConstraint("(adviser_id IS NULL) = (advice IS NULL)", name="advice"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    session_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("committee_session.id"))
    member_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    adviser_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("adviser.id"))
    advice: Mapped[str | None]


class CrimeTransfer(Base):
    """移送司法: a suspicion of crime is handed over with a package of the case, or found to be none."""

    __tablename__ = "crime_transfer"
    __table_args__ = (
        CheckConstraint(one_of("outcome", "transferred", "no_crime"), name="outcome"),
        CheckConstraint(
            "(ended_at IS NULL) = (outcome IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL) "
            "AND (ended_at IS NULL) = (note IS NULL) "
            "AND (outcome IS NOT DISTINCT FROM 'transferred') = (export_id IS NOT NULL) "
            "AND (outcome IS NOT DISTINCT FROM 'transferred') = (receiver IS NOT NULL)",
            name="ended",
        ),
        Index("uq_crime_transfer_open", "case_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    review_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision_review.id"))
    opened_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[Instant]
    outcome: Mapped[str | None]
    export_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("export.id"))
    receiver: Mapped[str | None]
    note: Mapped[str | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None]
