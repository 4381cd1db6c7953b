"""What strangers can do to an HTTP process: a real one, over raw sockets."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from api.engines.http_protocol import ConnectionBounds
from api.engines.listener import listening_address, open_listener
from api.setting_values import BindAddress

PROGRAM = Path(__file__).with_name("bounded_http.py")
FLOOD_BYTES = 32 << 20
MOST_GROWTH_BYTES = 12 << 20
HEAD_SECONDS = 1.0
"""Of the server that gives up soon; the other one has what the archive has."""
PATIENCE_SECONDS = 60.0
"""Of these tests, with a machine that is busy."""
FEW = 8
LARGE_BYTES = 8 << 20
HOST = b"Host: liuhen\r\n"
TRAILERS = b"POST /uploads HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"


class Server:
    def __init__(self, listener: socket.socket, process: subprocess.Popen[bytes]) -> None:
        self._address = listening_address(listener)
        self._process = process

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._address.port), timeout=PATIENCE_SECONDS)

    @property
    def peak_bytes(self) -> int:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) << 10

    @property
    def open_descriptors(self) -> int:
        return len(list(Path(f"/proc/{self._process.pid}/fd").iterdir()))

    def ask(self, request: bytes) -> bytes:
        """All that comes back until the server closes."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_to_end(connection)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from serve(tmp_path_factory.mktemp("bounded"), ConnectionBounds.head_seconds)


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """For those alone who are not waited for: it would give up whoever a busy machine keeps from sending."""
    yield from serve(tmp_path_factory.mktemp("hasty"), HEAD_SECONDS)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """It has room for few."""
    yield from serve(tmp_path_factory.mktemp("small"), ConnectionBounds.head_seconds, FEW)


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """It has room for few, and none for those who do not read what they asked for."""
    yield from serve(tmp_path_factory.mktemp("impatient"), ConnectionBounds.head_seconds, FEW, unread_seconds=0.0)


def serve(
    folder: Path,
    head_seconds: float,
    connections: int = ConnectionBounds.connections,
    unread_seconds: float = ConnectionBounds.unread_seconds,
    log: Path = Path(os.devnull),
) -> Iterator[Server]:
    ready_file = folder / "ready"
    limits = (head_seconds, connections, unread_seconds)
    with open_listener(BindAddress("127.0.0.1", 0)) as listener, log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(listener.fileno()), str(ready_file), *map(str, limits)],
            pass_fds=(listener.fileno(),),
            stderr=errors,
        )
        while not ready_file.exists():
            assert process.poll() is None
            time.sleep(0.02)
        served = Server(listener, process)
        served.ask(b"GET / HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")
        yield served
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def read_to_end(connection: socket.socket) -> bytes:
    answer = bytearray()
    try:
        while piece := connection.recv(65536):
            answer += piece
    except ConnectionError:
        pass
    return bytes(answer)


