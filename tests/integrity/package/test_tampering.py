"""Whatever is done to a package, it is found, and the file is named."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from integrity.errors import (
    CheckpointInvalid,
    EvidenceContradiction,
    FileMissing,
    FileUnexpected,
    KeyNotPinned,
    MalformedEvidence,
    PathUnsafe,
    ProofInvalid,
    SignatureInvalid,
    TimestampInvalid,
)
from integrity.keys import SigningKey
from integrity.package.failure import PackageInvalid
from integrity.package.verify import Verdict, verify_package
from integrity.package.write import write_package
from integrity.trust import EpochKey, Trust

STATEMENT = "package.dsse.json"


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def failure_of(folder: Path, trust: Trust | None) -> PackageInvalid:
    with pytest.raises(PackageInvalid) as caught:
        verify_package(folder, trust)
    return caught.value


def flip(path: Path, position: int) -> bytes:
    """Flip one bit of one byte; gives what was there before."""
    content = path.read_bytes()
    path.write_bytes(content[:position] + bytes([content[position] ^ 0x01]) + content[position + 1 :])
    return content


def positions_in(path: Path) -> list[int]:
    size = path.stat().st_size
    return sorted({0, 1, size // 4, size // 2, size * 3 // 4, size - 2, size - 1})


# Nothing was done


@pytest.mark.parametrize("with_trust", [True, False])
def test_untouched_package_holds(pristine: Path, archive: Any, with_trust: bool) -> None:
    steps: list[int] = []
    verdict: Verdict = verify_package(pristine, archive.trust if with_trust else None, steps.append)
    assert steps == list(range(1, 13))
    assert verdict.pinned is with_trust
    assert verdict.trust == archive.trust
    assert verdict.entries == 4
    assert [each.original for each in verdict.recordings] == ["data/1/original.mp4", "data/2/original.bin"]
    assert [each.ledger_index for each in verdict.recordings] == [13, 14]
    assert [each.manifest.original_name for each in verdict.recordings] == [each.name for each in archive.footage]


# One byte, in every file


@pytest.mark.parametrize("with_trust", [True, False])
def test_every_flipped_byte_is_found_and_its_file_named_with_both_digests(
    package: Path, archive: Any, with_trust: bool
) -> None:
    trust = archive.trust if with_trust else None
    for path in files_of(package):
        intact = hashlib.sha256((package / path).read_bytes()).hexdigest()
        for position in positions_in(package / path):
            before = flip(package / path, position)
            failure = failure_of(package, trust)
            flipped = hashlib.sha256((package / path).read_bytes()).hexdigest()
            assert (failure.path, failure.expected, failure.found) == (path, intact, flipped), position
            (package / path).write_bytes(before)
    verify_package(package, trust)


def test_flipped_byte_is_found_when_the_unsigned_lists_are_made_anew(
    package: Path, archive: Any, forge: SimpleNamespace
) -> None:
    for path in files_of(package):
        if path in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
            continue
        before = flip(package / path, (package / path).stat().st_size // 2)
        forge.rebag(package)
        assert failure_of(package, archive.trust).path in (path, STATEMENT)
        assert failure_of(package, None)
        (package / path).write_bytes(before)
        forge.rebag(package)
    verify_package(package, archive.trust)


def test_flipped_byte_of_evidence_is_found_even_by_a_stolen_package_key(
    package: Path, archive: Any, forge: SimpleNamespace
) -> None:
    """Whoever holds the package key can sign the statement anew, but no manifest, token, entry or checkpoint."""
    names = ("data/1/original.mp4", "data/1/proxy.mp4", "manifest/1.dsse.json", "manifest/1.tsr", "log/checkpoint")
    for path in (*names, "log/entries/13.json", "log/proofs/13.json", "log/entries/0.json", "log/proofs/0.json"):
        content = (package / path).read_bytes()
        for position in (len(content) // 3, len(content) // 2, len(content) - 2):
            before = flip(package / path, position)
            forge.resign(package, archive.keys["package"])
            failure = failure_of(package, archive.trust)
            stem = path.partition(".")[0].rpartition("/")[2]
            assert failure.path == path or f"/{stem}." in failure.path, (path, position, failure)
            assert failure.step >= 6
            (package / path).write_bytes(before)
    forge.resign(package, archive.keys["package"])
    verify_package(package, archive.trust)


# Files missing, added, cut off, exchanged


@pytest.mark.parametrize("with_trust", [True, False])
def test_missing_file_is_named(package: Path, archive: Any, with_trust: bool) -> None:
    for path in files_of(package):
        content = (package / path).read_bytes()
        (package / path).unlink()
        failure = failure_of(package, archive.trust if with_trust else None)
        alone = not any((package / path).parent.iterdir())
        assert failure.path == (f"{Path(path).parent.as_posix()}/" if alone else path)
        assert isinstance(failure.__cause__, FileUnexpected if alone else FileMissing)
        (package / path).write_bytes(content)


@pytest.mark.parametrize(
    "path",
    [
        "extra.txt",
        "data/1/original.avi",
        "data/2/proxy.mp4",
        "data/3/original.mp4",
        "data/original.mp4",
        "data/1/more/original.mp4",
        "manifest/3.dsse.json",
        "log/entries/5.json",
        "log/proofs/5.json",
        "trust/manifest-key-2.pem",
        "meta/note.txt",
        "Thumbs.db",
        "data/1/ORIGINAL.MP4",
        "data/1/original.mp4\n",
        "data/１/original.mp4",
    ],
)
def test_added_file_is_named(package: Path, archive: Any, path: str, forge: SimpleNamespace) -> None:
    (package / path).parent.mkdir(parents=True, exist_ok=True)
    (package / path).write_bytes(b"added")
    for trust in (archive.trust, None):
        failure = failure_of(package, trust)
        assert isinstance(failure.__cause__, FileUnexpected)
        assert path.startswith(failure.path.rstrip("/"))
        forge.rebag(package)
        assert isinstance(failure_of(package, trust).__cause__, FileUnexpected)


def test_added_empty_folder_is_named(package: Path, archive: Any) -> None:
    for path in ("data/3", "log/proofs/x", "more"):
        (package / path).mkdir()
        assert failure_of(package, archive.trust).path == f"{path}/"
        (package / path).rmdir()


def test_name_that_is_no_text_is_an_intruder(package: Path, archive: Any) -> None:
    Path(os.fsdecode(os.fsencode(package) + b"/\xff\xfe.mp4")).write_bytes(b"x")
    assert isinstance(failure_of(package, archive.trust).__cause__, FileUnexpected)


@pytest.mark.parametrize("with_trust", [True, False])
def test_truncated_file_is_named(package: Path, archive: Any, with_trust: bool) -> None:
    for path in files_of(package):
        content = (package / path).read_bytes()
        for kept_bytes in (0, len(content) // 2, len(content) - 1):
            (package / path).write_bytes(content[:kept_bytes])
            assert failure_of(package, archive.trust if with_trust else None).path == path, kept_bytes
        (package / path).write_bytes(content)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("data/1/original.mp4", "data/1/proxy.mp4"),
        ("data/1/original.mp4", "data/2/original.bin"),
        ("manifest/1.dsse.json", "manifest/2.dsse.json"),
        ("manifest/1.tsr", "manifest/2.tsr"),
        ("log/entries/13.json", "log/entries/14.json"),
        ("log/proofs/13.json", "log/proofs/14.json"),
        ("trust/manifest-key-1.pem", "trust/package-key-1.pem"),
        ("manifest-sha256.txt", "tagmanifest-sha256.txt"),
    ],
)
def test_exchanged_files_are_named(package: Path, archive: Any, forge: SimpleNamespace, one: str, other: str) -> None:
    first, second = (package / one).read_bytes(), (package / other).read_bytes()
    (package / one).write_bytes(second)
    (package / other).write_bytes(first)
    for trust in (archive.trust, None):
        assert failure_of(package, trust).path in (one, other)
    if not one.endswith(".txt"):
        # Also by whoever holds the package key: each file is sound, but in another's place.
        forge.resign(package, archive.keys["package"])
        failure = failure_of(package, None)
        assert failure.path.partition("/")[0] in (one.partition("/")[0], "manifest", STATEMENT)


def test_recording_taken_out_of_the_package_is_found(package: Path, archive: Any, forge: SimpleNamespace) -> None:
    shutil.rmtree(package / "data/2")
    for name in ("manifest/2.dsse.json", "manifest/2.tsr"):
        (package / name).unlink()
    forge.rebag(package)
    for trust in (archive.trust, None):
        assert isinstance(failure_of(package, trust).__cause__, FileMissing)


# Other keys


def resealed(folder: Path, archive: Any, attacker: Any, make_archive: Callable[..., Any], **roles: bool) -> Any:
    keys = {role: (attacker if role in roles else archive).keys[role] for role in archive.keys}
    forged = make_archive(keys=keys)
    write_package(folder, forged.contents())
    return forged


def test_package_signed_anew_throughout_passes_alone_and_fails_against_pinned_keys(
    tmp_path: Path, archive: Any, attacker: Any
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
) -> None:
    resealed(tmp_path / "package", archive, attacker, make_archive, **{role: True})
    verify_package(tmp_path / "package", None)
    failure = failure_of(tmp_path / "package", archive.trust)
    assert (failure.step, failure.path) == (step, path)
    assert isinstance(failure.__cause__, error)


def test_time_stamps_of_another_authority_are_found(
    tmp_path: Path, archive: Any, attacker: Any, authorities: Any
) -> None:
    forged = type(archive)(authorities[1], keys=archive.keys)
    write_package(tmp_path / "package", forged.contents())
    verify_package(tmp_path / "package", None)
    failure = failure_of(tmp_path / "package", archive.trust)
    assert (failure.step, failure.path) == (7, "manifest/1.tsr")
    assert isinstance(failure.__cause__, TimestampInvalid)


def test_key_counts_for_its_own_epoch_alone(tmp_path: Path, make_archive: Callable[..., Any]) -> None:
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
    package: Path, archive: Any, attacker: Any, forge: SimpleNamespace
) -> None:
    """The attacker's keys lie in trust/ and the statement is theirs; everything else is genuine."""
    for name in ("package-key-1.pem", "trust.json"):
        (package / "trust" / name).unlink()
    mixed = replace(archive.trust, package_keys=attacker.trust.package_keys)
    from integrity.trust import trust_files

    for name, content in trust_files(mixed).items():
        (package / "trust" / name).write_bytes(content)
    forge.resign(package, attacker.keys["package"])
    verify_package(package, None)
    assert failure_of(package, archive.trust).step == 3


