"""`liuhen up` as a person runs it: a real process with its real engines, killed, doubled, refused and ended."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api.engines.process import ProcessIdentity, list_processes, list_with_marker, wait_until_gone

READY_SECONDS = 60


def environment(data: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIUHEN_")}
    return {**kept, "LIUHEN_DATA": str(data), "LIUHEN_BIND": "127.0.0.1:0", **more}


def command(*words: str) -> list[str]:
    return [sys.executable, "-P", "-m", "api.cli.main", *words]


class Archive:
    """A running `liuhen up` and what it printed."""

    def __init__(self, data: Path, *prefix: str, **more: str) -> None:
        self.data = data
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed in close(), when the process has ended
        self.process = subprocess.Popen(
            [*prefix, *command("up")],
            env=environment(data, **more),
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd="/",
        )
        self.lines: list[str] = []

    def read_until(self, words: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if words in line:
                return
        self._errors.seek(0)
        pytest.fail(f"it ended before {words!r}:\n{''.join(self.lines)}{self._errors.read().decode()}")

    def pids(self) -> dict[int, ProcessIdentity]:
        """Every process below it, however deep; only meaningful while it runs."""
        parents = {status.pid: status for status in list_processes()}
        family = {self.process.pid}
        while more := {pid for pid, status in parents.items() if status.parent_pid in family} - family:
            family |= more
        found = {pid: ProcessIdentity.of(pid) for pid in family}
        return {pid: identity for pid, identity in found.items() if identity is not None}

    def instance(self) -> str:
        return str(json.loads((self.data / "liuhen.lock").read_text())["instance"])

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        assert self.process.stdout is not None
        self.lines += self.process.stdout.readlines()
        return self.process.wait(READY_SECONDS)

    def close(self) -> None:
        if self.process.poll() is None:
            self.end()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()


@contextlib.contextmanager
def archive(data: Path, *prefix: str, **more: str) -> Iterator[Archive]:
    running = Archive(data, *prefix, **more)
    try:
        running.read_until("留痕已就绪 / ready: http://127.0.0.1:")
        yield running
    finally:
        running.close()


def assert_ends_without_trace(running: Archive, number: signal.Signals) -> None:
    family = list(running.pids().values())
    instance = running.instance()
    assert len(family) > 5
    assert running.end(number) == 0
    assert [process.pid for process in family if process.is_alive()] == []
    assert list_with_marker(f"LIUHEN_INSTANCE={instance}".encode()) == []
    left = {path.name for path in running.data.rglob("*") if not path.is_relative_to(running.data / "postgres")}
    assert not {"liuhen.lock", "addresses.json", "processes.json", "tsa.sock", "valkey.sock"} & left
    assert not (running.data / "postgres" / "postmaster.pid").exists()


def refused(data: Path, **more: str) -> str:
    done = subprocess.run(
        command("up"), env=environment(data, **more), capture_output=True, text=True, cwd="/", timeout=READY_SECONDS
    )
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    return done.stderr


def killed(name: str, running: Archive) -> int:
    """Kill the child called `name` and give its old process id."""
    processes = json.loads((running.data / "run" / "processes.json").read_text())["processes"]
    pid = next(entry["pid"] for entry in processes if entry["name"] == name)
    os.kill(pid, signal.SIGKILL)
    return int(pid)


def test_one_archive_a_folder_that_mends_itself_and_ends_without_trace(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with archive(data) as running:
        addresses = json.loads((data / "run" / "addresses.json").read_text())
        refusal = refused(data)
        assert f"process {running.process.pid} (liuhen up) since 2" in refusal

        host, port = addresses["http"].removeprefix("http://").split(":")
        taken = refused(tmp_path / "other", LIUHEN_BIND=f"{host}:{port}")
        assert f"cannot listen on {host}:{port}" in taken
        assert "LIUHEN_BIND" in taken
        assert list((tmp_path / "other").iterdir()) == []

        for name, line in (("valkey", "broker Valkey is back"), ("postgres", "database PostgreSQL is back")):
            killed(name, running)
            running.read_until(line)
        with psycopg.connect(addresses["database"]["app"]) as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("liuhen_app",)
        assert_ends_without_trace(running, signal.SIGTERM)


def test_after_a_kill_of_everything_it_starts_again_by_itself(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with archive(data) as running:
        url = json.loads((data / "run" / "addresses.json").read_text())["database"]["owner"]
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        family = list(running.pids().values())
        for process in family:
            process.send(signal.SIGKILL)
        running.process.wait()
        assert wait_until_gone(family, 10) == []
        assert (data / "postgres" / "postmaster.pid").exists()
    with archive(data) as running:
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        assert_ends_without_trace(running, signal.SIGINT)


def test_children_end_with_a_killed_supervisor_and_do_not_hinder_the_next(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with archive(data) as running:
        family = list(running.pids().values())
        running.process.kill()
        running.process.wait()
        # At once, while the children are still on their way out.
        with archive(data) as successor:
            assert wait_until_gone(family, 0) == []
            assert_ends_without_trace(successor, signal.SIGTERM)


def test_a_useless_setting_is_one_line_and_starts_nothing(tmp_path: Path) -> None:
    line = refused(tmp_path / "data", LIUHEN_BIND="everywhere")
    assert "LIUHEN_BIND" in line
    assert "'everywhere'" in line
    assert not (tmp_path / "data").exists()


def test_an_address_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    # 192.0.2.0/24 is for documentation: no machine has it.
    assert "192.0.2.1:8000" in refused(tmp_path, LIUHEN_BIND="192.0.2.1:8000")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_runs_it_as_well() -> None:
    # Another user's id and no more than leave to read, because the interpreter may lie in root's home.
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]
    become += ["--bounding-set=-all,+dac_read_search", "--inh-caps=-all,+dac_read_search"]
    become += ["--ambient-caps=-all,+dac_read_search"]
    folder = Path(tempfile.mkdtemp(prefix="liuhen-nobody-"))
    try:
        os.chown(folder, 65534, 65534)
        # A path too long for a socket as well: then the sockets are in a folder under /tmp.
        with archive(folder / ("long" * 30), *become, HOME=str(folder)) as running:
            assert list(Path("/tmp").glob("liuhen-65534-*/valkey.sock"))
            owners = {Path(f"/proc/{pid}").stat().st_uid for pid in running.pids()}
            assert owners == {65534}
            assert_ends_without_trace(running, signal.SIGTERM)
        assert not list(Path("/tmp").glob("liuhen-65534-*"))
    finally:
        shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="concerns root alone")
def test_root_without_user_namespaces_is_told_what_else_works(tmp_path: Path) -> None:
    # Root of a namespace in which no further one may be made: what some containers are like.
    script = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    prefix = ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh"]
    done = subprocess.run([*prefix, *command("up")], env=environment(tmp_path), capture_output=True, text=True, cwd="/")
    assert done.returncode == 1
    assert "as root PostgreSQL needs a user namespace" in done.stderr
    assert "LIUHEN_DATABASE_URL" in done.stderr
    assert not (tmp_path / "liuhen.lock").exists()


def test_an_archive_goes_on_when_nobody_reads_what_it_says(tmp_path: Path) -> None:
    with archive(tmp_path / "data") as running:
        assert running.process.stdout is not None
        running.process.stdout.close()
        old = killed("valkey", running)
        processes = tmp_path / "data" / "run" / "processes.json"
        while f'"pid": {old},' in processes.read_text():
            assert running.process.poll() is None
            time.sleep(0.05)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(READY_SECONDS) == 0
