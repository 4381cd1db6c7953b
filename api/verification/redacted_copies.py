"""Redacted copies: each is of its recording, and stored as it was made. Rows are held against entries elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import select

from api.verification.attachments import check_plaintext
from api.verification.audit import Audit, check_object
from storage.catalog.recordings import Recording
from storage.catalog.redaction import RedactedCopy
from storage.key_errors import KeyStoreError
from storage.sealed_object import AtRest


def audit_copies(audit: Audit) -> int:
    """Look at every copy that was made; how many there were. Bytes are read where the recording's are."""
    count = 0
    for rows in audit.rows(select(RedactedCopy).where(RedactedCopy.state == "done"), RedactedCopy.id):
        parents = _parents(audit, rows)
        for _ in audit.each(rows, partial(_check, parents)):
            count += 1
    return count


def _parents(audit: Audit, rows: Sequence[RedactedCopy]) -> dict[str, bytes]:
    ids = {row.recording_id for row in rows}
    with audit.archive.database.reading() as session:
        found = session.execute(select(Recording.id, Recording.sha256).where(Recording.id.in_(ids)))
        return {str(row.id): row.sha256 for row in found}


def _check(parents: Mapping[str, bytes], audit: Audit, row: RedactedCopy) -> None:
    subject, parent = f"redacted_copy {row.id}", parents.get(str(row.recording_id))
    if row.parent_sha256 != parent:
        audit.findings.add("rendition_differs", f"{subject}: parent_sha256", parent, row.parent_sha256)
    at_rest, read = AtRest.of_copy(row), audit.reads(row.recording_id)
    intact = check_object(audit, at_rest.object_name, at_rest.size_bytes, row.ciphertext_sha256 or b"", read=read)
    if intact and read:
        check_plaintext(audit, at_rest, row.size_bytes or 0, row.sha256 or b"", subject)
        return
    try:
        audit.archive.key_store.unwrap_data_key(at_rest.wrapped_key)
    except KeyStoreError as error:
        audit.findings.add("key_unusable", subject, None, error)
