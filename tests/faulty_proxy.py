"""An HTTP proxy before an S3 server that breaks what it is told to break, before or after the server has done it."""

from __future__ import annotations

import http.client
import random
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.servers import ServingThread

PASS = "pass"
REFUSED = "503"
RESET_BEFORE, RESET_AFTER = "reset before", "reset after"
SILENT_BEFORE, SILENT_AFTER = "silent before", "silent after"
HALF = "half a body"
FAILED_AFTER = "503 after"
SAYS = "403 "
"""And then the code of the error that a server would say."""
OTHER_BYTE = "another byte"
"""What is sent on differs in one byte of its body from what came."""
TAKEN = "412"
"""What a server answers that honours If-None-Match."""

FAULTS = (REFUSED, RESET_BEFORE, RESET_AFTER, SILENT_BEFORE, SILENT_AFTER, HALF, FAILED_AFTER)
SILENT_SECONDS = 3.0
"""Longer than those who are tried wait."""

_UNSIGNED = "UNSIGNED-PAYLOAD"
_SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate</Message></Error>"
)

_PRECONDITION = b"<?xml version='1.0'?><Error><Code>PreconditionFailed</Code><Message>It is there</Message></Error>"


class FaultyProxy:
    """`choose` is asked once a request, with its method and path, and says what becomes of it."""

    def __init__(self, upstream: str, tls: ssl.SSLContext | None = None) -> None:
        self.upstream = urlsplit(upstream)
        self.choose: Callable[[str, str], str] = lambda method, path: PASS
        self.asked: list[tuple[str, str]] = []
        self.digests: list[set[str]] = []
        """Of each request with a body: the headers with a digest of it."""
        self._scheme = "http" if tls is None else "https"
        self._server = _Server(("127.0.0.1", 0), _Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._server.proxy = self

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def decide(self, method: str, path: str) -> str:
        self.asked.append((method, path))
        return self.choose(method, path)

    @contextmanager
    def serving(self) -> Iterator[FaultyProxy]:
        with ServingThread(self._server):
            yield self


def now_and_then(seed: int, *, one_in: int) -> Callable[[str, str], str]:
    """One fault of any kind in so many requests; those that make everybody wait are rarer."""
    chance, lock = random.Random(seed), threading.Lock()

    def choose(method: str, path: str) -> str:
        with lock:
            if chance.randrange(one_in):
                return PASS
            fault = chance.choice(FAULTS)
            return REFUSED if fault in (SILENT_BEFORE, SILENT_AFTER) and chance.randrange(4) else fault

    return choose


def only(number: int, fault: str) -> Callable[[str, str], str]:
    """The request of that number, from 0, and no other."""
    seen, lock = [0], threading.Lock()

    def choose(method: str, path: str) -> str:
        with lock:
            seen[0] += 1
            return fault if seen[0] == number + 1 else PASS

    return choose


def _digests_in(headers: Iterable[tuple[str, str]]) -> set[str]:
    said = {name.lower(): value for name, value in headers}
    return {name for name in ("content-md5", "x-amz-content-sha256") if said.get(name, _UNSIGNED) != _UNSIGNED}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    proxy: FaultyProxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if body:
            self.server.proxy.digests.append(_digests_in(self.headers.items()))
        fault = self.server.proxy.decide(self.command, self.path)
        if fault == REFUSED:
            self._send(503, {"Content-Type": "application/xml"}, _SLOW_DOWN)
            return
        if fault.startswith(SAYS):
            said = f"<?xml version='1.0'?><Error><Code>{fault.removeprefix(SAYS)}</Code></Error>"
            self._send(403, {"Content-Type": "application/xml"}, said.encode())
            return
        if fault == TAKEN:
            self._send(412, {"Content-Type": "application/xml"}, _PRECONDITION)
            return
        if fault == RESET_BEFORE:
            self._reset()
            return
        if fault == SILENT_BEFORE:
            self._be_silent()
            return
        if fault == OTHER_BYTE and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        status, headers, answer = self._forward(body)
        if fault == RESET_AFTER:
            self._reset()
        elif fault == SILENT_AFTER:
            self._be_silent()
        elif fault == FAILED_AFTER:
            self._send(503, {"Content-Type": "application/xml"}, _SLOW_DOWN)
        elif fault == HALF and answer:
            self._send(status, headers, answer, len(answer) // 2)
            self._reset()
        else:
            self._send(status, headers, answer)

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        upstream = self.server.proxy.upstream
        connection = http.client.HTTPConnection(upstream.hostname or "", upstream.port, timeout=60)
        try:
            # What was signed goes on as it came, the host's name too.
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "connection":
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            left_out = ("connection", "transfer-encoding", "content-length", "keep-alive")
            headers = {name: value for name, value in answer.getheaders() if name.lower() not in left_out}
            if self.command == "HEAD":
                headers["Content-Length"] = answer.getheader("Content-Length") or "0"
            return answer.status, headers, answer.read()
        finally:
            connection.close()

    def _send(self, status: int, headers: dict[str, str], body: bytes, sent_bytes: int | None = None) -> None:
        with suppress(OSError):
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if self.command != "HEAD" and status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[:sent_bytes])

    def _be_silent(self) -> None:
        time.sleep(SILENT_SECONDS)
        self._reset()

    def _reset(self) -> None:
        with suppress(OSError):
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        with suppress(OSError):
            self.connection.close()

    def log_message(self, *_: object) -> None:
        pass

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815  the standard library's names
