"""A word to the beat is a message to its workers; what is no word of ours, or finds nobody, changes nothing."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

import api.logs as logs
import api.tasks.app as app
import api.tasks.relay as relay
import api.tasks.waking as waking
from api.tasks.app import EVERY, celery_app
from api.tasks.waking import Waker, wake


@pytest.fixture
def ear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "wake.sock"
    monkeypatch.setattr(waking, "load_settings", lambda: SimpleNamespace(wake_socket=path, node=""))
    waking._beat.cache_clear()
    yield path
    waking._beat.cache_clear()


def sent_by(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    monkeypatch.setattr(relay, "wake", sent.append)
    return sent


def wait_for(sent: list[str], count: int) -> None:
    deadline = time.monotonic() + 30
    while len(sent) < count:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_word_is_passed_on_and_what_is_none_is_not(ear: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = sent_by(monkeypatch)
    relay.pass_words_on(ear)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
        for words in (b"", b"shutdown", b"\xff" * 200, b"custody.seal_due\n", b"custody.seal_due@", b"@a",
                      b"custody.seal_due@A", b"custody.seal_due@a@b", b"housekeeping.link_new@a"):  # fmt: skip
            stranger.sendto(words, str(ear))
    for number, task in enumerate(EVERY, 1):
        wake(task)
        wait_for(sent, number)
    assert sent == list(EVERY)


def test_a_word_of_a_node_wakes_that_node_and_other_tasks_are_nobodys_in_particular(
    ear: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "n" * 31
    monkeypatch.setattr(waking, "load_settings", lambda: SimpleNamespace(wake_socket=ear, node=name))
    sent = sent_by(monkeypatch)
    relay.pass_words_on(ear)
    for number, task in enumerate(EVERY, 1):
        wake(task)
        wait_for(sent, number)
    of_nodes = {"custody.seal_due", "staging.recover_uploads", "staging.sweep"}
    assert sent == [f"{task}@{name}" if task in of_nodes else task for task in EVERY]


def test_many_words_at_once_are_one(ear: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = sent_by(monkeypatch)
    relay.pass_words_on(ear)
    waker = Waker("custody.seal_due", pause_seconds=0.3)
    for _ in range(50):
        waker.wake()
    wait_for(sent, 1)
    time.sleep(0.5)
    assert 1 <= len(sent) <= 2


def test_a_beat_that_is_not_there_or_does_not_listen_is_waited_for_by_nobody(ear: Path) -> None:
    wake("custody.seal_due")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(ear))
        began = time.monotonic()
        for _ in range(5000):
            wake("custody.seal_due")
        assert time.monotonic() - began < 10
    wake("custody.seal_due")


def test_a_beat_that_starts_again_takes_the_place_of_the_former(ear: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = sent_by(monkeypatch)
    ear.touch()
    relay.pass_words_on(ear)
    relay.pass_words_on(ear)
    wake("media.render_due")
    wait_for(sent, 1)
    assert sent == ["media.render_due"]


def test_without_a_beat_beside_it_celery_takes_the_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waking, "load_settings", lambda: SimpleNamespace(wake_socket=None, node=""))
    waking._beat.cache_clear()
    sent: list[str] = []
    monkeypatch.setattr("api.tasks.app.wake", sent.append)
    wake("custody.seal_due")
    waking._beat.cache_clear()
    assert sent == ["custody.seal_due"]


def test_what_a_process_of_a_node_wakes_goes_to_that_nodes_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waking, "load_settings", lambda: SimpleNamespace(wake_socket=None, node="a"))
    waking._beat.cache_clear()
    sent: list[tuple[str, str]] = []
    empty = SimpleNamespace(queue_declare=lambda **_: SimpleNamespace(message_count=0))
    producer = nullcontext(SimpleNamespace(channel=empty))
    monkeypatch.setattr(celery_app, "producer_or_acquire", lambda: producer)
    monkeypatch.setattr(celery_app, "send_task", lambda task, queue, **_: sent.append((task, queue)))
    for task in ("custody.seal_due", "staging.sweep", "housekeeping.link_new"):
        wake(task)
    waking._beat.cache_clear()
    assert sent == [
        ("custody.seal_due", "custody.seal_due@a"),
        ("staging.sweep", "staging.sweep@a"),
        ("housekeeping.link_new", "housekeeping.link_new"),
    ]


def test_without_a_broker_a_wake_up_is_said_to_be_lost_once_a_minute_and_nothing_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError("redis://:secret@broker")

    now = [1000.0]
    monkeypatch.setattr(celery_app, "producer_or_acquire", refuse)
    monkeypatch.setattr(app, "_not_sent", logs.SaidSeldom())
    monkeypatch.setattr(logs, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with capture_logs() as said:
        for _ in range(50):
            app.wake("custody.seal_due")
        now[0] += 61
        app.wake("custody.seal_due")
    line = {"event": "wake.not_sent", "log_level": "warning", "task": "custody.seal_due"}
    assert said == [{**line, "error": "ConnectionRefusedError"}] * 2
