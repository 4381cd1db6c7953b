"""A body that goes past the parser, and the requests behind it, cut in two at each byte of the stream: the answers are
those of a stream that is not cut, to the same requests, and to no others.

What of a body the parser has seen when its reader asks for the rest, what stands behind its last byte in the same
segment, and where the new parser begins: all of it depends on where TCP cuts. The bodies look like requests.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
import uvloop

from api.engines.http_protocol import BoundedProtocol, _SmallReads
from ingest.uploads.request import Request

PATIENCE_SECONDS = 20.0
TURNS = 20
"""Until whoever waited for a part has taken it."""
BODY = b"GET /smuggled HTTP/1.1\r\nHost: liuhen\r\n\r\n"


def head(path: str, *fields: str) -> bytes:
    return "\r\n".join([f"PATCH {path} HTTP/1.1", "Host: liuhen", *fields, "", ""]).encode()


def counted(path: str, body: bytes) -> bytes:
    return head(path, f"Content-Length: {len(body)}") + body


FIRST = counted("/first", BODY)
STREAM = (
    FIRST
    + counted("/second", BODY[1:])
    + head("/chunked", "Transfer-Encoding: chunked")
    + b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    + counted("/last", b"")
)
BEGINS = len(FIRST) - len(BODY)
BESIDE = (1, 2, len(BODY), len(FIRST))
"""How far behind a cut a second one is: of a segment of a byte or two, and of one as long as a body, or a request: that
may begin in one body and end in the next."""


@dataclass
class Application:
    """Takes each body as `wanted_bytes` at a time, or answers one that is long before it has come to its end."""

    wanted_bytes: int = 1 << 20
    answers_early: bool = False
    is_slow: bool = False
    """It has not asked for the rest of a body when all that follows is here."""
    asked: list[str] = field(default_factory=list)
    went_direct: set[str] = field(default_factory=set)
    """Paths of requests."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        self.asked.append(scope["path"])
        said = scope["path"].encode()
        if self.answers_early:
            await self._take_some(request)
        else:
            said += b" " + await self._take(request)
        if request._direct is not None:
            self.went_direct.add(scope["path"])
        headers = [(b"content-length", str(len(said)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": said})

    async def _take(self, request: Request) -> bytes:
        digest = hashlib.sha256()
        while request.has_body and not request.body_ended:
            assert not request.was_cut
            for piece in await request.next_pieces(self.wanted_bytes, PATIENCE_SECONDS):
                digest.update(piece)
            if self.is_slow:
                await turns(3 * TURNS)
        return digest.hexdigest().encode()

    async def _take_some(self, request: Request) -> None:
        """A beginning, and then no more than what has come by the time it is asked for."""
        if request.has_body:
            await request.next_piece()
        if request.has_body and not request.body_ended:
            await request.next_pieces(1, 0.001)


APPLICATIONS = {
    "at once": Application,
    "slowly": lambda: Application(is_slow=True),
    "byte by byte": lambda: Application(wanted_bytes=1),
    "answered early": lambda: Application(answers_early=True),
}


class Reads:
    """How many bytes the server has read of the one connection there is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.came_bytes = 0
        taken = _SmallReads.buffer_updated

        def buffer_updated(reads: _SmallReads, nbytes: int) -> None:
            self.came_bytes += nbytes
            taken(reads, nbytes)

        monkeypatch.setattr(_SmallReads, "buffer_updated", buffer_updated)

    async def reach(self, size_bytes: int) -> None:
        """And whoever waited for them has had his turn."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.came_bytes < size_bytes:
                await asyncio.sleep(0)
        await turns(TURNS)


async def turns(count: int) -> None:
    """Of everybody else on the loop."""
    for _ in range(count):
        await asyncio.sleep(0)


@asynccontextmanager
async def serving(application: Any) -> AsyncIterator[socket.socket]:
    server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off", http=BoundedProtocol))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        await server.startup([listener])
        try:
            yield listener
        finally:
            server.force_exit = True  # whatever a connection of a test that failed still waits for
            await server.shutdown([listener])


async def answers(listener: socket.socket, parts: Iterable[bytes], count: int, reads: Reads) -> list[bytes]:
    """Of a connection on which the parts come one after the other, each once the server has read the one before."""
    reads.came_bytes, sent_bytes = 0, 0
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        for part in parts:
            await reads.reach(sent_bytes)
            writer.write(part)
            sent_bytes += len(part)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return [await answer(reader) for _ in range(count)]
    finally:
        writer.close()
        await writer.wait_closed()


async def answer(reader: asyncio.StreamReader) -> bytes:
    fields = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
    assert fields[0] == b"http/1.1 200 ok"
    (size,) = (int(field.partition(b":")[2]) for field in fields if field.startswith(b"content-length:"))
    return await reader.readexactly(size)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    monkeypatch.setattr("ingest.uploads.asgi.DIRECT_FROM_BYTES", 1)
    return Reads(monkeypatch)


@pytest.mark.parametrize("make_application", APPLICATIONS.values(), ids=APPLICATIONS)
def test_wherever_the_stream_is_cut_the_same_requests_get_the_same_answers(make_application: Any, reads: Reads) -> None:
    paths = ["/first", "/second", "/chunked", "/last"]
    direct: dict[str, set[int]] = {path: set() for path in paths}

    async def run() -> None:
        served: list[Application] = []

        async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
            await served[-1](scope, receive, send)

        async def answered(*parts: bytes) -> list[bytes]:
            served.append(make_application())
            said = await answers(listener, parts, len(paths), reads)
            assert served[-1].asked == paths, parts
            return said

        async with serving(application) as listener:
            wanted = await answered(STREAM)
            assert [each.split()[0].decode() for each in wanted] == paths
            for cut in range(1, len(STREAM)):
                assert await answered(STREAM[:cut], STREAM[cut:]) == wanted, cut
                for path in served[-1].went_direct:
                    direct[path].add(cut)
                for beside in BESIDE:
                    assert await answered(*cut_at(cut, cut + beside)) == wanted, (cut, beside)
            assert await answered(*cut_at(*range(1, len(STREAM)))) == wanted, "each byte by itself"

    uvloop.run(run())
    # Whoever is slow finds that there is no rest to ask for.
    if not make_application().is_slow:
        assert direct["/first"] == set(range(BEGINS + 1, len(FIRST)))
        assert direct["/second"]
    assert not direct["/chunked"]


def cut_at(*places: int) -> Iterator[bytes]:
    begins = [0, *(place for place in places if place < len(STREAM))]
    return (STREAM[begin:end] for begin, end in zip(begins, [*begins[1:], len(STREAM)], strict=True))
