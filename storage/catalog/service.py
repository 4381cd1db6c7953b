"""送达: how a document of a case was served, on whom, what proves it, and from which day it counts.

Whether it may be served is the gate's to say: `require_issued_to_serve` in migration 0069, docs/service.md.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, Id, Instant, UnitId, one_of

SERVICE_METHODS = ("in_person", "left", "mailed", "entrusted", "electronic", "posted")
"""直接、留置、邮寄、委托、电子、公告送达 (民事诉讼法 第七章第二节, 行政处罚法 61)."""


class CaseService(Base):
    """One service of one document: `version_id` is the decision it makes known, where it makes one known;
    `document_id` the archive's own document; `document_number` as it stands on the paper.

    `carrier`: by what it went, by method: number of the mail item, whoever was entrusted, address, where it hangs.
    `ground`: why in this way: the refusal, the consent, why nobody could be reached. `recording_id` and `receipt_id`
    prove it. `counts_on`: the day on which it counts as served, by the term `rule_id` where it is posted. Withdrawn,
    never changed, where it was entered wrongly.
    """

    __tablename__ = "case_service"
    __table_args__ = (
        CheckConstraint(one_of("method", *SERVICE_METHODS), name="method"),
        CheckConstraint(
            "method <> 'left' OR num_nonnulls(act_id, recording_id, ground, place) = 4", name="left_with_its_proof"
        ),
        CheckConstraint("method <> 'in_person' OR receiver IS NOT NULL", name="received"),
        CheckConstraint("method IN ('in_person', 'left') OR carrier IS NOT NULL", name="carried"),
        CheckConstraint("method NOT IN ('electronic', 'posted') OR ground IS NOT NULL", name="with_its_ground"),
        CheckConstraint("method = 'posted' OR num_nonnulls(recording_id, receipt_id) > 0", name="with_its_proof"),
        CheckConstraint("(decision_id IS NULL) = (version_id IS NULL)", name="decision"),
        CheckConstraint("(method = 'posted') = (rule_id IS NOT NULL)", name="counted"),
        CheckConstraint("served_at <= stated_at", name="has_been"),
        CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)",
            name="withdrawn",
        ),
        Index(
            "uq_case_service_standing",
            "case_id",
            "document_number",
            "addressee",
            "method",
            "served_at",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    decision_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("decision.id"))
    version_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("decision_version.id"))
    document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("document.id"))
    document_number: Mapped[str]
    addressee: Mapped[str]
    method: Mapped[str]
    served_at: Mapped[Instant]
    counts_on: Mapped[date]
    rule_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("term_rule.id"))
    receiver: Mapped[str | None]
    place: Mapped[str | None]
    carrier: Mapped[str | None]
    ground: Mapped[str | None]
    witnesses: Mapped[str | None]
    act_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_act.id"))
    recording_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("recording.id"))
    receipt_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("document.id"))
    stated_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    stated_at: Mapped[Instant]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    withdraw_reason: Mapped[str | None]
