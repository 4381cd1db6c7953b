"""Papers of outsiders: each is stored as it was handed in. That the row is the ledger's, the audit of rows sees."""

from __future__ import annotations

import hashlib

from sqlalchemy import select

from api.verification.audit import Audit, check_object
from storage.catalog.access import RequestAttachment
from storage.errors import DecryptionFailed, ObjectStoreError
from storage.key_errors import KeyStoreError
from storage.sealed_object import AtRest, open_sealed

PIECE_BYTES = 1 << 20


def audit_attachments(audit: Audit) -> int:
    """Look at every paper, its bytes included; how many there were. They are few, and small."""
    count = 0
    for rows in audit.rows(select(RequestAttachment), RequestAttachment.id):
        for row in rows:
            if check_object(audit, row.object_name, row.ciphertext_size_bytes, row.ciphertext_sha256, read=True):
                check_plaintext(audit, AtRest.of(row), row.size_bytes, row.sha256, f"request_attachment {row.id}")
            count += 1
    return count


def check_plaintext(audit: Audit, at_rest: AtRest, size_bytes: int, sha256: bytes, subject: str) -> None:
    """Whether what was sealed opens to what the row says; the ledger says the same of the row."""
    hasher = hashlib.sha256()
    try:
        with open_sealed(audit.archive.store, audit.archive.key_store, at_rest) as plaintext:
            for piece in plaintext.pieces(0, size_bytes, PIECE_BYTES):
                hasher.update(piece)
    except (KeyStoreError, DecryptionFailed, ObjectStoreError) as error:
        audit.findings.add("key_unusable", subject, None, error)
        return
    if hasher.digest() != sha256:
        audit.findings.add("object_differs", at_rest.object_name, sha256, hasher.digest())
