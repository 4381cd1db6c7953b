"""Bodies give way to sealing: an eighth of a processor while it is shown, and all there is otherwise."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from ingest.sealing_sign import is_sealing_shown, sealing_shown
from ingest.uploads.giving_way import PART, WINDOW_SECONDS, GivingWay
from ingest.uploads.held import HeldUpload
from ingest.uploads.reception import BlockShares, BodyReception
from ingest.uploads.request import Request
from tests.ingest.uploads.serving import small_limits
from tests.ingest.uploads.test_reception import PIECE_BYTES, PIECES, Held


class Process:
    """Plays one whose clock and use of processors stand where they are put."""

    def __init__(self, sealing: bool) -> None:
        self.now, self.used, self.sealing, self.asked = 100.0, 7.0, sealing, 0

    def way(self) -> GivingWay:
        return GivingWay(self.is_sealing, lambda: self.now, lambda: self.used)

    def is_sealing(self) -> bool:
        self.asked += 1
        return self.sealing


def test_nobody_waits_where_nothing_large_is_being_sealed() -> None:
    process = Process(sealing=False)
    way = process.way()
    for _ in range(10):
        process.used += 1
        assert way.pause_seconds() == 0


def test_who_has_used_his_part_of_a_window_waits_for_the_next_one() -> None:
    process = Process(sealing=True)
    way = process.way()
    assert way.pause_seconds() == 0
    process.now, process.used = process.now + 0.01, process.used + PART * WINDOW_SECONDS * 0.9
    assert way.pause_seconds() == 0
    process.used += PART * WINDOW_SECONDS * 0.2
    assert way.pause_seconds() == pytest.approx(WINDOW_SECONDS - 0.01)
    process.now += 2 * WINDOW_SECONDS
    assert way.pause_seconds() == 0


def test_it_is_asked_once_a_window_whether_anything_is_sealed() -> None:
    process = Process(sealing=True)
    way = process.way()
    process.used += 1
    for _ in range(5):
        way.pause_seconds()
    assert process.asked == 1
    process.sealing, process.now = False, process.now + 2 * WINDOW_SECONDS
    assert (way.pause_seconds(), process.asked) == (0, 2)


def test_the_sign_stands_as_long_as_anybody_shows_it(tmp_path: Path) -> None:
    assert not is_sealing_shown(tmp_path)
    with sealing_shown(tmp_path):
        with sealing_shown(tmp_path):
            assert is_sealing_shown(tmp_path)
        assert is_sealing_shown(tmp_path)
    assert not is_sealing_shown(tmp_path)
    assert not list(tmp_path.iterdir()), "nothing is left behind"


def test_sealing_goes_on_where_the_sign_cannot_be_shown(tmp_path: Path) -> None:
    with sealing_shown(tmp_path / "gone"):
        assert not is_sealing_shown(tmp_path / "gone")


@pytest.mark.parametrize(("body_bytes", "waits"), [(PIECES * PIECE_BYTES, True), (PIECE_BYTES, False)])
def test_a_long_body_waits_and_loses_nothing_and_a_short_one_does_not_wait(body_bytes: int, waits: bool) -> None:
    left, asked = body_bytes, 0

    def pause_seconds() -> float:
        nonlocal asked
        asked += 1
        return 0.001

    async def receive() -> dict[str, Any]:
        nonlocal left
        left -= PIECE_BYTES
        return {"type": "http.request", "body": bytes(PIECE_BYTES), "more_body": left > 0}

    async def nothing() -> None: ...

    async def take(disk: ThreadPoolExecutor, held: Held) -> None:
        length = str(body_bytes).encode()
        request = Request({"method": "PATCH", "path": "/", "headers": [(b"content-length", length)]}, receive)
        shares = BlockShares(pause_seconds)
        reception = BodyReception(request, cast("HeldUpload", held), small_limits(), disk, shares, nothing)
        await reception.take()
        await reception.settle(refused=False)

    held = Held()
    with ThreadPoolExecutor(1) as disk:
        started = time.monotonic()
        asyncio.run(take(disk, held))
        took_seconds = time.monotonic() - started
    assert sum(held.blocks) == body_bytes
    assert (asked > 0) is waits
    assert took_seconds >= asked * 0.001
