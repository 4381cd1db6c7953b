"""Documents (文书): templates in versions, drafts and every text of them, signatures, numbers, final and sealed bytes.

Rows are only added; a document, an issuer and a seal may get an end. docs/documents.md says what leads where.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, Id, Instant, Json, Octets, Size, UnitId, one_of, sought_by, sought_index
from storage.catalog.rules import RuleVersion

SIGNING_ROLES = ("officer", "approver", "reviewer", "party", "witness")
"""承办人员, 审批人, 法制审核人员: people of ours, each for himself; 当事人, 见证人: others, as an officer states it."""
OUR_ROLES = ("officer", "approver", "reviewer")


@dataclass(frozen=True)
class DocumentKind:
    """`states`: the kind of decision that it brings to paper: it names one that was issued, and its number, final form
    and seal ask the gate of legal review for that one. `after_close`: a closed case still takes it."""

    states: str | None = None
    after_close: bool = False

    @property
    def issues_decision(self) -> bool:
        return self.states is not None


DOCUMENT_KINDS: Mapping[str, DocumentKind] = {
    "filing_approval": DocumentKind(),
    "inspection_record": DocumentKind(),
    "inquiry_record": DocumentKind(),
    "investigation_report": DocumentKind(),
    "penalty_notice": DocumentKind(),
    "hearing_rights_notice": DocumentKind(),
    "seizure_decision": DocumentKind(states="coercion"),
    "review_opinion": DocumentKind(),
    "penalty_decision": DocumentKind(states="penalty"),
    "service_receipt": DocumentKind(after_close=True),
    "correction_notice": DocumentKind(),
    "closing_report": DocumentKind(),
}
"""立案审批表, 现场检查（勘验）笔录, 询问笔录, 调查终结报告, 行政处罚事先告知书, 听证告知书, 查封（扣押）决定书,
法制审核意见书, 行政处罚决定书, 送达回证, 责令改正通知书, 结案报告. What a document may do is code, no template's."""
ISSUING_KINDS = tuple(kind for kind, what in DOCUMENT_KINDS.items() if what.issues_decision)


class DocumentTemplate(RuleVersion):
    """文书式样: one version of the city's template of one kind of document.

    Of all units; no person loads one, and of one kind no two hold on one day: the database refuses it.
    """

    __tablename__ = "document_template"

    @property
    def kind(self) -> str:
        return str(self.rules["kind"])


