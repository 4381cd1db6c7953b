from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from integrity import keys
from integrity.canonical import canonical_json
from integrity.digest import Digest, digest_stream
from integrity.dsse import sign_envelope
from integrity.errors import EvidenceError, KeyNotPinned, MalformedEvidence
from integrity.keys import SigningKey
from integrity.manifest import (
    PAYLOAD_TYPE,
    RecordingManifest,
    open_manifest,
    parse_manifest,
    sign_manifest,
)

KEY = SigningKey(keys.Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
ORIGINAL = b"footage" * 300_000
MANIFEST = RecordingManifest(
    recording_id=UUID("38099321-9433-4bfd-a20f-db690c9431de"),
    unit_id=UUID("891f3fbb-2635-45ca-b848-2884b799e07e"),
    original_name="AB00001_000123_20260101093000 现场.MP4",
    digests=digest_stream([ORIGINAL]),
    ciphertext_size_bytes=len(ORIGINAL) + 40 + 48,
    ciphertext_sha256=Digest.of("sha256", b"ciphertext"),
    object_name="recordings/38099321-9433-4bfd-a20f-db690c9431de",
    object_version="",
    media_state="intact",
    claims={
        "device": [
            {"value": "AB00001", "source": "station", "confidence": "stated", "notes": []},
            {"value": "AB00002", "source": "name:ga/t-947", "confidence": "stated", "notes": ["an older name"]},
        ],
        "position": [{"value": [31.2, 121.5], "source": "exif", "confidence": "doubtful", "notes": []}],
    },
    received_at=datetime(2026, 1, 1, 9, 30, 0, 5, tzinfo=timezone(timedelta(hours=8))),
    key_epoch=3,
)


def form() -> dict[str, Any]:
    return json.loads(MANIFEST.to_bytes())  # type: ignore[no-any-return]


def test_statement_is_read_as_it_was_stated() -> None:
    statement = MANIFEST.to_bytes()
    assert parse_manifest(statement) == MANIFEST
    assert parse_manifest(statement).to_bytes() == statement


def test_statement_is_laid_out_as_documented() -> None:
    stated = form()
    assert stated["_type"] == "https://in-toto.io/Statement/v1"
    assert stated["predicateType"] == "urn:liuhen:recording-manifest:v1"
    assert stated["subject"] == [
        {
            "name": MANIFEST.original_name,
            "digest": {"sha256": hashlib.sha256(ORIGINAL).hexdigest(), "sm3": Digest.of("sm3", ORIGINAL).hex},
        }
    ]
    assert stated["predicate"]["v"] == 1
    assert stated["predicate"]["content"] == {
        "size_bytes": 2_100_000,
        "chunk_bytes": 1_048_576,
        "chunk_root": MANIFEST.digests.chunk_root.hex(),
    }
    assert stated["predicate"]["received_at"] == "2026-01-01T01:30:00.000005Z"


def test_digests_are_those_that_sha256sum_and_openssl_print(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(ORIGINAL)
    for command, algorithm in ((["sha256sum"], "sha256"), (["openssl", "dgst", "-sm3", "-r"], "sm3")):
        printed = subprocess.run([*command, tmp_path / "a.mp4"], capture_output=True, check=True).stdout
        assert printed.split()[0].decode() == form()["subject"][0]["digest"][algorithm]


def test_signed_manifest_opens_with_the_pinned_key_alone() -> None:
    stored = sign_manifest(MANIFEST.to_bytes(), KEY).to_bytes()
    assert open_manifest(stored, [KEY.public]) == MANIFEST
    with pytest.raises(KeyNotPinned, match=r"manifest/1\.dsse\.json"):
        open_manifest(stored, [SigningKey.generate().public], "manifest/1.dsse.json")


def test_every_changed_byte_of_the_envelope_is_found() -> None:
    stored = sign_manifest(MANIFEST.to_bytes(), KEY).to_bytes()
    for position in range(len(stored)):
        changed = bytearray(stored)
        changed[position] ^= 1 << (position % 8)
        with pytest.raises(EvidenceError):
            open_manifest(bytes(changed), [KEY.public])


def test_another_signed_document_is_no_manifest() -> None:
    envelope = sign_envelope(MANIFEST.to_bytes(), "application/vnd.liuhen.receipt.v1+json", KEY)
    with pytest.raises(MalformedEvidence, match="payloadType"):
        open_manifest(envelope.to_bytes(), [KEY.public])
    with pytest.raises(MalformedEvidence):
        open_manifest(sign_envelope(b"{}", PAYLOAD_TYPE, KEY).to_bytes(), [KEY.public])


def test_what_is_no_manifest_is_not_signed() -> None:
    with pytest.raises(MalformedEvidence):
        sign_manifest(b'{"_type":"https://in-toto.io/Statement/v1"}', KEY)


@pytest.mark.parametrize(
    "change",
    [
        {"media_state": "fine"},
        {"claims": {"device": "AB00001"}},
        {"claims": {"device": {"value": "AB00001", "source": "x", "confidence": "stated", "notes": []}}},
        {"claims": {"device": []}},
        {"claims": {"device": [{"value": "AB00001"}]}},
        {"claims": {"device": [{"value": "AB00001", "source": "", "confidence": "stated", "notes": []}]}},
        {"claims": {"device": [{"value": "AB00001", "source": "x", "confidence": "certain", "notes": []}]}},
        {"claims": {"device": [{"value": "A", "source": "x", "confidence": "stated", "notes": [], "trusted": True}]}},
        {"claims": {"device": [{"value": "A", "source": "x", "confidence": "stated", "notes": [1]}]}},
        {"claims": {"device": [{"value": "A", "source": "x", "confidence": "stated", "notes": "none"}]}},
        {"claims": {"Device No": [{"value": "A", "source": "x", "confidence": "stated", "notes": []}]}},
        {"key_epoch": -1},
        {"ciphertext_size_bytes": 2**53},
        {"original_name": "\ud800.mp4"},
        {"object_version": None},
        # The algorithm is in the member's name; a digest by another one must not slip under it.
        {"ciphertext_sha256": Digest.of("sm3", b"")},
        {"digests": dataclasses.replace(MANIFEST.digests, sm3=MANIFEST.digests.sha256)},
    ],
)
def test_values_that_could_not_be_read_again_are_not_stated(change: dict[str, Any]) -> None:
    manifest = dataclasses.replace(MANIFEST, **change)
    with pytest.raises(MalformedEvidence):
        manifest.to_bytes()


def edit(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def apply(statement: dict[str, Any]) -> None:
        *parents, name = path.split(".")
        inner: Any = statement
        for parent in parents:
            inner = inner[int(parent) if parent.isdigit() else parent]
        inner[name] = value

    return apply


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (edit("_type", "https://in-toto.io/Statement/v0.1"), "_type"),
        (edit("predicateType", "urn:liuhen:recording-manifest:v2"), "predicateType"),
        (edit("predicate.v", 2), "v: 2 is unknown"),
        (edit("predicate.v", True), "v: True is unknown"),
        (edit("predicate.v", "1"), "v: '1' is unknown"),
        (edit("extra", 1), "unknown member 'extra'"),
        (edit("predicate.extra", 1), "unknown member 'extra'"),
        (edit("subject", []), "0 subjects"),
        (edit("subject.0.name", 5), "name: not a string"),
        (edit("subject.0.digest.md5", "00"), "unknown member 'md5'"),
        (edit("subject.0.digest.sm3", "00"), "sm3"),
        (edit("subject.0.digest.sha256", MANIFEST.digests.sha256.hex.upper()), "sha256"),
        (edit("predicate.content.chunk_bytes", 4096), "chunk_bytes"),
        (edit("predicate.content.size_bytes", -1), "size_bytes"),
        (edit("predicate.content.size_bytes", 1.5), "size_bytes"),
        (edit("predicate.content.size_bytes", True), "size_bytes"),
        (edit("predicate.content.chunk_root", "00"), "chunk_root"),
        (edit("predicate.recording_id", "38099321"), "recording_id"),
        (edit("predicate.received_at", "2026-01-01T01:30:00Z"), "received_at"),
        (edit("predicate.claims", []), "claims"),
    ],
)
def test_statement_in_another_form_is_refused(change: Callable[[dict[str, Any]], None], reason: str) -> None:
    statement = form()
    change(statement)
    with pytest.raises(MalformedEvidence, match=reason):
        parse_manifest(canonical_json(statement))


def test_missing_member_is_named() -> None:
    statement = form()
    del statement["predicate"]["key_epoch"]
    with pytest.raises(MalformedEvidence, match="'key_epoch' is missing"):
        parse_manifest(canonical_json(statement))


def test_second_spelling_and_repeated_key_are_refused() -> None:
    with pytest.raises(MalformedEvidence, match="canonical"):
        parse_manifest(json.dumps(form()).encode())
    with pytest.raises(MalformedEvidence, match="more than once"):
        parse_manifest(MANIFEST.to_bytes().replace(b'"key_epoch":3', b'"key_epoch":3,"key_epoch":3'))


def test_time_without_a_zone_is_not_stated() -> None:
    with pytest.raises(ValueError, match="time zone"):
        dataclasses.replace(MANIFEST, received_at=datetime.now(UTC).replace(tzinfo=None)).to_bytes()


def test_unreadable_and_empty_file_can_be_stated() -> None:
    manifest = dataclasses.replace(MANIFEST, media_state="unreadable", digests=digest_stream([]), claims={})
    assert parse_manifest(manifest.to_bytes()) == manifest
