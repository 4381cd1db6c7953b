"""The single checks that `verify_package` puts in order. Each raises a kind of EvidenceError, naming the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from integrity.canonical import Json
from integrity.checkpoint import Checkpoint
from integrity.digest import ContentDigests, Digest, digest_stream, new_sha256, require_digest
from integrity.dsse import Envelope
from integrity.epoch_keys import public_keys, require_epoch
from integrity.errors import (
    EvidenceContradiction,
    EvidenceError,
    FileMissing,
    FileUnexpected,
    MalformedEvidence,
    SizeMismatch,
)
from integrity.ledger_entry import LedgerEntry, parse_entry
from integrity.manifest import RecordingManifest, open_manifest
from integrity.merkle import leaf_hash, verify_inclusion
from integrity.package import bag, layout
from integrity.package.documents import RenditionNote, parse_case, parse_proof
from integrity.package.failure import FailedIn, naming
from integrity.package.reading import PackageFolder
from integrity.package.statement import PackagedFiles, PackageStatement, entry_indexes
from integrity.timestamp import TimestampToken, verify_timestamp
from integrity.trust import Trust

SEALED = "recording.sealed"
MANIFEST_DIGEST = "manifest_sha256"
STAMP_DIGEST = "token_sha256"


@dataclass(frozen=True, slots=True)
class FoundContent:
    """What every file was found to hold. `originals` has more about the footage as it was sealed."""

    digests: Mapping[str, Digest]
    sizes_bytes: Mapping[str, int]
    originals: Mapping[str, ContentDigests]


@contextmanager
def locating_change(package: PackageFolder, files: Sequence[str]) -> Iterator[None]:
    """When a key or the statement fails inside, let the bag's list name the file that changed, if it can.

    The list is unsigned: it helps with honest damage and is worth nothing against an attacker. The failure stands
    in any case.
    """
    try:
        yield
    except (EvidenceError, FailedIn):
        listed = bag.parse_list(package.read(layout.TAG_LIST), layout.TAG_LIST)
        for path, digest in listed.items():
            if path in files:
                require_digest(path, digest, _digest_file(package, path))
            elif layout.is_possible_file(path):
                raise FileMissing(path) from None
        raise


def digest_files(package: PackageFolder, files: Sequence[str], statement: PackageStatement) -> FoundContent:
    """Read every file once and hold it against the statement."""
    listed = {*statement.files, *layout.OUTSIDE_STATEMENT}
    for path in sorted(listed - set(files)):
        raise FileMissing(path)
    for path in sorted(set(files) - listed):
        raise FileUnexpected(path)
    originals = {each.original: digest_stream(package.read_pieces(each.original)) for each in statement.recordings}
    digests = {path: originals[path].sha256 if path in originals else _digest_file(package, path) for path in files}
    for path, digest in statement.files.items():
        require_digest(path, digest, digests[path])
    return FoundContent(digests, {path: package.size_bytes(path) for path in files}, originals)


def check_bag(package: PackageFolder, statement: PackageStatement, content: FoundContent) -> None:
    """Make the bag's own files again from what was found, and compare."""
    sizes_bytes = (size for path, size in content.sizes_bytes.items() if layout.is_payload(path))
    again = {
        layout.BAG_DECLARATION: bag.DECLARATION,
        layout.BAG_INFO: bag.describe_bag(statement.package_id, statement.created_at, sizes_bytes),
        layout.PAYLOAD_LIST: bag.list_payload(content.digests),
        layout.TAG_LIST: bag.list_tags(content.digests),
    }
    for path, expected in again.items():
        require_digest(path, Digest.of("sha256", expected), content.digests[path])


def open_manifests(package: PackageFolder, statement: PackageStatement, trust: Trust) -> list[RecordingManifest]:
    """Every manifest, signed by the manifest key of the epoch it names."""
    numbers = range(1, len(statement.recordings) + 1)
    return [_open_manifest(package, layout.manifest_path(number), trust) for number in numbers]


def check_tokens(package: PackageFolder, statement: PackageStatement, trust: Trust) -> list[TimestampToken]:
    """Every token, over the whole file of its manifest."""
    tokens = []
    for number in range(1, len(statement.recordings) + 1):
        path = layout.token_path(number)
        with naming(path):
            covered = package.read(layout.manifest_path(number))
            tokens.append(verify_timestamp(package.read(path), covered, trust.timestamp_trust, path))
    return tokens


def check_originals(statement: PackageStatement, manifests: Sequence[RecordingManifest], content: FoundContent) -> None:
    """Every original against its manifest."""
    for number, (listed, manifest) in enumerate(zip(statement.recordings, manifests, strict=True), 1):
        _check_original(number, listed, manifest, content.originals[listed.original])


