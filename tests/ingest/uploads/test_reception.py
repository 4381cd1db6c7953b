"""What all bodies together keep in memory."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from ingest.uploads.contract import UploadLimits
from ingest.uploads.reception import BodyReception
from ingest.uploads.request import Request
from ingest.uploads.staging import HeldUpload

PIECE = b"x" * 65536
PIECES = 64


class Held:
    """Plays an upload whose bytes go nowhere; notes how much came at once."""

    declared_length, offset, has_open_bytes = PIECES * len(PIECE), 0, True

    def __init__(self) -> None:
        self.blocks: list[int] = []

    def append(self, pieces: list[bytes]) -> None:
        self.blocks.append(sum(map(len, pieces)))

    def keep(self) -> None: ...

    def close_bytes(self) -> None: ...

    def check_newest(self) -> None: ...


def blocks_of(bodies: int) -> list[list[int]]:
    """The sizes of the blocks written, for each of so many bodies that arrive at the same time."""

    async def take(disk: ThreadPoolExecutor) -> list[int]:
        came = 0

        async def receive() -> dict[str, Any]:
            nonlocal came
            await asyncio.sleep(0)  # everybody else's turn; a wait that is broken off loses nothing
            came += 1
            return {"type": "http.request", "body": PIECE, "more_body": came < PIECES}

        async def ask_again() -> None: ...

        held = Held()
        request = Request({"method": "PATCH", "path": "/", "headers": []}, receive)
        reception = BodyReception(request, cast("HeldUpload", held), UploadLimits(), disk, ask_again)
        await reception.take()
        await reception.settle(refused=False)
        assert sum(held.blocks) == PIECES * len(PIECE)
        return held.blocks

    async def run() -> list[list[int]]:
        with ThreadPoolExecutor(2) as disk:
            return await asyncio.gather(*(take(disk) for _ in range(bodies)))

    return asyncio.run(run())


def test_one_body_is_written_in_large_blocks():
    assert set(blocks_of(1)[0]) - {0} == {1 << 20}


def test_many_bodies_together_hold_no_more_than_a_few():
    for blocks in blocks_of(64):
        assert max(blocks[:8]) <= 128 << 10
