"""The database for commands: started when nobody has it, waited for, and ended with the command."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api.engines.lock import DataFolderLock
from api.engines.postgres import find_binaries
from api.engines.process import list_in_folder
from api.engines.roles import DatabaseAddresses
from api.engines.run_record import ArchiveAddresses, publish_addresses, read_addresses
from api.engines.running import migrate, running_database
from api.errors import DatabaseUnusable, UsageRefused
from api.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.delenv("LIUHEN_DATABASE_URL", raising=False)
    yield Settings(data=tmp_path / "data")
    assert list_in_folder(tmp_path / "data" / "postgres", find_binaries() / "postgres") == []


def test_two_commands_at_once_take_turns_on_a_migrated_database(settings: Settings) -> None:
    versions: list[object] = []

    def read_version() -> None:
        with running_database(settings) as addresses, psycopg.connect(addresses.owner) as connection:
            versions.append(connection.execute("SELECT version_num FROM alembic_version").fetchone())

    # The second in this thread: a thread that ends takes its children with it, and it runs inside the block.
    other = threading.Thread(target=read_version)
    other.start()
    read_version()
    other.join()
    assert len(versions) == 2
    assert versions[0] == versions[1]
    assert versions[0]
    assert not (settings.data / "liuhen.lock").exists()


def test_a_running_archive_lends_its_database(settings: Settings) -> None:
    database = DatabaseAddresses(
        owner="postgresql://o/", app="postgresql://a/", worker="postgresql://w/", sequencer="postgresql://s/"
    )
    with DataFolderLock.acquire(settings.data, "up") as lock:
        published = ArchiveAddresses(database, "redis://b/", ("http://tsa/",), "http://127.0.0.1:1")
        publish_addresses(settings.run_folder, lock.holder.instance, published)
        with running_database(settings) as addresses:
            assert addresses == database
        assert read_addresses(settings.run_folder, lock.holder.instance) == published
        assert read_addresses(settings.run_folder, "an earlier run") is None


def test_a_database_elsewhere_needs_all_four_roles(tmp_path: Path) -> None:
    partly = Settings(data=tmp_path, database_url="postgresql://a/", database_owner_url="postgresql://o/")
    with (
        pytest.raises(UsageRefused, match="LIUHEN_DATABASE_WORKER_URL, LIUHEN_DATABASE_SEQUENCER_URL is not"),
        running_database(partly),
    ):
        pass
    whole = partly.model_copy(
        update={"database_worker_url": "postgresql://w/", "database_sequencer_url": "postgresql://s/"}
    )
    with pytest.raises(DatabaseUnusable, match="LIUHEN_DATABASE_OWNER_URL cannot be reached"):
        migrate(DatabaseAddresses(*["postgresql://liuhen_owner@/liuhen?host=%2Fnonexistent"] * 4))
    with running_database(whole) as addresses:
        assert addresses == DatabaseAddresses(
            owner="postgresql://o/", app="postgresql://a/", worker="postgresql://w/", sequencer="postgresql://s/"
        )
    assert list(tmp_path.iterdir()) == []
