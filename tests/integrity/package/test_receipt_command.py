"""`python -m integrity receipt`: what whoever kept a receipt can hold against the archive, without it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from integrity.command import FAILS, HOLDS, UNUSABLE, main
from integrity.digest import Digest
from integrity.keys import SigningKey
from integrity.merkle import leaf_hash
from integrity.receipt import Receipt, sign_receipt
from integrity.trust import write_trust
from tests.integrity.package.conftest import FILLERS, NOW, SmallArchive


@pytest.fixture(scope="module")
def held(archive: SmallArchive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("handed") / "trust"
    write_trust(folder, archive.trust)
    return folder


def receipt_of(archive: SmallArchive, **changes: Any) -> Receipt:
    """Of the first recording's sealing."""
    footage, entry = archive.footage[0], archive.packaged_entry(FILLERS)
    issued = Receipt(
        upload_id="0123456789abcdef" * 2,
        station_id=UUID(int=5, version=4),
        recording_id=footage.recording_id,
        original_name=footage.name,
        size_bytes=len(footage.content),
        sha256=Digest.of("sha256", footage.content),
        sm3=Digest.of("sm3", footage.content),
        manifest_sha256=Digest.of("sha256", archive.envelopes[0]),
        token_time=NOW,
        ledger_index=entry.index,
        leaf_hash=leaf_hash(entry.entry),
        inclusion_proof=tuple(entry.proof),
        checkpoint=archive.checkpoint().decode(),
        issued_at=NOW,
        repeat=False,
    )
    return dataclasses.replace(issued, **changes)


def stored(folder: Path, receipt: Receipt, key: SigningKey) -> Path:
    path = folder / "receipt.dsse.json"
    path.write_bytes(sign_receipt(receipt, key).to_bytes())
    return path


@pytest.fixture
def receipt(archive: SmallArchive, tmp_path: Path) -> Path:
    return stored(tmp_path, receipt_of(archive), archive.keys["receipt"])


@pytest.fixture
def original(archive: SmallArchive, tmp_path: Path) -> Path:
    path = tmp_path / "现场.MP4"
    path.write_bytes(archive.footage[0].content)
    return path


def test_a_receipt_holds_with_the_file_it_was_given_for(
    receipt: Path, original: Path, held: Path, archive: SmallArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["receipt", str(receipt), "--trust", str(held), "--file", str(original)]) == HOLDS
    said = capsys.readouterr().out
    for expected in (
        "回执有效 / the receipt holds",
        archive.footage[0].name,
        Digest.of("sm3", archive.footage[0].content).hex,
        f"第 {FILLERS} 条，共 {len(archive.entries)} 条",
        "现场.MP4 与封存的内容一致",
    ):
        assert expected in said


def test_without_a_file_it_says_that_none_was_looked_at(
    receipt: Path, held: Path, archive: SmallArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["receipt", str(receipt), "--trust", str(held)]) == HOLDS
    assert "未与任何文件比对" in capsys.readouterr().out
    assert main(["receipt", str(receipt), "--trust", str(held), "--json"]) == HOLDS
    form = json.loads(capsys.readouterr().out)
    assert (form["verified"], form["file"], form["ledger_index"]) == (True, None, FILLERS)
    assert form["sha256"] == Digest.of("sha256", archive.footage[0].content).hex


def test_another_file_is_told_with_both_digests(
    receipt: Path, original: Path, held: Path, archive: SmallArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytearray(archive.footage[0].content)
    content[4321] ^= 1
    original.write_bytes(content)
    assert main(["receipt", str(receipt), "--trust", str(held), "--file", str(original)]) == FAILS
    said = capsys.readouterr().out
    assert "回执核验失败" in said
    assert Digest.of("sha256", bytes(content)).hex in said
    assert Digest.of("sha256", archive.footage[0].content).hex in said
    original.write_bytes(content[:-1])
    assert main(["receipt", str(receipt), "--trust", str(held), "--file", str(original), "--json"]) == FAILS
    form = json.loads(capsys.readouterr().out)
    assert (form["kind"], form["verified"]) == ("SizeMismatch", False)
    assert form["reason"] == f"现场.MP4: {len(content) - 1} bytes, sealed as {len(content)} bytes"
    assert form["reason_zh"] == f"现场.MP4：长 {len(content) - 1} 字节，封存时为 {len(content)} 字节"


def test_every_byte_of_a_receipt_counts(receipt: Path, held: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = receipt.read_bytes()
    for place in range(0, len(content), 41):
        receipt.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert main(["receipt", str(receipt), "--trust", str(held)]) == FAILS, place
    capsys.readouterr()


def test_a_receipt_by_other_keys_is_none(
    attacker: SmallArchive, archive: SmallArchive, held: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = {
        "KeyNotPinned": (receipt_of(archive), attacker.keys["receipt"]),
        # Signed rightly, over a checkpoint that the ledger's key never signed.
        "CheckpointInvalid": (
            receipt_of(archive, checkpoint=attacker.checkpoint().decode(), **_proof_in(attacker)),
            archive.keys["receipt"],
        ),
    }
    for kind, (forged, key) in cases.items():
        path = stored(tmp_path, forged, key)
        assert main(["receipt", str(path), "--trust", str(held), "--json"]) == FAILS
        assert json.loads(capsys.readouterr().out)["kind"] == kind


def test_what_cannot_be_looked_at_is_no_verdict(
    receipt: Path, held: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "没有"
    assert main(["receipt", str(missing), "--trust", str(held)]) == UNUSABLE
    assert main(["receipt", str(receipt), "--trust", str(held), "--file", str(missing)]) == UNUSABLE
    assert main(["receipt", str(receipt), "--trust", str(missing)]) == UNUSABLE
    assert "没有这个文件" in capsys.readouterr().err
    receipt.write_bytes(b"{}" * (1 << 20))
    assert main(["receipt", str(receipt), "--trust", str(held)]) == FAILS


def _proof_in(archive: SmallArchive) -> dict[str, Any]:
    entry = archive.packaged_entry(FILLERS)
    return {"leaf_hash": leaf_hash(entry.entry), "inclusion_proof": tuple(entry.proof), "ledger_index": entry.index}
