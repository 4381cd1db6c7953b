"""However long nobody takes them, wake-ups do not pile up: of each word one waits, at a real broker."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

import api.tasks.app as app
from api.engines.valkey import EmbeddedValkey
from api.tasks.app import EVERY, make_celery
from api.tasks.clockwork import Clockwork
from api.tasks.nodes import is_of_node, words_of
from api.tasks.queues import QUEUES

PATIENCE_SECONDS = 30.0


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    """A Valkey of its own, which wake-ups of this process go to."""
    valkey = EmbeddedValkey(tmp_path / "v", tmp_path / "valkey.log")
    valkey.prepare()
    server = subprocess.Popen(valkey.launch().argv, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while not valkey.is_ready():
            assert time.monotonic() < until
            time.sleep(0.05)
        monkeypatch.setenv("LIUHEN_BROKER_URL", valkey.address)
        celery = make_celery()
        monkeypatch.setattr(app, "celery_app", celery)
        with redis.Redis(unix_socket_path=str(valkey.socket_path)) as client:
            yield client
        celery.close()
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)


def waiting(broker: redis.Redis) -> dict[str, int]:
    """How many messages are in each queue that has any."""
    lists = [key for key in broker.scan_iter() if broker.type(key) == b"list"]
    return {key.decode(): broker.llen(key) for key in lists}


def test_of_one_word_one_waits_and_other_words_do_not_wait_for_it(broker: redis.Redis) -> None:
    for _ in range(20):
        app.wake("custody.seal_due@off")
    app.wake("custody.seal_due@on")
    app.wake("housekeeping.link_new")
    assert waiting(broker) == {"custody.seal_due@off": 1, "custody.seal_due@on": 1, "housekeeping.link_new": 1}


def test_what_was_taken_is_woken_again(broker: redis.Redis) -> None:
    for _ in range(3):
        app.wake("encoding.encode_due")
        assert broker.lpop("encoding.encode_due") is not None
    app.wake("encoding.encode_due")
    assert waiting(broker) == {"encoding.encode_due": 1}


def test_an_hour_in_which_nobody_takes_anything_leaves_a_message_a_word(
    broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two nodes that are off, and nothing of the one that is on either: 28,000 rounds of the clock."""
    monkeypatch.setenv("LIUHEN_NODES", "a,b")
    clock = Clockwork(make_celery())
    seconds = 0.0
    sent: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr("time.monotonic", lambda: 1_000_000.0 + seconds)
        patch.setattr("api.tasks.clockwork.wake", sent.append)
        for _ in range(3700):
            seconds += 1.0
            while clock.tick() == 0:
                pass
    assert len(sent) > 20_000
    for word in [*sent[:200], *dict.fromkeys(sent), *sent[-200:]]:
        app.wake(word)
    of_nodes = {f"{task}@{node}" for task in EVERY if is_of_node(task) for node in ("a", "b")}
    assert waiting(broker) == dict.fromkeys([*of_nodes, *(task for task in EVERY if not is_of_node(task))], 1)


def test_a_worker_is_woken_by_every_word_of_its_queues() -> None:
    assert words_of([QUEUES["custody"], QUEUES["staging"]], "a") == [
        "custody.seal_due@a",
        "staging.recover_uploads@a",
        "staging.sweep@a",
    ]
    assert sorted(words_of([queue for queue in QUEUES.values() if not queue.needs], "")) == sorted(EVERY)
