"""`liuhen reconcile` beside a second store: what lies in one of the two and not in the other, and what nobody knows."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.archive import Archive, open_archive
from api.reconciling.run import reconcile
from api.reconciling.scene import Told
from api.replicating import open_replicator, require_replica
from storage.ledger.append import Actor, Change, record_change
from tests.api.tampering import as_superuser, changed

CONTENT = b"no picture, but evidence\n" * 1000


@pytest.fixture
def second(tmp_path: Path) -> Path:
    return tmp_path / "second"


@pytest.fixture
def archive(sealing: Any, second: Path) -> Any:
    archive = open_archive(sealing.settings.model_copy(update={"replica_folder": second}))
    yield archive
    archive.database.close()


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Any:
    with as_superuser(server, addresses) as connection:
        yield connection


def replicate(archive: Archive) -> None:
    replicator = open_replicator(archive, require_replica(archive))
    while not replicator.go_on(1 << 40).idle:
        pass


def found(archive: Archive) -> set[tuple[str, str]]:
    told: list[Told] = []
    reconcile(archive, told.append, sleep=lambda seconds: None)
    return {(each.code.name, each.subject) for each in told}


def test_the_two_stores_are_compared_both_ways(
    sealing: Any, archive: Archive, second: Path, superuser: psycopg.Connection[Any]
) -> None:
    row = sealing.seal(CONTENT)
    name = row.object_name
    assert found(archive) == {("replica_not_begun", str(second))}
    replicate(archive)
    assert found(archive) == set()
    later = sealing.seal(CONTENT + b"2")
    assert found(archive) == {("copy_waiting", str(second))}
    replicate(archive)
    first, copy = sealing.settings.data / "objects" / name, second / name
    content = copy.read_bytes()
    copy.unlink()
    assert found(archive) == {("copy_missing", name)}
    copy.write_bytes(content[:-1])
    assert found(archive) == {("copy_size_differs", name)}
    copy.chmod(0o600)
    copy.write_bytes(content)
    first.rename(sealing.settings.data / "aside")
    assert found(archive) == {("object_only_in_replica", name)}
    copy.unlink()
    assert found(archive) == {("object_missing", name), ("copy_missing", name)}
    (sealing.settings.data / "aside").rename(first)
    copy.write_bytes(content)
    (second / "originals/stray").write_bytes(b"?")
    assert found(archive) == {("copy_unknown", "originals/stray")}
    (second / "originals/stray").unlink()
    with changed(superuser, "object_replica", f"UPDATE object_replica SET version_id = '9' WHERE id = '{later.id}'"):
        assert found(archive) == {("copy_version_differs", later.object_name)}
    with changed(superuser, "object_replica", f"DELETE FROM object_replica WHERE id = '{later.id}'"):
        assert found(archive) == {("copy_unplanned", later.object_name)}
    assert found(archive) == set()


def test_what_is_disposed_of_leaves_the_replica_too_or_is_told(
    sealing: Any, archive: Archive, second: Path, superuser: psycopg.Connection[Any]
) -> None:
    row = sealing.seal(CONTENT)
    replicate(archive)
    with archive.database.transaction() as session:
        change = Change("recording.disposed", "recording", str(row.id), sealing.unit.id)
        record_change(session, Actor.system("test"), change)
    superuser.execute("DELETE FROM recording")
    superuser.execute("UPDATE object_replica SET state = 'disposed', due_at = now()")
    (sealing.settings.data / "objects" / row.object_name).unlink()
    assert found(archive) == {("disposed_copy_under_way", row.object_name)}
    superuser.execute("UPDATE object_replica SET due_at = now() - INTERVAL '2 days'")
    assert found(archive) == {("disposed_copy_remains", row.object_name)}
    (second / row.object_name).unlink()
    assert found(archive) == set()


def test_a_replica_that_is_not_mounted_is_told_and_nothing_is_made_of_it(
    sealing: Any, archive: Archive, second: Path
) -> None:
    sealing.seal(CONTENT)
    replicate(archive)
    shutil.rmtree(second)
    assert found(archive) == {("replica_absent", str(second))}
    assert not second.exists()