# Sound pieces that do not belong together, under the right package key


def test_statement_signed_by_the_manifest_key_is_not_a_package_statement(
    package: Path, archive: Any, forge: SimpleNamespace
) -> None:
    forge.resign(package, archive.keys["manifest"])
    assert isinstance(failure_of(package, archive.trust).__cause__, KeyNotPinned)


def test_flipped_signature_is_an_invalid_signature(package: Path, archive: Any, forge: SimpleNamespace) -> None:
    content = (package / STATEMENT).read_bytes()
    at = content.rindex(b'"sig":"') + 20
    (package / STATEMENT).write_bytes(
        content[:at] + (b"A" if content[at : at + 1] != b"A" else b"B") + content[at + 1 :]
    )
    forge.rebag(package)
    assert isinstance(failure_of(package, archive.trust).__cause__, SignatureInvalid)


@pytest.mark.parametrize(("missing", "error"), [(13, EvidenceContradiction), (14, EvidenceContradiction)])
def test_recording_without_its_sealing_entry_is_found(
    package: Path, archive: Any, forge: SimpleNamespace, missing: int, error: type[Exception]
) -> None:
    for folder in ("entries", "proofs"):
        (package / f"log/{folder}/{missing}.json").unlink()
    forge.resign(package, archive.keys["package"])
    failure = failure_of(package, archive.trust)
    assert (failure.step, failure.path) == (11, f"manifest/{missing - 12}.dsse.json")
    assert isinstance(failure.__cause__, error)