def flood(connection: socket.socket, begin: bytes, again: bytes) -> int:
    """Send `begin` and then `again` without end; how many bytes went out before the server hung up."""
    block = again * (65536 // len(again))
    sent_bytes = 0
    try:
        connection.sendall(begin)
        while sent_bytes < FLOOD_BYTES:
            connection.sendall(block)
            sent_bytes += len(block)
    except OSError:
        pass
    return sent_bytes


FLOODS = {
    "header lines": (b"GET / HTTP/1.1\r\n", b"a: b\r\n"),
    "one value": (b"GET / HTTP/1.1\r\na: ", b"b"),
    "one name": (b"GET / HTTP/1.1\r\n", b"a"),
    "an address": (b"GET /", b"a"),
    "trailers": (TRAILERS, b"a: b\r\n"),
    "one trailer": (TRAILERS + b"a: ", b"b"),
    "requests": (b"", b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_what_never_ends_is_cut_and_costs_no_memory(server: Server, kind: str) -> None:
    before_bytes = server.peak_bytes
    with server.connect() as connection:
        flood(connection, *FLOODS[kind])
        read_to_end(connection)
    assert server.peak_bytes - before_bytes < MOST_GROWTH_BYTES


@pytest.mark.parametrize("head", [b"/ HTTP/1.1\r\na: " + b"b" * 70_000, b"/" + b"a" * 70_000])
def test_a_head_past_the_limit_is_told_so(server: Server, head: bytes) -> None:
    assert server.ask(b"GET " + head).startswith(b"HTTP/1.1 431 ")


def read_answer(connection: socket.socket) -> bytes:
    """The head of one answer with the one byte that the application sends as its body; they may come one by one."""
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0 or len(received) < end + 5:
        piece = connection.recv(4096)
        assert piece, received
        received += piece
    return received


def test_the_limit_is_each_requests_own(server: Server) -> None:
    request = b"GET / HTTP/1.1\r\n" + HOST + b"a: " + b"b" * 40_000 + b"\r\n"
    with server.connect() as connection:
        for _ in range(3):
            connection.sendall(request + b"\r\n")
            assert read_answer(connection).startswith(b"HTTP/1.1 200 ")
        connection.sendall(request + b"Connection: close\r\n\r\n")
        assert read_to_end(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "fields",
    [
        b"",
        HOST + HOST,
        HOST + b"host: another\r\n",
        b"Host:\r\n",
        b"Host: \r\n",
        b"Host: two words\r\n",
        b"Host: a, b\r\n",
        b"Host: a/b\r\n",
        b"Host: user@a\r\n",
        b"Host: a:port\r\n",
        b"Host: a:1:2\r\n",
        b"Host: a:999999\r\n",
        b"Host: [::1\r\n",
        b"Host: ::1\r\n",
        b"Host: a%zz\r\n",
        b"Host: \xe7\x95\x99\r\n",
        b"Host: <a>\r\n",
        b'Host: a"\r\n',
    ],
)
def test_a_request_that_does_not_say_to_which_host_is_400_and_nothing_of_it_is_done(
    server: Server, fields: bytes
) -> None:
    """RFC 9112, 3.2. What follows it is no request either: the line is closed."""
    smuggled = b"GET /heard HTTP/1.1\r\n" + HOST + b"\r\n"
    for head in (b"GET / HTTP/1.1\r\n", b"POST /heard HTTP/1.1\r\nContent-Length: 4\r\n"):
        answer = server.ask(head + fields + b"\r\n" + smuggled)
        assert answer.startswith(b"HTTP/1.1 400 "), (head, answer)
        assert answer.count(b"HTTP/1.1 ") == 1
        assert "有且仅有一个 Host" in answer.decode()


UPGRADES = [
    b"POST /heard HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n",
    b"PATCH /uploads/1 HTTP/1.1\r\nConnection: keep-alive, upgrade\r\nUpgrade: x\r\n",
    b"GET /heard HTTP/1.1\r\nUpgrade: websocket\r\nConnection: UPGRADE\r\nSec-WebSocket-Key: eA==\r\n",
    b"CONNECT /heard HTTP/1.1\r\n",
]


@pytest.mark.parametrize("head", UPGRADES, ids=["POST", "PATCH", "WebSocket", "CONNECT"])
@pytest.mark.parametrize("pause_seconds", [0.0, 0.3])
def test_nobody_goes_over_to_another_protocol_and_no_body_is_read_as_a_request(
    server: Server, head: bytes, pause_seconds: float
) -> None:
    """RFC 9110, 7.8. The parser takes such a head for the end of its message, whatever length it says."""
    smuggled = b"GET /heard HTTP/1.1\r\n" + HOST + b"\r\n"
    for framing in (b"Content-Length: %d\r\n" % len(smuggled), b"Transfer-Encoding: chunked\r\n", b""):
        with server.connect() as connection:
            connection.sendall(head + framing + HOST + b"\r\n")
            time.sleep(pause_seconds)
            with suppress(OSError):  # it may have been closed by now
                connection.sendall(smuggled)
            answer = read_to_end(connection)
        assert answer.startswith(b"HTTP/1.1 400 "), (framing, answer)
        assert (answer.count(b"HTTP/1.1 4"), answer.count(b"HTTP/1.1 2")) == (1, 0)
        assert "请去掉 Upgrade 请求头" in answer.decode()


@pytest.mark.parametrize(
    "fields", [b"Upgrade: h2c\r\n", b"Connection: upgrade\r\n", b"Upgrade-Insecure-Requests: 1\r\n"]
)
def test_half_a_wish_for_another_protocol_is_none(server: Server, fields: bytes) -> None:
    head = b"POST /x HTTP/1.1\r\nContent-Length: 4\r\n" + fields + HOST + b"\r\n"
    with server.connect() as connection:
        connection.sendall(head + b"body")
        answer = b""
        while not answer.endswith(b"\r\n\r\n4"):
            answer += (came := connection.recv(1000))
            assert came, answer
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "host",
    [
        *(b"liuhen", b"liuhen.example.cn", b"liuhen:8000", b"liuhen:", b"10.0.0.1:80", b"[::1]", b"[fe80::1]:8000"),
        *(b"a_b-c~d", b"%e7%95%99.example", b"LIUHEN.", b" liuhen \t"),
    ],
)
def test_every_host_that_the_grammar_has_is_let_in(server: Server, host: bytes) -> None:
    answer = server.ask(b"GET / HTTP/1.1\r\nConnection: close\r\nHost: " + host + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_before_http_1_1_nobody_had_to_say_the_host_and_two_were_never_one(server: Server) -> None:
    assert server.ask(b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert server.ask(b"GET / HTTP/1.0\r\n" + HOST + b"\r\n").startswith(b"HTTP/1.1 200 ")
    assert server.ask(b"GET / HTTP/1.0\r\n" + HOST + HOST + b"\r\n").startswith(b"HTTP/1.1 400 ")


CHUNKED = b"POST /heard HTTP/1.1\r\nConnection: close\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
AFTER_THE_BODY = (
    b"Authorization: Bearer somebody\r\nClient-Cert: of-a-station\r\nX-Forwarded-For: 198.51.100.77\r\n"
    b"Host: elsewhere.example\r\nUpload-Checksum: sha1 AAAA\r\nExpect: 100-continue\r\n"
)


@pytest.mark.parametrize("pause_seconds", [0.0, 0.3])
def test_what_follows_a_body_is_no_header_of_it(server: Server, pause_seconds: float) -> None:
    """Whoever is let in is let in by what came first, and a proxy in front of us looks at no more than that."""
    with server.connect() as connection:
        for part in (CHUNKED, b"5\r\nhello\r\n", b"0\r\n" + AFTER_THE_BODY + b"\r\n"):
            if pause_seconds:
                connection.sendall(part)
                time.sleep(pause_seconds)
        if not pause_seconds:
            connection.sendall(CHUNKED + b"5\r\nhello\r\n0\r\n" + AFTER_THE_BODY + b"\r\n")
        heard = read_to_end(connection).partition(b"\r\n\r\n")[2]
    assert heard == b"connection=close; host=liuhen; transfer-encoding=chunked"


@pytest.mark.parametrize("pause_seconds", [0.0, 0.1])
def test_whoever_ends_his_side_after_a_whole_request_hears_the_answer_to_each(
    server: Server, pause_seconds: float
) -> None:
    counted, chunked = b"Content-Length: 3\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    for body in (counted, chunked):
        with server.connect() as connection:
            connection.sendall(b"GET /large HTTP/1.1\r\n" + HOST + b"\r\nPOST / HTTP/1.1\r\n" + HOST + body)
            time.sleep(pause_seconds)
            connection.shutdown(socket.SHUT_WR)
            answers = read_to_end(connection)
        first, second = answers[: answers.rindex(b"HTTP/1.1 200 ")], answers[answers.rindex(b"HTTP/1.1 200 ") :]
        assert len(first.partition(b"\r\n\r\n")[2]) == LARGE_BYTES
        assert second.endswith(b"\r\n\r\n3")


def test_whoever_ends_his_side_amid_a_request_or_between_two_is_hung_up_on_at_once(server: Server) -> None:
    begun = b"POST / HTTP/1.1\r\n" + HOST
    for request in (b"", begun, begun + b"Content-Length: 3\r\n\r\nab"):
        before = time.monotonic()
        with server.connect() as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            assert read_to_end(connection) == b"", request
        assert time.monotonic() - before < ConnectionBounds.head_seconds / 2


def test_whoever_ends_his_side_and_is_gone_leaves_nothing_behind(server: Server) -> None:
    before = server.open_descriptors
    for _ in range(50):
        with server.connect() as connection:
            connection.sendall(b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n")
            connection.shutdown(socket.SHUT_WR)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while server.open_descriptors > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.open_descriptors <= before


def test_headers_after_trailers_are_heard_again(server: Server) -> None:
    first = CHUNKED.replace(b"Connection: close\r\n", b"") + b"0\r\n" + AFTER_THE_BODY + b"\r\n"
    second = b"GET /heard HTTP/1.1\r\nConnection: close\r\n" + HOST + b"A: b \t \r\n\r\n"
    answers = server.ask(first + second)
    assert answers.endswith(b"connection=close; host=liuhen; a=b")
    assert b"somebody" not in answers


def test_what_follows_a_refused_head_is_no_error_of_ours(tmp_path: Path) -> None:
    """An anonymous request that makes a process write a traceback each time fills a disk."""
    log = tmp_path / "log"
    serving = serve(tmp_path, ConnectionBounds.head_seconds, log=log)
    server = next(serving)
    try:
        for rest in (b"5\r\nhello\r\n0\r\n\r\n", b"GET / HTTP/1.1\r\nX", b"\0\1\2\3" * 100):
            answer = server.ask(b"POST /heard HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n" + rest)
            assert answer.startswith((b"HTTP/1.1 501 ", b"HTTP/1.1 400 "))
    finally:
        next(serving, None)
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize(
    "coding", [b"gzip, chunked", b"foo,chunked", b"identity, chunked", b"chunked\r\nTransfer-Encoding: chunked"]
)
def test_a_body_in_a_coding_that_nobody_undoes_is_refused(server: Server, coding: bytes) -> None:
    request = CHUNKED.replace(b"chunked", coding) + b"5\r\nhello\r\n0\r\n\r\n"
    answer = server.ask(request + b"GET /heard HTTP/1.1\r\n" + HOST + b"\r\n")
    assert answer.startswith((b"HTTP/1.1 501 ", b"HTTP/1.1 400 "))
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_half_sent_head_is_not_waited_for(hasty: Server) -> None:
    halves = (b"", b"\r\n", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n")
    with ThreadPoolExecutor(len(halves)) as pool:
        assert list(pool.map(hasty.ask, halves)) == [b""] * len(halves)


def test_dripping_does_not_put_the_end_off(hasty: Server) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    with hasty.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        while time.monotonic() < until:
            try:
                connection.sendall(b"\r\n")
            except ConnectionError:
                return
            time.sleep(0.1)
    pytest.fail("the connection was kept open")


def post(path: bytes, size_bytes: int, method: bytes = b"POST") -> bytes:
    return b"%s %s HTTP/1.1\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n" % (method, path, HOST, size_bytes)


def test_a_large_body_is_refused_before_it_is_read(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(post(b"/api/v1/session", 2 << 20))
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")
    answer = server.ask(post(b"/api/v1/session", 2 << 20) + b"x" * (2 << 20))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in answer
    assert b"urn:liuhen:problem:body-too-large" in answer


def test_a_large_body_of_unsaid_size_is_refused(server: Server) -> None:
    head = b"POST /api/v1/session HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + HOST + b"\r\n"
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    assert server.ask(head + chunk * 17).startswith(b"HTTP/1.1 413 ")


def test_a_body_within_the_limit_arrives_whole(server: Server) -> None:
    answer = server.ask(post(b"/api/v1/session", 1 << 20) + b"x" * (1 << 20))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n1048576")


def test_a_half_sent_body_is_not_waited_for(hasty: Server) -> None:
    assert hasty.ask(post(b"/api/v1/session", 100) + b"x").startswith(b"HTTP/1.1 408 ")


def test_an_upload_has_no_such_limits(hasty: Server) -> None:
    size_bytes = 64 << 20
    with hasty.connect() as connection:
        connection.sendall(post(b"/uploads/1", size_bytes, b"PATCH"))
        time.sleep(HEAD_SECONDS + 0.5)
        for _ in range(64):
            connection.sendall(bytes(1 << 20))
        answer = read_to_end(connection)
    assert answer.endswith(b"\r\n%d" % size_bytes)
    assert b"x-content-type-options: nosniff" in answer


def test_answers_of_the_api_are_kept_nowhere_unless_they_say_so(server: Server) -> None:
    def asked(path: bytes) -> bytes:
        return server.ask(b"GET " + path + b" HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")

    assert b"cache-control: no-store" in asked(b"/api/v1/cases")
    assert b"cache-control: no-store" not in asked(b"/api/v1/kept")
    assert b"cache-control: max-age=9" in asked(b"/api/v1/kept")
    assert b"cache-control" not in asked(b"/static/x")


def fill_with(server: Server, stack: ExitStack, begin: bytes) -> list[socket.socket]:
    """As many connections as there is room for, each of which has sent so much; all of them are being looked at."""
    opened = []
    for _ in range(FEW):
        connection = stack.enter_context(server.connect())
        connection.sendall(begin)
        opened.append(connection)
        time.sleep(0.02)  # One after the other: the first waits the longest.
    return opened


SMALL_BODY = b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\nx"


BESIDE_UPLOADS = SMALL_BODY.replace(b"/api/v1/session", b"/uploads1")


@pytest.mark.parametrize(
    "begin",
    [b"", b"GET / HT", SMALL_BODY, BESIDE_UPLOADS],
    ids=["nothing", "half a head", "a byte of a body", "a byte for what is no upload"],
)
def test_a_crowd_that_only_waits_shuts_nobody_out(small: Server, begin: bytes) -> None:
    with ExitStack() as stack:
        crowd = fill_with(small, stack, begin)
        for _ in range(2 * FEW):
            answer = small.ask(b"GET / HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")
            assert answer.startswith(b"HTTP/1.1 200 "), answer
        assert read_to_end(crowd[0]) == b""


def test_who_does_not_read_his_answer_shuts_nobody_out_and_is_let_go_of(impatient: Server) -> None:
    with ExitStack() as stack:
        crowd = fill_with(impatient, stack, b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n")
        for connection in crowd:
            connection.recv(1)  # It is answered; the rest stays with the server.
        open_before = impatient.open_descriptors
        for _ in range(FEW):
            newcomer = stack.enter_context(impatient.connect())
            newcomer.sendall(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
            assert read_answer(newcomer).startswith(b"HTTP/1.1 200 ")
        assert impatient.open_descriptors <= open_before


def test_an_answer_that_is_still_leaving_is_not_cut(small: Server) -> None:
    with ExitStack() as stack:
        slow = stack.enter_context(small.connect())
        slow.sendall(b"GET /large HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")
        received = slow.recv(1000)
        for _ in range(2 * FEW):
            stack.enter_context(small.connect())
        small.ask(b"GET / HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")
        received += read_to_end(slow)
    assert len(received.partition(b"\r\n\r\n")[2]) == LARGE_BYTES


def busy(server: Server, stack: ExitStack) -> socket.socket:
    """A connection whose request the application has begun to work on."""
    connection = stack.enter_context(server.connect())
    connection.sendall(b"PATCH /uploads/1 HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n")
    assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
    return connection


def test_where_all_are_being_answered_one_more_is_told_when_to_come_again(small: Server) -> None:
    with ExitStack() as stack:
        working = [busy(small, stack) for _ in range(FEW)]
        refused = small.ask(b"")
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 2\r\n" in refused
        assert "连接过多".encode() in refused
        for connection in working:
            connection.sendall(b"012345678")
            assert read_answer(connection).endswith(b"9")
    assert small.ask(b"GET / HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n").startswith(b"HTTP/1.1 200 ")


def test_who_asks_for_nothing_makes_room_the_longest_first(small: Server) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(small.connect()) for _ in range(2)]
        # By an answer it is known that those before it were accepted.
        for connection in idle:
            connection.sendall(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
            read_answer(connection)
        working = [busy(small, stack) for _ in range(FEW - 1)]
        assert read_to_end(idle[0]) == b""
        idle[1].sendall(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        assert read_answer(idle[1]).startswith(b"HTTP/1.1 200 ")
        assert len(working) == FEW - 1
