"""The fork server: its forks are the supervisor's own children, and nothing but the supervisor gets one."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from api.engines import forked
from api.engines.folders import make_private_folder, socket_folder
from api.engines.fork_request import HTTP, ForkRequest, address_for
from api.engines.fork_server import listen
from api.engines.forked import ForkedProcess, ask_for_fork
from api.engines.launch import Child, Fork, Launch
from api.engines.process import ProcessIdentity

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).with_name("small_forks.py")
PATIENCE_SECONDS = 60.0
_PR_SET_CHILD_SUBREAPER = 36
SELDOM_USED = (
    # Rules in force are rows, and not files.
    "yaml",
    # The queue and other stores: who works asks for them.
    *("celery", "kombu", "amqp", "redis", "minio"),
    # What verifies an archive or a package: once in a while, and tens of modules.
    *("api.verification", "integrity.package.verify", "api.export"),
    # ASN.1 and time stamps: for who seals, and for a document that is given its seal.
    *("asn1crypto", "rfc3161_client", "integrity.authority", "integrity.timestamp", "integrity.pdf_seal", "pyhanko"),
)


class Server(NamedTuple):
    path: Path
    process: subprocess.Popen[bytes]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """One that serves this process, which adopts orphans as a supervisor does."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    path = tmp_path / "fork.sock"
    command = [sys.executable, "-P", str(PROGRAM), str(path)]
    running = subprocess.Popen(command, env={"PYTHONPATH": str(ROOT), "OF_THE_SERVER": "yes"}, cwd="/")
    wait_for(path.exists)
    yield Server(path, running)
    running.kill()
    running.wait()


