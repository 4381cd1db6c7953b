"""Papers of outsiders: each is stored as it was handed in. That the row is the ledger's, the audit of rows sees."""

from __future__ import annotations

import hashlib

from sqlalchemy import select

from api.verification.audit import Audit, check_object
from storage.catalog.access import RequestAttachment
from storage.errors import DecryptionFailed, KeyStoreError, ObjectStoreError
from storage.sealed_object import AtRest, open_sealed

PIECE_BYTES = 1 << 20


def audit_attachments(audit: Audit) -> int:
    """Look at every paper, its bytes included; how many there were. They are few, and small."""
    count = 0
    for rows in audit.rows(select(RequestAttachment), RequestAttachment.id):
        for row in rows:
            _check(audit, row)
            count += 1
    return count


def _check(audit: Audit, row: RequestAttachment) -> None:
    if not check_object(audit, row.object_name, row.ciphertext_size_bytes, row.ciphertext_sha256, read=True):
        return
    hasher = hashlib.sha256()
    try:
        with open_sealed(audit.archive.store, audit.archive.key_store, AtRest.of(row)) as plaintext:
            for piece in plaintext.pieces(0, row.size_bytes, PIECE_BYTES):
                hasher.update(piece)
    except (KeyStoreError, DecryptionFailed, ObjectStoreError) as error:
        audit.findings.add("key_unusable", f"request_attachment {row.id}", None, error)
        return
    if hasher.digest() != row.sha256:
        audit.findings.add("object_differs", row.object_name, row.sha256, hasher.digest())
