"""`liuhen worker QUEUE …`: one Celery worker for a queue or several. `liuhen up` starts what one box needs."""

from __future__ import annotations

import importlib
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from api.errors import UsageRefused
from api.tasks.queues import QUEUES, Queue

if TYPE_CHECKING:
    from api.settings import Settings


def worker(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="QUEUE…",
            help=f"队列：{'、'.join(QUEUES)}，可多个 / one queue or more",
        ),
    ],
    processes: Annotated[int, typer.Option(min=1, help="并行任务数 / tasks at once")] = 1,
) -> None:
    """运行队列的工作进程；设有 LIUHEN_NODE 时 custody 和 staging 为该采集节点的 / Work through queues until TERM."""
    from celery.signals import worker_ready

    from api.engines.priority import give_way
    from api.engines.readiness import announce_ready
    from api.logs import write_log_lines
    from api.settings import load_settings
    from api.tasks.app import celery_app
    from api.tasks.nodes import words_of
    from api.tasks.stopping import OneTask, tell_processes
    from api.tracing.opening import require_spans

    queues = known_queues(names)
    settings = load_settings()
    require_spans(settings)
    write_log_lines()
    if nice := niceness_of(queues):
        give_way(nice)
    for queue in queues:
        _try_parts(queue, settings)

    def on_ready(**_facts: object) -> None:
        announce_ready(settings)

    worker_ready.connect(on_ready, weak=False)
    tell_processes()
    # A worker loads the tasks of its own queues and no others: what custody never uses, it need not keep in memory.
    celery_app.conf.include = [queue.module for queue in queues]
    # One task at a time needs no child process: half the memory, and a kill ends the work with the worker.
    pool = OneTask if processes == 1 else "prefork"
    name = "+".join(queue.name for queue in queues) + (f"-{settings.node}" if settings.node else "")
    running = celery_app.Worker(
        hostname=f"{name}@{socket.gethostname()}",
        queues=words_of(queues, settings.node),
        pool_cls=pool,
        concurrency=processes,
        loglevel="WARNING",
        # Gossip and mingle are for workers that watch each other: ours only watch the database.
        without_gossip=True,
        without_mingle=True,
        # What was sent before this worker began only says that something may be due, and beat says it again.
        purge=True,
        quiet=True,
    )
    running.start()
    raise typer.Exit(running.exitcode or 0)


def known_queues(names: Sequence[str]) -> list[Queue]:
    """Raises UsageRefused."""
    for name in names:
        if name not in QUEUES:
            known = ", ".join(QUEUES)
            raise UsageRefused(f"没有队列 {name}；可用：{known}", f"there is no queue {name}: choose one of {known}")
    return [QUEUES[name] for name in names]


def niceness_of(queues: Sequence[Queue]) -> int:
    """That of the one that least can wait: none of a worker's tasks is slower for the company it has."""
    return min(queue.niceness for queue in queues)


def _try_parts(queue: Queue, settings: Settings) -> None:
    """Open once what the queue's tasks work with, so that what is missing is told at the start and not at every task.

    What is opened is closed again: a connection must not be shared with the processes that are forked later.
    """
    from api.archive import open_archive
    from api.node_folder import own_staging

    archive = open_archive(settings, pool_size=1, process="liuhen-worker")
    try:
        if queue.is_of_node:
            own_staging(archive)
        if queue.opens:
            module, _, function = queue.opens.partition(":")
            getattr(importlib.import_module(module), function)(archive)
    finally:
        archive.database.close()
