"""Packages signed by other keys than the pinned ones, and sound pieces that do not belong together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from integrity.epoch_keys import EpochKey
from integrity.errors import (
    CheckpointInvalid,
    EvidenceContradiction,
    KeyNotPinned,
    ProofInvalid,
    SignatureInvalid,
    TimestampInvalid,
)
from integrity.merkle import leaf_hash
from integrity.package.documents import parse_proof
from integrity.package.failure import PackageInvalid
from integrity.package.verify import verify_package
from integrity.package.write import write_package
from integrity.trust import Trust, trust_files

FailureOf = Callable[[Path, Trust | None], PackageInvalid]
STATEMENT = "package.dsse.json"


# Other keys


def resealed(folder: Path, archive: Any, attacker: Any, make_archive: Callable[..., Any], **roles: bool) -> Any:
    keys = {role: (attacker if role in roles else archive).keys[role] for role in archive.keys}
    forged = make_archive(keys=keys)
    write_package(folder, forged.contents())
    return forged


def test_package_signed_anew_throughout_passes_alone_and_fails_against_pinned_keys(
    tmp_path: Path, archive: Any, attacker: Any, failure_of: FailureOf
) -> None:
    write_package(tmp_path / "package", attacker.contents())
    assert verify_package(tmp_path / "package", None).pinned is False
    failure = failure_of(tmp_path / "package", archive.trust)
    assert (failure.step, failure.path) == (3, STATEMENT)
    assert isinstance(failure.__cause__, KeyNotPinned)
    assert failure.expected == archive.keys["package"].key_id
    assert failure.found == attacker.keys["package"].key_id


@pytest.mark.parametrize(
    ("role", "step", "path", "error"),
    [
        ("package", 3, STATEMENT, KeyNotPinned),
        ("manifest", 6, "manifest/1.dsse.json", KeyNotPinned),
        ("ledger", 9, "log/checkpoint", CheckpointInvalid),
    ],
)
def test_each_single_key_is_held_against_the_pinned_one(
    tmp_path: Path,
    archive: Any,
    attacker: Any,
    make_archive: Callable[..., Any],
    role: str,
    step: int,
    path: str,
    error: type[Exception],
    failure_of: FailureOf,
) -> None:
    resealed(tmp_path / "package", archive, attacker, make_archive, **{role: True})
    verify_package(tmp_path / "package", None)
    failure = failure_of(tmp_path / "package", archive.trust)
    assert (failure.step, failure.path) == (step, path)
    assert isinstance(failure.__cause__, error)


def test_time_stamps_of_another_authority_are_found(
    tmp_path: Path, archive: Any, attacker: Any, authorities: Any, failure_of: FailureOf
) -> None:
    forged = type(archive)(authorities[1], keys=archive.keys)
    write_package(tmp_path / "package", forged.contents())
    verify_package(tmp_path / "package", None)
    failure = failure_of(tmp_path / "package", archive.trust)
    assert (failure.step, failure.path) == (7, "manifest/1.tsr")
    assert isinstance(failure.__cause__, TimestampInvalid)


def test_key_counts_for_its_own_epoch_alone(
    tmp_path: Path, make_archive: Callable[..., Any], failure_of: FailureOf
) -> None:
    second = make_archive(manifest_epoch=2)
    later = tuple(EpochKey(2, each.key) for each in second.trust.manifest_keys)
    trust = replace(second.trust, manifest_keys=later)
    write_package(tmp_path / "package", second.contents(trust=trust))
    failure = failure_of(tmp_path / "package", second.trust)
    assert (failure.step, failure.path, failure.expected, failure.found) == (
        6,
        "manifest/1.dsse.json",
        "epoch 1",
        "epoch 2",
    )
    failure = failure_of(tmp_path / "package", replace(trust, package_keys=(EpochKey(3, trust.package_keys[0].key),)))
    assert (failure.step, failure.path) == (3, STATEMENT)
    assert isinstance(failure.__cause__, EvidenceContradiction)


def test_keys_inside_the_package_are_never_used_when_keys_are_pinned(
    package: Path, archive: Any, attacker: Any, forge: SimpleNamespace, failure_of: FailureOf
) -> None:
    """The attacker's keys lie in trust/ and the statement is theirs; everything else is genuine."""
    for name in ("package-key-1.pem", "trust.json"):
        (package / "trust" / name).unlink()
    mixed = replace(archive.trust, package_keys=attacker.trust.package_keys)
    for name, content in trust_files(mixed).items():
        (package / "trust" / name).write_bytes(content)
    forge.resign(package, attacker.keys["package"])
    verify_package(package, None)
    assert failure_of(package, archive.trust).step == 3


# Sound pieces that do not belong together, under the right package key


