"""Sealing (盖章): the unit's seal signs a final document. The final bytes stay; the signature comes behind them.

Signing may wait for an authority's time stamp, so it happens between two transactions: the first looks whether the
document may be sealed, the second looks again and keeps what was signed.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.archived import refuse_archived
from casework.documents.drafts import record_document
from casework.documents.errors import DocumentNotFinal, DocumentSealed, DocumentWithdrawn
from casework.documents.gate import ask_gate
from casework.documents.kept import refuse_kept_document
from casework.documents.seals import require_seal
from casework.documents.template_file import Template
from casework.documents.titles import title_of
from casework.permission import require
from integrity.digest import Digest
from integrity.epoch_keys import EpochKey
from integrity.fields import format_instant
from integrity.pdf_seal import open_seal
from integrity.timestamp import TimestampTrust
from retention.subjects import row_in_unit
from storage.catalog.casework import Case
from storage.catalog.documents import (
    Document,
    DocumentTemplate,
    FinalDocument,
    SealedDocument,
    UnitSeal,
)
from storage.catalog.organisation import Person


@dataclass(frozen=True)
class ToSeal:
    """A final document that may be sealed, and with which seal."""

    document_id: uuid.UUID
    final_id: uuid.UUID
    pdf: bytes
    title: str
    seal_id: uuid.UUID
    seal_name: str
    certificate: bytes
    chain: str


def prepare_sealing(
    session: Session, by: Person, document_id: uuid.UUID, now: datetime, keys: Sequence[EpochKey]
) -> ToSeal:
    """Whether it may be sealed, and what with. `keys`: those that reviews are signed with (`ask_gate`).

    Raises DocumentNotFinal, DocumentWithdrawn, DocumentSealed, SealMissing, what the gate refuses, RoleNotAllowed,
    AccessRefused, UnknownSubject, OutsideUnit.
    """
    document, final, seal = _look(session, by, document_id, now, keys)
    template = Template.of(session.get_one(DocumentTemplate, document.template_id).rules)
    return ToSeal(
        document_id=document.id,
        final_id=final.id,
        pdf=final.pdf,
        title=title_of(session, document, template),
        seal_id=seal.id,
        seal_name=seal.name,
        certificate=seal.certificate,
        chain=seal.chain,
    )


def record_sealing(
    session: Session,
    by: Person,
    prepared: ToSeal,
    pdf: bytes,
    now: datetime,
    trust: TimestampTrust | None,
    keys: Sequence[EpochKey],
) -> SealedDocument:
    """Keep what was signed, after it was checked as anybody would check it.

    Also in a closed case: what was made final before is still to be sealed. Raises what `prepare_sealing` does, and
    integrity's errors for a signature that does not hold.
    """
    document, final, seal = _look(session, by, prepared.document_id, now, keys, lock=True)
    pinned = frozenset({Digest("sha256", seal.certificate_sha256)})
    opened = open_seal(pdf, pinned, f"document {document.id}", trust)
    row = SealedDocument(
        id=uuid.uuid4(),
        unit_id=document.unit_id,
        case_id=document.case_id,
        document_id=document.id,
        final_id=final.id,
        seal_id=seal.id,
        pdf=pdf,
        sha256=hashlib.sha256(pdf).digest(),
        size_bytes=len(pdf),
        stamped_at=opened.stamped_at,
        sealed_by=by.id,
        sealed_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    data = {
        "case_id": str(row.case_id),
        "sealed_id": str(row.id),
        "final_id": str(final.id),
        "seal_id": str(seal.id),
        "pdf_sha256": row.sha256.hex(),
        "size_bytes": row.size_bytes,
        "stamped_at": None if row.stamped_at is None else format_instant(row.stamped_at),
    }
    record_document(session, by, document, "sealed", data)
    return row


def sealed_of(session: Session, document_id: uuid.UUID) -> SealedDocument | None:
    return session.scalars(select(SealedDocument).where(SealedDocument.document_id == document_id)).first()


def _look(
    session: Session,
    by: Person,
    document_id: uuid.UUID,
    now: datetime,
    keys: Sequence[EpochKey],
    *,
    lock: bool = False,
) -> tuple[Document, FinalDocument, UnitSeal]:
    require(by, "seal_documents")
    document = row_in_unit(session, by, Document, document_id)
    refuse_kept_document(session, by, document)
    if lock:
        row_in_unit(session, by, Case, document.case_id, lock=True)
        refuse_archived(session, document.case_id)
        document = row_in_unit(session, by, Document, document_id, lock=True)
    if document.withdrawn_at is not None:
        raise DocumentWithdrawn(document.id, document.withdrawn_at)
    final = session.scalars(select(FinalDocument).where(FinalDocument.document_id == document.id)).first()
    if final is None:
        raise DocumentNotFinal(document.id)
    sealed = sealed_of(session, document.id)
    if sealed is not None:
        raise DocumentSealed(document.id, sealed.sealed_at)
    ask_gate(session, document, "seal", keys)
    return document, final, require_seal(session, document.unit_id, now)
