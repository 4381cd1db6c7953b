"""What all bodies together keep in memory."""

from __future__ import annotations

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
import uvicorn

from api.engines.http_protocol import BoundedProtocol
from ingest.stations.errors import CredentialRefused
from ingest.uploads.asgi import SERVER_BODY
from ingest.uploads.held import HeldUpload
from ingest.uploads.reception import BlockShares, BodyReception
from ingest.uploads.request import Request
from tests.ingest.uploads.serving import small_limits

PIECE_BYTES = 16 << 10
PIECES = 256


class Held:
    """Plays an upload whose bytes go nowhere; notes how much came at once."""

    declared_length, offset, has_open_bytes = PIECES * PIECE_BYTES, 0, True

    def __init__(self) -> None:
        self.blocks: list[int] = []
        self.came_bytes = self.written_bytes = 0
        self.is_writing = False

    def append(self, pieces: list[bytes]) -> None:
        self.is_writing = True
        time.sleep(0.0005)  # everybody else's turn: also of whoever would ask for more meanwhile
        self.blocks.append(sum(map(len, pieces)))
        self.written_bytes += self.blocks[-1]
        self.is_writing = False

    def keep(self) -> None: ...

    def close_bytes(self) -> None: ...

    def check_newest(self) -> None: ...

    def is_asked_to_record(self) -> bool:
        return False


@dataclass
class Bodies:
    """So many that arrive at the same time, of `pieces` pieces each."""

    count: int
    pieces: int = PIECES
    held: list[Held] = field(default_factory=list)
    most_waiting_bytes: int = 0
    """Of all together: what came and was not written yet."""

    def take(self, *, one_at_a_time: bool = False) -> None:
        """`one_at_a_time`: nothing more of a body is to be asked for while a block of it is being written."""
        shares = BlockShares()

        async def take(held: Held, disk: ThreadPoolExecutor) -> None:
            async def receive() -> dict[str, Any]:
                assert not (one_at_a_time and held.is_writing)
                await asyncio.sleep(0)  # everybody else's turn; a wait that is broken off loses nothing
                held.came_bytes += PIECE_BYTES
                waiting_bytes = sum(each.came_bytes - each.written_bytes for each in self.held)
                self.most_waiting_bytes = max(self.most_waiting_bytes, waiting_bytes)
                more = held.came_bytes < self.pieces * PIECE_BYTES
                return {"type": "http.request", "body": bytes(PIECE_BYTES), "more_body": more}

            async def ask_again() -> None: ...

            request = Request({"method": "PATCH", "path": "/", "headers": []}, receive)
            # Nothing is recorded meanwhile, however slow the machine is.
            limits = small_limits(record_offset_seconds=3600)
            reception = BodyReception(request, cast("HeldUpload", held), limits, disk, shares, ask_again)
            await reception.take()
            await reception.settle(refused=False)
            assert held.written_bytes == self.pieces * PIECE_BYTES

        async def run() -> None:
            self.held = [Held() for _ in range(self.count)]
            with ThreadPoolExecutor(2) as disk:
                await asyncio.gather(*(take(held, disk) for held in self.held))

        asyncio.run(run())


def test_one_body_is_written_in_large_blocks_and_as_much_again_is_gathered():
    bodies = Bodies(1)
    bodies.take()
    assert set(bodies.held[0].blocks) - {0} == {1 << 20}
    assert bodies.most_waiting_bytes <= 2 << 20


@pytest.mark.parametrize(("count", "block_bytes"), [(16, 128 << 10), (64, 32 << 10)])
def test_many_bodies_hold_two_mebibytes_together_and_each_no_more_than_its_share(count: int, block_bytes: int):
    bodies = Bodies(count)
    bodies.take()
    # When some are through, the others have more.
    first_half = PIECES * PIECE_BYTES // block_bytes // 2
    assert {size for held in bodies.held for size in held.blocks[:first_half]} == {block_bytes}
    assert bodies.most_waiting_bytes <= 2 << 20


def test_beyond_that_each_further_body_takes_a_least_block_more():
    bodies = Bodies(96, pieces=16)
    bodies.take()
    assert 2 << 20 < bodies.most_waiting_bytes <= 96 * (32 << 10)


def test_of_a_crowd_each_body_waits_for_its_block_to_be_written():
    Bodies(64, pieces=64).take(one_at_a_time=True)


def test_a_connection_that_is_held_back_is_read_no_further_until_more_is_asked_for():
    size_bytes, read_ahead = 16 << 20, []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        got_bytes = 0
        while not request.body_ended:
            got_bytes += len(await request.next_piece())
            request.hold_back()
            await asyncio.sleep(0.002)
            read_ahead.append(len(scope["extensions"][SERVER_BODY].left_behind()))
        assert got_bytes == size_bytes
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    assert _status_of_put(application, size_bytes) == 204
    assert max(read_ahead) == 0


def test_a_slow_disk_does_not_put_off_the_look_at_who_is_sending():
    """A block takes two seconds to be written; the credential is revoked meanwhile."""

    class Slow(Held):
        def append(self, pieces: list[bytes]) -> None:
            time.sleep(2)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": bytes(PIECE_BYTES), "more_body": True}

    async def run() -> float:
        began = time.monotonic()

        async def ask_again() -> None:
            raise CredentialRefused("revoked")

        with ThreadPoolExecutor(2) as disk:
            request = Request({"method": "PATCH", "path": "/", "headers": []}, receive)
            held = cast("HeldUpload", Slow())
            reception = BodyReception(request, held, small_limits(), disk, BlockShares(), ask_again)
            with pytest.raises(CredentialRefused):
                await reception.take()
            return time.monotonic() - began

    assert asyncio.run(run()) < 1.5


def _status_of_put(application: Any, size_bytes: int) -> int:
    """What a real server with this application answers to a body of zeros."""

    def put(port: int) -> int:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            head = f"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: {size_bytes}\r\n\r\n"
            connection.sendall(head.encode() + bytes(size_bytes))
            return int(connection.recv(1000).split()[1])

    async def run() -> int:
        server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off", http=BoundedProtocol))
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            await server.startup([listener])
            status = await asyncio.to_thread(put, listener.getsockname()[1])
            await server.shutdown([listener])
        return status

    return asyncio.run(run())
