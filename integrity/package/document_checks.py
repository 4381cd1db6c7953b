"""The documents (文书) of a package: each is what its entry names, and what bears a seal bears one that holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.x509.oid import NameOID

from integrity.digest import Digest, require_digest
from integrity.errors import EvidenceContradiction, MalformedEvidence
from integrity.ledger_entry import LedgerEntry
from integrity.package import layout
from integrity.package.documents import DocumentNote, parse_documents
from integrity.package.failure import naming
from integrity.package.reading import PackageFolder
from integrity.pdf_seal import open_seal
from integrity.timestamp import certificate_fingerprint
from integrity.trust import Trust

FINALISED, SEALED, WITHDRAWN = "document.finalised", "document.sealed", "document.withdrawn"
PDF_DIGEST = "pdf_sha256"
_FOLDER = "data/documents/"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedDocument:
    """One document of a package that holds. `seal`: the name on the certificate that sealed it."""

    path: str
    note: DocumentNote
    sha256: Digest
    seal: str | None
    ledger_index: int


def check_documents(
    package: PackageFolder,
    files: Sequence[str],
    digests: Mapping[str, Digest],
    entries: Mapping[int, LedgerEntry],
    trust: Trust,
) -> tuple[VerifiedDocument, ...]:
    """Every document against the list, its entry and the pinned seals. Raises kinds of EvidenceError."""
    present = sorted(path for path in files if path.startswith(_FOLDER))
    if layout.DOCUMENTS not in files:
        if present:
            raise EvidenceContradiction(present[0], layout.DOCUMENTS, "a document that is listed", "none is")
        return ()
    notes = parse_documents(package.read(layout.DOCUMENTS))
    paths = [layout.document_path(number) for number in range(1, len(notes) + 1)]
    if sorted(paths) != present:
        raise EvidenceContradiction(layout.DOCUMENTS, _FOLDER, f"{len(present)} documents", f"{len(paths)} listed")
    pinned = frozenset(certificate_fingerprint(seal) for seal in trust.seals)
    return tuple(
        _check(package, path, note, digests[path], entries, pinned, trust)
        for path, note in zip(paths, notes, strict=True)
    )


def _check(
    package: PackageFolder,
    path: str,
    note: DocumentNote,
    found: Digest,
    entries: Mapping[int, LedgerEntry],
    pinned: frozenset[Digest],
    trust: Trust,
) -> VerifiedDocument:
    index = _one_entry(path, entries, SEALED if note.sealed else FINALISED, str(note.document_id))
    with naming(layout.entry_path(index)):
        named = entries[index].data.get(PDF_DIGEST)
        if not isinstance(named, str):
            raise MalformedEvidence("ledger entry", f"it names no {PDF_DIGEST}")
    require_digest(path, Digest.parse("sha256", named), found)
    _check_state(path, note, entries)
    seal = None
    if note.sealed:
        with naming(path):
            opened = open_seal(package.read(path), pinned, path, trust.timestamp_trust)
        names = opened.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        seal = str(names[0].value) if names else opened.fingerprint.hex
    return VerifiedDocument(path=path, note=note, sha256=found, seal=seal, ledger_index=index)


def _check_state(path: str, note: DocumentNote, entries: Mapping[int, LedgerEntry]) -> None:
    """What the list says of a document is what its entries say: sealed or not, withdrawn or not."""
    said = {entry.action for entry in entries.values() if entry.subject_id == str(note.document_id)}
    state = "withdrawn" if WITHDRAWN in said else "sealed" if SEALED in said else "final"
    if note.state != state or note.sealed != (SEALED in said):
        raise EvidenceContradiction(layout.DOCUMENTS, "log/entries", state, note.state)


def _one_entry(path: str, entries: Mapping[int, LedgerEntry], action: str, document_id: str) -> int:
    found = [i for i, entry in entries.items() if entry.action == action and entry.subject_id == document_id]
    if len(found) != 1:
        raise EvidenceContradiction(path, "log/entries", f"{action} once", f"{len(found)} times")
    return found[0]
