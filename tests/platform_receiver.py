"""A city's platform in a thread: a real server on loopback that takes, refuses, breaks off, drips, or says nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from api.platform_client import HttpPlatform

Answer = Callable[["Handler"], None]


@dataclass(frozen=True)
class Asked:
    """A request as it came. `is_whole`: the body is what its digest says."""

    path: str
    headers: Mapping[str, str]
    body: Any
    is_whole: bool


class Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        is_whole = self.headers["Content-Digest"] == f"sha-256=:{digest}:"
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.receiver.asked.append(Asked(self.path, headers, json.loads(body), is_whole))
        with suppress(OSError):
            self.receiver.next_answer()(self)

    def log_message(self, *_: Any) -> None:
        pass


class Receiver:
    """`answers` are given in turn, the last one for good."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self._answers, self._lock = list(answers), threading.Lock()
        self.asked: list[Asked] = []
        self.over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"receiver": self}))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}/v1/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def platform(self, token: str | None = "geheim", timeout_seconds: float = 5.0) -> HttpPlatform:
        return HttpPlatform(self.url, token, timeout_seconds)

    def next_answer(self) -> Answer:
        with self._lock:
            return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def says(status: int, said: bytes = b"", **headers: str) -> Answer:
    """A whole answer; `retry_after="9"` is the header Retry-After."""

    def answer(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(said)))
        handler.end_headers()
        handler.wfile.write(said)

    return answer


def takes(receipt: str = "CQ-2026-1") -> Answer:
    return says(201, json.dumps({"receipt": receipt}).encode())


def says_nothing(handler: Handler) -> None:
    handler.receiver.over.wait(30)


def drips(handler: Handler) -> None:
    """A byte of a header now and then, and never the last one."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.receiver.over.wait(0.05):
        handler.wfile.write(b"a")


def resets(handler: Handler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def breaks_off(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")


def speaks_something_else(handler: Handler) -> None:
    handler.wfile.write(b"SSH-2.0-platform\r\n")


def goes_on_and_on(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not handler.receiver.over.is_set():
        handler.wfile.write(b"a" * 65536)
