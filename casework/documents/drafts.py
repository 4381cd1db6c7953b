"""Drafts: begun in a case, saved as often as it takes, withdrawn with a reason. Every text that was saved stays."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from casework.documents.decided import decision_of_document
from casework.documents.errors import (
    DocumentChanged,
    DocumentFinal,
    DocumentWithdrawn,
    OfOtherStage,
)
from casework.documents.facts import OF_DECISION, CaseSeen, gather_facts
from casework.documents.filling import read_fields
from casework.documents.issuers import issuer_facts
from casework.documents.kept import refuse_kept_kind
from casework.documents.printable import refuse_unprintable
from casework.documents.template_file import Template
from casework.documents.templates import find_template, template_of
from casework.documents.titles import title_by
from casework.errors import CaseClosed
from casework.permission import require
from casework.procedure.acts import lock_standing_act
from casework.wording import known_word, required_text
from integrity.canonical import canonical_json
from integrity.local_time import chinese_day
from retention.errors import UnknownSubject
from retention.subjects import row_in_unit
from storage.catalog.archiving import CaseArchive
from storage.catalog.casework import Case
from storage.catalog.decisions import DecisionIssue, DecisionVersion
from storage.catalog.documents import (
    DOCUMENT_KINDS,
    Document,
    DocumentNumber,
    DocumentText,
    FinalDocument,
)
from storage.catalog.organisation import Person
from storage.ledger.append import Actor, Change, record_change

WRITING: Final[Mapping[str, str]] = {"review_opinion": "write_review_opinions"}
"""The deed that writing a document is: of most kinds write_documents."""


@dataclass(frozen=True)
class Draft:
    """A document that is neither final nor withdrawn, locked with its case; what it says now, and by which template."""

    case: Case
    document: Document
    text: DocumentText
    template: Template


def begin_document(
    session: Session,
    by: Person,
    case_id: uuid.UUID,
    kind: str,
    filled: Mapping[str, Any],
    now: datetime,
    *,
    act_id: uuid.UUID | None = None,
    decision_id: uuid.UUID | None = None,
) -> Draft:
    """Begin a document of a case by the template that holds today, with what is filled in so far.

    `decision_id`: the decision that it states, where it states one and the case has several (decided.py). Raises
    WordUnknown, TemplateMissing, OfOtherStage, DecisionUnnamed, DecisionUnfit, GateShut for a decision that was not
    issued or is revoked, FieldUnusable, SignUnprintable, CaseClosed, ActWithdrawn, RoleNotAllowed, AccessRefused,
    UnknownSubject, OutsideUnit.
    """
    known_word("kind", kind, tuple(DOCUMENT_KINDS))
    require(by, writing(kind))
    case = lock_case(session, by, case_id, kind)
    row = find_template(session, kind, chinese_day(now))
    template = Template.of(row.rules)
    if case.stage not in template.stages:
        raise OfOtherStage(kind, case.stage, template.stages)
    if act_id is not None and lock_standing_act(session, by, act_id).act.case_id != case.id:
        raise UnknownSubject("case_act", act_id)
    issue = decision_of_document(session, case.id, kind, decision_id)
    document = Document(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        stage=case.stage,
        kind=kind,
        issues_decision=DOCUMENT_KINDS[kind].issues_decision,
        template_id=row.id,
        act_id=act_id,
        begun_by=by.id,
        begun_at=datetime.now(UTC),
        issue_id=None if issue is None else issue.id,
    )
    session.add(document)
    session.flush()
    data = {"case_id": str(case.id), "kind": kind, "stage": case.stage, "template_id": str(row.id)}
    named = {"act_id": act_id, "issue_id": document.issue_id}
    ids = {name: None if each is None else str(each) for name, each in named.items()}
    record_document(session, by, document, "begun", {**data, **ids})
    return Draft(case, document, _add_text(session, by, case, document, template, filled, 1, now), template)


def save_document(
    session: Session, by: Person, document_id: uuid.UUID, filled: Mapping[str, Any], after: int, now: datetime
) -> Draft:
    """Save what it says from now on; `after`: the ordinal of the text that was changed. The same again changes nothing.

    Signatures under what it said before count no more. Raises DocumentChanged when somebody else has saved meanwhile,
    DocumentFinal, DocumentWithdrawn, and what `begin_document` does.
    """
    draft = lock_draft(session, by, document_id)
    if draft.text.ordinal != after:
        raise DocumentChanged(document_id, "person")
    text = _add_text(session, by, draft.case, draft.document, draft.template, filled, after + 1, now, draft.text)
    return Draft(draft.case, draft.document, text, draft.template)


def withdraw_document(session: Session, by: Person, document_id: uuid.UUID, reason: str) -> Document:
    """作废: a draft is thrown away, by who may write it; a final document takes a supervisor, and keeps its number.

    Also in a closed case. Raises DocumentWithdrawn, TextUnusable, RoleNotAllowed, AccessRefused, UnknownSubject,
    OutsideUnit.
    """
    reason = required_text("reason", reason)
    document = row_in_unit(session, by, Document, document_id)
    case = row_in_unit(session, by, Case, document.case_id, lock=True)
    refuse_kept_kind(session, by, case, document.kind)
    document = row_in_unit(session, by, Document, document_id, lock=True)
    is_final = final_of(session, document.id) is not None
    require(by, "withdraw_documents" if is_final else writing(document.kind))
    if document.withdrawn_at is not None:
        raise DocumentWithdrawn(document.id, document.withdrawn_at)
    document.withdrawn_at, document.withdrawn_by, document.withdraw_reason = datetime.now(UTC), by.id, reason
    session.flush()
    record_document(session, by, document, "withdrawn", {"final": is_final}, {"reason": reason})
    return document


def lock_draft(session: Session, by: Person, document_id: uuid.UUID) -> Draft:
    """A draft that nobody else changes meanwhile; the case's row first, as everywhere.

    Raises DocumentFinal, DocumentWithdrawn, CaseClosed, RoleNotAllowed, AccessRefused, UnknownSubject, OutsideUnit.
    """
    document = row_in_unit(session, by, Document, document_id)
    require(by, writing(document.kind))
    return lock_unfinished(session, by, document)


def lock_unfinished(session: Session, by: Person, document: Document) -> Draft:
    """As `lock_draft`, whoever may do what is done with it."""
    case = lock_case(session, by, document.case_id, document.kind)
    document = row_in_unit(session, by, Document, document.id, lock=True)
    if document.withdrawn_at is not None:
        raise DocumentWithdrawn(document.id, document.withdrawn_at)
    final = final_of(session, document.id)
    if final is not None:
        raise DocumentFinal(document.id, final.finalised_at)
    return Draft(case, document, latest_text(session, document.id), template_of(session, document.template_id))


def lock_case(session: Session, by: Person, case_id: uuid.UUID, kind: str) -> Case:
    """Raises CaseClosed for a closed case, but of what the law has it take until it is archived; AccessRefused where
    its class of secrecy keeps it from whoever would write."""
    case = row_in_unit(session, by, Case, case_id, lock=True)
    refuse_kept_kind(session, by, case, kind)
    archived = select(CaseArchive.archived_at).where(CaseArchive.case_id == case.id)
    if case.closed_at is not None and (not DOCUMENT_KINDS[kind].after_close or session.scalar(archived) is not None):
        raise CaseClosed(case.id, case.closed_at)
    return case


def writing(kind: str) -> str:
    return WRITING.get(kind, "write_documents")


def final_of(session: Session, document_id: uuid.UUID) -> FinalDocument | None:
    return session.scalars(select(FinalDocument).where(FinalDocument.document_id == document_id)).first()


def latest_text(session: Session, document_id: uuid.UUID) -> DocumentText:
    return latest_texts(session, [document_id])[document_id]


def latest_texts(session: Session, document_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, DocumentText]:
    """By document, what it says now."""
    row, later = DocumentText, aliased(DocumentText)
    is_latest = ~exists().where(later.document_id == row.document_id, later.ordinal > row.ordinal)
    texts = select(row).where(row.document_id.in_(document_ids), is_latest)
    return {each.document_id: each for each in session.scalars(texts)}


def facts_now(
    session: Session, case: Case, document: Document, template: Template, fields: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """What the case says now of what the document takes from it; who issues it; what it names of other documents."""
    seen = CaseSeen(session, case, document.act_id, chinese_day(now), document.issue_id)
    names = [*(fact.name for fact in template.facts), *(OF_DECISION if document.issues_decision else ())]
    chosen = [each for field in template.fields if field.type == "documents" for each in fields.get(field.name, ())]
    served = servable(session, case.id)
    return {
        **gather_facts(seen, names),
        "issuer": issuer_facts(session, case.unit_id),
        "documents": {each: served[each] for each in chosen if each in served},
    }


def servable(session: Session, case_id: uuid.UUID) -> dict[str, dict[str, str]]:
    """By id, the title and number of every final document of a case that stands."""
    statement = (
        select(Document.id, FinalDocument.finalised_at, DocumentNumber, Document.template_id, DecisionVersion)
        .join(FinalDocument, FinalDocument.document_id == Document.id)
        .outerjoin(DocumentNumber, DocumentNumber.id == FinalDocument.number_id)
        .outerjoin(DecisionIssue, DecisionIssue.id == Document.issue_id)
        .outerjoin(DecisionVersion, DecisionVersion.id == DecisionIssue.version_id)
        .where(Document.case_id == case_id, Document.withdrawn_at.is_(None), Document.kind != "service_receipt")
        .order_by(FinalDocument.finalised_at, Document.id)
    )
    rows = session.execute(statement).all()
    templates = {each: template_of(session, each) for each in {row.template_id for row in rows}}
    return {
        str(row.id): {
            "title": title_by(templates[row.template_id], row.DecisionVersion),
            "number": "" if row.DocumentNumber is None else row.DocumentNumber.written,
        }
        for row in rows
    }


def digest_text(fields: Mapping[str, Any], facts: Mapping[str, Any]) -> bytes:
    """SHA-256 of what a document says: canonical JSON (RFC 8785) of both."""
    return hashlib.sha256(canonical_json({"fields": dict(fields), "facts": dict(facts)}, "document")).digest()


def record_document(
    session: Session,
    by: Person,
    document: Document,
    deed: str,
    data: Mapping[str, Any],
    private: Mapping[str, str] | None = None,
) -> None:
    change = Change(f"document.{deed}", "document", str(document.id), document.unit_id, data, private or {})
    record_change(session, Actor.person(by.id), change)


def _add_text(
    session: Session,
    by: Person,
    case: Case,
    document: Document,
    template: Template,
    filled: Mapping[str, Any],
    ordinal: int,
    now: datetime,
    before: DocumentText | None = None,
) -> DocumentText:
    fields = read_fields(template, filled, servable(session, case.id))
    refuse_unprintable(template, fields)
    facts = facts_now(session, case, document, template, fields, now)
    digest = digest_text(fields, facts)
    if before is not None and before.sha256 == digest:
        return before
    text = DocumentText(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        document_id=document.id,
        ordinal=ordinal,
        fields=fields,
        facts=facts,
        sha256=digest,
        saved_by=by.id,
        saved_at=datetime.now(UTC),
    )
    session.add(text)
    session.flush()
    # What is filled in is little enough to be guessed at: the digest itself is only committed to.
    data = {"case_id": str(case.id), "text_id": str(text.id), "ordinal": ordinal}
    record_document(session, by, document, "saved", data, {"sha256": digest.hex()})
    return text
