"""Limits by the hour, over everything that is sent together."""

from __future__ import annotations

import threading
import time
from datetime import time as time_of_day
from typing import Any

import pytest

import ingest.dock.pacing as pacing
from ingest.dock.errors import Interrupted, RateUnreadable
from ingest.dock.pacing import Pacer, RateSchedule, parse_window
from ingest.dock.patience import Patience


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("08:00-18:00 2 MiB/s", 2 << 20),
        ("8:00 - 18:00 500 kB/s", 500_000),
        ("08:00–18:00 1.5MB/s", 1_500_000),
        ("08:00-18:00 unlimited", None),
        ("08:00-18:00 不限", None),
        ("08:00-18:00 stop", 0),
        ("08:00-24:00 1 GiB/s", 1 << 30),
    ],
)
def test_windows_are_read(text: str, rate: int | None) -> None:
    assert parse_window(text).bytes_per_second == rate


@pytest.mark.parametrize(
    "text",
    [
        *("", "2 MiB/s", "08:00-18:00", "08:00-18:00 2", "25:00-26:00 1 MiB/s", "08:60-09:00 stop"),
        f"08:00-18:00 {'9' * 400} B/s",
    ],
)
def test_what_is_no_window_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(RateUnreadable, match="08:00-18:00 2 MiB/s"):
        parse_window(text)


@pytest.mark.parametrize(
    ("now", "rate"),
    [
        ("07:59", 7),
        ("08:00", 1),
        ("17:59", 1),
        ("18:00", 7),
        ("21:59", 7),
        ("22:00", 2),
        ("00:00", 2),
        ("05:59", 2),
        ("06:00", 7),
    ],
)
def test_the_hour_decides_over_midnight_too(now: str, rate: int) -> None:
    windows = (parse_window("08:00-18:00 1 B/s"), parse_window("22:00-06:00 2 B/s"))
    assert RateSchedule(windows, otherwise=7).at(time_of_day.fromisoformat(now)) == rate


def test_limit_holds_over_all_who_send_together() -> None:
    patience = Patience(10, threading.Event())
    pacer = Pacer(RateSchedule((parse_window("00:00-00:00 4 MiB/s"),)), patience)

    def send() -> None:
        for _ in range(8):
            pacer.take(64 << 10)

    senders = [threading.Thread(target=send) for _ in range(4)]
    began = time.monotonic()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    took = time.monotonic() - began
    # 2 MiB at 4 MiB/s; the last block waits for the one before it only.
    assert took >= 0.5 - (64 << 10) / (4 << 20)


def test_a_low_limit_sends_small_blocks() -> None:
    patience = Patience(10, threading.Event())
    assert Pacer(RateSchedule(otherwise=64 << 10), patience).block_bytes() == 16 << 10
    assert Pacer(RateSchedule(otherwise=None), patience).block_bytes() == 256 << 10


def test_an_hour_without_sending_is_waited_out_and_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "_LOOK_AGAIN_SECONDS", 0.01)
    hours = iter([time_of_day(7, 30)] * 3 + [time_of_day(8)] * 9)
    pacer = Pacer(
        RateSchedule((parse_window("07:00-08:00 stop"),)), Patience(10, threading.Event()), lambda: next(hours)
    )
    told: list[Any] = []
    pacer.wait_until_open(lambda reason, _: told.append(reason.zh))
    assert told == ["按设置，此时段不上传"]


def test_stop_ends_the_wait() -> None:
    stop = threading.Event()
    pacer = Pacer(RateSchedule(otherwise=0), Patience(10, stop))
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(Interrupted):
        pacer.wait_until_open(lambda *_: None)
