"""Step 13: an archived case's catalogues (卷内目录) are those of the ledger, and speak of what is in the package."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from integrity.catalogue import DOCUMENT, NOTE, RECORDING, Catalogue, CatalogueItem, parse_catalogue
from integrity.digest import Digest, require_digest
from integrity.errors import EvidenceContradiction, FileMissing, MalformedEvidence
from integrity.ledger_entry import LedgerEntry
from integrity.manifest import RecordingManifest
from integrity.package import layout
from integrity.package.failure import naming
from integrity.package.reading import PackageFolder

ARCHIVED = "case.archived"
SUPPLEMENTED = "case.archive_supplemented"


def check_catalogues(
    package: PackageFolder,
    manifests: Sequence[RecordingManifest],
    digests: Mapping[str, Digest],
    entries: Mapping[int, LedgerEntry],
) -> tuple[Catalogue, ...]:
    """Of a case that the ledger says was archived, every version of its catalogue; none of one that was not.

    The last one names the package's recordings, all and no others, each with the digest of its manifest, and documents
    by the digests of files that are here; each holds what the one before it held.
    """
    named = {_version_of(entry): index for index, entry in entries.items() if entry.action in (ARCHIVED, SUPPLEMENTED)}
    found = layout.catalogue_versions(digests)
    for version in sorted(named.keys() - found):
        raise FileMissing(layout.catalogue_path(version))
    for version in sorted(found - named.keys()):
        path = layout.catalogue_path(version)
        raise EvidenceContradiction(path, "log/entries", "a catalogue that the ledger names", "one it does not name")
    catalogues = tuple(_open(package, digests, entries[named[version]], version) for version in sorted(named))
    for earlier, later in itertools.pairwise(catalogues):
        _require_kept(earlier, later)
    if catalogues:
        _check_items(catalogues[-1], manifests, digests)
    return catalogues


def _version_of(entry: LedgerEntry) -> int:
    version = entry.data.get("version")
    if type(version) is not int:
        raise MalformedEvidence("ledger entry", f"a {entry.action} without its version")
    return version


def _open(package: PackageFolder, digests: Mapping[str, Digest], entry: LedgerEntry, version: int) -> Catalogue:
    path = layout.catalogue_path(version)
    with naming(path):
        stated = entry.data.get("catalogue_sha256")
        if not isinstance(stated, str):
            raise MalformedEvidence("ledger entry", f"a {entry.action} without catalogue_sha256")
        require_digest(path, Digest.parse("sha256", stated), digests[path])
        catalogue = parse_catalogue(package.read(path), path)
        if (catalogue.version, catalogue.case_id) != (version, entry.subject_id):
            expected, said = f"version {version} of {entry.subject_id}", f"{catalogue.version} of {catalogue.case_id}"
            raise EvidenceContradiction(path, "its ledger entry", expected, said)
        return catalogue


def _require_kept(earlier: Catalogue, later: Catalogue) -> None:
    # Not the whole line: when something was made, and by whom, may have been put right meanwhile.
    gone = set(map(_known_by, earlier.items)) - set(map(_known_by, later.items))
    if gone:
        path = layout.catalogue_path(later.version)
        raise EvidenceContradiction(
            path, layout.catalogue_path(earlier.version), "all of its items", f"{len(gone)} less"
        )


def _check_items(catalogue: Catalogue, manifests: Sequence[RecordingManifest], digests: Mapping[str, Digest]) -> None:
    path = layout.catalogue_path(catalogue.version)
    listed = {(each.id, each.sha256) for each in catalogue.items if each.kind == RECORDING}
    held = {(each.recording_id, each.digests.sha256) for each in manifests}
    if listed != held:
        raise EvidenceContradiction(path, "the manifests", _named(held - listed), _named(listed - held))
    here = set(digests.values())
    for each in catalogue.items:
        if each.kind == DOCUMENT and each.sha256 not in here:
            raise EvidenceContradiction(path, layout.STATEMENT, f"a file of {each.sha256}", f"none, of {each.title}")


def _known_by(item: CatalogueItem) -> tuple[object, ...]:
    return (item.kind, item.stage, item.id, item.sha256, item.title if item.kind == NOTE else None)


def _named(recordings: Iterable[tuple[UUID | None, Digest | None]]) -> str:
    return ", ".join(sorted(f"{recording_id} {digest}" for recording_id, digest in recordings)) or "no others"
