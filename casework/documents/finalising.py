"""A draft becomes final (定稿): complete, signed, numbered without gaps, and rendered once, all in one transaction."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.documents.drafts import Draft, facts_now, lock_draft, record_document
from casework.documents.errors import DocumentChanged, DocumentIncomplete
from casework.documents.filling import missing_of
from casework.documents.gate import ask_gate
from casework.documents.issuers import require_issuer
from casework.documents.printable import all_text, refuse_unprintable_in
from casework.documents.rendering import Page, render_page
from casework.documents.signing import signatures_of, unsigned_of_text
from casework.documents.template_file import Template
from casework.documents.titles import title_of
from casework.documents.wording import say_day, say_facts, say_fields, say_moment
from casework.review.gate import at_the_gate
from integrity.epoch_keys import EpochKey
from integrity.local_time import chinese_day
from storage.catalog.documents import (
    Document,
    DocumentNumber,
    DocumentSignature,
    DocumentTemplate,
    DocumentText,
    FinalDocument,
)
from storage.catalog.organisation import Person


def finalise_document(
    session: Session, by: Person, document_id: uuid.UUID, now: datetime, keys: Sequence[EpochKey]
) -> FinalDocument:
    """Draw its number, where it bears one, render it and keep the bytes: from then on nothing of it changes.

    `keys`: those that reviews of this archive are signed with (`ask_gate`).
    Raises DocumentIncomplete with what is missing, DocumentChanged where the case says otherwise by now, IssuerMissing,
    DocumentFinal, DocumentWithdrawn, CaseClosed, what the gate refuses, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    draft = lock_draft(session, by, document_id)
    document, text = draft.document, draft.text
    require_issuer(session, document.unit_id)
    if facts_now(session, draft.case, document, draft.template, text.fields, now) != text.facts:
        raise DocumentChanged(document.id, "case")
    signatures = signatures_of(session, text.id)
    missing = missing_of(draft.template, text.fields, text.facts)
    unsigned = unsigned_of_text(draft.template, signatures)
    if missing or unsigned:
        raise DocumentIncomplete(document.id, missing, unsigned)
    ask_gate(session, document, "final", keys)
    at = datetime.now(UTC)
    number = None if draft.template.word is None else _draw_number(session, by, draft, at, keys)
    page = page_of(session, document, text, signatures, number, at)
    # Names of the case and of who signed come from elsewhere, where no font was asked.
    refuse_unprintable_in(page.data["title"], all_text(dict(page.data)))
    rendered = render_page(page)
    row = FinalDocument(
        id=uuid.uuid4(),
        unit_id=document.unit_id,
        case_id=document.case_id,
        document_id=document.id,
        text_id=text.id,
        number_id=None if number is None else number.id,
        dated_on=chinese_day(at),
        pdf=rendered.pdf,
        sha256=hashlib.sha256(rendered.pdf).digest(),
        size_bytes=len(rendered.pdf),
        rendered_with=dict(rendered.rendered_with),
        finalised_by=by.id,
        finalised_at=at,
    )
    session.add(row)
    session.flush()
    _record(session, by, document, row)
    return row


def page_of(
    session: Session,
    document: Document,
    text: DocumentText,
    signatures: tuple[DocumentSignature, ...],
    number: DocumentNumber | None,
    at: datetime | None,
) -> Page:
    """What is rendered of a text. `at` None: a draft, which says so across the page, without number and date."""
    row = session.get_one(DocumentTemplate, document.template_id)
    title = title_of(session, document, Template.of(row.rules))
    return make_page(row, title, text.fields, text.facts, [_said(each) for each in signatures], number, at)


def make_page(
    row: DocumentTemplate,
    title: str,
    fields: dict[str, Any],
    facts: dict[str, Any],
    signatures: list[dict[str, str]],
    number: DocumentNumber | None,
    at: datetime | None,
) -> Page:
    template = Template.of(row.rules)
    issuer = facts["issuer"] or {"name": ""}
    lent = {name: facts[fact] for name, fact in template.lent.items() if fact in facts}
    return Page(
        template=template,
        version=f"{row.jurisdiction} {row.version}",
        dated_on=None if at is None else chinese_day(at),
        data={
            "title": title,
            "issuer": issuer["name"],
            "number": "" if number is None else number.written,
            "dated": "" if at is None else say_day(chinese_day(at).isoformat()),
            "draft": at is None,
            "fields": say_fields(template, {**fields, **lent}, facts["documents"]),
            "facts": say_facts(facts),
            "signatures": signatures,
        },
    )


def _said(row: DocumentSignature) -> dict[str, str]:
    return {
        "role": row.role,
        "name": row.name,
        "outcome": row.outcome,
        "note": row.note or "",
        "at": say_moment(row.signed_at.isoformat()),
    }


def _draw_number(session: Session, by: Person, draft: Draft, at: datetime, keys: Sequence[EpochKey]) -> DocumentNumber:
    """The next one of the issuer's year and word. Whoever draws one at the same time waits until we have committed."""
    ask_gate(session, draft.document, "number", keys)
    issuer = require_issuer(session, draft.document.unit_id)
    word, year = f"{issuer.word}{draft.template.word}", chinese_day(at).year
    key = f"document number {issuer.unit_id} {year} {word}"
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    of_series = DocumentNumber.unit_id == issuer.unit_id, DocumentNumber.year == year, DocumentNumber.word == word
    last = session.scalar(select(func.max(DocumentNumber.number)).where(*of_series)) or 0
    row = DocumentNumber(
        id=uuid.uuid4(),
        unit_id=issuer.unit_id,
        document_id=draft.document.id,
        word=word,
        year=year,
        number=last + 1,
        drawn_by=by.id,
        drawn_at=at,
    )
    with at_the_gate(session, draft.case.id):
        session.add(row)
    drawn = {"number_id": str(row.id), "issuer_id": str(row.unit_id), "year": year, "number": row.number}
    record_document(session, by, draft.document, "numbered", {"case_id": str(draft.case.id), **drawn}, {"word": word})
    return row


def _record(session: Session, by: Person, document: Document, row: FinalDocument) -> None:
    data = {
        "case_id": str(row.case_id),
        "final_id": str(row.id),
        "text_id": str(row.text_id),
        "number_id": None if row.number_id is None else str(row.number_id),
        "dated_on": row.dated_on.isoformat(),
        "pdf_sha256": row.sha256.hex(),
        "size_bytes": row.size_bytes,
        "rendered_with": row.rendered_with,
    }
    record_document(session, by, document, "finalised", data)
