"""The package statement: every file's digest under one signature.

The bag's own lists protect against accidents only: whoever changes a file can make them anew. This statement cannot be
made without the package key, and says which recordings the package holds, so that none can be taken out of it either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from integrity.canonical import Json, canonical_json, parse_canonical
from integrity.digest import Digest
from integrity.dsse import Envelope, sign_envelope, verify_envelope
from integrity.epoch_keys import EpochKey, public_keys, require_epoch
from integrity.errors import FileMissing, FileUnexpected, MalformedEvidence, PathUnsafe
from integrity.fields import Fields, format_instant
from integrity.keys import SigningKey
from integrity.package import layout

PAYLOAD_TYPE = "application/vnd.liuhen.package.v1+json"
VERSION = 1

_WHAT = layout.STATEMENT
_NAMES = ("v", "package_id", "created_at", "key_epoch", "recordings", "files")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedFiles:
    """The files of one recording. `proxy` is None where no playable copy could be made."""

    recording_id: UUID
    original: str
    proxy: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageStatement:
    """What the archive says is in the package. Recording number n is `recordings[n - 1]`."""

    package_id: UUID
    created_at: datetime
    key_epoch: int
    recordings: tuple[PackagedFiles, ...]
    files: Mapping[str, Digest]

    def to_bytes(self) -> bytes:
        """The statement, canonical. Raises what `parse_statement` raises for one that could not be read again."""
        statement = canonical_json(self._form(), _WHAT)
        parse_statement(statement)
        return statement

    def _form(self) -> dict[str, Json]:
        return {
            "v": VERSION,
            "package_id": str(self.package_id),
            "created_at": format_instant(self.created_at),
            "key_epoch": self.key_epoch,
            "recordings": [
                {"recording_id": str(each.recording_id), "original": each.original, "proxy": each.proxy}
                for each in self.recordings
            ],
            "files": {path: digest.hex for path, digest in self.files.items()},
        }


def parse_statement(payload: bytes) -> PackageStatement:
    """Read a statement's bytes. Raises MalformedEvidence, and PathUnsafe for a name that no package can have."""
    fields = Fields(_WHAT, parse_canonical(payload, _WHAT), _NAMES)
    fields.constant("v", VERSION)
    statement = PackageStatement(
        package_id=fields.uuid("package_id"),
        created_at=fields.instant("created_at"),
        key_epoch=fields.count("key_epoch"),
        recordings=tuple(_parse_recording(item) for item in fields.items("recordings")),
        files={path: _parse_file(path, digest) for path, digest in fields.mapping("files").items()},
    )
    _require_consistent(statement)
    return statement


def sign_statement(statement: PackageStatement, key: SigningKey) -> bytes:
    """package.dsse.json."""
    return sign_envelope(statement.to_bytes(), PAYLOAD_TYPE, key).to_bytes()


def open_statement(content: bytes, keys: tuple[EpochKey, ...]) -> PackageStatement:
    """The statement in package.dsse.json, signed by the package key of the epoch it names.

    Raises MalformedEvidence, KeyNotPinned, SignatureInvalid, PathUnsafe or EvidenceContradiction.
    """
    envelope = Envelope.parse(content, _WHAT)
    statement = parse_statement(verify_envelope(envelope, public_keys(keys), PAYLOAD_TYPE, _WHAT))
    for signature in envelope.signatures:
        require_epoch(keys, signature.key_id, statement.key_epoch, _WHAT)
    return statement


def _parse_recording(item: Json) -> PackagedFiles:
    fields = Fields(f"{_WHAT}: recording", item, ("recording_id", "original", "proxy"))
    proxy = None if fields.value("proxy") is None else fields.text("proxy")
    return PackagedFiles(recording_id=fields.uuid("recording_id"), original=fields.text("original"), proxy=proxy)


def _parse_file(path: str, digest: Json) -> Digest:
    if not layout.is_possible_file(path) or path in layout.OUTSIDE_STATEMENT:
        raise PathUnsafe(path, f"{_WHAT} lists it, and no package has such a file")
    if not isinstance(digest, str):
        raise MalformedEvidence(_WHAT, f"{path}: not a digest")
    return Digest.parse("sha256", digest)


def _require_consistent(statement: PackageStatement) -> None:
    """The files are exactly those that the recordings, the entries with their proofs, and every package have."""
    if not statement.recordings:
        raise MalformedEvidence(_WHAT, "a package without a recording")
    if len({each.recording_id for each in statement.recordings}) != len(statement.recordings):
        raise MalformedEvidence(_WHAT, "one recording appears twice")
    for number, each in enumerate(statement.recordings, 1):
        if each.original != layout.original_path(number, each.original):
            raise PathUnsafe(each.original, f"{_WHAT} names it as the original of recording {number}")
        if each.proxy not in (None, layout.proxy_path(number)):
            raise PathUnsafe(str(each.proxy), f"{_WHAT} names it as the playable copy of recording {number}")
    listed = set(statement.files)
    expected = set(_expected_paths(statement))
    for path in sorted(expected - listed):
        raise FileMissing(path)
    for path in sorted(listed - expected):
        if not path.startswith(f"{layout.TRUST_FOLDER}/"):
            raise FileUnexpected(path)


def _expected_paths(statement: PackageStatement) -> Iterable[str]:
    yield from set(layout.ALWAYS_THERE) - set(layout.OUTSIDE_STATEMENT)
    for number, each in enumerate(statement.recordings, 1):
        yield from (each.original, layout.manifest_path(number), layout.token_path(number))
        if each.proxy is not None:
            yield each.proxy
    for index in entry_indexes(statement.files):
        yield from (layout.entry_path(index), layout.proof_path(index))
    # One after the other from 1 on: which there have to be says the ledger, in a later step.
    yield from map(layout.catalogue_path, range(1, len(layout.catalogue_versions(statement.files)) + 1))
    documents = layout.count_documents(statement.files)
    yield from map(layout.document_path, range(1, documents + 1))
    if documents:
        yield layout.DOCUMENTS
    # Whether there has to be one says the ledger as well.
    if layout.REPEATS in statement.files:
        yield layout.REPEATS


def entry_indexes(paths: Iterable[str]) -> list[int]:
    """The ledger indexes of the entries among `paths`, ascending."""
    prefix, suffix = "log/entries/", ".json"
    return sorted(int(path[len(prefix) : -len(suffix)]) for path in paths if path.startswith(prefix))
