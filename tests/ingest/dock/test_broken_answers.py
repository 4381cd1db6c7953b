"""An archive that answers a byte now and then, for ever, or nonsense: that is said, given up, and ended by TERM."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.dock import errors, waits
from ingest.dock.answers import Reply, retry_after_of
from ingest.dock.archive import Archive
from ingest.dock.clock import ServerClock
from ingest.dock.connection import Connection
from integrity.keys import SigningKey

Answering = Callable[[socket.socket], None]


def _drip_head(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 201 Created\r\nX: ")
    while True:
        time.sleep(0.1)
        peer.sendall(b"x")


def _drip_body(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        time.sleep(0.1)
        peer.sendall(b"x")


def _continue(peer: socket.socket) -> None:
    while True:
        time.sleep(0.1)
        peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def _say_nothing(peer: socket.socket) -> None:
    while peer.recv(65536):
        pass


ODD_ANSWERS = [_drip_head, _drip_body, _continue, _say_nothing]


class OddArchive:
    """Its receipt key is as it should be; what else it answers is `answering`'s."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._key = SigningKey.generate()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def token(self) -> str:
        pin = base64.urlsafe_b64encode(bytes.fromhex(self._key.key_id)).decode().rstrip("=")
        return f"lhs1.{'s' * 43}.{pin}"

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                peer = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer, peer.makefile("rb") as said:
            try:
                while line := said.readline():
                    length = 0
                    while header := said.readline().strip().lower():
                        if header.startswith(b"content-length:"):
                            length = int(header.split(b":")[1])
                    said.read(length)
                    self.asked.append(line)
                    if b"/keys/receipt" in line:
                        pem = self._key.public.pem
                        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(pem), pem))
                    else:
                        self._answering(peer)
            except OSError:
                pass


@pytest.fixture(params=ODD_ANSWERS, ids=lambda answering: answering.__name__.strip("_"))
def odd(request: pytest.FixtureRequest) -> Iterator[OddArchive]:
    archive = OddArchive(request.param)
    yield archive
    archive.close()


