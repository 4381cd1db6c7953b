"""Copying a case out: its entry first, then the footage, decrypted straight into a package anybody can verify.

Whoever holds a grant to copy does it, from the command line or over HTTP; both come here.
"""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from api.archive import Archive
from api.handover_errors import EntriesWithoutPlace, NoRoomForCopy, NothingToCopy
from api.recalling import recall_under
from api.succeeding import signer_in_force
from api.trust_folder import activation_entries, build_trust
from casework.access import record_refused_deed
from casework.errors import AccessRefused
from casework.export import CaseContents, CopiedDocument, CopiedRecording, finish_export, gather_case, start_export
from integrity.digest import Digest
from integrity.errors import PackageExists
from integrity.package.contents import (
    PackageContents,
    PackagedDocument,
    PackagedEntry,
    PackagedProxy,
    PackagedRecording,
)
from integrity.package.layout import STATEMENT
from integrity.package.verify import Verdict
from integrity.package.write import write_package
from retention.errors import OriginalsCold
from retention.recalls import require_in_store
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording, Rendition
from storage.full_disk import is_full
from storage.ledger.errors import EntriesUncovered
from storage.sealed_object import AtRest, open_sealed

PROXY = "proxy"
PIECE_BYTES = 1 << 20
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class ExportedPackage:
    """A package that its own verifier accepted. The digest is of its signed statement's file."""

    export_id: uuid.UUID
    folder: Path
    statement_sha256: Digest
    recordings: int
    size_bytes: int


def export_case(
    archive: Archive, person: Person, case_id: uuid.UUID, grant_id: uuid.UUID, target: Path
) -> ExportedPackage:
    """Copy a case into the new folder `target`, durably, under a grant to copy that is this person's.

    The entry of the export is committed before the first plaintext byte leaves, and a refusal is an entry too. After
    any failure, a crash included, there is no package at `target`; the entry then says that one was begun.

    Raises AccessRefused, casework's Unknown and OutsideUnit, PackageExists, NothingToCopy, EntriesWithoutPlace,
    NoRoomForCopy, KeysUnusable, OriginalsCold where originals lie in the cold place, which are asked for then, and what
    reading and verifying evidence raises.
    """
    if target.exists() or target.is_symlink():
        raise PackageExists(str(target))
    export_id, contents = _begin(archive, person, case_id, grant_id)
    verdict = _write(target, _package(archive, export_id, contents))
    try:
        statement_sha256 = Digest("sha256", hashlib.sha256((target / STATEMENT).read_bytes()).digest())
        with archive.database.transaction() as session:
            finish_export(session, person, export_id, statement_sha256)
    except BaseException:
        # What the ledger does not know to be finished must not be taken for it.
        shutil.rmtree(target, ignore_errors=True)
        raise
    return ExportedPackage(export_id, target, statement_sha256, len(verdict.recordings), verdict.size_bytes)


def _write(target: Path, contents: PackageContents) -> Verdict:
    try:
        return write_package(target, contents)
    except OSError as error:
        if is_full(error):
            raise NoRoomForCopy(target) from error
        raise


def _begin(archive: Archive, person: Person, case_id: uuid.UUID, grant_id: uuid.UUID) -> tuple[uuid.UUID, CaseContents]:
    """Commit the entry, and gather what there was at that moment, that entry included."""
    now = datetime.now(UTC)
    try:
        with archive.database.transaction() as session:
            export = start_export(session, person, case_id, grant_id, now)
            contents = gather_case(session, person, case_id, grant_id, now)
            if not contents.recordings:
                raise NothingToCopy(case_id)
            require_in_store(session, [each.recording.id for each in contents.recordings])
            return export.id, contents
    except OriginalsCold as cold:
        with archive.database.transaction() as session:
            raised = recall_under(session, archive, person, grant_id, cold.recording_ids)
        raise raised from None
    except AccessRefused as error:
        with archive.database.transaction() as session:
            record_refused_deed(session, person, "case", case_id, error.reason)
        raise


def _package(archive: Archive, export_id: uuid.UUID, contents: CaseContents) -> PackageContents:
    # In this order: the key that signs was announced before it does, so its entry is among those that are proven, and
    # it is among the trust that is built after it.
    signer = signer_in_force(archive.database, archive.keyring, "package")
    try:
        proven = archive.ledger.prove_all([*contents.entry_ids, *activation_entries(archive)], PATIENCE_SECONDS)
    except EntriesUncovered as error:
        raise EntriesWithoutPlace(error.waiting) from error
    trust = build_trust(archive)
    return PackageContents(
        package_id=export_id,
        created_at=contents.gathered_at,
        case=contents.case_file,
        recordings=(_recording(archive, copied) for copied in contents.recordings),
        documents=tuple(map(_document, contents.documents)),
        entries=(PackagedEntry(index=each.index, entry=each.entry, proof=each.proof) for each in proven.entries),
        checkpoint=proven.note,
        trust=trust,
        key=signer.key,
        catalogues=contents.catalogues,
        repeats=contents.repeats,
        key_epoch=signer.epoch,
    )


def _recording(archive: Archive, copied: CopiedRecording) -> PackagedRecording:
    recording = copied.recording
    proxy = next((each for each in copied.renditions if each.name == PROXY), None)
    return PackagedRecording(
        envelope=recording.manifest,
        token=recording.token,
        original=_plaintext(archive, recording),
        proxy=None if proxy is None else _proxy(archive, proxy),
    )


def _document(copied: CopiedDocument) -> PackagedDocument:
    return PackagedDocument(
        document_id=copied.document.id,
        kind=copied.document.kind,
        title=copied.title,
        number=copied.number,
        state=copied.state,
        sealed=copied.sealed,
        pdf=copied.pdf,
    )


def _proxy(archive: Archive, rendition: Rendition) -> PackagedProxy:
    return PackagedProxy(
        pieces=_plaintext(archive, rendition),
        sha256=Digest("sha256", rendition.sha256),
        parent_sha256=Digest("sha256", rendition.parent_sha256),
        tool=rendition.tool,
        version=rendition.tool_version,
        settings={"arguments": rendition.settings},
    )


def _plaintext(archive: Archive, sealed: Recording | Rendition) -> Iterator[memoryview]:
    """The decrypted bytes; nothing is opened before the first of them is asked for."""
    with open_sealed(archive.everywhere, archive.key_store, AtRest.of(sealed), archive.copies) as plaintext:
        yield from plaintext.pieces_of_either(0, sealed.size_bytes, PIECE_BYTES)