def wait_for(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def launch(folder: Path, server: Path, *words: str, argv: tuple[str, ...] = ("/nonexistent",)) -> Launch:
    return Launch(argv, folder / "log" / "it.log", {"OF_THE_FORK": "yes"}, fork=Fork(server, words))


def request(*words: str) -> ForkRequest:
    return ForkRequest(("small", *words), words, {}, (), int(signal.SIGKILL))


def test_its_sockets_find_room_wherever_an_archive_is(tmp_path: Path) -> None:
    """Also in a folder whose path is just short enough for the other sockets of an archive."""
    for length in range(len(str(tmp_path)) + 2, 112):
        data = tmp_path / ("d" * (length - len(str(tmp_path)) - 1))
        folder = socket_folder(data)
        make_private_folder(folder)
        for path in (folder / "fork.sock", address_for(folder / "fork.sock", (HTTP,))):
            listen(path).close()
            path.unlink()
        folder.rmdir()


def test_a_fork_is_a_child_with_all_that_a_program_would_have(tmp_path: Path, server: Server) -> None:
    read, write = os.pipe()
    os.write(write, b"through a descriptor")
    # A number that the server itself has in use.
    os.dup2(read, 50)
    try:
        path = tmp_path / "told"
        told = Launch(
            ("/nonexistent",),
            tmp_path / "log" / "it.log",
            {"OF_THE_FORK": "yes"},
            pass_fds=(50,),
            fork=Fork(server.path, ("tell", str(path))),
        )
        child = Child(told)
        assert child.wait(PATIENCE_SECONDS)
        assert child.exit_status() == 0
    finally:
        for descriptor in (read, write, 50):
            os.close(descriptor)
    facts = json.loads(path.read_text())
    assert facts["parent"] == os.getpid()
    assert facts["session"] == facts["group"] == child.pid
    assert facts["environment"] == {"OF_THE_FORK": "yes"}
    assert facts["sent"] == "through a descriptor"
    assert facts["folder"] == "/"
    assert facts["title"] == ["liuhen", "tell", str(path)]
    # The fifth is the folder in which they were listed.
    assert len(facts["open"]) == 5
    assert {0, 1, 2, 50} < set(facts["open"])
    assert (tmp_path / "log" / "it.log").read_text() == "said on its output\n"


def test_how_it_ends_is_known(tmp_path: Path, server: Server) -> None:
    child = Child(launch(tmp_path, server.path, "exit", "7"))
    assert child.wait(PATIENCE_SECONDS)
    assert child.exit_status() == 7
    killed = Child(launch(tmp_path, server.path, "steady"))
    assert killed.exit_status() is None
    assert not killed.wait(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait(PATIENCE_SECONDS)
    assert killed.exit_status() == -signal.SIGKILL


def test_it_is_ended_like_any_program_and_outlives_the_server(tmp_path: Path, server: Server) -> None:
    steady, deaf = Child(launch(tmp_path, server.path, "steady")), Child(launch(tmp_path, server.path, "deaf"))
    server.process.kill()
    server.process.wait()
    assert not steady.wait(0.2)
    steady.stop()
    assert steady.exit_status() == -signal.SIGTERM
    deaf.kill_session()
    assert deaf.exit_status() == -signal.SIGKILL


def test_without_a_server_the_program_is_run_by_its_path(tmp_path: Path) -> None:
    child = Child(launch(tmp_path, tmp_path / "nobody.sock", "exit", "7", argv=("/bin/sh", "-c", "exit 9")))
    assert child.wait(PATIENCE_SECONDS)
    assert child.exit_status() == 9


def test_a_server_that_hangs_is_waited_for_once(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forked, "ANSWER_SECONDS", 0.2)
    server.process.send_signal(signal.SIGSTOP)
    for _ in range(2):
        child = Child(launch(tmp_path, server.path, "exit", "7", argv=("/bin/sh", "-c", "exit 9")))
        assert child.wait(PATIENCE_SECONDS)
        assert child.exit_status() == 9
    assert server.process.wait(PATIENCE_SECONDS) == -signal.SIGKILL


def test_what_one_fork_is_told_neither_the_server_nor_the_next_one_knows(tmp_path: Path, server: Server) -> None:
    secret = os.urandom(16).hex()
    told = replace(launch(tmp_path, server.path, "steady"), environment={"ADDRESS": f"postgresql://x:{secret}@here"})
    first, second = Child(told), Child(launch(tmp_path, server.path, "steady"))
    try:
        holders = [pid for pid in (server.process.pid, first.pid, second.pid) if secret.encode() in memory_of(pid)]
        assert holders == [first.pid]
    finally:
        first.stop()
        second.stop()


def memory_of(pid: int) -> bytes:
    """All that the process can write to."""
    found = bytearray()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights = line.split()[:2]
            if rights.startswith("rw"):
                start, end = (int(number, 16) for number in span.split("-"))
                memory.seek(start)
                found += memory.read(end - start) or b""
    return bytes(found)


def test_a_stranger_gets_nothing(server: Server) -> None:
    script = (
        "import socket, sys\n"
        "with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:\n"
        "    s.connect(sys.argv[1])\n"
        "    try:\n"
        "        s.send(b'{}')\n"
        "        print(s.recv(10))\n"
        "    except OSError as error:\n"
        "        print(b'')\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(server.path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "b''"
    # And it goes on for the one that it serves.
    with _log() as log:
        assert ask_for_fork(server.path, request("exit", "3"), log.fileno()).wait(PATIENCE_SECONDS) == 3


def test_a_fork_that_nobody_waits_for_runs_nothing(tmp_path: Path, server: Server) -> None:
    path = tmp_path / "told"
    with _log() as log, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(str(server.path))
        socket.send_fds(connection, [request("tell", str(path)).encode()], [log.fileno()])
        pid = int.from_bytes(connection.recv(4), sys.byteorder)
        identity = ProcessIdentity.of(pid)
    assert identity is not None
    assert ForkedProcess(pid).wait(PATIENCE_SECONDS) == 1
    assert not path.exists()


def test_a_fork_server_that_is_not_there_is_said_and_the_program_runs_without_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fork = Fork(tmp_path / "none.sock", ("steady", "--words"))
    child = Child(Launch(("/bin/true",), tmp_path / "log" / "media.log", fork=fork))
    assert child.wait(PATIENCE_SECONDS)
    (line,) = caplog.records
    assert line.levelname == "WARNING"
    assert line.getMessage().startswith("media is run by its path")
    assert os.strerror(errno.ENOENT) in line.getMessage()


def test_its_forks_end_with_the_supervisor(tmp_path: Path) -> None:
    script = (
        "import ctypes, os, subprocess, sys, time\n"
        "from pathlib import Path\n"
        "from api.engines.launch import Child, Fork, Launch\n"
        "ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n"
        "program, folder = sys.argv[1], Path(sys.argv[2])\n"
        "server = subprocess.Popen([sys.executable, '-P', program, str(folder / 'fork.sock')])\n"
        "while not (folder / 'fork.sock').exists(): time.sleep(0.01)\n"
        "fork = Fork(folder / 'fork.sock', ('steady',))\n"
        "child = Child(Launch(('/nonexistent',), folder / 'log' / 'it.log', fork=fork))\n"
        "server.kill()\n"
        "server.wait()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", script, str(PROGRAM), str(tmp_path)]
    supervisor = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    child = ProcessIdentity.of(int(supervisor.stdout.readline()))
    assert child is not None
    supervisor.kill()
    supervisor.wait()
    supervisor.stdout.close()
    wait_for(lambda: not child.is_alive())


def test_what_is_preloaded_starts_no_thread_and_asks_for_no_setting() -> None:
    """In a process of its own: settings are read after the fork, by each with an environment of its own."""
    script = (
        "import importlib, threading\n"
        "import api.settings\n"
        "def refuse(*_): raise SystemExit('settings were read at import')\n"
        "api.settings.load_settings = refuse\n"
        "from api.engines.fork_server import PRELOADED\n"
        "for name in PRELOADED: importlib.import_module(name)\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr


def test_what_http_takes_brings_nothing_that_it_seldom_uses() -> None:
    """It has sixty-four uploads in memory, and nothing that it has no use for at rest."""
    script = (
        "import importlib, sys\n"
        "from api.engines.fork_server import FOR_HTTP\n"
        "for name in FOR_HTTP: importlib.import_module(name)\n"
        "importlib.import_module('api.http.app').own_framework()\n"
        f"brought = set(sys.modules) & set({SELDOM_USED})\n"
        "assert not brought, brought\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr


def _log() -> socket.socket:
    return socket.socket()
