"""Signatures under what a document says now: our people sign for themselves; of others an officer states it.

Saving another text makes new signatures necessary: whoever signed, signed what he saw.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.documents.drafts import Draft, lock_unfinished, record_document
from casework.documents.errors import DocumentIncomplete, SignatureRefused
from casework.documents.facts import certificate_numbers
from casework.documents.filling import missing_of
from casework.documents.template_file import Template
from casework.handling import handlers_of
from casework.permission import require
from casework.rows import unique
from casework.wording import known_word, optional_text, required_name
from integrity.fields import format_instant
from integrity.local_time import chinese_day
from retention.subjects import row_in_unit
from storage.catalog.documents import OUR_ROLES, SIGNING_ROLES, Document, DocumentSignature
from storage.catalog.organisation import Person

OTHERS: Final = ("party", "witness")
OUTCOMES: Final = ("signed", "refused")


def sign_document(session: Session, by: Person, document_id: uuid.UUID, role: str, now: datetime) -> DocumentSignature:
    """Sign for oneself, as an officer of the case, its approver or its reviewer, what the document says now.

    Raises SignatureRefused, DocumentIncomplete while fields are missing, DocumentFinal, DocumentWithdrawn, CaseClosed,
    RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    known_word("role", role, OUR_ROLES)
    require(by, "sign_documents")
    draft = lock_unfinished(session, by, row_in_unit(session, by, Document, document_id))
    _refuse_unasked(draft, role)
    _refuse_signer(session, by, draft, role, now)
    _refuse_incomplete(draft)
    row = _row(draft, by, role, by.name, "signed", None, datetime.now(UTC))
    row.person_id = by.id
    signed_once = SignatureRefused(document_id, role, "signed")
    with unique(session, {"uq_document_signature_text_id_role_person_id": signed_once}):
        session.add(row)
    _record(session, by, draft.document, row)
    return row


def state_signature(
    session: Session,
    by: Person,
    document_id: uuid.UUID,
    role: str,
    *,
    name: str,
    outcome: str,
    signed_at: datetime,
    note: str | None,
    now: datetime,
) -> DocumentSignature:
    """State that the party or a witness signed what the document says now, or refused to (拒签), which `note` says why.

    Raises SignatureRefused, TextUnusable, and what `sign_document` does.
    """
    known_word("role", role, OTHERS)
    known_word("outcome", outcome, OUTCOMES)
    require(by, "work_on_cases")
    name, note = required_name("name", name), optional_text("note", note)
    draft = lock_unfinished(session, by, row_in_unit(session, by, Document, document_id))
    _refuse_unasked(draft, role)
    if outcome == "refused" and note is None:
        raise SignatureRefused(document_id, role, "reason")
    if signed_at.tzinfo is None or signed_at > now:
        raise SignatureRefused(document_id, role, "in_the_future")
    _refuse_incomplete(draft)
    row = _row(draft, by, role, name, outcome, note, signed_at)
    session.add(row)
    session.flush()
    _record(session, by, draft.document, row)
    return row


def signatures_of(session: Session, text_id: uuid.UUID) -> tuple[DocumentSignature, ...]:
    """Those under one text, in the order in which roles stand on a document."""
    return signatures_by_text(session, [text_id]).get(text_id, ())


def signatures_by_text(
    session: Session, text_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, tuple[DocumentSignature, ...]]:
    """Likewise, of those texts that bear any."""
    row, order = DocumentSignature, (*OUR_ROLES, *OTHERS)
    found: dict[uuid.UUID, tuple[DocumentSignature, ...]] = {}
    rows = session.scalars(select(row).where(row.text_id.in_(text_ids)).order_by(row.stated_at, row.id))
    for each in sorted(rows, key=lambda row: order.index(row.role)):
        found[each.text_id] = (*found.get(each.text_id, ()), each)
    return found


def unsigned_of_text(template: Template, signatures: Sequence[DocumentSignature]) -> tuple[tuple[str, int], ...]:
    """Which roles have to sign yet, and how often."""
    signed = Counter(row.role for row in signatures)
    needed = {role: template.signatures[role] - signed[role] for role in SIGNING_ROLES if role in template.signatures}
    return tuple((role, count) for role, count in needed.items() if count > 0)


def _refuse_unasked(draft: Draft, role: str) -> None:
    # A witness may be needed wherever a party signs: of a refusal somebody else has to tell.
    asked = {*draft.template.signatures, *(("witness",) if "party" in draft.template.signatures else ())}
    if role not in asked:
        raise SignatureRefused(draft.document.id, role, "not_asked")


def _refuse_signer(session: Session, by: Person, draft: Draft, role: str, now: datetime) -> None:
    today = chinese_day(now)
    handlers = {each.person.id for each in handlers_of(session, draft.case, today)}
    problem = None
    if role == "officer" and by.id not in handlers:
        problem = "no_handler"
    elif role == "officer" and by.id not in certificate_numbers(session, {by.id}, today):
        problem = "uncertified"
    elif role == "approver" and by.role != "supervisor":
        problem = "no_supervisor"
    elif role == "reviewer" and by.role != "legal_reviewer":
        problem = "no_reviewer"
    elif role != "officer" and by.id in handlers:
        problem = "handler"
    elif any(row.person_id == by.id and row.role != role for row in signatures_of(session, draft.text.id)):
        problem = "other_role"
    if problem is not None:
        raise SignatureRefused(draft.document.id, role, problem)


def _refuse_incomplete(draft: Draft) -> None:
    missing = missing_of(draft.template, draft.text.fields, draft.text.facts)
    if missing:
        raise DocumentIncomplete(draft.document.id, missing, ())


def _row(
    draft: Draft, by: Person, role: str, name: str, outcome: str, note: str | None, signed_at: datetime
) -> DocumentSignature:
    return DocumentSignature(
        id=uuid.uuid4(),
        unit_id=draft.document.unit_id,
        case_id=draft.document.case_id,
        document_id=draft.document.id,
        text_id=draft.text.id,
        role=role,
        name=name,
        outcome=outcome,
        note=note,
        signed_at=signed_at,
        stated_by=by.id,
        stated_at=datetime.now(UTC),
    )


def _record(session: Session, by: Person, document: Document, row: DocumentSignature) -> None:
    data = {
        "case_id": str(row.case_id),
        "signature_id": str(row.id),
        "text_id": str(row.text_id),
        "role": row.role,
        "outcome": row.outcome,
        "person_id": None if row.person_id is None else str(row.person_id),
        "signed_at": format_instant(row.signed_at),
    }
    private = {"name": row.name, **({} if row.note is None else {"note": row.note})}
    record_document(session, by, document, "signed", data, private)
