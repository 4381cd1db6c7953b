"""Players for a measurement: each asks for one range after the other over a connection of its own.

    python -m api.bench.storage.players < JSON      an Order; prints what a Played says, as JSON

As little as can be between the socket and nowhere, so that it is the server that is measured: one loop for all, what
comes is read into one buffer. Each answer has to be the range that was asked for; `checked`, its bytes are held against
the file's as well.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

SILENT_SECONDS: Final = 60.0
_BUFFER_BYTES = 1 << 20
_MOST_HEAD_BYTES = 64 << 10


@dataclass(frozen=True)
class Order:
    """What is asked of 127.0.0.1:`port`. `headers`: of each player, lines with their ends; `spans`: of each player the
    first bytes of what he asks for, in order, each of `span_bytes`. `film`: the plaintext, `film_bytes` long."""

    port: int
    path: str
    headers: Sequence[str]
    spans: Sequence[Sequence[int]]
    span_bytes: int
    film: str
    film_bytes: int
    checked: bool = False


@dataclass(frozen=True)
class Played:
    """`seconds` from the first request to the last byte; `first_byte_seconds` of every request."""

    seconds: float
    first_byte_seconds: Sequence[float]


class _Player:
    """HTTP/1.1 with just as much understanding as this needs. Raises RuntimeError for any answer but the right one."""

    def __init__(self, order: Order, number: int, film: int) -> None:
        self._order, self._film = order, film
        self._left = list(order.spans[number])
        self._common = f"Host: 127.0.0.1:{order.port}\r\n{order.headers[number]}"
        self.socket = socket.create_connection(("127.0.0.1", order.port), timeout=SILENT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.first_byte_seconds: list[float] = []
        self._head, self._body_left, self._waits = b"", 0, False
        self._sha256 = hashlib.sha256()

    def ask(self) -> bool:
        """The next range; False where there is none."""
        if not self._left:
            return False
        first, last = self._span()
        head = f"GET {self._order.path} HTTP/1.1\r\n{self._common}Range: bytes={first}-{last}\r\n\r\n"
        self._head, self._body_left, self._waits = b"", last - first + 1, True
        self._sha256 = hashlib.sha256()
        self._asked_at = time.perf_counter()
        self.socket.sendall(head.encode())
        return True

    def take(self, buffer: memoryview) -> bool:
        """What has come; False once that was all of the last range."""
        got = self.socket.recv_into(buffer)
        if not got:
            raise RuntimeError("the server closed the connection")
        body = self._after_head(buffer[:got])
        if body:
            if self._waits:
                self.first_byte_seconds.append(time.perf_counter() - self._asked_at)
                self._waits = False
            if len(body) > self._body_left:
                raise RuntimeError("more came than was asked for")
            if self._order.checked:
                self._sha256.update(body)
            self._body_left -= len(body)
        if self._waits or self._body_left:
            return True
        self._end_span()
        return self.ask()

    def _after_head(self, view: memoryview) -> memoryview:
        if not self._waits or self._head.endswith(b"\r\n\r\n"):
            return view
        before = len(self._head)
        seen = self._head + bytes(view)
        end = seen.find(b"\r\n\r\n")
        if end < 0:
            if len(seen) > _MOST_HEAD_BYTES:
                raise RuntimeError("the answer has no end of its head")
            self._head = seen
            return view[:0]
        self._head = seen[: end + 4]
        self._require_head()
        return view[end + 4 - before :]

    def _require_head(self) -> None:
        status, *lines = self._head.decode("latin-1").strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        first, last = self._span()
        span = f"bytes {first}-{last}/{self._order.film_bytes}"
        if status.split()[1] != "206" or headers.get("content-range") != span:
            raise RuntimeError(f"{span} was asked for: {status}, {headers}")
        if headers.get("content-length") != str(last - first + 1):
            raise RuntimeError(f"{span} is not as long as it should be: {headers}")

    def _end_span(self) -> None:
        first, last = self._span()
        self._left.pop(0)
        if self._order.checked:
            expected = hashlib.sha256(os.pread(self._film, last - first + 1, first)).digest()
            if self._sha256.digest() != expected:
                raise RuntimeError(f"bytes {first} to {last} are not those of the film")

    def _span(self) -> tuple[int, int]:
        first = self._left[0]
        return first, min(first + self._order.span_bytes, self._order.film_bytes) - 1


def play(order: Order) -> Played:
    """All of it. Raises RuntimeError, OSError."""
    with ExitStack() as undo:
        film = os.open(order.film, os.O_RDONLY | os.O_CLOEXEC)
        undo.callback(os.close, film)
        selector = undo.enter_context(selectors.DefaultSelector())
        players = [_Player(order, number, film) for number, spans in enumerate(order.spans) if spans]
        for player in players:
            undo.callback(player.socket.close)
            selector.register(player.socket, selectors.EVENT_READ, player)
        started = time.perf_counter()
        for player in players:
            player.ask()
        _play_to_the_end(selector)
        seconds = time.perf_counter() - started
    return Played(seconds, [each for player in players for each in player.first_byte_seconds])


def _play_to_the_end(selector: selectors.BaseSelector) -> None:
    buffer = memoryview(bytearray(_BUFFER_BYTES))
    while playing := len(selector.get_map()):
        ready = selector.select(SILENT_SECONDS)
        if not ready:
            raise RuntimeError(f"nothing came for {SILENT_SECONDS:.0f} seconds, of {playing} players")
        for key, _ in ready:
            if not key.data.take(buffer):
                selector.unregister(key.fileobj)


if __name__ == "__main__":
    print(json.dumps(dataclasses.asdict(play(Order(**json.load(sys.stdin))))))
