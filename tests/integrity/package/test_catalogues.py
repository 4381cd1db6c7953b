"""Step 13: the package of an archived case holds the catalogues that the ledger names, and they name what is in it."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from integrity.catalogue import DOCUMENT, RECORDING, Catalogue, CatalogueItem
from integrity.digest import Digest
from integrity.package.failure import PackageInvalid
from integrity.package.verify import verify_package
from integrity.package.write import write_package

CASE = UUID(int=7, version=4)
ARCHIVED, SUPPLEMENTED = "case.archived", "case.archive_supplemented"
FailureOf = Callable[[Path, Any], Any]


def item_of(footage: Any) -> CatalogueItem:
    return CatalogueItem(
        stage="investigation",
        kind=RECORDING,
        id=footage.recording_id,
        title=footage.name,
        day=None,
        responsible=None,
        size_bytes=len(footage.content),
        sha256=Digest.of("sha256", footage.content),
    )


def catalogue(version: int, items: Sequence[CatalogueItem], case_id: UUID = CASE) -> Catalogue:
    case = {"case_id": str(case_id), "number": "城管立字〔2026〕1号", "title": "占道经营", "kind": "penalty"}
    dates = {"procedure": "ordinary_penalty", "opened_at": "2026-01-01T01:00:00.000000Z", "closed_at": None}
    return Catalogue(
        version=version,
        made_at=datetime(2026, 1, 1, 2, 0, tzinfo=UTC),
        made_by="何磊",
        reason=None if version == 1 else "迟到",
        unit_code="JC",
        unit_name="执法大队",
        case=case | dates,
        secrecy_class="ordinary",
        retention_class="permanent",
        items=tuple(items),
    )


@pytest.fixture
def archived(make_archive: Callable[..., Any]) -> Any:
    """The small archive after its case was archived with its first recording, and the second added."""
    archive = make_archive()
    first, second = map(item_of, archive.footage)
    archive.catalogues = [catalogue(1, [first]).to_bytes(), catalogue(2, [first, second]).to_bytes()]
    note(archive, ARCHIVED, 1)
    note(archive, SUPPLEMENTED, 2)
    return archive


def note(archive: Any, action: str, version: int, content: bytes | None = None) -> None:
    digest = hashlib.sha256(archive.catalogues[version - 1] if content is None else content).hexdigest()
    archive.entries.append(archive.note(action, CASE, {"version": version, "catalogue_sha256": digest}))


def write(archive: Any, folder: Path, catalogues: Sequence[bytes]) -> Path:
    write_package(folder, archive.contents(catalogues=catalogues))
    return folder


@pytest.fixture
def packed(archived: Any, tmp_path: Path) -> Path:
    return write(archived, tmp_path / "packed", archived.catalogues)


def refused(archive: Any, folder: Path, catalogues: Sequence[bytes]) -> PackageInvalid:
    with pytest.raises(PackageInvalid) as caught:
        write(archive, folder, catalogues)
    assert caught.value.step == 13
    assert not folder.exists()
    return caught.value


def test_package_of_an_archived_case_verifies_with_its_catalogues(archived: Any, packed: Path) -> None:
    assert verify_package(packed, archived.trust).catalogues == 2
    assert (packed / "meta/catalogue-1.json").read_bytes() == archived.catalogues[0]


def test_package_of_a_case_that_was_not_archived_has_none(archive: Any, pristine: Path) -> None:
    assert verify_package(pristine, archive.trust).catalogues == 0


def test_catalogue_that_was_left_out_is_missed(
    archived: Any, packed: Path, forge: SimpleNamespace, failure_of: FailureOf
) -> None:
    (packed / "meta/catalogue-2.json").unlink()
    forge.resign(packed, archived.keys["package"])
    failure = failure_of(packed, archived.trust)
    assert (failure.step, failure.path) == (13, "meta/catalogue-2.json")


def test_catalogue_changed_after_archiving_is_contradicted_by_the_ledger(
    archived: Any, packed: Path, forge: SimpleNamespace, failure_of: FailureOf
) -> None:
    path = packed / "meta/catalogue-2.json"
    path.write_bytes(path.read_bytes().replace("何磊".encode(), "何垒".encode()))
    forge.resign(packed, archived.keys["package"])
    failure = failure_of(packed, archived.trust)
    assert (failure.step, failure.path) == (13, "meta/catalogue-2.json")
    assert failure.expected == hashlib.sha256(archived.catalogues[1]).hexdigest()


def test_catalogue_that_the_ledger_does_not_name_is_found(
    archive: Any, package: Path, forge: SimpleNamespace, failure_of: FailureOf
) -> None:
    made = catalogue(1, list(map(item_of, archive.footage)))
    (package / "meta/catalogue-1.json").write_bytes(made.to_bytes())
    forge.resign(package, archive.keys["package"])
    failure = failure_of(package, archive.trust)
    assert (failure.step, failure.path) == (13, "meta/catalogue-1.json")


def test_recording_that_no_catalogue_lists_is_found(make_archive: Callable[..., Any], tmp_path: Path) -> None:
    archive = make_archive()
    archive.catalogues = [catalogue(1, [item_of(archive.footage[0])]).to_bytes()]
    note(archive, ARCHIVED, 1)
    failure = refused(archive, tmp_path / "packed", archive.catalogues)
    assert str(archive.footage[1].recording_id) in str(failure.expected)


def test_recording_that_is_listed_with_another_digest_is_found(
    make_archive: Callable[..., Any], tmp_path: Path
) -> None:
    archive = make_archive()
    first, second = map(item_of, archive.footage)
    archive.catalogues = [catalogue(1, [first, replace(second, sha256=first.sha256)]).to_bytes()]
    note(archive, ARCHIVED, 1)
    assert refused(archive, tmp_path / "packed", archive.catalogues).path == "meta/catalogue-1.json"


def test_document_that_is_listed_and_not_here_is_found(make_archive: Callable[..., Any], tmp_path: Path) -> None:
    archive = make_archive()
    items = list(map(item_of, archive.footage))
    paper = replace(items[0], kind=DOCUMENT, id=UUID(int=9, version=4), sha256=Digest.of("sha256", b"paper"))
    archive.catalogues = [catalogue(1, [*items, paper]).to_bytes()]
    note(archive, ARCHIVED, 1)
    assert refused(archive, tmp_path / "packed", archive.catalogues).path == "meta/catalogue-1.json"


def test_item_that_a_later_version_lost_is_found(make_archive: Callable[..., Any], tmp_path: Path) -> None:
    archive = make_archive()
    items = list(map(item_of, archive.footage))
    gone = replace(items[0], id=UUID(int=9, version=4))
    archive.catalogues = [catalogue(1, [gone]).to_bytes(), catalogue(2, items).to_bytes()]
    note(archive, ARCHIVED, 1)
    note(archive, SUPPLEMENTED, 2)
    assert refused(archive, tmp_path / "packed", archive.catalogues).path == "meta/catalogue-2.json"


def test_when_something_was_made_may_be_put_right_between_versions(
    make_archive: Callable[..., Any], tmp_path: Path
) -> None:
    archive = make_archive()
    first, second = map(item_of, archive.footage)
    corrected = replace(first, day=datetime(2026, 1, 1, tzinfo=UTC).date(), responsible="周洁")
    archive.catalogues = [catalogue(1, [first]).to_bytes(), catalogue(2, [corrected, second]).to_bytes()]
    note(archive, ARCHIVED, 1)
    note(archive, SUPPLEMENTED, 2)
    assert verify_package(write(archive, tmp_path / "packed", archive.catalogues), archive.trust).catalogues == 2


@pytest.mark.parametrize("wrong", [catalogue(2, []), catalogue(1, [], UUID(int=8, version=4))])
def test_catalogue_of_another_case_or_version_is_found(
    make_archive: Callable[..., Any], tmp_path: Path, wrong: Catalogue
) -> None:
    archive = make_archive()
    archive.catalogues = [replace(wrong, items=tuple(map(item_of, archive.footage))).to_bytes()]
    note(archive, ARCHIVED, 1)
    assert refused(archive, tmp_path / "packed", archive.catalogues).path == "meta/catalogue-1.json"


def test_guide_checks_the_catalogues_by_the_ledger(packed: Path, archived: Any, forge: SimpleNamespace) -> None:
    text = (packed / "VERIFY.md").read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    script = "set -e\n" + "\n".join(line for line in lines if "catalogue-" in line)
    assert script.count("grep") == 2
    assert subprocess.run(["sh", "-c", script], cwd=packed, check=False, capture_output=True).returncode == 0
    path = packed / "meta/catalogue-1.json"
    path.write_bytes(path.read_bytes().replace("何磊".encode(), "何垒".encode()))
    forge.resign(packed, archived.keys["package"])
    assert subprocess.run(["sh", "-c", script], cwd=packed, check=False, capture_output=True).returncode != 0