class DocumentIssuer(Base):
    """制发机关: in whose name a unit and those below it write, and with which word (机关代字) its numbers begin."""

    __tablename__ = "document_issuer"
    __table_args__ = (
        Index("uq_document_issuer_live", "unit_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("uq_document_issuer_word", "word", unique=True, postgresql_where=text("ended_at IS NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    name: Mapped[str]
    word: Mapped[str]
    named_at: Mapped[Instant]
    ended_at: Mapped[datetime | None]


class UnitSeal(Base):
    """电子印章: the certificate (DER) of a unit's seal, and those that lead to its root (PEM).

    Its key is in the key folder, under this row's id.
    """

    __tablename__ = "unit_seal"
    __table_args__ = (
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended"),
        CheckConstraint("octet_length(certificate_sha256) = 32", name="certificate_sha256"),
        Index("uq_unit_seal_live", "unit_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    name: Mapped[str]
    certificate: Mapped[Octets]
    certificate_sha256: Mapped[Octets] = mapped_column(unique=True)
    chain: Mapped[str]
    registered_at: Mapped[Instant]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class Document(Base):
    """文书: one document of a case, by the template that held on the day it was begun.

    Withdrawn with a reason: a draft that is thrown away, or a final one that is 作废, which keeps its number.
    `issue_id`: the decision that it states, where it states one; None of papers of before that might state several, of
    which nothing comes any more (migration 0064).
    """

    __tablename__ = "document"
    __table_args__ = (
        CheckConstraint(one_of("kind", *DOCUMENT_KINDS), name="kind"),
        CheckConstraint(f"issues_decision = ({one_of('kind', *ISSUING_KINDS)})", name="issues_decision"),
        CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)",
            name="withdrawn",
        ),
        CheckConstraint("issue_id IS NULL OR issues_decision", name="of_decision"),
        Index("ix_document_begun", "unit_id", "begun_at", "id"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    stage: Mapped[str]
    kind: Mapped[str]
    issues_decision: Mapped[bool]
    template_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document_template.id"))
    act_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_act.id"))
    begun_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    begun_at: Mapped[Instant]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    withdraw_reason: Mapped[str | None]
    issue_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("decision_issue.id"))


class DocumentText(Base):
    """What a document says: `fields` as people filled them in, `facts` as the case had them when it was saved.

    Each save is another row; the last one counts. `sha256` is of both, as casework/documents/drafts.py spells them.
    """

    __tablename__ = "document_text"
    __table_args__ = (
        UniqueConstraint("document_id", "ordinal"),
        CheckConstraint("ordinal > 0", name="ordinal"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        sought_index("document_text"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"))
    ordinal: Mapped[int]
    fields: Mapped[Json]
    facts: Mapped[Json]
    sha256: Mapped[Octets]
    saved_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    saved_at: Mapped[Instant]
    sought: Mapped[str] = sought_by("sought_paper(fields, facts)")


class DocumentSignature(Base):
    """签名: under one text of a document. People of ours sign for themselves; that a party signed, or refused to and
    why (拒签), is what an officer states."""

    __tablename__ = "document_signature"
    __table_args__ = (
        CheckConstraint(one_of("role", *SIGNING_ROLES), name="role"),
        CheckConstraint(one_of("outcome", "signed", "refused"), name="outcome"),
        CheckConstraint(f"({one_of('role', *OUR_ROLES)}) = (person_id IS NOT NULL)", name="person"),
        CheckConstraint("person_id IS NULL OR person_id = stated_by", name="for_himself"),
        CheckConstraint("outcome = 'signed' OR (person_id IS NULL AND note IS NOT NULL)", name="refused"),
        UniqueConstraint("text_id", "role", "person_id"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"), index=True)
    text_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document_text.id"))
    role: Mapped[str]
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str]
    outcome: Mapped[str]
    note: Mapped[str | None]
    signed_at: Mapped[Instant]
    stated_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    stated_at: Mapped[Instant]


class DocumentNumber(Base):
    """文号: `unit_id` is the issuing unit. Without gaps within a unit, year and word: the database counts."""

    __tablename__ = "document_number"
    __table_args__ = (
        UniqueConstraint("unit_id", "year", "word", "number"),
        CheckConstraint("number > 0", name="number"),
        sought_index("document_number"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"), unique=True)
    word: Mapped[str]
    year: Mapped[int]
    number: Mapped[int]
    drawn_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    drawn_at: Mapped[Instant]
    sought: Mapped[str] = sought_by("sought_number(word, year, number)")

    @property
    def written(self) -> str:
        """As it stands on the document."""
        return f"{self.word}字〔{self.year}〕第{self.number}号"


class FinalDocument(Base):
    """定稿: the PDF as it was rendered from one text, once. `rendered_with`: the versions of what rendered it."""

    __tablename__ = "final_document"
    __table_args__ = (CheckConstraint("sha256 = sha256(pdf) AND size_bytes = octet_length(pdf)", name="bytes"),)
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"), unique=True)
    text_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document_text.id"))
    number_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("document_number.id"), unique=True)
    dated_on: Mapped[date]
    pdf: Mapped[Octets] = mapped_column(deferred=True)
    sha256: Mapped[Octets]
    size_bytes: Mapped[Size]
    rendered_with: Mapped[Json]
    finalised_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    finalised_at: Mapped[Instant]


class SealedDocument(Base):
    """盖章: the final PDF with the seal's signature behind it (PAdES). `stamped_at`: by its time stamp, if any."""

    __tablename__ = "sealed_document"
    __table_args__ = (CheckConstraint("sha256 = sha256(pdf) AND size_bytes = octet_length(pdf)", name="bytes"),)
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"), unique=True)
    final_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("final_document.id"), unique=True)
    seal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("unit_seal.id"))
    pdf: Mapped[Octets] = mapped_column(deferred=True)
    sha256: Mapped[Octets]
    size_bytes: Mapped[Size]
    stamped_at: Mapped[datetime | None]
    sealed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    sealed_at: Mapped[Instant]


class DocumentReading(Base):
    """That somebody was shown a document, in the hour from `read_at` on; its entry was committed before the first byte.

    `reason`: why, of one who was not at work on the case; `because_id`: his reading of the case in which he said it.
    """

    __tablename__ = "document_reading"
    __table_args__ = (
        CheckConstraint("reason IS NULL OR because_id IS NULL", name="reason"),
        Index("ix_document_reading_unit_id", "unit_id", "read_at"),
        Index("ix_document_reading_document_id", "document_id", "read_at"),
        Index("ix_document_reading_case_id", "case_id", "person_id", "read_at"),
    )
    id: Mapped[Id]
    unit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("unit.id"))
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str | None]
    because_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("document_reading.id"))
    read_at: Mapped[Instant]
