from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from integrity import keys
from integrity.canonical import canonical_json
from integrity.checkpoint import Checkpoint, encode_vkey, parse_vkey, sign_checkpoint
from integrity.digest import Digest
from integrity.dsse import encode_base64, sign_envelope
from integrity.errors import (
    CheckpointInvalid,
    EvidenceError,
    KeyNotPinned,
    MalformedEvidence,
    ProofInvalid,
    SignatureInvalid,
)
from integrity.keys import SigningKey
from integrity.merkle import inclusion_proof, leaf_hash, root_of
from integrity.receipt import PAYLOAD_TYPE, Receipt, open_receipt, parse_receipt, sign_receipt

KEY = SigningKey(keys.Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
LEDGER_KEY = SigningKey(keys.Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
ORIGIN = "archive.example/ledger"
VKEY = encode_vkey(ORIGIN, LEDGER_KEY.public)
LEAVES = [leaf_hash(f"entry {number}".encode()) for number in range(11)]
NOTE = sign_checkpoint(Checkpoint(ORIGIN, 11, root_of(LEAVES)), LEDGER_KEY).decode()


def proof_of(index: int) -> tuple[bytes, ...]:
    return tuple(inclusion_proof(index, 11, lambda level, n: root_of(LEAVES[n << level : (n + 1) << level])))


RECEIPT = Receipt(
    upload_id="0123456789abcdef" * 2,
    station_id=UUID("7382de7f-bc2a-4057-8cb6-cbbc12f05a6d"),
    recording_id=UUID("38099321-9433-4bfd-a20f-db690c9431de"),
    original_name="现场.MP4",
    size_bytes=2_100_000,
    sha256=Digest.of("sha256", b"original"),
    sm3=Digest.of("sm3", b"original"),
    manifest_sha256=Digest.of("sha256", b"manifest"),
    token_time=datetime(2026, 1, 1, 1, 30, tzinfo=UTC),
    ledger_index=6,
    leaf_hash=LEAVES[6],
    inclusion_proof=proof_of(6),
    checkpoint=NOTE,
    issued_at=datetime(2026, 1, 1, 1, 30, 2, 7, tzinfo=UTC),
    repeat=False,
)
STORED = sign_receipt(RECEIPT, KEY).to_bytes()


def form() -> dict[str, Any]:
    return json.loads(RECEIPT.to_bytes())  # type: ignore[no-any-return]


def test_receipt_opens_as_it_was_issued() -> None:
    assert open_receipt(STORED, [KEY.public]) == RECEIPT
    assert open_receipt(STORED, [KEY.public], VKEY) == RECEIPT
    assert sign_receipt(RECEIPT, KEY).to_bytes() == STORED


def test_receipt_is_laid_out_as_documented() -> None:
    stated = form()
    assert stated["v"] == 1
    assert stated["ledger"] == {
        "index": 6,
        "leaf_hash": LEAVES[6].hex(),
        "inclusion_proof": [step.hex() for step in RECEIPT.inclusion_proof],
        "checkpoint": NOTE,
    }
    assert stated["issued_at"] == "2026-01-01T01:30:02.000007Z"


def test_every_changed_byte_is_found() -> None:
    for position in range(len(STORED)):
        changed = bytearray(STORED)
        changed[position] ^= 1 << (position % 8)
        with pytest.raises(EvidenceError):
            open_receipt(bytes(changed), [KEY.public])


def test_cut_or_lengthened_receipt_is_refused() -> None:
    for changed in (*(STORED[:cut] for cut in range(0, len(STORED), 13)), STORED + b"\n", b" " + STORED):
        with pytest.raises(EvidenceError):
            open_receipt(changed, [KEY.public])


def test_receipt_by_another_key_is_refused() -> None:
    with pytest.raises(KeyNotPinned) as caught:
        open_receipt(STORED, [SigningKey.generate().public], what="a.receipt.json")
    assert (caught.value.what, caught.value.key_id) == ("a.receipt.json", KEY.key_id)


def test_another_document_by_the_same_key_is_no_receipt() -> None:
    stored = sign_envelope(RECEIPT.to_bytes(), "application/vnd.in-toto+json", KEY).to_bytes()
    with pytest.raises(MalformedEvidence, match="payloadType"):
        open_receipt(stored, [KEY.public])


def test_proof_that_misses_the_checkpoint_is_neither_issued_nor_accepted() -> None:
    for change in (
        {"ledger_index": 5},
        {"leaf_hash": LEAVES[5]},
        {"inclusion_proof": ()},
        {"inclusion_proof": proof_of(5)},
        {"ledger_index": 11},
    ):
        with pytest.raises(ProofInvalid):
            sign_receipt(dataclasses.replace(RECEIPT, **change), KEY)  # type: ignore[arg-type]
    broken = form()
    broken["ledger"]["index"] = 5
    with pytest.raises(ProofInvalid):
        open_receipt(sign_envelope(canonical_json(broken), PAYLOAD_TYPE, KEY).to_bytes(), [KEY.public])


def test_checkpoint_by_another_ledger_key_is_found_when_the_key_is_pinned() -> None:
    other = SigningKey.generate()
    forged = dataclasses.replace(
        RECEIPT, checkpoint=sign_checkpoint(Checkpoint(ORIGIN, 11, root_of(LEAVES)), other).decode()
    )
    stored = sign_receipt(forged, KEY).to_bytes()
    with pytest.raises(CheckpointInvalid):
        open_receipt(stored, [KEY.public], VKEY)
    line = f"— {ORIGIN} {encode_base64(parse_vkey(VKEY).key_hash + bytes(64))}\n"
    spoiled = dataclasses.replace(RECEIPT, checkpoint=NOTE.partition("\n\n")[0] + "\n\n" + line)
    with pytest.raises(SignatureInvalid, match="checkpoint 11"):
        open_receipt(sign_receipt(spoiled, KEY).to_bytes(), [KEY.public], VKEY)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("v", 2, "v: 2 is unknown"),
        ("v", True, "v: True is unknown"),
        ("upload_id", "0" * 31, "upload_id"),
        ("upload_id", "A" * 32, "upload_id"),
        ("station_id", "x", "station_id"),
        ("size_bytes", "5", "size_bytes"),
        ("size_bytes", -5, "size_bytes"),
        ("sha256", "00", "sha256"),
        ("sm3", None, "sm3"),
        ("repeat", 0, "repeat"),
        ("token_time", "2026-01-01T01:30:00Z", "token_time"),
        ("ledger", [], "ledger"),
        ("wiped", True, "unknown member 'wiped'"),
    ],
)
def test_receipt_in_another_form_is_refused(name: str, value: object, reason: str) -> None:
    changed = form()
    changed[name] = value
    with pytest.raises(MalformedEvidence, match=reason):
        parse_receipt(canonical_json(changed))


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("index", -1, "index"),
        ("leaf_hash", "00", "leaf_hash"),
        ("inclusion_proof", "00", "not an array"),
        ("inclusion_proof", [5], "inclusion_proof"),
        ("inclusion_proof", ["zz"], "inclusion_proof"),
        ("checkpoint", "", "checkpoint"),
        ("checkpoint", NOTE[:-1], "checkpoint"),
        ("root", "00", "unknown member 'root'"),
    ],
)
def test_ledger_part_in_another_form_is_refused(name: str, value: object, reason: str) -> None:
    changed = form()
    changed["ledger"][name] = value
    with pytest.raises(MalformedEvidence, match=reason):
        parse_receipt(canonical_json(changed))


def test_upload_id_of_another_form_is_not_issued() -> None:
    with pytest.raises(MalformedEvidence, match="upload_id"):
        sign_receipt(dataclasses.replace(RECEIPT, upload_id="../../etc"), KEY)


def test_digest_under_another_name_is_not_issued() -> None:
    for change in ({"sha256": RECEIPT.sm3}, {"sm3": RECEIPT.sha256}, {"manifest_sha256": RECEIPT.sm3}):
        with pytest.raises(MalformedEvidence, match=r"sm3|sha256"):
            sign_receipt(dataclasses.replace(RECEIPT, **change), KEY)  # type: ignore[arg-type]
