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
from api.tasks.nodes import is_of_node, read_word, word_for
from api.tasks.queues import QUEUES

if TYPE_CHECKING:
    from api.archive import Archive

EVERY = {task: every for queue in QUEUES.values() if not queue.needs for task, every in queue.every.items()}
"""Seconds between wake-ups, of what every archive has."""
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_not_sent = SaidSeldom()

log = structlog.get_logger()


@lru_cache(maxsize=1)
def worker_archive() -> Archive:
    """This process's archive, opened at the first task. The beat has none, nor waits for what one is made of."""
    from api.archive import open_archive

    return open_archive(load_settings(), pool_size=6, process="liuhen-worker")


def steady_now() -> datetime:
    """A time for intervals alone, which no setting of the clock moves.

    By the wall clock, beat would wait for as long as that was set back. Nor do wake-ups expire: that goes by two
    clocks, and a worker whose own is ahead of the sender's would throw all of them away. An old one does no harm, and
    of each word there is one that waits (`wake`).
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
        "include": sorted({queue.module for queue in QUEUES.values()}),
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "task_routes": lambda name, *_args, **_kwargs: {"queue": word_for(name, settings.node)},
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
    queues = [queue for queue in QUEUES.values() if queue.is_wanted(settings)]
    nodes = settings.nodes or (settings.node,)
    return {
        word_for(task, node): {
            "task": task,
            "schedule": schedule(timedelta(seconds=seconds), nowfun=steady_now),
            "options": {"queue": word_for(task, node)},
        }
        for queue in queues
        for task, seconds in queue.every.items()
        for node in (nodes if is_of_node(task) else ("",))
    }


celery_app = make_celery()


def wake(word: str) -> None:
    """Send a wake-up and forget it, for a task or for one of a node (`word_for`); none where the last one still waits.

    Who takes that one looks for what is due then, and so finds all that this one would tell of. A message a second for
    a node that is off, or for a worker that is at one film for an hour, would fill the broker. Each word has a queue of
    its own, so that none waits behind others, and the broker alone says whether it is empty: it needs no clock for it.

    Without a broker the beat's next one does the same work: nothing is raised, and said once a minute, for every upload
    that ends is a wake-up.
    """
    task, _ = read_word(word)
    try:
        with celery_app.producer_or_acquire() as producer:
            if not _is_waiting(producer.channel, word):
                celery_app.send_task(task, queue=word, producer=producer, retry=False)
    except Exception as error:
        if _not_sent.is_due():
            log.warning("wake.not_sent", task=task, error=type(error).__name__)


def _is_waiting(channel: Any, word: str) -> bool:
    """Declared as Celery declares it: to declare what is there changes nothing, and tells how much is in it."""
    queue = celery_app.amqp.queues[word]
    declared = channel.queue_declare(
        queue=queue.name,
        durable=queue.durable,
        exclusive=queue.exclusive,
        auto_delete=queue.auto_delete,
        arguments=queue.queue_arguments,
    )
    return bool(declared.message_count)
