"""Whatever is done to the files of a package is found, and the file is named."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from integrity.errors import (
    FileMissing,
    FileUnexpected,
)
from integrity.package.failure import PackageInvalid
from integrity.package.verify import Verdict, verify_package
from integrity.trust import Trust

FailureOf = Callable[[Path, Trust | None], PackageInvalid]
STATEMENT = "package.dsse.json"


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
    assert steps == list(range(1, 17))
    assert verdict.pinned is with_trust
    assert verdict.trust == archive.trust
    assert verdict.entries == 4
    assert [each.original for each in verdict.recordings] == ["data/1/original.mp4", "data/2/original.bin"]
    assert [each.ledger_index for each in verdict.recordings] == [13, 14]
    assert [each.manifest.original_name for each in verdict.recordings] == [each.name for each in archive.footage]


# One byte, in every file


@pytest.mark.parametrize("with_trust", [True, False])
def test_every_flipped_byte_is_found_and_its_file_named_with_both_digests(
    package: Path, archive: Any, with_trust: bool, failure_of: FailureOf, forge: SimpleNamespace
) -> None:
    trust = archive.trust if with_trust else None
    for path in forge.files_of(package):
        intact = hashlib.sha256((package / path).read_bytes()).hexdigest()
        for position in positions_in(package / path):
            before = flip(package / path, position)
            failure = failure_of(package, trust)
            flipped = hashlib.sha256((package / path).read_bytes()).hexdigest()
            assert (failure.path, failure.expected, failure.found) == (path, intact, flipped), position
            (package / path).write_bytes(before)
    verify_package(package, trust)


def test_flipped_byte_is_found_when_the_unsigned_lists_are_made_anew(
    package: Path, archive: Any, forge: SimpleNamespace, failure_of: FailureOf
) -> None:
    for path in forge.files_of(package):
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
    package: Path, archive: Any, forge: SimpleNamespace, failure_of: FailureOf
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
def test_missing_file_is_named(
    package: Path, archive: Any, with_trust: bool, failure_of: FailureOf, forge: SimpleNamespace
) -> None:
    for path in forge.files_of(package):
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
def test_added_file_is_named(
    package: Path, archive: Any, path: str, forge: SimpleNamespace, failure_of: FailureOf
) -> None:
    (package / path).parent.mkdir(parents=True, exist_ok=True)
    (package / path).write_bytes(b"added")
    for trust in (archive.trust, None):
        failure = failure_of(package, trust)
        assert isinstance(failure.__cause__, FileUnexpected)
        assert path.startswith(failure.path.rstrip("/"))
        forge.rebag(package)
        assert isinstance(failure_of(package, trust).__cause__, FileUnexpected)


def test_added_empty_folder_is_named(package: Path, archive: Any, failure_of: FailureOf) -> None:
    for path in ("data/3", "log/proofs/x", "more"):
        (package / path).mkdir()
        assert failure_of(package, archive.trust).path == f"{path}/"
        (package / path).rmdir()


def test_name_that_is_no_text_is_an_intruder(package: Path, archive: Any, failure_of: FailureOf) -> None:
    Path(os.fsdecode(os.fsencode(package) + b"/\xff\xfe.mp4")).write_bytes(b"x")
    assert isinstance(failure_of(package, archive.trust).__cause__, FileUnexpected)


@pytest.mark.parametrize("with_trust", [True, False])
def test_truncated_file_is_named(
    package: Path, archive: Any, with_trust: bool, failure_of: FailureOf, forge: SimpleNamespace
) -> None:
    for path in forge.files_of(package):
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
def test_exchanged_files_are_named(
    package: Path, archive: Any, forge: SimpleNamespace, one: str, other: str, failure_of: FailureOf
) -> None:
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


def test_recording_taken_out_of_the_package_is_found(
    package: Path, archive: Any, forge: SimpleNamespace, failure_of: FailureOf
) -> None:
    shutil.rmtree(package / "data/2")
    for name in ("manifest/2.dsse.json", "manifest/2.tsr"):
        (package / name).unlink()
    forge.rebag(package)
    for trust in (archive.trust, None):
        assert isinstance(failure_of(package, trust).__cause__, FileMissing)
