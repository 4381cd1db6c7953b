"""The trust folder: what is pinned comes back as it was, and nothing else is ever taken for it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from integrity.authority import create_authority
from integrity.checkpoint import encode_vkey
from integrity.digest import Digest
from integrity.epoch_keys import EpochKey, require_epoch
from integrity.errors import EvidenceContradiction, EvidenceError, MalformedEvidence, TrustExists, TrustIncomplete
from integrity.keys import SigningKey
from integrity.timestamp import TimestampTrust
from integrity.trust import Trust, fingerprints, load_trust, write_trust


def make_trust(folder: Path) -> Trust:
    first, second = create_authority(folder / "tsa-1"), create_authority(folder / "tsa-2")
    keys = [EpochKey(epoch, SigningKey.generate().public) for epoch in (1, 2, 1, 1)]
    return Trust(
        manifest_keys=tuple(keys[:2]),
        receipt_keys=(keys[2],),
        package_keys=(keys[3],),
        ledger_vkey=encode_vkey("liuhen.example/ledger", SigningKey.generate().public),
        timestamp_trust=TimestampTrust(
            (first.root, second.root), (first.fingerprint, second.fingerprint), first.policy
        ),
    )


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return make_trust(tmp_path_factory.mktemp("authorities"))


@pytest.fixture
def folder(tmp_path: Path, trust: Trust) -> Path:
    write_trust(tmp_path / "trust", trust)
    return tmp_path / "trust"


def test_written_trust_is_loaded_as_it_was(folder: Path, trust: Trust) -> None:
    assert load_trust(folder) == trust
    assert sorted(path.name for path in folder.iterdir()) == [
        "ledger.vkey",
        "manifest-key-1.pem",
        "manifest-key-2.pem",
        "package-key-1.pem",
        "receipt-key-1.pem",
        "trust.json",
        "tsa-roots.pem",
    ]


def test_pinned_keys_are_never_written_over(folder: Path, trust: Trust) -> None:
    before = (folder / "trust.json").read_bytes()
    with pytest.raises(TrustExists):
        write_trust(folder, trust)
    assert (folder / "trust.json").read_bytes() == before
    assert [path.name for path in folder.parent.iterdir()] == ["trust"]


def test_every_flipped_byte_is_found(folder: Path, trust: Trust) -> None:
    """Every one: a pinned folder has no byte that could say two things."""
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        for position in range(0, len(content), 7):
            path.write_bytes(content[:position] + bytes([content[position] ^ 0x01]) + content[position + 1 :])
            try:
                changed = load_trust(folder)
            except EvidenceError:
                continue
            # What still loads must differ visibly: in trust.json some bytes are nobody's digest, an epoch for one.
            assert changed != trust, (path.name, position)
        path.write_bytes(content)
    assert load_trust(folder) == trust


@pytest.mark.parametrize(
    "name",
    ["ledger.vkey", "manifest-key-2.pem", "package-key-1.pem", "receipt-key-1.pem", "trust.json", "tsa-roots.pem"],
)
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(TrustIncomplete, match=name):
        load_trust(folder)


@pytest.mark.parametrize("name", ["ledger.vkey", "manifest-key-1.pem", "tsa-roots.pem"])
def test_key_put_in_place_of_the_pinned_one_is_found(folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "other").mkdir()
    write_trust(tmp_path / "other/trust", make_trust(tmp_path / "other"))
    (folder / name).write_bytes((tmp_path / "other/trust" / name).read_bytes())
    with pytest.raises(EvidenceError, match=name):
        load_trust(folder)


def test_file_that_is_not_named_is_never_read(folder: Path, trust: Trust) -> None:
    (folder / "manifest-key-3.pem").write_bytes(SigningKey.generate().public.pem)
    (folder / "desktop.ini").write_text("left by a file browser")
    assert load_trust(folder) == trust


def rewrite(folder: Path, **changes: object) -> None:
    form = json.loads((folder / "trust.json").read_bytes()) | changes
    text = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    (folder / "trust.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", ["ledger.vkey", "package-key-1.pem", "trust.json", "tsa-roots.pem"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{}\n", b"-----BEGIN PUBLIC KEY-----\n"])
def test_file_in_another_format_is_named(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises((MalformedEvidence, TrustIncomplete), match=name):
        load_trust(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": True},
        {"more": 1},
        {"keys": []},
        {"keys": [{"role": "../../etc/passwd", "epoch": 1, "key_id": "0" * 64}]},
        {"keys": [{"role": "manifest", "epoch": -1, "key_id": "0" * 64}]},
        {"timestamp": {"policy": "not an oid", "root_sha256": [], "tsa_sha256": []}},
        {"timestamp": {"policy": "1.2.3", "root_sha256": [1], "tsa_sha256": [None]}},
    ],
)
def test_statement_that_says_anything_else_is_refused(folder: Path, changes: dict[str, object]) -> None:
    rewrite(folder, **changes)
    with pytest.raises((MalformedEvidence, TrustIncomplete)):
        load_trust(folder)


def test_key_pinned_twice_is_refused(folder: Path) -> None:
    keys = json.loads((folder / "trust.json").read_bytes())["keys"]
    rewrite(folder, keys=[keys[0], *keys])
    with pytest.raises(TrustIncomplete, match="one key an epoch"):
        load_trust(folder)


def test_huge_file_is_not_read_into_memory(folder: Path) -> None:
    with (folder / "trust.json").open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(MalformedEvidence, match="longer than"):
        load_trust(folder)


@pytest.mark.parametrize("missing", ["manifest_keys", "receipt_keys", "package_keys"])
def test_trust_without_keys_is_not_written(tmp_path: Path, trust: Trust, missing: str) -> None:
    with pytest.raises(TrustIncomplete):
        write_trust(tmp_path / "trust", replace(trust, **{missing: ()}))
    assert not (tmp_path / "trust").exists()


def test_key_counts_for_its_own_epoch_alone(trust: Trust) -> None:
    second = trust.manifest_keys[1].key.key_id
    require_epoch(trust.manifest_keys, second, 2, "manifest/1.dsse.json")
    with pytest.raises(EvidenceContradiction, match="manifest/1"):
        require_epoch(trust.manifest_keys, second, 1, "manifest/1.dsse.json")


def test_fingerprints_are_what_openssl_and_sha256sum_print(folder: Path, trust: Trust) -> None:
    listed = {(each.kind, each.label): each.sha256 for each in fingerprints(trust)}
    assert len(listed) == 4 + 1 + 2 + 2
    command = ["openssl", "pkey", "-pubin", "-in", str(folder / "manifest-key-2.pem"), "-outform", "DER"]
    spki = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout
    assert listed["manifest", "2"] == Digest.of("sha256", spki).hex
    command = ["openssl", "x509", "-in", str(folder / "tsa-roots.pem"), "-noout", "-fingerprint", "-sha256"]
    printed = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120).stdout
    assert listed["tsa_root", "1"] == printed.strip().partition("=")[2].replace(":", "").lower()
