"""Whoever has more to send waits for his turn; what has just come in does not wait for all of them."""

from __future__ import annotations

import asyncio

from api.http.playback.going_on import GoingOn


def test_few_go_on_between_two_looks_at_the_network_and_each_in_turn() -> None:
    async def run() -> tuple[list[int], list[int]]:
        going_on, order, at_once = GoingOn(), [], []

        async def send(number: int) -> None:
            for _ in range(5):
                await going_on.turn()
                order.append(number)

        async def look() -> None:
            while len(order) < 50:
                before = len(order)
                await asyncio.sleep(0)
                at_once.append(len(order) - before)

        await asyncio.wait_for(asyncio.gather(*(send(number) for number in range(10)), look()), 10)
        return order, at_once

    order, at_once = asyncio.run(run())
    assert order == list(range(10)) * 5
    assert max(at_once) <= 3


def test_who_has_gone_takes_nobody_s_turn() -> None:
    async def run() -> int:
        going_on = GoingOn()
        gone = [asyncio.ensure_future(going_on.turn()) for _ in range(100)]
        await asyncio.sleep(0)
        for each in gone:
            each.cancel()
        last, looks = asyncio.ensure_future(going_on.turn()), 0
        while not last.done():
            await asyncio.sleep(0)
            looks += 1
        return looks

    assert asyncio.run(run()) < 10
