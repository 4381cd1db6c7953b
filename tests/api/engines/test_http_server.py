"""HTTP processes that share one socket: no connection is lost when one of them dies or starts."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.engines.listener import listening_address, open_listener, take_address
from api.errors import AddressUnusable
from api.setting_values import BindAddress

PROGRAM = Path(__file__).with_name("small_http.py")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with open_listener(BindAddress("127.0.0.1", 0)) as listener:
        yield listener


def start(
    listener: socket.socket, folder: Path, name: str, graceful: int = 8, table: int | None = None
) -> subprocess.Popen[bytes]:
    ready_file = folder / name
    shared = (listener.fileno(),) if table is None else (listener.fileno(), table)
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(shared[0]), str(ready_file), str(graceful), *map(str, shared[1:])],
        pass_fds=shared,
        stderr=subprocess.DEVNULL,
    )
    while not ready_file.exists():
        assert process.poll() is None
        time.sleep(0.02)
    return process


def get(listener: socket.socket) -> int:
    with urllib.request.urlopen(f"{listening_address(listener).url}/?0", timeout=60) as answer:
        return int(answer.read())


def test_connections_wait_for_the_first_process_and_survive_the_end_of_one(
    listener: socket.socket, tmp_path: Path
) -> None:
    with ThreadPoolExecutor() as pool:
        early = pool.submit(get, listener)
        first, second = start(listener, tmp_path, "first"), start(listener, tmp_path, "second")
        assert early.result() in (first.pid, second.pid)
        first.kill()
        first.wait()
        assert {get(listener) for _ in range(8)} == {second.pid}

        with socket.create_connection(listener.getsockname()) as slow:
            slow.sendall(b"GET /?0.5 HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
            get(listener)  # Whatever was sent before has been read by now.
            second.send_signal(signal.SIGTERM)
            with slow.makefile("rb") as answer:
                assert b"\r\n%d\r\n" % second.pid in answer.read()
        second.wait(60)
        waiting = pool.submit(get, listener)
        third = start(listener, tmp_path, "third")
        assert waiting.result() == third.pid
        third.terminate()
        third.wait(60)


def test_a_request_that_is_cut_off_at_the_end_settles_first(listener: socket.socket, tmp_path: Path) -> None:
    process = start(listener, tmp_path, "only", graceful=1)
    with socket.create_connection(listener.getsockname()) as connection:
        connection.sendall(b"GET /?1000 HTTP/1.1\r\nHost: here\r\n\r\n")
        get(listener)  # Whatever was sent before has been read by now.
        process.terminate()
        process.wait(60)
    assert (tmp_path / "only.settled").exists()


def test_a_process_alone_lets_nobody_in_before_it_answers(tmp_path: Path) -> None:
    with take_address(BindAddress("127.0.0.1", 0)) as taken:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(taken.getsockname())
        process = start(taken, tmp_path, "alone")
        assert get(taken) == process.pid
        process.terminate()
        process.wait(60)


@pytest.mark.parametrize("opened", [open_listener, take_address])
def test_a_taken_port_is_refused_with_its_address(
    listener: socket.socket, opened: Callable[[BindAddress], socket.socket]
) -> None:
    taken = listening_address(listener)
    with pytest.raises(AddressUnusable, match=f"127.0.0.1:{taken.port}.*LIUHEN_BIND"):
        opened(taken)


def test_a_name_that_means_nothing_is_refused() -> None:
    with pytest.raises(AddressUnusable, match=r"nowhere\.invalid"):
        open_listener(BindAddress("nowhere.invalid", 8000))
