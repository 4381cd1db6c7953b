"""Which servers elsewhere are backed up: those whose copy can be started here, and by a role that may copy them. And
what a restore makes for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api.backup.cluster import started_cluster
from api.backup.errors import ServerNotCopied
from api.backup.objects_part import kept_by
from api.backup.place import BackupPlace
from api.backup.server import DatabaseServer
from api.engines.postgres import MAJOR, SUPERUSER, EmbeddedPostgres
from api.engines.roles import ROLES, SHIPPER, socket_url
from api.errors import DatabaseUnusable, UsageRefused
from api.settings import Settings
from storage.errors import StoreUnavailable
from storage.objects.folder import FolderStore
from tests.api.backup.conftest import Box, opened, restore
from tests.api.backup.elsewhere import given_addresses, lent, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    folder = tmp_path_factory.mktemp("server")
    with serving(folder / "postgres", folder / "secrets") as server:
        yield server


def test_a_server_whose_copy_nobody_could_start_is_refused_before_anything_is_written(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    with psycopg.connect(server.superuser_url()) as session:
        row = session.execute("SHOW server_version_num").fetchone()
    assert row is not None
    assert int(row[0]) // 10_000 == MAJOR
    lent(server).require_copyable()
    with psycopg.connect(server.superuser_url(), autocommit=True) as session:
        session.execute("CREATE ROLE boss SUPERUSER LOGIN PASSWORD 'of the boss'")
        boss = socket_url("boss", "of the boss", server.sockets, "postgres")
        (tmp_path / "disk").mkdir()
        session.execute(f"CREATE TABLESPACE elsewhere LOCATION '{tmp_path / 'disk'}'")  # type: ignore[arg-type]
        with pytest.raises(ServerNotCopied, match="tablespaces elsewhere: elsewhere"):
            lent(server).require_copyable()
        session.execute("DROP TABLESPACE elsewhere")
    with psycopg.connect(boss, autocommit=True) as session:
        session.execute("ALTER ROLE postgres RENAME TO chief")
        try:
            with pytest.raises(ServerNotCopied, match="no superuser called postgres"):
                lent(server).require_copyable()
        finally:
            session.execute("ALTER ROLE chief RENAME TO postgres")
    with pytest.raises(DatabaseUnusable, match="password"):
        DatabaseServer(socket_url(SHIPPER, "guessed", server.sockets, "postgres"), None).require_copyable()


def test_nobody_but_who_may_copy_it_is_named(tmp_path: Path) -> None:
    addresses = given_addresses()
    with pytest.raises(UsageRefused, match="set LIUHEN_DATABASE_SHIPPER_URL"):
        DatabaseServer.named_by(Settings(data=tmp_path, database_url=addresses.app))
    with pytest.raises(UsageRefused, match="liuhen_shipper:PASSWORD"):
        DatabaseServer.named_by(
            Settings(data=tmp_path, database_url=addresses.app, database_shipper_url=addresses.worker)
        )


def test_a_box_goes_to_a_server_elsewhere_which_has_the_passwords_it_is_given(
    box: Box, place: BackupPlace, tmp_path: Path
) -> None:
    made, new, data = box.back_up(place), given_addresses(), tmp_path / "data"
    boss = socket_url(SUPERUSER, "of the new boss", Path("/nowhere"), "postgres")
    done = restore(
        place,
        made.name,
        data,
        database_url=new.app,
        database_owner_url=new.owner,
        database_worker_url=new.worker,
        database_sequencer_url=new.sequencer,
        database_superuser_url=boss,
    )
    assert (done.facts, done.foreign) == (made.facts, True)
    # As of a server whose host kept them elsewhere.
    settings = [data / "postgres" / name for name in ("postgresql.conf", "pg_hba.conf", "pg_ident.conf")]
    for path in settings:
        path.unlink()
    with started_cluster(data / "postgres", data / "secrets", foreign=True):
        assert all(path.is_file() for path in settings)
    with opened(data) as (_, addresses):
        sockets = EmbeddedPostgres(data / "postgres", data / "secrets").sockets
        assert addresses.app == socket_url(ROLES[1], f"new {ROLES[1]}", sockets)
        psycopg.connect(socket_url(SUPERUSER, "of the new boss", sockets, "postgres")).close()
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(socket_url(SUPERUSER, "guessed", sockets, "postgres"))


def test_what_no_store_can_be_asked_of_is_not_put_in_place_without_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing, replica = FolderStore(tmp_path / "nothing"), FolderStore(tmp_path / "replica")
    assert kept_by([nothing, replica], "custody/1") == (None, False)

    def away(name: str) -> None:
        raise StoreUnavailable(name, "no route to host")

    monkeypatch.setattr(replica, "keeping", away)
    with pytest.raises(StoreUnavailable):
        kept_by([nothing, replica], "custody/1")
