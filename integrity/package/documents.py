"""The small JSON files of a package that have no module of their own: inclusion proofs, the case, its documents, and
what was said when files came again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from integrity.canonical import Json, canonical_json, parse_canonical
from integrity.digest import Digest, parse_hex
from integrity.errors import MalformedEvidence
from integrity.fields import Fields
from integrity.ledger_entry import SALT_BYTES
from integrity.merkle import HASH_BYTES
from integrity.package.layout import CASE, DOCUMENTS, REPEATS, document_path

VERSION = 1
_LONGEST_PROOF = 64


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """Where an entry stands in the ledger of `size` entries, and the hashes that lead from it to the root."""

    index: int
    size: int
    leaf_hash: bytes
    hashes: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        """log/proofs/<index>.json."""
        return canonical_json(
            {
                "v": VERSION,
                "index": self.index,
                "size": self.size,
                "leaf_hash": self.leaf_hash.hex(),
                "hashes": [each.hex() for each in self.hashes],
            }
        )


def parse_proof(content: bytes, path: str) -> InclusionProof:
    """Read the proof at `path`. Raises MalformedEvidence."""
    fields = Fields(path, parse_canonical(content, path), ("v", "index", "size", "leaf_hash", "hashes"))
    fields.constant("v", VERSION)
    hashes = fields.items("hashes")
    if len(hashes) > _LONGEST_PROOF:
        raise MalformedEvidence(path, f"a proof of {len(hashes)} hashes, at most {_LONGEST_PROOF} are possible")
    return InclusionProof(
        index=fields.count("index"),
        size=fields.count("size"),
        leaf_hash=fields.hex("leaf_hash", HASH_BYTES),
        hashes=tuple(parse_hex(each, path, HASH_BYTES) for each in hashes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionNote:
    """How a playable copy came to be: from which original, by which tool, of which version, with which settings."""

    path: str
    sha256: Digest
    parent_sha256: Digest
    tool: str
    version: str
    settings: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingNote:
    """What meta/case.json says about one recording."""

    recording_id: UUID
    original_name: str
    renditions: tuple[RenditionNote, ...]


def write_case(case: Mapping[str, Json], recordings: Sequence[RecordingNote]) -> bytes:
    """meta/case.json."""
    return canonical_json({"v": VERSION, "case": case, "recordings": [_form(each) for each in recordings]}, CASE)


def parse_case(content: bytes) -> tuple[RecordingNote, ...]:
    """What meta/case.json says about the recordings, in their order. Raises MalformedEvidence."""
    fields = Fields(CASE, parse_canonical(content, CASE), ("v", "case", "recordings"))
    fields.constant("v", VERSION)
    fields.mapping("case")
    return tuple(_parse_recording(item) for item in fields.items("recordings"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentNote:
    """What meta/documents.json says about one document (文书). `sealed`: the file bears a seal."""

    document_id: UUID
    kind: str
    title: str
    number: str | None
    state: str
    sealed: bool


def write_documents(documents: Sequence[DocumentNote]) -> bytes:
    """meta/documents.json; document number n is element n - 1."""
    listed: list[Json] = [
        {
            "document_id": str(each.document_id),
            "kind": each.kind,
            "title": each.title,
            "number": each.number,
            "state": each.state,
            "sealed": each.sealed,
            "path": document_path(number),
        }
        for number, each in enumerate(documents, 1)
    ]
    return canonical_json({"v": VERSION, "documents": listed}, DOCUMENTS)


def parse_documents(content: bytes) -> tuple[DocumentNote, ...]:
    """Raises MalformedEvidence."""
    fields = Fields(DOCUMENTS, parse_canonical(content, DOCUMENTS), ("v", "documents"))
    fields.constant("v", VERSION)
    found = tuple(_parse_document(number, item) for number, item in enumerate(fields.items("documents"), 1))
    if not found:
        raise MalformedEvidence(DOCUMENTS, "it lists no document: then it is not there")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatNote:
    """What an upload said of a file that was sealed before, and what opens the commitments of its ledger entry."""

    upload_id: str
    original_name: str
    name_salt: bytes
    claims: Sequence[Json]
    claims_salt: bytes


def write_repeats(repeats: Sequence[RepeatNote]) -> bytes:
    """meta/received-again.json."""
    listed: list[Json] = [
        {
            "upload_id": each.upload_id,
            "original_name": each.original_name,
            "name_salt": each.name_salt.hex(),
            "claims": each.claims,
            "claims_salt": each.claims_salt.hex(),
        }
        for each in repeats
    ]
    return canonical_json({"v": VERSION, "received_again": listed}, REPEATS)


def parse_repeats(content: bytes) -> tuple[RepeatNote, ...]:
    """Raises MalformedEvidence."""
    fields = Fields(REPEATS, parse_canonical(content, REPEATS), ("v", "received_again"))
    fields.constant("v", VERSION)
    found = tuple(_parse_repeat(item) for item in fields.items("received_again"))
    if not found:
        raise MalformedEvidence(REPEATS, "it lists no repeat: then it is not there")
    return found


def _parse_repeat(item: Json) -> RepeatNote:
    names = ("upload_id", "original_name", "name_salt", "claims", "claims_salt")
    fields = Fields(f"{REPEATS}: repeat", item, names)
    return RepeatNote(
        upload_id=fields.text("upload_id"),
        original_name=fields.text("original_name"),
        name_salt=fields.hex("name_salt", SALT_BYTES),
        claims=fields.items("claims"),
        claims_salt=fields.hex("claims_salt", SALT_BYTES),
    )


def _parse_document(number: int, item: Json) -> DocumentNote:
    names = ("document_id", "kind", "title", "number", "state", "sealed", "path")
    fields = Fields(f"{DOCUMENTS}: document", item, names)
    fields.constant("path", document_path(number))
    return DocumentNote(
        document_id=fields.uuid("document_id"),
        kind=fields.text("kind"),
        title=fields.text("title"),
        number=None if fields.value("number") is None else fields.text("number"),
        state=fields.one_of("state", ("final", "sealed", "withdrawn")),
        sealed=fields.flag("sealed"),
    )


def _form(recording: RecordingNote) -> dict[str, Json]:
    return {
        "recording_id": str(recording.recording_id),
        "original_name": recording.original_name,
        "renditions": [
            {
                "path": each.path,
                "sha256": each.sha256.hex,
                "parent_sha256": each.parent_sha256.hex,
                "tool": each.tool,
                "version": each.version,
                "settings": each.settings,
            }
            for each in recording.renditions
        ],
    }


def _parse_recording(item: Json) -> RecordingNote:
    fields = Fields(f"{CASE}: recording", item, ("recording_id", "original_name", "renditions"))
    return RecordingNote(
        recording_id=fields.uuid("recording_id"),
        original_name=fields.text("original_name"),
        renditions=tuple(_parse_rendition(each) for each in fields.items("renditions")),
    )


def _parse_rendition(item: Json) -> RenditionNote:
    names = ("path", "sha256", "parent_sha256", "tool", "version", "settings")
    fields = Fields(f"{CASE}: rendition", item, names)
    return RenditionNote(
        path=fields.text("path"),
        sha256=fields.digest("sha256", "sha256"),
        parent_sha256=fields.digest("parent_sha256", "sha256"),
        tool=fields.text("tool"),
        version=fields.text("version"),
        settings=fields.mapping("settings"),
    )
