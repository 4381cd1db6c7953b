"""The Celery application: queues, the beat, and what every worker shares."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import structlog
from celery import Celery
from celery.schedules import schedule

from api.logs import SaidSeldom
from api.settings import Settings, load_settings
from api.tasks.nodes import is_of_node, queue_name, read_word, word_for

if TYPE_CHECKING:
    from api.archive import Archive

QUEUES = ("custody", "staging", "media", "encoding", "housekeeping", "replica")
# Seconds between wake-ups. Whoever finishes an upload wakes custody at once; the beat makes good a lost message.
EVERY = {
    "custody.seal_due": 1.0,
    "media.render_due": 1.0,
    "encoding.encode_due": 2.0,
    "housekeeping.link_new": 2.0,
    "housekeeping.link_left_behind": 3600.0,
    "housekeeping.group_segments": 5.0,
    "housekeeping.group_left_behind": 3600.0,
    "housekeeping.attach_sidecars": 20.0,
    "housekeeping.sum_up_windows": 15.0,
    "staging.recover_uploads": 10.0,
    "staging.sweep": 60.0,
    "housekeeping.sweep_given_up": 60.0,
    "housekeeping.list_disposal_due": 3600.0,
    "housekeeping.forget_disposed_keys": 3600.0,
    "housekeeping.sweep_packages": 600.0,
    "housekeeping.watch_stations": 60.0,
    "housekeeping.push_publications": 15.0,
    "housekeeping.scrub": 1.0,
}
EVERY_WITH_REPLICA = {**EVERY, "replica.copy_due": 1.0}
"""Where a second store is named: otherwise nobody would take what is sent for it."""
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_not_sent = SaidSeldom()

log = structlog.get_logger()


@lru_cache(maxsize=1)
def worker_archive() -> Archive:
    """This process's archive, opened at the first task. The beat has none, nor waits for what one is made of."""
    from api.archive import open_archive

    return open_archive(load_settings(), pool_size=6, process="liuhen-worker")


def queue_of(task: str, node: str = "") -> str:
    """`custody.seal_due` runs in the queue `custody`, on a named node in `custody@NODE`."""
    return queue_name(task.partition(".")[0], node)


def steady_now() -> datetime:
    """A time for intervals alone, which no setting of the clock moves.

    By the wall clock, beat would wait for as long as that was set back. Nor do wake-ups expire: that goes by two
    clocks, and a worker whose own is ahead of the sender's would throw all of them away. An old one does no harm.
    """
    return _SOME_DAY + timedelta(seconds=time.monotonic())


def make_celery() -> Celery:
    """Its configuration is made when it is first asked for: by then a forked process has its own settings."""
    app = Celery("liuhen")
    app.add_defaults(_configuration)
    return app


def _configuration() -> dict[str, Any]:
    settings = load_settings()
    return {
        "broker_url": settings.broker_url,
        "include": [f"api.tasks.{name}" for name in ("custody", "staging", "media", "housekeeping", "replica")],
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "task_routes": lambda name, *_args, **_kwargs: {"queue": queue_of(name, settings.node)},
        "beat_schedule": _schedule(settings),
        "timezone": "UTC",
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {"socket_timeout": 10.0, "socket_connect_timeout": 5.0},
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": False,
        "task_always_eager": False,
    }


def _schedule(settings: Settings) -> dict[str, Any]:
    """What is done on nodes is sent to each; without a list of them, to the one that this process is of, or the box."""
    every = EVERY if settings.replica_place is None else EVERY_WITH_REPLICA
    nodes = settings.nodes or (settings.node,)
    return {
        word_for(task, node): {
            "task": task,
            "schedule": schedule(timedelta(seconds=seconds), nowfun=steady_now),
            "options": {"queue": queue_of(task, node)},
        }
        for task, seconds in every.items()
        for node in (nodes if is_of_node(task) else ("",))
    }


celery_app = make_celery()


def wake(word: str) -> None:
    """Send a wake-up and forget it, for a task or for one of a node (`word_for`).

    Without a broker the beat's next one does the same work: nothing is raised, and said once a minute, for every upload
    that ends is a wake-up.
    """
    task, node = read_word(word)
    try:
        celery_app.send_task(task, queue=queue_of(task, node), retry=False)
    except Exception as error:
        if _not_sent.is_due():
            log.warning("wake.not_sent", task=task, error=type(error).__name__)
