"""The embedded PostgreSQL: made once, closed to others, and startable after anything that can happen to it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api.engines.folders import socket_folder
from api.engines.postgres import EmbeddedPostgres, find_binaries
from api.engines.process import list_in_folder, wait_until_gone
from api.errors import ClusterUnusable


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    folder = tmp_path_factory.mktemp("archive")
    server = EmbeddedPostgres(folder / "postgres", folder / "secrets")
    server.start()
    yield server
    server.stop()


def leftovers(server: EmbeddedPostgres) -> list[int]:
    return [process.pid for process in list_in_folder(server.cluster_folder, find_binaries() / "postgres")]


def test_each_role_signs_in_with_its_own_address(server: EmbeddedPostgres) -> None:
    addresses = server.addresses()
    for role, url in (
        ("liuhen_owner", addresses.owner),
        ("liuhen_app", addresses.app),
        ("liuhen_worker", addresses.worker),
        ("liuhen_sequencer", addresses.sequencer),
    ):
        shown = subprocess.run(
            [find_binaries() / "psql", url, "-XAtc", "SELECT current_user, current_database()"],
            capture_output=True,
            text=True,
            check=True,
            env={"PGPORT": "1"},
        )
        assert shown.stdout.strip() == f"{role}|liuhen"


def test_a_wrong_password_is_refused_on_the_socket_too(server: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.addresses().app, password="guess")


def test_who_ships_the_log_keeps_it_and_sees_no_table(server: EmbeddedPostgres) -> None:
    url = server.shipper_url()
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("SELECT pg_create_physical_replication_slot('liuhen_test', true)")
        session.execute("SELECT pg_drop_replication_slot('liuhen_test')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("SELECT * FROM pg_authid")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("CREATE TABLE mine (id int)")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url, dbname="liuhen")


def test_only_the_owner_can_make_anything(server: EmbeddedPostgres) -> None:
    for url in (server.addresses().app, server.addresses().worker, server.addresses().sequencer):
        for statement in ("CREATE TABLE mine (id int)", "CREATE TEMPORARY TABLE shadow (id int)", "CREATE SCHEMA mine"):
            with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    with psycopg.connect(server.addresses().owner) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        connection.execute("CREATE EXTENSION btree_gist")
        row = connection.execute("SELECT array_length(show_trgm('城市管理综合行政执法'), 1)").fetchone()
        assert row is not None
        assert row[0] > 5
        connection.rollback()


def test_the_worker_has_what_the_application_has_and_nobody_becomes_the_worker(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.addresses().worker) as connection:
        belongs = connection.execute("SELECT pg_has_role('liuhen_app', 'USAGE')").fetchone()
    assert belongs == (True,)
    for url in (server.addresses().app, server.addresses().sequencer):
        for statement in (
            "SET ROLE liuhen_worker",
            "SET SESSION AUTHORIZATION liuhen_worker",
            "GRANT liuhen_worker TO CURRENT_USER",
        ):
            with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_nothing_listens_on_the_network_and_writes_reach_the_disk(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.addresses().app) as connection:
        for name, value in (("listen_addresses", ""), ("fsync", "on"), ("password_encryption", "scram-sha-256")):
            assert connection.execute(f"SHOW {name}").fetchone() == (value,)


def test_secrets_and_folders_are_for_their_owner_only(server: EmbeddedPostgres) -> None:
    paths = [server.secrets_folder, server.cluster_folder, server.sockets, server.log_path.parent]
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o700] * 4
    secrets = list(server.secrets_folder.iterdir())
    assert len(secrets) == 6
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}


def test_the_server_runs_without_root(server: EmbeddedPostgres) -> None:
    for pid in leftovers(server):
        outer_uids = Path(f"/proc/{pid}/uid_map").read_text().split()
        namespace = Path(f"/proc/{pid}/ns/user").readlink()
        if os.geteuid() == 0:
            assert namespace != Path("/proc/self/ns/user").readlink()
            assert outer_uids[0] != "0"
            assert "CapPrm:\t0000000000000000" in Path(f"/proc/{pid}/status").read_text()
        else:
            assert Path(f"/proc/{pid}").stat().st_uid == os.geteuid()


def test_rows_survive_a_kill_of_every_server_process(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", tmp_path / "secrets")
    first = server.start()
    with psycopg.connect(first.owner) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    killed = list_in_folder(server.cluster_folder, find_binaries() / "postgres")
    for process in killed:
        process.send(signal.SIGKILL)
    assert not wait_until_gone(killed, 5)
    server.stop()
    # The number in postmaster.pid now belongs to somebody else of ours: this very process.
    pid_file = server.cluster_folder / "postmaster.pid"
    pid_file.write_text("\n".join([str(os.getpid()), *pid_file.read_text().splitlines()[1:], ""]))

    again = EmbeddedPostgres(tmp_path / "postgres", tmp_path / "secrets")
    assert again.start() == first
    with psycopg.connect(first.owner) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    again.stop()
    assert leftovers(again) == []
    assert not list(again.sockets.glob(".s.PGSQL*"))


def test_a_server_left_running_is_ended_before_the_next_start(tmp_path: Path) -> None:
    orphan = EmbeddedPostgres(tmp_path / "postgres", tmp_path / "secrets")
    orphan.start()
    before = leftovers(orphan)
    successor = EmbeddedPostgres(tmp_path / "postgres", tmp_path / "secrets")
    successor.start()
    assert not set(before) & set(leftovers(successor))
    successor.stop()
    orphan.stop()


def test_an_interrupted_initdb_is_cleared_away(tmp_path: Path) -> None:
    half = tmp_path / ".postgres.new-4711" / "cluster"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(tmp_path / "postgres", tmp_path / "secrets")
    server.prepare()
    assert not half.parent.exists()
    assert (server.cluster_folder / "PG_VERSION").read_text() == "18\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["postgres", "run", "secrets"]

    for secret in server.secrets_folder.iterdir():
        secret.unlink()
    with pytest.raises(ClusterUnusable, match="backup"):
        server.prepare()


def test_a_long_path_gets_a_short_socket_folder_that_stays_the_same(tmp_path: Path) -> None:
    data = tmp_path / ("long" * 30)
    folder = socket_folder(data)
    assert folder == socket_folder(data)
    assert folder.parent == Path("/tmp")
    assert len(os.fsencode(folder / ".s.PGSQL.5432")) <= 107
    assert socket_folder(tmp_path / ("tall" * 30)) != folder
    assert socket_folder(Path("/srv/liuhen")) == Path("/srv/liuhen/run")
