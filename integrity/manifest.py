"""The manifest (封存清单): what the archive states about one recording at sealing. Format: docs/formats/manifest.md.

An in-toto Statement v1 whose subject is the original bytes, so that tools that know nothing of this archive can check
a file against it; signed as a DSSE envelope. Its bytes are made once and stored verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, cast
from uuid import UUID

from integrity.canonical import Json, canonical_json, parse_canonical
from integrity.digest import CHUNK_BYTES, ContentDigests, Digest
from integrity.dsse import Envelope, sign_envelope, verify_envelope
from integrity.errors import MalformedEvidence
from integrity.fields import Fields, format_instant
from integrity.keys import PublicKey, SigningKey
from integrity.merkle import HASH_BYTES

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:liuhen:recording-manifest:v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
VERSION = 1

MediaState: TypeAlias = Literal["intact", "opens", "damaged", "unreadable"]
MEDIA_STATES: tuple[MediaState, ...] = ("intact", "opens", "damaged", "unreadable")
CLAIM_CONFIDENCES = ("stated", "assumed", "doubtful")

_WHAT = "manifest"
_CLAIM_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_STATEMENT_NAMES = ("_type", "subject", "predicateType", "predicate")
_PREDICATE_NAMES = (
    "v",
    "recording_id",
    "unit_id",
    "content",
    "ciphertext",
    "media_state",
    "claims",
    "received_at",
    "key_epoch",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingManifest:
    """One recording as sealed.

    `original_name` and everything in `claims` is what station, device or file say of themselves: kept, never vouched
    for. A kind of claim (`device`, `location`, …) has one or more, for sources disagree, and each says
    `{"value": …, "source": "…", "confidence": "…", "notes": […]}`. `object_version` is the store's own id for the
    stored bytes, `key_epoch` the epoch of the manifest key that signs.
    """

    recording_id: UUID
    unit_id: UUID
    original_name: str
    digests: ContentDigests
    ciphertext_size_bytes: int
    ciphertext_sha256: Digest
    object_name: str
    object_version: str
    media_state: MediaState
    claims: Mapping[str, Json]
    received_at: datetime
    key_epoch: int

    def to_bytes(self) -> bytes:
        """The statement, canonical. Raises MalformedEvidence for values that `parse_manifest` would refuse."""
        statement = canonical_json(self._statement(), _WHAT)
        # What cannot be read again must never be signed: it would be found years later, in court.
        parse_manifest(statement)
        return statement

    def _statement(self) -> dict[str, Json]:
        digests = {"sha256": self.digests.sha256.hex_as("sha256"), "sm3": self.digests.sm3.hex_as("sm3")}
        return {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": self.original_name, "digest": digests}],
            "predicateType": PREDICATE_TYPE,
            "predicate": self._predicate(),
        }

    def _predicate(self) -> dict[str, Json]:
        return {
            "v": VERSION,
            "recording_id": str(self.recording_id),
            "unit_id": str(self.unit_id),
            "content": {
                "size_bytes": self.digests.size_bytes,
                "chunk_bytes": CHUNK_BYTES,
                "chunk_root": self.digests.chunk_root.hex(),
            },
            "ciphertext": {
                "size_bytes": self.ciphertext_size_bytes,
                "sha256": self.ciphertext_sha256.hex_as("sha256"),
                "object_name": self.object_name,
                "object_version": self.object_version,
            },
            "media_state": self.media_state,
            "claims": self.claims,
            "received_at": format_instant(self.received_at),
            "key_epoch": self.key_epoch,
        }


def parse_manifest(data: bytes) -> RecordingManifest:
    """Read a statement's bytes. Raises MalformedEvidence; whether it is signed is another question."""
    statement = Fields(_WHAT, parse_canonical(data, _WHAT), _STATEMENT_NAMES)
    statement.constant("_type", STATEMENT_TYPE)
    statement.constant("predicateType", PREDICATE_TYPE)
    subjects = statement.items("subject")
    if len(subjects) != 1:
        raise MalformedEvidence(_WHAT, f"{len(subjects)} subjects; a manifest speaks of one recording")
    subject = Fields("manifest: subject", subjects[0], ("name", "digest"))
    predicate = statement.nested("predicate", _PREDICATE_NAMES)
    # The version comes before everything else: what follows may mean something different in another one.
    predicate.constant("v", VERSION)
    ciphertext = predicate.nested("ciphertext", ("size_bytes", "sha256", "object_name", "object_version"))
    return RecordingManifest(
        recording_id=predicate.uuid("recording_id"),
        unit_id=predicate.uuid("unit_id"),
        original_name=subject.text("name"),
        digests=_parse_content(subject, predicate),
        ciphertext_size_bytes=ciphertext.count("size_bytes"),
        ciphertext_sha256=ciphertext.digest("sha256", "sha256"),
        object_name=ciphertext.text("object_name"),
        object_version=ciphertext.text("object_version"),
        media_state=cast(MediaState, predicate.one_of("media_state", MEDIA_STATES)),
        claims=_parse_claims(predicate.mapping("claims")),
        received_at=predicate.instant("received_at"),
        key_epoch=predicate.count("key_epoch"),
    )


def sign_manifest(statement: bytes, key: SigningKey) -> Envelope:
    """Sign the bytes of a statement as they are. Raises MalformedEvidence when they are no manifest."""
    parse_manifest(statement)
    return sign_envelope(statement, PAYLOAD_TYPE, key)


def open_manifest(data: bytes, keys: Iterable[PublicKey], what: str = "manifest envelope") -> RecordingManifest:
    """The manifest in an envelope's bytes, its signature checked against the manifest keys `keys`.

    Raises MalformedEvidence, KeyNotPinned, SignatureInvalid, naming `what`.
    """
    return parse_manifest(verify_envelope(Envelope.parse(data, what), keys, PAYLOAD_TYPE, what))


def _parse_content(subject: Fields, predicate: Fields) -> ContentDigests:
    digests = subject.nested("digest", ("sha256", "sm3"))
    content = predicate.nested("content", ("size_bytes", "chunk_bytes", "chunk_root"))
    content.constant("chunk_bytes", CHUNK_BYTES)
    return ContentDigests(
        size_bytes=content.count("size_bytes"),
        sha256=digests.digest("sha256", "sha256"),
        sm3=digests.digest("sm3", "sm3"),
        chunk_root=content.hex("chunk_root", HASH_BYTES),
    )


def _parse_claims(kinds: Mapping[str, Json]) -> Mapping[str, Json]:
    fields = Fields("manifest: claims", kinds, tuple(kinds))
    for kind in kinds:
        if not _CLAIM_NAME.fullmatch(kind):
            raise MalformedEvidence(_WHAT, f"claims of {kind!r}, which is no name in lower case")
        claims = fields.items(kind)
        if not claims:
            raise MalformedEvidence(_WHAT, f"claims of {kind} are an empty list")
        for claim in claims:
            _check_claim(Fields(f"manifest: claim of {kind}", claim, ("value", "source", "confidence", "notes")))
    return kinds


def _check_claim(claim: Fields) -> None:
    if not claim.text("source"):
        raise MalformedEvidence(_WHAT, "a claim does not say where it comes from")
    claim.one_of("confidence", CLAIM_CONFIDENCES)
    if not all(isinstance(note, str) for note in claim.items("notes")):
        raise MalformedEvidence(_WHAT, "a note on a claim is not a string")
