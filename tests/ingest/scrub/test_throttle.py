"""No more is read in any span of time than was allowed in it."""

from __future__ import annotations

import random

import pytest

from ingest.objects.look import PIECE_BYTES
from ingest.objects.throttle import Throttle


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("rate", [100 << 10, 1 << 20, 32 << 20, 500 << 20])
def test_what_is_read_stays_within_the_rate(rate: int) -> None:
    clock, chance = Clock(), random.Random(rate)
    throttle = Throttle(rate, 2.0, clock)
    read: list[tuple[float, int]] = []
    while clock.now < 600:
        allowed = throttle.allowed()
        if not allowed:
            clock.now += throttle.seconds_to_wait() + 1e-6
            continue
        done = max(PIECE_BYTES, allowed // PIECE_BYTES * PIECE_BYTES)
        throttle.spend(done)
        read.append((clock.now, done))
        clock.now += chance.random() * 3
    total = sum(size for _, size in read)
    assert total <= rate * 600 + PIECE_BYTES
    # And it gets most of what it may have, for as long as it comes in time.
    assert total >= rate * 600 * 0.7


def test_what_was_not_read_is_not_made_up_for() -> None:
    clock = Clock()
    throttle = Throttle(10 << 20, 2.0, clock)
    clock.now = 3600.0
    assert throttle.allowed() == 20 << 20


def test_without_a_limit_nothing_waits() -> None:
    throttle = Throttle(None, 2.0, Clock())
    throttle.spend(1 << 50)
    assert throttle.allowed() > 0
    assert throttle.seconds_to_wait() == 0.0