def _docking(odd: OddArchive, folder: Path, *options: str) -> subprocess.Popen[str]:
    card, token = folder / "card", folder / "token"
    card.mkdir()
    for number in range(4):
        (card / f"{number}.mp4").write_bytes(os.urandom(1000))
    token.write_text(odd.token)
    token.chmod(0o600)
    program = "from api.cli.dock import app; app()"
    words = [
        str(card),
        "--json",
        "--station-token-file",
        str(token),
        "--url",
        odd.url,
        "--state",
        str(folder / "notes"),
    ]
    return subprocess.Popen(
        [sys.executable, "-c", program, *words, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _events(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_an_answer_without_end_is_told_and_given_up(odd: OddArchive, tmp_path: Path) -> None:
    agent = _docking(odd, tmp_path, "--give-up-after", "3")
    try:
        output, _ = agent.communicate(timeout=30)
    finally:
        agent.kill()
    events = _events(output)
    assert agent.returncode == 1
    assert {event["kind"] for event in events if event["event"] == "left"} == {"NoProgress"}
    assert [event for event in events if event["event"] == "archive_away"]
    assert events[-1]["event"] == "summary"
    assert len(events[-1]["files"]) == 4


def test_term_ends_the_agent_within_seconds_whatever_it_waits_for(odd: OddArchive, tmp_path: Path) -> None:
    agent = _docking(odd, tmp_path)
    try:
        until = time.monotonic() + 30
        while not any(line.startswith(b"POST /uploads ") for line in odd.asked):
            assert time.monotonic() < until
            time.sleep(0.05)
        agent.send_signal(signal.SIGTERM)
        began = time.monotonic()
        output, _ = agent.communicate(timeout=30)
    finally:
        agent.kill()
    assert time.monotonic() - began < 10
    assert _events(output)[-1]["event"] == "summary"
    assert _events(output)[-1]["stopped"]["kind"] == "Interrupted"


@pytest.fixture
def silent_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def _interrupted_in(url: str, tls: ssl.SSLContext | None = None) -> float:
    """Seconds from the stop to the end of a request that nobody answers."""
    stop = threading.Event()
    connection = Connection(url, None, tls, stop)
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    with pytest.raises(errors.Interrupted):
        connection.ask("GET", "/api/v1/keys/receipt")
    connection.close()
    return time.monotonic() - began - 0.3


def test_a_stop_ends_the_wait_for_encryption_and_for_a_connection(
    silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _interrupted_in(f"https://127.0.0.1:{silent_port}") < 5
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(30))
    assert _interrupted_in("http://archive.invalid") < 5


def test_a_body_of_which_nothing_goes_is_given_up(silent_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "_LEAST_SENT_IN_SECONDS", 0.5)
    connection = Connection(f"http://127.0.0.1:{silent_port}", None)
    body = bytes(32 << 20)
    with pytest.raises(errors.TryAgain) as late:
        connection.request("PATCH", "/uploads/0", {}, body, lambda whole: [whole])
    connection.close()
    assert late.value.is_away
    assert "未及时应答" in late.value.words.zh


def test_an_answer_that_comes_in_its_time_is_whole_however_small_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_pieces(peer: socket.socket) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nA: b\r\nA: c\r\nContent-Length: 3\r\n\r\nyes":
            peer.sendall(bytes([byte]))

    odd = OddArchive(in_pieces)
    connection = Connection(odd.url, None)
    for _ in range(2):
        reply = connection.tell("/any", b"{}")
        assert (reply.status, reply.headers["a"], reply.body) == (200, "b, c", b"yes")
    connection.close()
    odd.close()


DATES = ["Mon, 1 Jan 99999999999999999999 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "x", "", "1 Jan 0001 -2359"]


@pytest.mark.parametrize("date", [*DATES, "Fri, 31 Dec 9999 23:59:59 -2300"])
def test_dates_that_no_calendar_has_are_no_dates(date: str) -> None:
    assert 0 <= retry_after_of(Reply(503, {"retry-after": date}, b"")) <= 300
    clock = ServerClock()
    assert not clock.learn_date(date)
    assert clock.read() is None
    assert clock.now().year < 9000


@pytest.mark.parametrize(
    "said", ["9999-12-31T23:59:59.9+00:00", "0001-01-01T00:00:00+23:00", "x", "2026-01-01T00:00:00"]
)
def test_a_time_that_can_be_no_clocks_is_an_answer_that_cannot_be_read(said: str) -> None:
    def answer(peer: socket.socket) -> None:
        body = json.dumps({"server_time": said}).encode()
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    odd = OddArchive(answer)
    archive = Archive(odd.url, None)
    with pytest.raises(errors.TryAgain) as unreadable:
        archive.send_report({})
    assert "无法读取" in unreadable.value.words.zh
    assert archive.clock.read() is None
    assert abs((archive.clock.now() - datetime.now(UTC)).total_seconds()) < 5
    archive.close()
    odd.close()


def test_retry_after_beyond_the_calendar_is_waited_out_and_all_is_received(docking: Any, archive: Any) -> None:
    refused: list[str] = []

    def before(method: str, path: str) -> tuple[int, dict[str, str], bytes] | None:
        if method == "POST" and path == "/uploads" and len(refused) < 2:
            refused.append(path)
            return 503, {"Retry-After": DATES[0]}, b""
        return None

    archive.before = before
    docking.write("a.mp4", b"x" * 100)
    assert docking.run().complete


def test_an_archive_that_takes_nothing_and_says_so_is_asked_again_with_pauses_and_given_up(
    docking: Any, archive: Any
) -> None:
    def before(method: str, path: str) -> tuple[int, dict[str, str], bytes] | None:
        return (204, {"Upload-Offset": "0"}, b"") if method == "PATCH" else None

    archive.before = before
    docking.write("a.mp4", b"x" * 100)
    result = docking.run(give_up_seconds=1.0)
    (outcome,) = result.outcomes
    assert "the offset '0', expected 1 to 100" in str(outcome.error)
    assert sum(method == "PATCH" for method, _ in archive.requests) < 200, "without a pause there were thousands"