def test_manifest_signed_anew_with_its_own_key_is_contradicted_by_the_ledger(
    package: Path, archive: Any, make_archive: Callable[..., Any], forge: SimpleNamespace
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


def test_entry_that_is_not_in_the_ledger_is_found(package: Path, archive: Any, forge: SimpleNamespace) -> None:
    from integrity.merkle import leaf_hash
    from integrity.package.documents import parse_proof

    entry = archive.note("playback.denied", archive.footage[0].recording_id, {})
    path = package / "log/proofs/15.json"
    proof = replace(parse_proof(path.read_bytes(), "15"), leaf_hash=leaf_hash(entry))
    (package / "log/entries/15.json").write_bytes(entry)
    path.write_bytes(proof.to_bytes())
    forge.resign(package, archive.keys["package"])
    failure = failure_of(package, archive.trust)
    assert (failure.step, failure.path) == (10, "log/proofs/15.json")
    assert isinstance(failure.__cause__, ProofInvalid)


def test_playable_copy_of_another_original_is_found(package: Path, archive: Any, forge: SimpleNamespace) -> None:
    case = (package / "meta/case.json").read_bytes()
    sealed = hashlib.sha256(archive.footage[0].content).hexdigest()
    (package / "meta/case.json").write_bytes(case.replace(sealed.encode(), b"0" * 64))
    forge.resign(package, archive.keys["package"])
    failure = failure_of(package, archive.trust)
    assert (failure.step, failure.path) == (12, "meta/case.json")


# Hostile packages


@pytest.mark.parametrize("path", ["data/1/original.mp4", "package.dsse.json", "trust/trust.json", "log/entries/0.json"])
def test_link_is_not_followed(package: Path, archive: Any, tmp_path: Path, path: str) -> None:
    (package / path).rename(tmp_path / "elsewhere")
    (package / path).symlink_to(tmp_path / "elsewhere")
    for trust in (archive.trust, None):
        failure = failure_of(package, trust)
        assert failure.path == path
        assert isinstance(failure.__cause__, PathUnsafe)


def test_link_to_a_folder_is_not_followed(package: Path, archive: Any, tmp_path: Path) -> None:
    (package / "log").rename(tmp_path / "log")
    (package / "log").symlink_to(tmp_path / "log", target_is_directory=True)
    assert isinstance(failure_of(package, archive.trust).__cause__, PathUnsafe)


def test_pipe_is_not_opened(package: Path, archive: Any) -> None:
    (package / "data/1/original.mp4").unlink()
    os.mkfifo(package / "data/1/original.mp4")
    assert isinstance(failure_of(package, archive.trust).__cause__, PathUnsafe)


@pytest.mark.parametrize(
    "path", ["package.dsse.json", "meta/case.json", "log/entries/0.json", "manifest/1.dsse.json", "trust/trust.json"]
)
def test_huge_document_is_refused_unread(package: Path, archive: Any, path: str) -> None:
    with (package / path).open("r+b") as file:
        file.truncate(1 << 40)
    failure = failure_of(package, archive.trust)
    assert (failure.step, failure.path) == (1, path)
    assert isinstance(failure.__cause__, MalformedEvidence)


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "/etc/passwd",
        "data/../../x",
        "data/1/original.mp4/../../../x",
        "trust/../x",
        "",
        "data/1",
    ],
)
def test_path_out_of_the_package_is_never_opened(
    package: Path, attacker: Any, forge: SimpleNamespace, name: str
) -> None:
    key = self_signed(package, attacker, forge)
    listed = {path: hashlib.sha256((package / path).read_bytes()).hexdigest() for path in files_of(package)}
    forge.resign(package, key, files=listed | {name: "0" * 64})
    failure = failure_of(package, None)
    assert (failure.step, failure.path) in ((3, name), (3, STATEMENT))
    assert isinstance(failure.__cause__, PathUnsafe)


