"""Documents as they stand: of a case in order, or one with all that was said of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from casework.documents.drafts import latest_texts
from casework.documents.errors import DocumentNotFinal
from casework.documents.filling import missing_of
from casework.documents.finalising import page_of
from casework.documents.kept import refuse_kept_document
from casework.documents.rendering import render_page
from casework.documents.signing import signatures_by_text, unsigned_of_text
from casework.documents.template_file import Template
from casework.documents.templates import templates_on
from casework.documents.titles import UNPUNISHED_EN, is_unpunished, title_by
from integrity.local_time import chinese_day
from retention.subjects import row_in_unit
from storage.catalog.casework import Case
from storage.catalog.decisions import DecisionIssue, DecisionVersion
from storage.catalog.documents import (
    DOCUMENT_KINDS,
    Document,
    DocumentNumber,
    DocumentSignature,
    DocumentTemplate,
    DocumentText,
    FinalDocument,
    SealedDocument,
)
from storage.catalog.organisation import Person

STATES: Final = ("draft", "final", "sealed", "withdrawn")


@dataclass(frozen=True)
class DocumentNow:
    """A document with its latest text, and the decision that it states, if it states one. `state` is a word of STATES;
    `withdrawn` goes before the others."""

    document: Document
    row: DocumentTemplate
    template: Template
    text: DocumentText
    signatures: tuple[DocumentSignature, ...]
    final: FinalDocument | None
    number: DocumentNumber | None
    sealed: SealedDocument | None
    issue: DecisionIssue | None = None
    states: DecisionVersion | None = None

    @property
    def title(self) -> str:
        return title_by(self.template, self.states)

    @property
    def title_en(self) -> str:
        return UNPUNISHED_EN if is_unpunished(self.states) else self.row.title_en

    @property
    def state(self) -> str:
        if self.document.withdrawn_at is not None:
            return "withdrawn"
        return "draft" if self.final is None else "final" if self.sealed is None else "sealed"

    @property
    def missing(self) -> tuple[str, ...]:
        """What a draft lacks of its fields and facts, by Chinese names."""
        return missing_of(self.template, self.text.fields, self.text.facts)

    @property
    def unsigned(self) -> tuple[tuple[str, int], ...]:
        """Whose signatures a draft lacks, and how many."""
        return unsigned_of_text(self.template, self.signatures)


def documents_of_case(session: Session, case_id: uuid.UUID) -> tuple[DocumentNow, ...]:
    """Every document of a case, in the order in which they were begun, those that are withdrawn too."""
    statement = select(Document).where(Document.case_id == case_id)
    return _seen(session, session.scalars(statement.order_by(Document.begun_at, Document.id)))


def find_document(session: Session, person: Person, document_id: uuid.UUID) -> DocumentNow:
    """Raises AccessRefused where the case's class of secrecy keeps it from the person, UnknownSubject, OutsideUnit."""
    document = row_in_unit(session, person, Document, document_id)
    refuse_kept_document(session, person, document)
    (found,) = _seen(session, (document,))
    return found


def preview_document(session: Session, person: Person, document_id: uuid.UUID) -> bytes:
    """The PDF of what a document says now, marked as a draft across each page.

    Raises RenderingFailed, and what `find_document` does.
    """
    seen = find_document(session, person, document_id)
    page = page_of(session, seen.document, seen.text, seen.signatures, None, None)
    return render_page(page).pdf


def read_pdf(session: Session, person: Person, document_id: uuid.UUID) -> bytes:
    """The sealed document, or the final one before it is sealed.

    Raises DocumentNotFinal, and what `find_document` does.
    """
    seen = find_document(session, person, document_id)
    kept = seen.sealed or seen.final
    if kept is None:
        raise DocumentNotFinal(document_id)
    return kept.pdf


def kinds_to_begin(session: Session, case: Case, now: datetime) -> tuple[DocumentTemplate, ...]:
    """Templates of documents that can be begun in the case as it stands, in the order of DOCUMENT_KINDS."""
    held = templates_on(session, chinese_day(now))
    rows = (held[kind] for kind in DOCUMENT_KINDS if kind in held)
    return tuple(
        row
        for row in rows
        if case.stage in row.rules["stages"] and (case.closed_at is None or DOCUMENT_KINDS[row.kind].after_close)
    )


def _seen(session: Session, documents: Iterable[Document]) -> tuple[DocumentNow, ...]:
    documents = tuple(documents)
    ids = [each.id for each in documents]
    statement = (
        select(
            *(Document.id, DocumentTemplate, FinalDocument, DocumentNumber, SealedDocument, DecisionIssue),
            DecisionVersion,
        )
        .join(DocumentTemplate, DocumentTemplate.id == Document.template_id)
        .outerjoin(FinalDocument, FinalDocument.document_id == Document.id)
        .outerjoin(DocumentNumber, DocumentNumber.id == FinalDocument.number_id)
        .outerjoin(SealedDocument, SealedDocument.document_id == Document.id)
        .outerjoin(DecisionIssue, DecisionIssue.id == Document.issue_id)
        .outerjoin(DecisionVersion, DecisionVersion.id == DecisionIssue.version_id)
        .where(Document.id.in_(ids))
    )
    beside = {row[0]: row for row in session.execute(statement)}
    texts = latest_texts(session, ids)
    signatures = signatures_by_text(session, [each.id for each in texts.values()])
    return tuple(_one(each, beside[each.id], texts[each.id], signatures) for each in documents)


def _one(
    document: Document,
    beside: Row[
        uuid.UUID, DocumentTemplate, FinalDocument, DocumentNumber, SealedDocument, DecisionIssue, DecisionVersion
    ],
    text: DocumentText,
    signatures: Mapping[uuid.UUID, tuple[DocumentSignature, ...]],
) -> DocumentNow:
    _, row, final, number, sealed, issue, states = beside
    signed = signatures.get(text.id, ())
    return DocumentNow(document, row, Template.of(row.rules), text, signed, final, number, sealed, issue, states)
