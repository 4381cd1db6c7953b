"""How long, and which way a clock is off, as the terminal says it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from ingest.dock.clock import ServerClock
from ingest.dock.durations import clock_off, in_time


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (0, "0 秒", "0 s"), (59.6, "1 分", "1 min"), (125, "2 分 5 秒", "2 min 5 s"), (10800, "3 小时", "3 h"),
        (3725, "1 小时 2 分", "1 h 2 min"), (3 * 86400, "3 天", "3 days"), (571_000_000, "约 18 年", "about 18 years"),
    ],
)  # fmt: skip
def test_a_length_of_time_is_said_in_no_more_than_two_units(seconds: float, zh: str, en: str) -> None:
    assert in_time(seconds) == (zh, en)


@pytest.mark.parametrize(("hours_ahead", "zh", "en"), [(3, "快 3 小时", "3 h fast"), (-3, "慢 3 小时", "3 h slow")])
def test_a_station_that_is_ahead_of_the_server_is_fast(hours_ahead: int, zh: str, en: str) -> None:
    clock, now = ServerClock(), time.monotonic()
    assert clock.learn(now, now, datetime.now(UTC) - timedelta(hours=hours_ahead))
    reading = clock.read()
    assert reading is not None
    assert clock_off(reading.offset_seconds) == (zh, en)
