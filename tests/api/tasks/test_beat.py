"""The beat goes by steady time: setting the clock neither silences it nor makes a worker throw its messages away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery.beat import Scheduler

from api.tasks.app import EVERY, celery_app


class Recorder(Scheduler):
    """The scheduler of `liuhen beat`, which notes what it would send."""

    producer = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.sent: list[str] = []
        super().__init__(*arguments, **options)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        self.sent.append(entry.task)


def test_a_clock_set_back_by_a_day_does_not_silence_the_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Recorder(celery_app)
    seconds, day = 0.0, datetime.now(UTC)
    shifts = (timedelta(0), timedelta(days=-1), timedelta(days=30))
    monkeypatch.setattr("time.monotonic", lambda: 1_000_000.0 + seconds)
    monkeypatch.setattr(celery_app, "now", lambda: day + timedelta(seconds=seconds))
    for shift in shifts:
        day += shift
        scheduler.sent.clear()
        for _ in range(120):
            seconds += 1.0
            while scheduler.tick() == 0:
                pass
        for task, every in EVERY.items():
            if every <= 60:
                assert scheduler.sent.count(task) == pytest.approx(120 / every, abs=1.1), task


def test_wake_ups_do_not_expire() -> None:
    scheduler = Recorder(celery_app)
    scheduler.setup_schedule()
    assert {name for name, entry in scheduler.schedule.items() if not entry.options.get("expires")} == set(EVERY)
