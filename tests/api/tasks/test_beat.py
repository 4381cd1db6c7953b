"""The beat goes by steady time: setting the clock neither silences it nor makes a worker throw its messages away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery.beat import Scheduler

from api.tasks.app import EVERY, celery_app, make_celery


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


def scheduled(monkeypatch: pytest.MonkeyPatch, **settings: str) -> list[tuple[str, str]]:
    """Each task that a beat with these settings sends, and to which queue."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    app = make_celery()
    scheduler = Recorder(app)
    scheduler.setup_schedule()
    router, sent = app.amqp.router, []
    for entry in scheduler.schedule.values():
        route = router.route(dict(entry.options), entry.task)
        sent.append((entry.task, route["queue"].name))
    return sorted(sent)


OF_NODES = ("custody.seal_due", "staging.recover_uploads", "staging.sweep")
OF_NO_NODE = [(task, task) for task in EVERY if task not in OF_NODES]


def test_on_one_box_each_task_goes_once_to_the_queue_that_is_named_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert scheduled(monkeypatch) == sorted((task, task) for task in EVERY)


def test_what_works_on_staged_bytes_is_sent_to_each_node(monkeypatch: pytest.MonkeyPatch) -> None:
    of_nodes = [(task, f"{task}@{node}") for task in OF_NODES for node in ("jb-1", "jb-2")]
    assert scheduled(monkeypatch, LIUHEN_NODES="jb-1, jb-2,jb-1") == sorted([*OF_NO_NODE, *of_nodes])


def test_a_box_with_a_name_and_no_list_wakes_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    of_node = [(task, f"{task}@jb-1") for task in OF_NODES]
    assert scheduled(monkeypatch, LIUHEN_NODE="jb-1") == sorted([*OF_NO_NODE, *of_node])