def self_signed(package: Path, attacker: Any, forge: SimpleNamespace) -> SigningKey:
    """Put the attacker's package key into trust/, so that a hostile statement gets past its signature."""
    from integrity.trust import load_trust, trust_files

    mixed = replace(load_trust(package / "trust"), package_keys=attacker.trust.package_keys)
    for name, content in trust_files(mixed).items():
        (package / "trust" / name).write_bytes(content)
    key: SigningKey = attacker.keys["package"]
    return key


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"case":{},"recordings":[],"v":1}',
        b'{"case":{},"case":{},"recordings":[],"v":1}',
        b'{"case":{"n":NaN},"recordings":[],"v":1}',
        b"\xff\xfe",
        b"",
        b"null",
    ],
)
def test_hostile_json_under_a_valid_signature_is_a_clear_error(
    package: Path, archive: Any, forge: SimpleNamespace, content: bytes
) -> None:
    (package / "meta/case.json").write_bytes(content)
    forge.resign(package, archive.keys["package"])
    failure = failure_of(package, archive.trust)
    assert (failure.step, failure.path) == (12, "meta/case.json")


@pytest.mark.parametrize("changes", [{"v": 2}, {"recordings": []}, {"key_epoch": -1}, {"files": {}}, {"more": 1}])
def test_statement_that_says_anything_else_is_refused(
    package: Path, archive: Any, forge: SimpleNamespace, changes: dict[str, Any]
) -> None:
    forge.resign(package, archive.keys["package"], **changes)
    failure = failure_of(package, archive.trust)
    assert failure.step == 3


def test_file_that_cannot_be_read_is_named(package: Path, archive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root nothing is unreadable, so the failing open stands in for a broken disk."""
    from integrity.errors import FileUnreadable

    real = os.open

    def failing(path: Any, *arguments: Any, **more: Any) -> int:
        if str(path).endswith("manifest/1.tsr"):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **more)

    monkeypatch.setattr(os, "open", failing)
    failure = failure_of(package, archive.trust)
    assert failure.path == "manifest/1.tsr"
    assert isinstance(failure.__cause__, FileUnreadable)
