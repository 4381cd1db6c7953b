"""What is done beside a step: what it comes to, and who waits for it."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar

import pytest

from ingest.sealing.beside import begun_beside

SAID: ContextVar[str] = ContextVar("said")


def test_it_is_under_way_while_the_block_runs_and_its_result_is_waited_for() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work() -> str:
        begun.set()
        assert go_on.wait(10)
        return "found"

    with begun_beside(work) as came_to:
        assert begun.wait(10)
        go_on.set()
        assert came_to() == came_to() == "found"


def test_what_it_raises_is_raised_where_it_is_asked_for() -> None:
    def fail() -> None:
        raise OSError("away")

    with begun_beside(fail) as came_to, pytest.raises(OSError, match="away"):
        came_to()


def test_a_block_that_fails_waits_for_it() -> None:
    ended = threading.Event()

    def work() -> None:
        time.sleep(0.1)
        ended.set()

    with pytest.raises(ValueError, match="another"), begun_beside(work):
        raise ValueError("another thing")
    assert ended.is_set()


def test_a_worker_that_is_being_ended_does_not_wait_for_it() -> None:
    go_on, ended = threading.Event(), threading.Event()

    def work() -> None:
        assert go_on.wait(10)
        ended.set()

    with pytest.raises(SystemExit), begun_beside(work):
        raise SystemExit
    assert not ended.is_set()
    go_on.set()
    assert ended.wait(10)


def test_it_knows_what_its_caller_knows() -> None:
    SAID.set("by the caller")
    with begun_beside(SAID.get) as came_to:
        assert came_to() == "by the caller"
