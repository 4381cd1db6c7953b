"""Each playable copy: of its original, as the ledger says it was made, and stored as it was made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import func, select

from api.verification.audit import Audit, check_object
from ingest.rendering.facts import digest_of_facts
from integrity.errors import EvidenceError
from integrity.ledger_entry import parse_entry
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.recordings import Recording, Rendition
from storage.errors import DecryptionFailed, ObjectStoreError
from storage.key_errors import KeyStoreError
from storage.sealed_object import AtRest, open_sealed

MADE = "rendition.made"
PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class _Stated:
    """Of a copy, as entered when it was made: digests in hex. Before facts were kept, no entry stated any."""

    sha256: str | None = None
    facts_sha256: str | None = None


_NOTHING: Final = _Stated()


def audit_renditions(audit: Audit) -> int:
    """Look at every copy; how many there were."""
    with audit.archive.database.reading() as session:
        total = session.scalar(select(func.count()).select_from(Rendition)) or 0
    count = 0
    for rows in audit.rows(select(Rendition), Rendition.id):
        parents, stated = _parents(audit, rows), _stated(audit, rows)
        for _ in audit.each(rows, partial(_check_rendition, parents, stated)):
            count += 1
            audit.progress("renditions", count, max(total, count))
    return count


def _parents(audit: Audit, rows: Sequence[Rendition]) -> dict[str, bytes]:
    ids = {row.recording_id for row in rows}
    with audit.archive.database.reading() as session:
        found = session.execute(select(Recording.id, Recording.sha256).where(Recording.id.in_(ids)))
        return {str(row.id): row.sha256 for row in found}


def _stated(audit: Audit, rows: Sequence[Rendition]) -> dict[str, _Stated]:
    """The SHA-256 of each copy's plaintext and that of its facts, by the copy's id."""
    subjects = {str(row.recording_id) for row in rows}
    statement = select(LedgerEntryRow.entry).where(
        LedgerEntryRow.action == MADE, LedgerEntryRow.subject_id.in_(subjects)
    )
    stated: dict[str, _Stated] = {}
    with audit.archive.database.reading() as session:
        for content in session.scalars(statement):
            try:
                data = parse_entry(content).data
            except EvidenceError:  # the audit of the ledger has named it
                continue
            facts = data.get("facts_sha256")
            stated[str(data.get("rendition"))] = _Stated(str(data.get("sha256")), None if facts is None else str(facts))
    return stated


def _check_rendition(
    parents: Mapping[str, bytes], entries: Mapping[str, _Stated], audit: Audit, row: Rendition
) -> None:
    subject, parent = f"rendition {row.id}", parents.get(str(row.recording_id))
    stated = entries.get(str(row.id), _NOTHING)
    if row.parent_sha256 != parent:
        audit.findings.add("rendition_differs", f"{subject}: parent_sha256", parent, row.parent_sha256)
    if row.sha256.hex() != stated.sha256:
        audit.findings.add("rendition_differs", f"{subject}: sha256", stated.sha256, row.sha256)
    facts_sha256 = _digest_of_facts(row)
    if facts_sha256 != stated.facts_sha256:
        audit.findings.add("rendition_differs", f"{subject}: facts", stated.facts_sha256, facts_sha256)
    read = audit.reads(row.recording_id)
    intact = check_object(audit, row.object_name, row.ciphertext_size_bytes, row.ciphertext_sha256, read=read)
    try:
        if intact and read:
            _check_plaintext(audit, row)
        else:
            audit.archive.key_store.unwrap_data_key(AtRest.of(row).wrapped_key)
    except (KeyStoreError, DecryptionFailed, ObjectStoreError) as error:
        audit.findings.add("key_unusable", subject, None, error)


def _digest_of_facts(row: Rendition) -> str | None:
    """None where none were kept; of what no digest can be of, which nobody entered, why."""
    try:
        return None if row.facts is None else digest_of_facts(row.facts)
    except EvidenceError as error:
        return str(error)


def _check_plaintext(audit: Audit, row: Rendition) -> None:
    """Nobody signed the ciphertext of a copy: what the ledger has is the digest of its plaintext."""
    hasher = hashlib.sha256()
    with open_sealed(audit.archive.store, audit.archive.key_store, AtRest.of(row)) as plaintext:
        for piece in plaintext.pieces(0, row.size_bytes, PIECE_BYTES):
            hasher.update(piece)
    if hasher.digest() != row.sha256:
        audit.findings.add("object_differs", row.object_name, row.sha256, hasher.digest())
