"""A real package, changed by one bit, and signed anew by somebody else: what each verification says."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from api.demo.resigning import sign_anew
from api.demo.tampering import copy_and_flip
from api.export import export_case
from api.succeeding import succeed_key
from api.trust_folder import build_trust
from integrity.errors import CheckpointInvalid, DigestMismatch, KeyNotPinned
from integrity.package.failure import PackageInvalid
from integrity.package.verify import verify_package

CONTENT = b"no picture, but evidence\n" * 50_000


@pytest.fixture
def package(sealing: Any, tmp_path: Path) -> Path:
    clip = sealing.clip(tmp_path)
    for content, name in ((clip, "AB00001_000123_20260101093000.MP4"), (CONTENT, "notes.mp4")):
        sealing.link(sealing.seal(content, name))
    sealing.render()
    target = tmp_path / "package"
    export_case(sealing.archive, sealing.people["supervisor"], sealing.case.id, sealing.grant().id, target)
    return target


def test_signed_anew_it_holds_by_itself_and_fails_against_the_keys_handed_over(
    sealing: Any, package: Path, tmp_path: Path
) -> None:
    trust = build_trust(sealing.archive)
    genuine = verify_package(package, trust)
    forged = sign_anew(package, tmp_path / "forged", tmp_path / "forger")
    assert forged.recordings[0].proxy is not None
    assert [each.manifest for each in forged.recordings] == [each.manifest for each in genuine.recordings]
    assert [each.ledger_index for each in forged.recordings] == [each.ledger_index for each in genuine.recordings]
    assert forged.checkpoint.origin == genuine.checkpoint.origin
    assert not verify_package(tmp_path / "forged", None).pinned
    _no_key_is_shared(forged.trust, trust)
    with pytest.raises(PackageInvalid) as failure:
        verify_package(tmp_path / "forged", trust)
    assert isinstance(failure.value.__cause__, KeyNotPinned)
    assert verify_package(package, trust).statement_sha256 == genuine.statement_sha256


def _no_key_is_shared(one: Any, other: Any) -> None:
    for role in ("manifest", "receipt", "package"):
        assert not {each.key for each in one.keys_for(role)} & {each.key for each in other.keys_for(role)}
    assert one.ledger_vkey != other.ledger_vkey
    assert one.timestamp_trust.tsa_fingerprints != other.timestamp_trust.tsa_fingerprints


def test_one_bit_is_flipped_in_the_copy_alone_and_found_by_name(sealing: Any, package: Path, tmp_path: Path) -> None:
    trust = build_trust(sealing.archive)
    flipped = copy_and_flip(package, tmp_path / "copy", "data/2/original.mp4", random.Random(1))
    before, after = (package / flipped.path).read_bytes(), (tmp_path / "copy" / flipped.path).read_bytes()
    different = [at for at in range(len(before)) if before[at] != after[at]]
    assert different == [flipped.offset]
    assert (before[flipped.offset], after[flipped.offset]) == (flipped.before, flipped.after)
    with pytest.raises(PackageInvalid) as failure:
        verify_package(tmp_path / "copy", trust)
    assert failure.value.path == "data/2/original.mp4"
    assert isinstance(failure.value.__cause__, DigestMismatch)
    verify_package(package, trust)


def test_keys_that_were_changed_are_imitated_with_their_line_and_lead_from_no_key_handed_over(
    sealing: Any, tmp_path: Path
) -> None:
    sealing.link(sealing.seal(CONTENT))
    old = build_trust(sealing.archive)
    for role in ("manifest", "package"):
        succeed_key(sealing.archive.database, sealing.archive.keyring, role)
    sealing.link(sealing.seal(b"sealed after"))
    target = tmp_path / "package"
    export_case(sealing.archive, sealing.people["supervisor"], sealing.case.id, sealing.grant().id, target)
    forged = sign_anew(target, tmp_path / "forged", tmp_path / "forger")
    assert [(each.role, each.epoch) for each in forged.keys] == [("package", 2), ("manifest", 1), ("manifest", 2)]
    new = build_trust(sealing.archive)
    _no_key_is_shared(forged.trust, new)
    for trust, kind in ((old, CheckpointInvalid), (new, KeyNotPinned)):
        with pytest.raises(PackageInvalid) as failure:
            verify_package(tmp_path / "forged", trust)
        assert isinstance(failure.value.__cause__, kind)
