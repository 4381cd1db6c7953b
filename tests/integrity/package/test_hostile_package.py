"""Packages made to hurt whoever opens them: links, pipes, floods, names that lead elsewhere."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from integrity.errors import (
    FileUnreadable,
    MalformedEvidence,
    PathUnsafe,
)
from integrity.keys import SigningKey
from integrity.package.failure import PackageInvalid
from integrity.trust import Trust, load_trust, trust_files

FailureOf = Callable[[Path, Trust | None], PackageInvalid]
STATEMENT = "package.dsse.json"


# Hostile packages


@pytest.mark.parametrize("path", ["data/1/original.mp4", "package.dsse.json", "trust/trust.json", "log/entries/0.json"])
def test_link_is_not_followed(package: Path, archive: Any, tmp_path: Path, path: str, failure_of: FailureOf) -> None:
    (package / path).rename(tmp_path / "elsewhere")
    (package / path).symlink_to(tmp_path / "elsewhere")
    for trust in (archive.trust, None):
        failure = failure_of(package, trust)
        assert failure.path == path
        assert isinstance(failure.__cause__, PathUnsafe)


def test_link_to_a_folder_is_not_followed(package: Path, archive: Any, tmp_path: Path, failure_of: FailureOf) -> None:
    (package / "log").rename(tmp_path / "log")
    (package / "log").symlink_to(tmp_path / "log", target_is_directory=True)
    assert isinstance(failure_of(package, archive.trust).__cause__, PathUnsafe)


def test_pipe_is_not_opened(package: Path, archive: Any, failure_of: FailureOf) -> None:
    (package / "data/1/original.mp4").unlink()
    os.mkfifo(package / "data/1/original.mp4")
    assert isinstance(failure_of(package, archive.trust).__cause__, PathUnsafe)


@pytest.mark.parametrize(
    "path", ["package.dsse.json", "meta/case.json", "log/entries/0.json", "manifest/1.dsse.json", "trust/trust.json"]
)
def test_huge_document_is_refused_unread(package: Path, archive: Any, path: str, failure_of: FailureOf) -> None:
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
    package: Path, attacker: Any, forge: SimpleNamespace, name: str, failure_of: FailureOf
) -> None:
    key = self_signed(package, attacker)
    listed = {path: hashlib.sha256((package / path).read_bytes()).hexdigest() for path in forge.files_of(package)}
    forge.resign(package, key, files=listed | {name: "0" * 64})
    failure = failure_of(package, None)
    assert (failure.step, failure.path) in ((3, name), (3, STATEMENT))
    assert isinstance(failure.__cause__, PathUnsafe)


def self_signed(package: Path, attacker: Any) -> SigningKey:
    """Put the attacker's package key into trust/, so that a hostile statement gets past its signature."""
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
    package: Path, archive: Any, forge: SimpleNamespace, content: bytes, failure_of: FailureOf
) -> None:
    (package / "meta/case.json").write_bytes(content)
    forge.resign(package, archive.keys["package"])
    failure = failure_of(package, archive.trust)
    assert (failure.step, failure.path) == (12, "meta/case.json")


@pytest.mark.parametrize("changes", [{"v": 2}, {"recordings": []}, {"key_epoch": -1}, {"files": {}}, {"more": 1}])
def test_statement_that_says_anything_else_is_refused(
    package: Path, archive: Any, forge: SimpleNamespace, changes: dict[str, Any], failure_of: FailureOf
) -> None:
    forge.resign(package, archive.keys["package"], **changes)
    failure = failure_of(package, archive.trust)
    assert failure.step == 3


def test_file_that_cannot_be_read_is_named(
    package: Path, archive: Any, monkeypatch: pytest.MonkeyPatch, failure_of: FailureOf
) -> None:
    """As root nothing is unreadable, so the failing open stands in for a broken disk."""
    real = os.open

    def failing(path: Any, *arguments: Any, **more: Any) -> int:
        if str(path).endswith("manifest/1.tsr"):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **more)

    monkeypatch.setattr(os, "open", failing)
    failure = failure_of(package, archive.trust)
    assert failure.path == "manifest/1.tsr"
    assert isinstance(failure.__cause__, FileUnreadable)
