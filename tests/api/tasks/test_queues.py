"""One table of queues: what is written beside it, and cannot follow from it, is the same."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.cli.worker import known_queues, niceness_of
from api.engines.priority import HTTP_NICENESS
from api.errors import UsageRefused
from api.tasks.app import EVERY, celery_app
from api.tasks.queues import QUEUES, of_task, taken_along

ROOT = Path(__file__).parents[3]


def test_each_task_is_where_its_queue_says() -> None:
    for queue in QUEUES.values():
        importlib.import_module(queue.module)
        for task in queue.every:
            assert of_task(task) is queue
            assert celery_app.tasks[task].__module__ == queue.module


def test_without_a_place_that_a_queue_needs_nothing_is_sent_for_it() -> None:
    every = {task for queue in QUEUES.values() for task in queue.every}
    assert every - set(EVERY) == {*QUEUES["replica"].every, *QUEUES["cold"].every}


def test_what_a_worker_opens_is_there() -> None:
    opened = {queue.opens.partition(":")[::2] for queue in QUEUES.values() if queue.opens}
    assert all(callable(getattr(importlib.import_module(module), name)) for module, name in opened)


def test_each_queue_has_one_worker_on_one_box() -> None:
    taken = [each.name for queue in QUEUES.values() if not queue.goes_with for each in taken_along(queue)]
    assert sorted(taken) == sorted(QUEUES)


def test_each_queue_has_a_container_where_each_node_has_its_own() -> None:
    services = yaml.safe_load((ROOT / "docker/compose.yaml").read_text("utf-8"))["services"]
    workers = [each for each in services.values() if "worker" in each.get("command", ())]
    of_nodes = {name for name, queue in QUEUES.items() if queue.is_of_node}
    for node in ("a", "b"):
        assert of_nodes == {name for each in workers if _node(each) == node for name in _queues(each)}
    others = {name for each in workers if _node(each) is None for name in _queues(each)}
    assert others == {name for name, queue in QUEUES.items() if not queue.is_of_node}
    # Those that need a place of their own run only where it is named.
    for each in workers:
        assert ("profiles" in each) is any(QUEUES[name].needs for name in _queues(each))


def test_whoever_seals_gives_way_to_nobody_and_a_worker_is_as_nice_as_its_most_urgent_queue() -> None:
    assert niceness_of([QUEUES["custody"]]) == 0 < HTTP_NICENESS < niceness_of([QUEUES["media"]])
    assert niceness_of(known_queues(["encoding", "staging"])) == QUEUES["staging"].niceness


def test_a_queue_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageRefused, match="custody, staging, media"):
        known_queues(["custody", "nothing"])


def _node(service: dict[str, Any]) -> str | None:
    node: str | None = service.get("environment", {}).get("LIUHEN_NODE")
    return node


def _queues(service: dict[str, Any]) -> list[str]:
    words = [word for word in service["command"] if not word.startswith("-")]
    return words[words.index("worker") + 1 :]
