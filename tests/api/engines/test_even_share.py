"""Twins at one socket: connections go to whoever has the fewest, and nobody waits for one that does not take any."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from api.engines import even_share
from api.engines.even_share import Acceptor, open_table
from api.engines.listener import open_listener
from api.setting_values import BindAddress
from tests.api.engines.small_http import STEP_VARIABLE
from tests.api.engines.test_http_server import start


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with open_listener(BindAddress("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def table() -> Iterator[int]:
    with open_table(3) as descriptor:
        yield descriptor


@pytest.fixture
def undo() -> Iterator[ExitStack]:
    with ExitStack() as undo:
        yield undo


def twins(listener: socket.socket, table: int, folder: Path, undo: ExitStack, *names: str) -> list[int]:
    return [twin(listener, table, folder, undo, name).pid for name in names]


def twin(listener: socket.socket, table: int, folder: Path, undo: ExitStack, name: str) -> subprocess.Popen[bytes]:
    process = start(listener, folder, name, graceful=1, table=table)
    undo.callback(process.wait, 60)
    undo.callback(process.kill)
    return process


def connect(listener: socket.socket, undo: ExitStack) -> int:
    """Which process has it now, and keeps it."""
    connection = undo.enter_context(socket.create_connection(listener.getsockname(), timeout=60))
    connection.sendall(b"GET /?0 HTTP/1.1\r\nHost: here\r\n\r\n")
    received = b""
    while not received.endswith(b"\r\n0\r\n\r\n"):
        received += connection.recv(4096)
    return int(received.split(b"\r\n")[-4])


def test_each_has_about_as_many(listener: socket.socket, table: int, tmp_path: Path, undo: ExitStack) -> None:
    expected = twins(listener, table, tmp_path, undo, "one", "two", "three")
    took = Counter(connect(listener, undo) for _ in range(18))
    assert set(took) == set(expected)
    # One that the machine keeps from running for five milliseconds is not waited for.
    assert min(took.values()) >= 4, took


def test_one_that_stands_still_or_died_is_waited_for_no_longer_than_it_is_believed(
    listener: socket.socket, table: int, tmp_path: Path, undo: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is asked to step back so long that a test would notice one step more."""
    monkeypatch.setenv(STEP_VARIABLE, "3")
    still, other = twins(listener, table, tmp_path, undo, "still", "other")
    os.kill(still, signal.SIGSTOP)
    wait_until_stopped(still)
    time.sleep(1.5)
    began = time.monotonic()
    assert {connect(listener, undo) for _ in range(3)} == {other}
    os.kill(still, signal.SIGKILL)
    assert {connect(listener, undo) for _ in range(3)} == {other}
    assert time.monotonic() - began < 3
    [successor] = twins(listener, table, tmp_path, undo, "successor")
    assert connect(listener, undo) == successor


def test_one_that_has_fewer_is_waited_for(
    listener: socket.socket, table: int, tmp_path: Path, undo: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STEP_VARIABLE, "0.7")
    twins(listener, table, tmp_path, undo, "only")
    connect(listener, undo)
    idle = even_share.ConnectionTable(table)  # says that it is there, and never comes
    began = time.monotonic()
    idle.say(0)
    connect(listener, undo)
    assert time.monotonic() - began >= 0.7


def test_one_that_was_told_to_stop_is_out_of_the_count(
    listener: socket.socket, table: int, tmp_path: Path, undo: ExitStack
) -> None:
    watching = even_share.ConnectionTable(table)
    leaving = twin(listener, table, tmp_path, undo, "leaving")
    assert watching.somebody_has_fewer(1)
    with ThreadPoolExecutor() as pool, socket.create_connection(listener.getsockname()) as slow:
        slow.sendall(b"GET /?5 HTTP/1.1\r\nHost: here\r\n\r\n")
        pool.submit(connect, listener, undo).result()  # whatever was sent before has been read by now
        leaving.terminate()
        began = time.monotonic()
        while watching.somebody_has_fewer(5):
            assert time.monotonic() - began < 0.9, "it is believed for a second: that is no leaving"
            time.sleep(0.01)
        assert leaving.poll() is None


def test_more_than_it_was_made_for_find_no_place(table: int) -> None:
    program = (
        "import sys; from api.engines.even_share import ConnectionTable\n"
        "own = ConnectionTable(int(sys.argv[1])); print('in', flush=True); sys.stdin.read()"
    )
    with ExitStack() as undo:
        for _ in range(3 + 8):
            holder = undo.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", program, str(table)],
                    pass_fds=[table],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
            undo.callback(holder.kill)
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"in\n"
        with pytest.raises(ValueError, match="no entry is free"):
            even_share.ConnectionTable(table)


def wait_until_stopped(pid: int) -> None:
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.01)


def test_a_crowd_is_taken_in_no_time_and_keeps_nobody_waiting(
    listener: socket.socket, table: int, tmp_path: Path, undo: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step back is so long that taking one connection for each would take a minute and more."""
    monkeypatch.setenv(STEP_VARIABLE, "0.2")
    twins(listener, table, tmp_path, undo, "one", "two")
    began = time.monotonic()
    for _ in range(600):
        undo.enter_context(socket.create_connection(listener.getsockname(), timeout=60))
    connect(listener, undo)
    assert time.monotonic() - began < 15


class Short(socket.socket):
    """A listening socket in a process that has no descriptor left, the first time."""

    refusals = 1

    def accept(self) -> tuple[socket.socket, object]:
        if self.refusals:
            self.refusals -= 1
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return super().accept()


def test_without_descriptors_who_connects_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(even_share, "_PAUSE_SECONDS", 0.3)

    async def greeted_after() -> float:
        made = asyncio.Event()

        class Greets(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                made.set()
                transport.close()

        with Short() as listener:
            listener.bind(("127.0.0.1", 0))
            acceptor = Acceptor(listener, Greets, lambda: 0, None)
            acceptor.start(4)
            began = time.monotonic()
            with socket.create_connection(listener.getsockname()):
                await asyncio.wait_for(made.wait(), 30)
            await acceptor.stop()
            return time.monotonic() - began

    assert asyncio.run(greeted_after()) >= 0.3
