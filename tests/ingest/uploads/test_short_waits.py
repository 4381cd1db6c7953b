"""A wait ends by being woken or by its own time, whatever the waits before it left behind."""

from __future__ import annotations

import asyncio
import time

import pytest

from ingest.uploads.short_waits import ShortWaits
from ingest.uploads.threads import Threads

LONG, SHORT = 30.0, 0.05


async def seconds_of(wait: ShortWaits, seconds: float, woken_after: float | None = None) -> float:
    began = time.monotonic()
    if woken_after is not None:
        asyncio.get_running_loop().call_later(woken_after, wait.wake)
    await wait.wait(seconds)
    return time.monotonic() - began


def test_a_wait_ends_when_woken_or_when_its_time_is_over() -> None:
    async def waits() -> None:
        wait = ShortWaits()
        assert await seconds_of(wait, SHORT) >= SHORT
        assert await seconds_of(wait, LONG, woken_after=0.01) < LONG / 10
        wait.wake()  # nobody waits: it is not kept for the next one
        assert SHORT <= await seconds_of(wait, SHORT) < LONG / 10

    asyncio.run(waits())


def test_the_timer_of_a_wait_that_was_woken_does_not_end_the_next_one_too_soon_nor_too_late() -> None:
    async def waits() -> None:
        wait = ShortWaits()
        await seconds_of(wait, 0.04, woken_after=0.01)
        assert await seconds_of(wait, 0.3) >= 0.3
        assert not [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]

    asyncio.run(waits())


def test_a_wait_that_was_cancelled_leaves_the_next_one_alone() -> None:
    async def waits() -> None:
        wait = ShortWaits()
        waiting = asyncio.create_task(wait.wait(LONG))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await seconds_of(wait, LONG, woken_after=0.01) < LONG / 10

    asyncio.run(waits())


def test_two_do_not_wait_at_once() -> None:
    async def waits() -> None:
        wait = ShortWaits()
        first = asyncio.create_task(wait.wait(LONG))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="waits here already"):
            await wait.wait(LONG)
        wait.wake()
        await first

    asyncio.run(waits())


def test_what_a_thread_gives_or_raises_comes_to_the_loop_and_runs_to_its_end_when_nobody_waits() -> None:
    def fails() -> int:
        raise OSError("the disk")

    def takes_its_time() -> None:
        time.sleep(SHORT)
        ended.append(True)

    ended: list[bool] = []

    async def work() -> None:
        threads = Threads()
        assert await threads.on_disk(lambda: 7) == 7
        with pytest.raises(OSError, match="the disk"):
            await threads.in_catalog(fails)
        waiting = asyncio.create_task(threads.on_disk(takes_its_time))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.sleep(4 * SHORT)

    asyncio.run(work())
    assert ended == [True]
