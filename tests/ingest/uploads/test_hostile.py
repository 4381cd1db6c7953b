"""What a hostile or broken client sends, byte by byte."""

from __future__ import annotations

import time

import pytest


def head(path: str, *lines: str, method: str = "PATCH") -> bytes:
    usual = (
        "Host: t",
        "Tus-Resumable: 1.0.0",
        "Authorization: Bearer t1",
        "Content-Type: application/offset+octet-stream",
        "Upload-Offset: 0",
    )
    return "\r\n".join([f"{method} {path} HTTP/1.1", *usual, *lines, "", ""]).encode()


def answers(connection) -> bytes:
    connection.settimeout(30)
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except TimeoutError:
        pass
    connection.close()
    return received


def test_content_length_and_transfer_encoding_together_smuggle_nothing(tus):
    """The body of one reading is a whole DELETE in the other."""
    path, victim = tus.create(10), tus.create(10)
    smuggled = head(victim, method="DELETE")
    for framing in (
        (f"Content-Length: {5 + len(smuggled)}", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", f"Content-Length: {5 + len(smuggled)}"),
    ):
        connection = tus.connect()
        connection.sendall(head(path, *framing) + b"0\r\n\r\n" + smuggled)
        received = answers(connection)
        assert received.startswith(b"HTTP/1.1 400")
        assert received.count(b"HTTP/1.1") == 1
    assert tus.head(victim).status == 200
    assert tus.head(path).offset == 0


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 4", "Content-Length: 10"),
        ("Content-Length: -4",),
        ("Content-Length: 4x",),
        ("Content-Length: 4", "Upload-Offset: 0"),
        ("Content-Length: 4", "Authorization: Bearer t2"),
        ("Content-Length: 4", "Tus-Resumable: 1.0.0"),
        ("Content-Length : 4",),
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused(tus, lines):
    path = tus.create(10)
    connection = tus.connect()
    connection.sendall(head(path, *lines) + b"0123")
    assert answers(connection).startswith(b"HTTP/1.1 400")
    assert tus.head(path).offset == 0


def test_a_coding_that_nobody_undoes_is_refused(tus):
    path = tus.create(10)
    connection = tus.connect()
    connection.sendall(head(path, "Transfer-Encoding: identity, chunkedx") + b"0123")
    assert answers(connection).startswith(b"HTTP/1.1 501")
    assert tus.head(path).offset == 0


def test_a_refused_body_is_not_read_for_ever_and_the_reason_arrives(tus, wire):
    path = tus.create(1 << 30)
    connection = tus.begin_patch(path, 7, 1 << 30)
    began = time.monotonic()
    sent = 0
    try:
        while time.monotonic() - began < 8:
            sent += connection.send(b"x" * 65536)
            if sent > 200 << 20:
                break
    except ConnectionError:
        pass
    connection.close()
    assert sent < 100 << 20

    polite = tus.begin_patch(path, 7, 1 << 30)
    reply = wire.reply(polite)
    assert (reply.status, reply.offset, reply.headers["connection"]) == (409, 0, "close")
    polite.close()


def test_a_body_below_the_minimum_rate_is_408_and_what_arrived_is_kept(start_server, wire):
    tus = start_server(limits={"minimum_bytes_per_second": 1000, "rate_window_seconds": 1})
    path = tus.create(100_000)
    began = time.monotonic()
    connection = tus.begin_patch(path, 0, 100_000, first=b"x")
    sent = 1
    connection.settimeout(0.1)
    first = b""
    while not first and time.monotonic() - began < 60:
        connection.sendall(b"x")
        sent += 1
        try:
            first = connection.recv(65536)
        except TimeoutError:
            continue
    assert first.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began > 0.9
    connection.close()
    assert 0 < tus.head(path).offset <= sent


def test_a_slow_body_above_the_minimum_rate_is_let_in_peace(start_server, wire):
    tus = start_server(limits={"minimum_bytes_per_second": 100, "rate_window_seconds": 1.5})
    path = tus.create(9000)
    connection = tus.begin_patch(path, 0, 9000)
    for _ in range(9):
        connection.sendall(b"x" * 1000)
        time.sleep(0.2)
    assert wire.reply(connection).status == 204
    connection.close()


def test_many_stalled_bodies_hold_nobody_up(start_server):
    # They stall for longer than anybody waits: who is held up by them gets no answer.
    tus = start_server(limits={"rate_window_seconds": 3600})
    stalled = [tus.begin_patch(tus.create(1 << 20), 0, 1 << 20) for _ in range(60)]
    for connection in stalled:
        connection.sendall(b"x" * 1000)
    paths = [tus.create(200_000) for _ in range(4)]
    for path in paths:
        assert tus.patch(path, 0, b"y" * 200_000).status == 204
    for connection in stalled:
        connection.close()


@pytest.mark.parametrize(
    ("header", "value"),
    [("Content-Encoding", "gzip"), ("Trailer", "Upload-Checksum"), ("Trailer", "a, upload-checksum")],
)
def test_what_would_be_kept_otherwise_than_it_was_meant_is_refused(tus, header, value):
    path = tus.create(5)
    reply = tus.patch(path, 0, b"hello", {header: value})
    assert reply.status == 400
    assert header in str(reply.problem)
    assert tus.head(path).offset == 0


@pytest.mark.parametrize(
    "lines",
    [
        ("Trailer: Upload-Checksum", "Trailer: X"),
        ("Trailer: X", "Trailer: Upload-Checksum"),
        ("Content-Encoding: gzip", "Content-Encoding: identity"),
        ("Content-Encoding: identity, gzip",),
    ],
)
def test_a_list_in_several_lines_is_one_list(tus, lines):
    """RFC 9110, 5.3: the last line is not all that is said."""
    path = tus.create(5)
    connection = tus.connect()
    connection.sendall(head(path, "Transfer-Encoding: chunked", *lines) + b"5\r\nhello\r\n0\r\n\r\n")
    assert answers(connection).startswith(b"HTTP/1.1 400")
    assert tus.head(path).offset == 0
