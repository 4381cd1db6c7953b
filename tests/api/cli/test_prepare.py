"""`liuhen prepare` as whoever starts the parts one by one runs it: against a server of his own, and more than once."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from api.engines.launch import Child
from api.engines.postgres import EmbeddedPostgres
from api.engines.roles import ROLES, SHIPPER, socket_url
from storage.migrations.upgrading import is_current
from tests.api.cli.test_up import command, environment

SECONDS = 60.0
NAMES = {"liuhen_owner": "OWNER_", "liuhen_app": "", "liuhen_worker": "WORKER_", "liuhen_sequencer": "SEQUENCER_"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedPostgres:
    """A cluster that has a superuser and nothing else, not started."""
    folder = tmp_path_factory.mktemp("server")
    server = EmbeddedPostgres(folder / "postgres", folder / "secrets")
    server.prepare()
    return server


@contextmanager
def running(server: EmbeddedPostgres) -> Iterator[None]:
    server.prepare()
    child = Child(server.launch())
    try:
        deadline = time.monotonic() + SECONDS
        while not server.is_ready():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        child.stop()


@pytest.fixture
def given(server: EmbeddedPostgres, tmp_path: Path) -> dict[str, str]:
    """Every address in a file of its own, as a container platform hands them out."""
    addresses = {f"DATABASE_{NAMES[role]}URL": socket_url(role, f"of {role}", server.sockets) for role in ROLES}
    addresses["DATABASE_SUPERUSER_URL"] = server.superuser_url()
    addresses["DATABASE_SHIPPER_URL"] = socket_url(SHIPPER, "of the shipper", server.sockets, "postgres")
    named = {}
    for name, address in addresses.items():
        file = tmp_path / name.lower()
        file.write_text(address + "\n")
        named[f"LIUHEN_{name}_FILE"] = str(file)
    return named


def start(data: Path, given: dict[str, str], *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("prepare", *words),
        env=environment(data, **given),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out, err


def in_place(given: dict[str, str], data: Path) -> tuple[object, ...]:
    """What there is once in an archive's life."""
    worker = Path(given["LIUHEN_DATABASE_WORKER_URL_FILE"]).read_text().strip()
    with psycopg.connect(worker) as connection:
        counted = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # type: ignore[arg-type]
            for table in ("ledger_entry", "signing_key_epoch", "element_policy")
        ]
    keys = {path.name: path.read_bytes() for path in (data / "keys").rglob("*") if path.is_file()}
    return counted, keys


def may_copy(url: str) -> bool:
    """Whether who has this address may take a backup of the server."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT rolreplication AND NOT rolsuper FROM pg_roles WHERE rolname = current_user")
        return row.fetchone() == (True,)


def test_it_waits_for_the_database_and_changes_nothing_when_it_is_run_again(
    server: EmbeddedPostgres, given: dict[str, str], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    waiting = start(data, given, "--wait", "60")
    assert waiting.stdout is not None
    for line in waiting.stdout:
        if line.startswith("… "):
            assert "LIUHEN_DATABASE_SUPERUSER_URL" in line
            break
    else:
        pytest.fail(f"it did not wait: {waiting.communicate()}")
    with running(server):
        code, out, err = ended(waiting)
        assert code == 0, err
        assert "element policies" in out
        assert is_current(Path(given["LIUHEN_DATABASE_OWNER_URL_FILE"]).read_text().strip())
        assert may_copy(Path(given["LIUHEN_DATABASE_SHIPPER_URL_FILE"]).read_text().strip())
        first = in_place(given, data)
        code, _, err = ended(start(data, given, "--wait", "0"))
        assert code == 0, err
        assert in_place(given, data) == first
        # Whoever has made the roles himself lends no superuser.
        without = {name: file for name, file in given.items() if "SUPERUSER" not in name}
        code, out, err = ended(start(data, without, "--wait", "0"))
        assert code == 0, err
        assert "database roles" not in out
        assert in_place(given, data) == first


def test_what_does_not_come_is_named_without_its_password(given: dict[str, str], tmp_path: Path) -> None:
    """The server of the other test does not run."""
    code, _, err = ended(start(tmp_path / "data", given, "--wait", "0"))
    assert code == 1
    assert "LIUHEN_DATABASE_SUPERUSER_URL cannot be reached" in err
    assert "of liuhen" not in err


def test_an_address_of_another_role_makes_none(given: dict[str, str], tmp_path: Path) -> None:
    wrong = Path(given["LIUHEN_DATABASE_URL_FILE"])
    wrong.write_text("postgresql://somebody:geheim@/liuhen?host=/nonexistent")
    code, _, err = ended(start(tmp_path / "data", given, "--wait", "0"))
    assert code == 2
    assert "postgresql://liuhen_app:" in err
    assert "geheim" not in err
    code, _, err = ended(start(tmp_path / "other", {}, "--wait", "0"))
    assert code == 2
    assert "LIUHEN_DATABASE_URL" in err