def test_statement_signed_by_the_manifest_key_is_not_a_package_statement(
    package: Path, archive: Any, forge: SimpleNamespace, failure_of: FailureOf
) -> None:
    forge.resign(package, archive.keys["manifest"])
    assert isinstance(failure_of(package, archive.trust).__cause__, KeyNotPinned)


def test_flipped_signature_is_an_invalid_signature(
    package: Path, archive: Any, forge: SimpleNamespace, failure_of: FailureOf
) -> None:
    content = (package / STATEMENT).read_bytes()
    at = content.rindex(b'"sig":"') + 20
    (package / STATEMENT).write_bytes(
        content[:at] + (b"A" if content[at : at + 1] != b"A" else b"B") + content[at + 1 :]
    )
    forge.rebag(package)
    assert isinstance(failure_of(package, archive.trust).__cause__, SignatureInvalid)


@pytest.mark.parametrize(("missing", "error"), [(13, EvidenceContradiction), (14, EvidenceContradiction)])
def test_recording_without_its_sealing_entry_is_found(
    package: Path, archive: Any, forge: SimpleNamespace, missing: int, error: type[Exception], failure_of: FailureOf
) -> None:
    for folder in ("entries", "proofs"):
        (package / f"log/{folder}/{missing}.json").unlink()
    forge.resign(package, archive.keys["package"])
    failure = failure_of(package, archive.trust)
    assert (failure.step, failure.path) == (11, f"manifest/{missing - 12}.dsse.json")
    assert isinstance(failure.__cause__, error)


def test_manifest_signed_anew_with_its_own_key_is_contradicted_by_the_ledger(
    package: Path, archive: Any, make_archive: Callable[..., Any], forge: SimpleNamespace, failure_of: FailureOf
) -> None:
    """A stolen manifest key can sign and even have stamped another manifest; the entry names the first."""
    changed = replace(archive.footage[1], content=b"changed afterwards")
    forged = make_archive(keys=archive.keys, footage=[archive.footage[0], changed])
    (package / "data/2/original.bin").write_bytes(changed.content)
    (package / "manifest/2.dsse.json").write_bytes(forged.envelopes[1])
    (package / "manifest/2.tsr").write_bytes(forged.tokens[1])
    sizes = [path.stat().st_size for path in (package / "data").rglob("*") if path.is_file()]
    info = (package / "bag-info.txt").read_text().splitlines()
    (package / "bag-info.txt").write_text("\n".join([*info[:2], f"Payload-Oxum: {sum(sizes)}.{len(sizes)}", ""]))
    forge.resign(package, archive.keys["package"])
    failure = failure_of(package, archive.trust)
    assert (failure.step, failure.path) == (11, "manifest/2.dsse.json")
    assert failure.expected == hashlib.sha256(archive.envelopes[1]).hexdigest()
    assert failure.found == hashlib.sha256(forged.envelopes[1]).hexdigest()


def test_entry_that_is_not_in_the_ledger_is_found(
    package: Path, archive: Any, forge: SimpleNamespace, failure_of: FailureOf
) -> None:
    entry = archive.note("playback.denied", archive.footage[0].recording_id, {})
    path = package / "log/proofs/15.json"
    proof = replace(parse_proof(path.read_bytes(), "15"), leaf_hash=leaf_hash(entry))
    (package / "log/entries/15.json").write_bytes(entry)
    path.write_bytes(proof.to_bytes())
    forge.resign(package, archive.keys["package"])
    failure = failure_of(package, archive.trust)
    assert (failure.step, failure.path) == (10, "log/proofs/15.json")
    assert isinstance(failure.__cause__, ProofInvalid)


def test_playable_copy_of_another_original_is_found(
    package: Path, archive: Any, forge: SimpleNamespace, failure_of: FailureOf
) -> None:
    case = (package / "meta/case.json").read_bytes()
    sealed = hashlib.sha256(archive.footage[0].content).hexdigest()
    (package / "meta/case.json").write_bytes(case.replace(sealed.encode(), b"0" * 64))
    forge.resign(package, archive.keys["package"])
    failure = failure_of(package, archive.trust)
    assert (failure.step, failure.path) == (12, "meta/case.json")


def test_time_stamp_made_later_is_contradicted_by_the_ledger(
    package: Path, archive: Any, forge: SimpleNamespace, failure_of: FailureOf
) -> None:
    """Good in every way, over the right manifest, by the pinned authority: only, it is not the one that was sealed."""
    (package / "manifest/1.tsr").write_bytes(archive.stamp(archive.envelopes[0]))
    forge.resign(package, archive.keys["package"])
    failure = failure_of(package, archive.trust)
    assert (failure.step, failure.path) == (11, "manifest/1.tsr")
    assert failure.expected == hashlib.sha256(archive.tokens[0]).hexdigest()
