"""Writing a package: everything is checked on its way in, and the whole by the verifier before it gets its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from integrity.checkpoint import open_checkpoint
from integrity.digest import ContentDigests, ContentHasher, Digest, require_digest
from integrity.durable_files import FolderExists, new_folder, write_durably, write_pieces_durably
from integrity.epoch_keys import public_keys
from integrity.errors import EvidenceContradiction, MalformedEvidence, PackageExists, SizeMismatch
from integrity.ledger_entry import LedgerEntry
from integrity.manifest import RecordingManifest, open_manifest
from integrity.merkle import leaf_hash
from integrity.package import bag, layout
from integrity.package.contents import (
    PackageContents,
    PackagedDocument,
    PackagedEntry,
    PackagedProxy,
    PackagedRecording,
)
from integrity.package.documents import (
    DocumentNote,
    InclusionProof,
    RecordingNote,
    RenditionNote,
    write_case,
    write_documents,
    write_repeats,
)
from integrity.package.guide import GuideRecording, write_guide
from integrity.package.guide_keys import GuideKey
from integrity.package.key_checks import find_activation
from integrity.package.key_line import trace_lines
from integrity.package.statement import PackagedFiles, PackageStatement, sign_statement
from integrity.package.verify import Verdict, verify_package
from integrity.timestamp import verify_timestamp
from integrity.trust import Trust, trust_files

if TYPE_CHECKING:
    from typing_extensions import Buffer


def write_package(folder: Path, contents: PackageContents) -> Verdict:
    """Write a package into a new `folder` and give the verifier's verdict on it under the pinned keys of `contents`.

    Durable on return. Footage is copied in pieces, so a recording of any size takes constant memory. On any failure
    nothing is left: the folder is filled under a passing name beside `folder` and renamed at the very end.

    Raises PackageExists; DigestMismatch or SizeMismatch when footage is not what its manifest says; what is wrong with
    anything else, as the verifier would; and OSError for a full disk.
    """
    try:
        with new_folder(folder) as partial:
            _fill_bag(_Bag(partial), contents)
            # Read back, every byte of it: a package that its own verifier refuses must never get its name.
            return verify_package(partial, contents.trust)
    except FolderExists as error:
        raise PackageExists(str(folder)) from error


@dataclass(frozen=True)
class _Bag:
    """A package being filled. Every file is written once; its digest and size are kept for the lists."""

    root: Path
    digests: dict[str, Digest] = field(default_factory=dict)
    sizes_bytes: dict[str, int] = field(default_factory=dict)

    def add(self, path: str, content: bytes) -> None:
        self._make_parent(path)
        write_durably(self.root / path, content)
        self._note(path, Digest.of("sha256", content), len(content))

    def add_footage(self, path: str, pieces: Iterable[Buffer], most_bytes: int | None) -> ContentDigests:
        """Copy, and digest in the same pass. Stops with SizeMismatch once there is more than `most_bytes`."""
        self._make_parent(path)
        hasher = ContentHasher()
        write_pieces_durably(self.root / path, _passing(path, pieces, hasher, most_bytes))
        found = hasher.finish()
        self._note(path, found.sha256, found.size_bytes)
        return found

    def _make_parent(self, path: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)

    def _note(self, path: str, sha256: Digest, size_bytes: int) -> None:
        self.digests[path] = sha256
        self.sizes_bytes[path] = size_bytes


@dataclass(frozen=True, slots=True)
class _AddedRecording:
    """What the statement, the case file and the guide say about one recording."""

    files: PackagedFiles
    note: RecordingNote
    guide: GuideRecording


def _fill_bag(filling: _Bag, contents: PackageContents) -> None:
    # The small things first: what is wrong with them should show before gigabytes are copied.
    succeeded = _add_log(filling, contents)
    for name, content in trust_files(contents.trust).items():
        filling.add(f"{layout.TRUST_FOLDER}/{name}", content)
    added = [_add_recording(filling, n, each, contents.trust) for n, each in enumerate(contents.recordings, 1)]
    _add_documents(filling, contents.documents)
    filling.add(layout.CASE, write_case(contents.case, [each.note for each in added]))
    if contents.repeats:
        filling.add(layout.REPEATS, write_repeats(contents.repeats))
    for version, content in enumerate(contents.catalogues, 1):
        filling.add(layout.catalogue_path(version), content)
    sealed = [layout.document_path(n) for n, each in enumerate(contents.documents, 1) if each.sealed]
    guide = write_guide(
        [each.guide for each in added],
        contents.key_epoch,
        len(contents.catalogues),
        sealed,
        has_repeats=bool(contents.repeats),
        succeeded=succeeded,
    )
    filling.add(layout.GUIDE, guide)
    _add_lists(filling, contents, tuple(each.files for each in added))


def _add_log(filling: _Bag, contents: PackageContents) -> Sequence[GuideKey]:
    """Gives the keys that succeeded others, as these entries tell them."""
    checkpoint = open_checkpoint(contents.checkpoint, contents.trust.ledger_vkey)
    filling.add(layout.CHECKPOINT, contents.checkpoint)
    previous, activations = -1, dict[int, LedgerEntry]()
    for each in contents.entries:
        if each.index <= previous:
            raise MalformedEvidence(layout.entry_path(each.index), f"entries must ascend; it came after {previous}")
        previous = each.index
        _add_entry(filling, each, checkpoint.size)
        activation = find_activation(each.entry)
        if activation is not None:
            activations[each.index] = activation
    lines = trace_lines(activations, checkpoint.origin)
    return [GuideKey(role, each.epoch, each.index) for role, line in lines.items() for each in line[1:]]


def _add_entry(filling: _Bag, added: PackagedEntry, size: int) -> None:
    proof = InclusionProof(added.index, size, leaf_hash(added.entry), tuple(added.proof))
    filling.add(layout.entry_path(added.index), added.entry)
    filling.add(layout.proof_path(added.index), proof.to_bytes())


def _add_recording(filling: _Bag, number: int, recording: PackagedRecording, trust: Trust) -> _AddedRecording:
    manifest_path, token_path = layout.manifest_path(number), layout.token_path(number)
    manifest = open_manifest(recording.envelope, public_keys(trust.manifest_keys), manifest_path)
    token = verify_timestamp(recording.token, recording.envelope, trust.timestamp_trust, token_path)
    filling.add(manifest_path, recording.envelope)
    filling.add(token_path, recording.token)
    original = _add_original(filling, number, recording, manifest)
    proxy: str | None = None
    renditions: tuple[RenditionNote, ...] = ()
    if recording.proxy is not None:
        proxy = layout.proxy_path(number)
        renditions = (_add_proxy(filling, proxy, recording.proxy, manifest),)
    return _AddedRecording(
        PackagedFiles(recording_id=manifest.recording_id, original=original, proxy=proxy),
        RecordingNote(recording_id=manifest.recording_id, original_name=manifest.original_name, renditions=renditions),
        GuideRecording(number, original, manifest.key_epoch, token.gen_time),
    )


def _add_original(filling: _Bag, number: int, recording: PackagedRecording, manifest: RecordingManifest) -> str:
    path, sealed = layout.original_path(number, manifest.original_name), manifest.digests
    found = filling.add_footage(path, recording.original, sealed.size_bytes)
    if found.size_bytes != sealed.size_bytes:
        raise SizeMismatch(path, sealed.size_bytes, found.size_bytes)
    require_digest(path, sealed.sha256, found.sha256)
    require_digest(path, sealed.sm3, found.sm3)
    return path


def _add_proxy(filling: _Bag, path: str, proxy: PackagedProxy, manifest: RecordingManifest) -> RenditionNote:
    sealed = manifest.digests.sha256
    if proxy.parent_sha256 != sealed:
        raise EvidenceContradiction(path, "its original's manifest", sealed.hex, proxy.parent_sha256.hex)
    require_digest(path, proxy.sha256, filling.add_footage(path, proxy.pieces, None).sha256)
    return RenditionNote(
        path=path,
        sha256=proxy.sha256,
        parent_sha256=proxy.parent_sha256,
        tool=proxy.tool,
        version=proxy.version,
        settings=proxy.settings,
    )


def _add_documents(filling: _Bag, documents: Sequence[PackagedDocument]) -> None:
    if not documents:
        return
    for number, each in enumerate(documents, 1):
        filling.add(layout.document_path(number), each.pdf)
    notes = [
        DocumentNote(
            document_id=each.document_id,
            kind=each.kind,
            title=each.title,
            number=each.number,
            state=each.state,
            sealed=each.sealed,
        )
        for each in documents
    ]
    filling.add(layout.DOCUMENTS, write_documents(notes))


def _add_lists(filling: _Bag, contents: PackageContents, recordings: tuple[PackagedFiles, ...]) -> None:
    """Last of all, in this order: each of these speaks of the ones before it."""
    payload_sizes_bytes = [size for path, size in filling.sizes_bytes.items() if layout.is_payload(path)]
    filling.add(layout.BAG_DECLARATION, bag.DECLARATION)
    filling.add(layout.BAG_INFO, bag.describe_bag(contents.package_id, contents.created_at, payload_sizes_bytes))
    filling.add(layout.PAYLOAD_LIST, bag.list_payload(filling.digests))
    statement = PackageStatement(
        package_id=contents.package_id,
        created_at=contents.created_at,
        key_epoch=contents.key_epoch,
        recordings=recordings,
        files=dict(filling.digests),
    )
    filling.add(layout.STATEMENT, sign_statement(statement, contents.key))
    filling.add(layout.TAG_LIST, bag.list_tags(filling.digests))


def _passing(path: str, pieces: Iterable[Buffer], hasher: ContentHasher, most_bytes: int | None) -> Iterator[Buffer]:
    size_bytes = 0
    for piece in pieces:
        size_bytes += memoryview(piece).nbytes
        if most_bytes is not None and size_bytes > most_bytes:
            raise SizeMismatch(path, most_bytes, size_bytes)
        hasher.update(piece)
        yield piece
