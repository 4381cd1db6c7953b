"""Clients for a measurement: each sends one file after the other over a connection of its own, POST and PATCH.

    python -m api.bench.upload_clients JSON     {"port", "token", "clients", "files", "source", "unique"}

As little as can be between the file and the socket, so that it is the server that is measured: `source` goes by
sendfile(2), or, for small ones that must each be another file, `unique` first writes a number into a copy of it.
Prints the seconds from the first request to the last answer.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

NUMBER_AT = 24
"""Where the number goes: within the comment that `make_picture` of upload_files.py begins a picture with."""
NUMBER_BYTES = 16


@dataclass(frozen=True)
class Order:
    """What is to be sent where. `files` in all, by `clients` at once."""

    port: int
    token: str
    clients: int
    files: int
    source: str
    unique: bool = False


class Connection:
    """HTTP/1.1 with just as much understanding as this needs. Raises RuntimeError for any answer but the right one."""

    def __init__(self, port: int, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._common = f"Host: 127.0.0.1:{port}\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer {token}\r\n"
        self._rest = b""

    def create(self, length: int) -> str:
        head = f"POST /uploads HTTP/1.1\r\n{self._common}Upload-Length: {length}\r\nContent-Length: 0\r\n\r\n"
        self._socket.sendall(head.encode())
        return urlsplit(self._answer(201)["location"]).path

    def begin(self, path: str, length: int) -> None:
        head = (
            f"PATCH {path} HTTP/1.1\r\n{self._common}Upload-Offset: 0\r\n"
            f"Content-Type: application/offset+octet-stream\r\nContent-Length: {length}\r\n\r\n"
        )
        self._socket.sendall(head.encode())

    def send_file(self, path: str, descriptor: int, length: int) -> None:
        self.begin(path, length)
        sent = 0
        while sent < length:
            sent += self.send_part(descriptor, sent, length - sent)
        self.finish()

    def send_part(self, descriptor: int, start: int, most_bytes: int) -> int:
        """Some of a long body; how much."""
        return os.sendfile(self._socket.fileno(), descriptor, start, most_bytes)

    def send_rest(self, content: bytes | bytearray) -> None:
        self._socket.sendall(content)

    def finish(self) -> None:
        self._answer(204)

    def send_bytes(self, path: str, content: bytes | bytearray) -> None:
        self.begin(path, len(content))
        self.send_rest(content)
        self.finish()

    def close(self) -> None:
        self._socket.close()

    def _answer(self, wanted: int) -> dict[str, str]:
        head, _, self._rest = self._until(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if int(status.split()[1]) != wanted:
            raise RuntimeError(f"{status}: {lines} {self._rest[:500]!r}")
        if headers.get("transfer-encoding") == "chunked":
            _, _, self._rest = self._until(b"0\r\n\r\n")
        elif headers.get("content-length", "0") != "0":
            raise RuntimeError(f"an answer with a body: {lines}")
        return headers

    def _until(self, mark: bytes) -> tuple[bytes, bytes, bytes]:
        while mark not in self._rest:
            more = self._socket.recv(65536)
            if not more:
                raise RuntimeError("the server closed the connection")
            self._rest += more
        return self._rest.partition(mark)


def send_all(order: Order) -> float:
    """Seconds until the last of them is answered. Raises what the first client that fails raises."""
    numbers = iter(range(order.files))
    failures: list[BaseException] = []
    base = time.time_ns() if order.unique else 0

    def run() -> None:
        try:
            _send_some(order, numbers, base)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(order.clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.perf_counter() - started


def _send_some(order: Order, numbers: Iterator[int], base: int) -> None:
    connection = Connection(order.port, order.token)
    descriptor = os.open(order.source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        length = os.fstat(descriptor).st_size
        content = bytearray(Path(order.source).read_bytes()) if order.unique else bytearray()
        # `next` on one iterator is atomic: each number goes to one client.
        for number in numbers:
            path = connection.create(length)
            if order.unique:
                content[NUMBER_AT : NUMBER_AT + NUMBER_BYTES] = f"{base + number:016x}".encode()[-NUMBER_BYTES:]
                connection.send_bytes(path, content)
            else:
                connection.send_file(path, descriptor, length)
    finally:
        os.close(descriptor)
        connection.close()


if __name__ == "__main__":
    print(send_all(Order(**json.loads(sys.argv[1]))))
