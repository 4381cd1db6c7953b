"""Whether the seals on documents hold: over the bytes that are kept, by the certificate that the ledger knows."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from api.verification.audit import Audit
from integrity.digest import Digest
from integrity.errors import EvidenceError
from integrity.pdf_seal import open_seal
from storage.catalog.documents import FinalDocument, SealedDocument, UnitSeal

_AT_A_TIME = 50


def audit_documents(audit: Audit) -> int:
    """Look at every sealed document; how many there were. That bytes are those of the ledger, the rows' audit says."""
    count = 0
    for sealed, final_size, final_pdf, certificate_sha256 in _sealed(audit):
        count += 1
        subject = f"sealed_document {sealed.id}"
        if sealed.pdf[:final_size] != final_pdf:
            audit.findings.add("seal_invalid", subject, "the final document, and a signature behind it", "other bytes")
            continue
        try:
            open_seal(
                sealed.pdf, frozenset({Digest("sha256", certificate_sha256)}), subject, audit.trust.timestamp_trust
            )
        except EvidenceError as error:
            audit.findings.add("seal_invalid", subject, None, error)
    return count


def _sealed(audit: Audit) -> Iterator[tuple[SealedDocument, int, bytes, bytes]]:
    statement = (
        select(SealedDocument, FinalDocument.size_bytes, FinalDocument.pdf, UnitSeal.certificate_sha256)
        .join(FinalDocument, FinalDocument.id == SealedDocument.final_id)
        .join(UnitSeal, UnitSeal.id == SealedDocument.seal_id)
    )
    with audit.archive.database.reading(snapshot=True) as session:
        for row in session.execute(statement.execution_options(yield_per=_AT_A_TIME)):
            yield row[0], row[1], row[2], row[3]