def _check_original(number: int, listed: PackagedFiles, manifest: RecordingManifest, found: ContentDigests) -> None:
    """One original against its manifest: the id, the kind of file, and everything the content is known by."""
    path, sealed = listed.original, manifest.digests
    if manifest.recording_id != listed.recording_id:
        expected, stated = str(manifest.recording_id), str(listed.recording_id)
        raise EvidenceContradiction(layout.STATEMENT, layout.manifest_path(number), expected, stated)
    if path != layout.original_path(number, manifest.original_name):
        expected = layout.original_path(number, manifest.original_name)
        raise EvidenceContradiction(layout.STATEMENT, layout.manifest_path(number), expected, path)
    require_digest(path, sealed.sha256, found.sha256)
    require_digest(path, sealed.sm3, found.sm3)
    if sealed.size_bytes != found.size_bytes:
        raise SizeMismatch(path, sealed.size_bytes, found.size_bytes)
    if sealed.chunk_root != found.chunk_root:
        raise EvidenceContradiction(path, "its manifest's chunk root", sealed.chunk_root.hex(), found.chunk_root.hex())


def check_entries(package: PackageFolder, files: Sequence[str], checkpoint: Checkpoint) -> Mapping[int, LedgerEntry]:
    """Every entry is in the ledger of `checkpoint`. Gives them by index."""
    return {index: check_entry(package, index, checkpoint) for index in entry_indexes(files)}


def check_sealings(
    manifests: Sequence[RecordingManifest], content: FoundContent, entries: Mapping[int, LedgerEntry]
) -> list[int]:
    """Every recording was sealed by exactly one entry, with this manifest and token. Gives the entries' indexes."""
    sealings: dict[str, list[int]] = {}
    for index, entry in entries.items():
        if entry.action == SEALED:
            sealings.setdefault(entry.subject_id, []).append(index)
    found = []
    for number, manifest in enumerate(manifests, 1):
        path, token_path = layout.manifest_path(number), layout.token_path(number)
        indexes = sealings.get(str(manifest.recording_id), [])
        if len(indexes) != 1:
            raise EvidenceContradiction(path, "log/entries", f"sealed by {len(indexes)} entries", "sealed once")
        with naming(layout.entry_path(indexes[0])):
            data = entries[indexes[0]].data
            require_digest(path, _named_digest(data, MANIFEST_DIGEST), content.digests[path])
            # Bounds what a stolen key of the authority can do: the token was there when the entry was written.
            require_digest(token_path, _named_digest(data, STAMP_DIGEST), content.digests[token_path])
        found += indexes
    return found


def check_case(package: PackageFolder, statement: PackageStatement, manifests: Sequence[RecordingManifest]) -> None:
    """The case file speaks of these recordings, and of each playable copy says which original it was made from."""
    notes = parse_case(package.read(layout.CASE))
    expected = [(each.recording_id, each.original_name) for each in manifests]
    if [(each.recording_id, each.original_name) for each in notes] != expected:
        raise EvidenceContradiction(layout.CASE, "the manifests", f"{len(expected)} recordings", "other recordings")
    for listed, manifest, note in zip(statement.recordings, manifests, notes, strict=True):
        copies = () if listed.proxy is None else (listed.proxy,)
        if tuple(each.path for each in note.renditions) != copies:
            raise EvidenceContradiction(layout.CASE, layout.STATEMENT, str(copies), "other playable copies")
        for rendition in note.renditions:
            _check_rendition(rendition, manifest, statement.files[rendition.path])


def _check_rendition(rendition: RenditionNote, manifest: RecordingManifest, found: Digest) -> None:
    require_digest(rendition.path, rendition.sha256, found)
    sealed = manifest.digests.sha256
    if rendition.parent_sha256 != sealed:
        raise EvidenceContradiction(layout.CASE, "the manifest", sealed.hex, rendition.parent_sha256.hex)


def _open_manifest(package: PackageFolder, path: str, trust: Trust) -> RecordingManifest:
    with naming(path):
        content = package.read(path)
        manifest = open_manifest(content, public_keys(trust.manifest_keys), path)
        for signature in Envelope.parse(content, path).signatures:
            require_epoch(trust.manifest_keys, signature.key_id, manifest.key_epoch, path)
        return manifest


def check_entry(package: PackageFolder, index: int, checkpoint: Checkpoint) -> LedgerEntry:
    """One entry, once its proof has led to the checkpoint's root."""
    path = layout.proof_path(index)
    with naming(path):
        proof = parse_proof(package.read(path), path)
        if (proof.index, proof.size) != (index, checkpoint.size):
            expected, found = f"{index} of {checkpoint.size}", f"{proof.index} of {proof.size}"
            raise EvidenceContradiction(path, layout.CHECKPOINT, expected, found)
    with naming(layout.entry_path(index)):
        content = package.read(layout.entry_path(index))
        found_leaf = Digest("sha256", leaf_hash(content))
        require_digest(layout.entry_path(index), Digest("sha256", proof.leaf_hash), found_leaf)
        entry = parse_entry(content)
    with naming(path):
        verify_inclusion(proof.leaf_hash, index, checkpoint.size, proof.hashes, checkpoint.root)
    return entry


def _named_digest(data: Mapping[str, Json], name: str) -> Digest:
    named = data.get(name)
    if not isinstance(named, str):
        raise MalformedEvidence("ledger entry", f"a {SEALED} without {name}")
    return Digest.parse("sha256", named)


def _digest_file(package: PackageFolder, path: str) -> Digest:
    hasher = new_sha256()
    for piece in package.read_pieces(path):
        hasher.update(piece)
    return Digest("sha256", hasher.digest())
