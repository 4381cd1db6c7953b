"""The receipt (回执): the archive's signed word that a recording is sealed. Format: docs/formats/receipt.md.

A station wipes nothing without one. It carries the ledger proof, so that what the archive promised can be held against
it later by the receipt alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from integrity.canonical import Json, canonical_json, parse_canonical
from integrity.checkpoint import open_checkpoint, parse_note
from integrity.digest import Digest, parse_hex
from integrity.dsse import Envelope, sign_envelope, verify_envelope
from integrity.errors import MalformedEvidence
from integrity.fields import Fields, format_instant
from integrity.keys import PublicKey, SigningKey
from integrity.merkle import HASH_BYTES, verify_inclusion

PAYLOAD_TYPE = "application/vnd.liuhen.receipt.v1+json"
VERSION = 1

_WHAT = "receipt"
_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
_NAMES = (
    "v",
    "upload_id",
    "station_id",
    "recording_id",
    "original_name",
    "size_bytes",
    "sha256",
    "sm3",
    "manifest_sha256",
    "token_time",
    "ledger",
    "issued_at",
    "repeat",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was sealed, and where the ledger says so.

    `manifest_sha256` is over the stored envelope of the manifest; `leaf_hash`, `ledger_index` and `inclusion_proof`
    are of the entry `recording.sealed`, `checkpoint` the signed note they lead to. `repeat` marks the answer to a file
    that had been sealed before, by this or another upload.
    """

    upload_id: str
    station_id: UUID
    recording_id: UUID
    original_name: str
    size_bytes: int
    sha256: Digest
    sm3: Digest
    manifest_sha256: Digest
    token_time: datetime
    ledger_index: int
    leaf_hash: bytes
    inclusion_proof: tuple[bytes, ...]
    checkpoint: str
    issued_at: datetime
    repeat: bool

    def to_bytes(self) -> bytes:
        """The payload to sign, canonical. Raises MalformedEvidence or ProofInvalid for what `parse_receipt` refuses."""
        payload = canonical_json(self._form(), _WHAT)
        # A receipt that its station would refuse would keep the device from ever being emptied.
        parse_receipt(payload)
        return payload

    def _form(self) -> dict[str, Json]:
        return {
            "v": VERSION,
            "upload_id": self.upload_id,
            "station_id": str(self.station_id),
            "recording_id": str(self.recording_id),
            "original_name": self.original_name,
            "size_bytes": self.size_bytes,
            "sha256": self.sha256.hex_as("sha256"),
            "sm3": self.sm3.hex_as("sm3"),
            "manifest_sha256": self.manifest_sha256.hex_as("sha256"),
            "token_time": format_instant(self.token_time),
            "ledger": {
                "index": self.ledger_index,
                "leaf_hash": self.leaf_hash.hex(),
                "inclusion_proof": [step.hex() for step in self.inclusion_proof],
                "checkpoint": self.checkpoint,
            },
            "issued_at": format_instant(self.issued_at),
            "repeat": self.repeat,
        }


def sign_receipt(receipt: Receipt, key: SigningKey) -> Envelope:
    """The receipt as a DSSE envelope by the receipt key. Raises MalformedEvidence or ProofInvalid."""
    return sign_envelope(receipt.to_bytes(), PAYLOAD_TYPE, key)


def open_receipt(
    data: bytes, keys: Iterable[PublicKey], ledger_vkey: str | None = None, what: str = "receipt"
) -> Receipt:
    """The receipt in an envelope's bytes: signed by one of `keys`, its inclusion proof leading to its checkpoint.

    With `ledger_vkey` the checkpoint's own signature is checked too. Raises MalformedEvidence, KeyNotPinned,
    SignatureInvalid, ProofInvalid or CheckpointInvalid. Whether it speaks of the file in hand is the caller's to ask.
    """
    receipt = parse_receipt(verify_envelope(Envelope.parse(data, what), keys, PAYLOAD_TYPE, what))
    if ledger_vkey is not None:
        open_checkpoint(receipt.checkpoint.encode(), ledger_vkey)
    return receipt


def parse_receipt(payload: bytes) -> Receipt:
    """Read a receipt's payload. Raises MalformedEvidence, or ProofInvalid when its proof misses its checkpoint."""
    fields = Fields(_WHAT, parse_canonical(payload, _WHAT), _NAMES)
    fields.constant("v", VERSION)
    ledger = fields.nested("ledger", ("index", "leaf_hash", "inclusion_proof", "checkpoint"))
    receipt = Receipt(
        upload_id=_parse_upload_id(fields.text("upload_id")),
        station_id=fields.uuid("station_id"),
        recording_id=fields.uuid("recording_id"),
        original_name=fields.text("original_name"),
        size_bytes=fields.count("size_bytes"),
        sha256=fields.digest("sha256", "sha256"),
        sm3=fields.digest("sm3", "sm3"),
        manifest_sha256=fields.digest("manifest_sha256", "sha256"),
        token_time=fields.instant("token_time"),
        ledger_index=ledger.count("index"),
        leaf_hash=ledger.hex("leaf_hash", HASH_BYTES),
        inclusion_proof=_parse_proof(ledger.items("inclusion_proof")),
        checkpoint=ledger.text("checkpoint"),
        issued_at=fields.instant("issued_at"),
        repeat=fields.flag("repeat"),
    )
    _require_inclusion(receipt)
    return receipt


def _require_inclusion(receipt: Receipt) -> None:
    checkpoint, _ = parse_note(receipt.checkpoint.encode())
    verify_inclusion(receipt.leaf_hash, receipt.ledger_index, checkpoint.size, receipt.inclusion_proof, checkpoint.root)


def _parse_upload_id(text: str) -> str:
    if not _UPLOAD_ID.fullmatch(text):
        raise MalformedEvidence(_WHAT, f"upload_id {text!r} is not 32 lower-case hex digits")
    return text


def _parse_proof(items: Sequence[Json]) -> tuple[bytes, ...]:
    return tuple(parse_hex(item, "receipt: inclusion_proof", HASH_BYTES) for item in items)
