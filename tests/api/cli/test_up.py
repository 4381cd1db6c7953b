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
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api.engines.process import ProcessIdentity, list_processes, list_with_marker, wait_until_gone

pytestmark = pytest.mark.journey
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
        if not self.process.stdout.closed:
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
    assert not {"liuhen.lock", "addresses.json", "processes.json", "tsa.sock", "valkey.sock", "fork.sock"} & left
    assert not (running.data / "postgres" / "postmaster.pid").exists()


def refused(data: Path, **more: str) -> str:
    done = subprocess.run(
        command("up"), env=environment(data, **more), capture_output=True, text=True, cwd="/", timeout=READY_SECONDS
    )
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    return done.stderr


def go_deaf_and_see_it_go_on(running: Archive) -> None:
    """Stop reading what it prints; a child that it has to report is started again all the same."""
    assert running.process.stdout is not None
    running.process.stdout.close()
    old = kill_child("valkey", running)
    while f'"pid": {old},' in (running.data / "run" / "processes.json").read_text():
        assert running.process.poll() is None
        time.sleep(0.05)


def pid_of(name: str, running: Archive) -> int:
    processes = json.loads((running.data / "run" / "processes.json").read_text())["processes"]
    return next(int(entry["pid"]) for entry in processes if entry["name"] == name)


def kill_child(name: str, running: Archive) -> int:
    """Kill the child called `name` and give its old process id."""
    pid = pid_of(name, running)
    os.kill(pid, signal.SIGKILL)
    return pid


def title_of(name: str, running: Archive) -> str:
    """What `ps` shows of it."""
    return Path(f"/proc/{pid_of(name, running)}/cmdline").read_text().rstrip("\0").replace("\0", " ")


def test_one_archive_a_folder_which_mends_itself_and_outlives_every_kill(tmp_path: Path) -> None:
    """One story, because each start costs seconds: refusals, dead children, a dead supervisor, everything dead."""
    data = tmp_path / "data"
    with archive(data) as running:
        assert f"新建档案系统，数据目录 / a new archive is made in: {data}\n" in running.lines
        addresses = json.loads((data / "run" / "addresses.json").read_text())
        assert_others_are_refused(running, tmp_path, addresses["http"].removeprefix("http://"))
        with psycopg.connect(addresses["database"]["owner"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        for name in ("fork-server", "valkey", "postgres", "sequencer", "worker-custody", "http-1"):
            kill_child(name, running)
        for _ in range(6):
            running.read_until(" is back")
        # Those that could not wait were run by their path; the next one is forked again.
        kill_child("http-1", running)
        running.read_until("HTTP 1 is back")
        assert title_of("http-1", running).startswith("liuhen --verbose http --fd ")
        with urllib.request.urlopen(addresses["http"] + "/readyz", timeout=60) as answer:
            assert answer.status == 200
        family = list(running.pids().values())
        running.process.kill()
        running.process.wait()

        # At once, while the children of the killed one are still on their way out.
        with archive(data) as successor:
            assert wait_until_gone(family, 0) == []
            family = list(successor.pids().values())
            for process in family:
                process.send(signal.SIGKILL)
            successor.process.wait()
            assert wait_until_gone(family, 10) == []
            assert (data / "postgres" / "postmaster.pid").exists()

    with archive(data) as running:
        assert not any("新建档案系统" in line for line in running.lines)
        with psycopg.connect(addresses["database"]["owner"]) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        assert_ends_without_trace(running, signal.SIGINT)


def assert_others_are_refused(running: Archive, folder: Path, address: str) -> None:
    refusal = refused(running.data)
    assert f"process {running.process.pid} (liuhen up) since 2" in refusal
    taken = refused(folder / "other", LIUHEN_BIND=address)
    assert f"cannot listen on {address}" in taken
    assert "LIUHEN_BIND" in taken
    assert list((folder / "other").iterdir()) == []


def test_a_useless_setting_is_one_line_and_starts_nothing(tmp_path: Path) -> None:
    line = refused(tmp_path / "data", LIUHEN_BIND="everywhere")
    assert "LIUHEN_BIND" in line
    assert "'everywhere'" in line
    assert not (tmp_path / "data").exists()


def test_an_address_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    # 192.0.2.0/24 is for documentation: no machine has it.
    assert "192.0.2.1:8000" in refused(tmp_path, LIUHEN_BIND="192.0.2.1:8000")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.thorough
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
            go_deaf_and_see_it_go_on(running)
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
