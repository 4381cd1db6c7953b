"""Long bodies past the parser, in a real HTTP process over raw sockets: every byte, no other, and what comes after."""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.engines.direct_body import DirectBody
from api.engines.listener import listening_address, open_listener
from api.setting_values import BindAddress

PROGRAM = Path(__file__).with_name("direct_http.py")
BODY = os.urandom((5 << 20) + 12_345)
PATIENCE_SECONDS = 60.0


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    ready = tmp_path_factory.mktemp("direct") / "ready"
    with open_listener(BindAddress("127.0.0.1", 0)) as listener:
        command = [sys.executable, str(PROGRAM), str(listener.fileno()), str(ready)]
        with subprocess.Popen(command, pass_fds=[listener.fileno()]) as process:
            try:
                deadline = time.monotonic() + PATIENCE_SECONDS
                while not ready.exists():
                    assert process.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
                yield "127.0.0.1", listening_address(listener).port
            finally:
                process.terminate()


@pytest.fixture
def connection(address: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(address, timeout=PATIENCE_SECONDS) as connection:
        yield connection


def head(path: str, size_bytes: int, *more: str) -> bytes:
    lines = [f"PATCH {path} HTTP/1.1", "Host: liuhen", f"Content-Length: {size_bytes}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


def answer(connection: socket.socket) -> Any:
    """The next one, and no byte more."""
    came = b""
    while b"\r\n\r\n" not in came:
        piece = connection.recv(1)
        assert piece, came
        came += piece
    size = int(next(line for line in came.split(b"\r\n") if line.lower().startswith(b"content-length")).split(b":")[1])
    body = b""
    while len(body) < size:
        body += connection.recv(size - len(body))
    return json.loads(body)


def is_whole(told: Any, body: bytes) -> bool:
    return (told["size_bytes"], told["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())


def test_a_long_body_comes_whole_and_past_the_parser(connection: socket.socket) -> None:
    connection.sendall(head("/", len(BODY)) + BODY)
    told = answer(connection)
    assert is_whole(told, BODY)
    assert told["direct"]


@pytest.mark.parametrize("size_bytes", [1000, len(BODY)])
def test_whoever_ends_his_side_behind_a_body_hears_the_answer(connection: socket.socket, size_bytes: int) -> None:
    connection.sendall(head("/", size_bytes) + BODY[:size_bytes])
    connection.shutdown(socket.SHUT_WR)
    assert is_whole(answer(connection), BODY[:size_bytes])
    assert connection.recv(1) == b""


def test_a_short_body_comes_as_bodies_always_do(connection: socket.socket) -> None:
    connection.sendall(head("/", 1000) + BODY[:1000])
    told = answer(connection)
    assert is_whole(told, BODY[:1000])
    assert not told["direct"]


def test_what_follows_on_the_same_connection_is_read_as_requests(connection: socket.socket) -> None:
    """Also where it was sent in one go with the body: not a byte of it is taken for the body's."""
    bodies = [BODY, BODY[:3000], BODY[100:], b""]
    connection.sendall(b"".join(head("/", len(body)) + body for body in bodies))
    for body in bodies:
        assert is_whole(answer(connection), body)


def test_whoever_waits_to_be_asked_for_the_body_is_asked(connection: socket.socket) -> None:
    connection.sendall(head("/", len(BODY), "Expect: 100-continue"))
    assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(BODY)
    assert is_whole(answer(connection), BODY)


def test_a_chunked_body_says_no_length_and_comes_by_the_parser(connection: socket.socket) -> None:
    connection.sendall(b"PATCH / HTTP/1.1\r\nHost: liuhen\r\nTransfer-Encoding: chunked\r\n\r\n")
    for start in range(0, len(BODY), 100_000):
        chunk = BODY[start : start + 100_000]
        connection.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
    connection.sendall(b"0\r\n\r\n")
    told = answer(connection)
    assert is_whole(told, BODY)
    assert not told["direct"]


def test_after_an_early_answer_the_rest_is_thrown_away_and_the_connection_goes_on(connection: socket.socket) -> None:
    connection.sendall(head("/refuse", len(BODY)) + BODY)
    assert answer(connection)["size_bytes"] < len(BODY)
    connection.sendall(head("/", len(BODY)) + BODY)
    assert is_whole(answer(connection), BODY)


@pytest.mark.parametrize("sent_bytes", [300_000, (3 << 20) + 77])
def test_what_came_before_a_cut_is_handed_over(address: tuple[str, int], tmp_path: Path, sent_bytes: int) -> None:
    left = tmp_path / "left"
    with socket.create_connection(address, timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(head(f"/?{left}", len(BODY)) + BODY[:sent_bytes])
        connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (left.exists() and left.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert is_whole(json.loads(left.read_text()), BODY[:sent_bytes])


def test_whoever_sends_in_crumbs_makes_no_endless_list(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    crumbs = 4000
    connection.sendall(head("/", len(BODY)))
    for at in range(crumbs):
        connection.sendall(BODY[at : at + 1])
    connection.sendall(BODY[crumbs:])
    told = answer(connection)
    assert is_whole(told, BODY)
    assert told["most_pieces"] <= 3


class Socket:
    """Plays what reads for it, and notes whether it does."""

    reads = True

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


def put(body: DirectBody, sent: bytes) -> None:
    """As the connection does: as much at once as there is space for."""
    while sent:
        with body.space() as space:
            taken = min(len(space), len(sent))
            space[:taken] = sent[:taken]
        body.put(taken)
        sent = sent[taken:]


def test_the_socket_is_read_only_while_somebody_waits_for_more() -> None:
    reader, ended = Socket(), []
    body = DirectBody(reader, 10, b"ab", lambda: ended.append(True))
    put(body, b"cd")  # nobody has asked for it
    assert not reader.reads
    assert body.take() == [b"ab", b"cd"]
    put(body, b"e" * 8)
    assert (body.left, ended, body.has_ended) == (0, [True], False)
    assert body.take() == [b"e" * 8]
    assert body.has_ended


def wait_for(body: DirectBody, wanted_bytes: int, sent: bytes) -> list[bytes | memoryview]:
    async def gathered() -> list[bytes | memoryview]:
        waiting = asyncio.create_task(body.gather(wanted_bytes, PATIENCE_SECONDS))
        await asyncio.sleep(0)
        put(body, sent)
        await waiting
        return body.take()

    return asyncio.run(gathered())


def test_what_is_wanted_lies_in_one_piece_that_begins_on_a_page() -> None:
    body = DirectBody(Socket(), len(BODY), b"", lambda: None)
    (piece,) = wait_for(body, (1 << 20) - 100, BODY[: (1 << 20) - 100])
    assert isinstance(piece, memoryview)
    assert ctypes.addressof(ctypes.c_ubyte.from_buffer(piece)) % 4096 == 0
    assert piece == BODY[: (1 << 20) - 100]


def test_a_piece_stays_what_it_is_while_the_next_ones_come_and_its_memory_is_used_again_after_it() -> None:
    body = DirectBody(Socket(), len(BODY), b"", lambda: None)
    kept = [wait_for(body, 256 << 10, BODY[at : at + (256 << 10)])[0] for at in range(0, 1 << 20, 256 << 10)]
    assert b"".join(kept) == BODY[: 1 << 20]
    places = {ctypes.addressof(ctypes.c_ubyte.from_buffer(piece)) for piece in kept}
    kept.clear()
    (again,) = wait_for(body, 256 << 10, BODY[1 << 20 : (1 << 20) + (256 << 10)])
    assert ctypes.addressof(ctypes.c_ubyte.from_buffer(again)) in places


def test_crumbs_that_are_taken_one_by_one_hold_on_to_no_block() -> None:
    body = DirectBody(Socket(), len(BODY), b"", lambda: None)
    for _ in range(50):
        put(body, b"x")
        (crumb,) = body.take()
        assert isinstance(crumb, bytes)
