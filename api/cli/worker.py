"""`liuhen worker QUEUE …`: one Celery worker for a queue or several. `liuhen up` starts what one box needs."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from api.errors import UsageRefused

if TYPE_CHECKING:
    from api.settings import Settings

TASKS = {"encoding": "media"}
"""Whose module a queue's tasks are in, where it is not its own."""


def worker(
    queues: Annotated[
        list[str],
        typer.Argument(
            metavar="QUEUE…",
            help="队列：custody、staging、media、encoding、housekeeping、replica，可多个 / one queue or more",
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
    from api.tasks.nodes import queue_name
    from api.tasks.stopping import OneTask

    require_known(queues)
    settings = load_settings()
    write_log_lines()
    if nice := niceness_of(queues):
        give_way(nice)
    for queue in queues:
        _try_parts(queue, settings)

    def on_ready(**_facts: object) -> None:
        announce_ready(settings)

    worker_ready.connect(on_ready, weak=False)
    # A worker loads the tasks of its own queues and no others: what custody never uses, it need not keep in memory.
    celery_app.conf.include = [f"api.tasks.{TASKS.get(queue, queue)}" for queue in queues]
    # One task at a time needs no child process: half the memory, and a kill ends the work with the worker.
    pool = OneTask if processes == 1 else "prefork"
    names = [queue_name(queue, settings.node) for queue in queues]
    running = celery_app.Worker(
        hostname=f"{'+'.join(names).replace('@', '-')}@{socket.gethostname()}",
        queues=names,
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


def require_known(queues: Sequence[str]) -> None:
    """Raises UsageRefused."""
    from api.tasks.app import QUEUES

    for queue in queues:
        if queue not in QUEUES:
            known = ", ".join(QUEUES)
            raise UsageRefused(f"没有队列 {queue}；可用：{known}", f"there is no queue {queue}: choose one of {known}")


def niceness_of(queues: Sequence[str]) -> int:
    """That of the one that least can wait: none of a worker's tasks is slower for the company it has."""
    from api.engines.priority import NICENESS

    return min(NICENESS.get(queue, 0) for queue in queues)


def _try_parts(queue: str, settings: Settings) -> None:
    """Open once what the queue's tasks work with, so that what is missing is told at the start and not at every task.

    What is opened is closed again: a connection must not be shared with the processes that are forked later.
    """
    from api.archive import open_archive
    from api.node_folder import own_staging
    from api.tasks.nodes import NODE_QUEUES

    archive = open_archive(settings, pool_size=1, process="liuhen-worker")
    try:
        if queue in NODE_QUEUES:
            own_staging(archive)
        if queue == "custody":
            from api.tasks.custody import open_custody

            open_custody(archive)
        elif TASKS.get(queue, queue) == "media":
            from api.tasks.media import open_rendering

            open_rendering(archive)
        elif queue == "replica":
            from api.replicating import require_replica

            require_replica(archive)
    finally:
        archive.database.close()
