"""`liuhen reconcile` and `liuhen verify` where originals lie in a cold place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.archive import Archive, open_archive
from api.reconciling.run import reconcile
from api.reconciling.scene import Told
from api.verification import verify_archive
from tests.api.freezing import freeze

CONTENT = b"no picture, but evidence\n" * 1000


@pytest.fixture
def cold_root(tmp_path: Path) -> Path:
    return tmp_path / "cold"


@pytest.fixture
def archive(sealing: Any, cold_root: Path) -> Any:
    archive = open_archive(sealing.settings.model_copy(update={"cold_folder": cold_root}))
    yield archive
    archive.database.close()


def found(archive: Archive) -> set[tuple[str, str]]:
    told: list[Told] = []
    reconcile(archive, told.append, sleep=lambda seconds: None)
    return {(each.code.name, each.subject) for each in told}


def test_the_cold_place_is_compared_and_what_lies_there_is_not_missing(
    sealing: Any, archive: Archive, addresses: Any, cold_root: Path
) -> None:
    row = sealing.seal(CONTENT)
    assert found(archive) == set()
    freeze(archive, addresses.owner)
    assert archive.store.stat(row.object_name) is None
    assert found(archive) == set()
    (cold_root / row.object_name).chmod(0o600)
    (cold_root / row.object_name).write_bytes(b"short")
    assert found(archive) == {("cold_size_differs", row.object_name)}
    (cold_root / row.object_name).unlink()
    assert found(archive) == {("cold_missing", row.object_name)}
    archive.cold.store.put("originals/2026/01/stray", b"stray")  # type: ignore[union-attr]
    assert ("cold_unknown", "originals/2026/01/stray") in found(archive)
    cold_root.rename(cold_root.with_name("away"))
    assert found(archive) == {("cold_absent", str(cold_root))}
    unnamed = open_archive(sealing.settings)
    assert found(unnamed) == {("cold_absent", str(cold_root))}
    unnamed.database.close()


def test_verifying_reads_an_original_where_it_lies(
    sealing: Any, archive: Archive, addresses: Any, cold_root: Path
) -> None:
    row = sealing.seal(CONTENT)
    freeze(archive, addresses.owner)
    sealing.settle()
    report = verify_archive(archive)
    assert report.holds, [str(each) for each in report.findings]
    path = cold_root / row.object_name
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert {each.code for each in verify_archive(archive).findings} >= {"object_differs"}
