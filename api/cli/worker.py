"""`liuhen worker QUEUE`: one Celery worker for one queue. `liuhen up` starts one for each."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Annotated

import typer

from api.errors import UsageRefused

if TYPE_CHECKING:
    from api.settings import Settings

NICENESS = {"media": 8, "encoding": 10, "housekeeping": 5, "replica": 5}
"""Whoever waits for a page or a receipt comes before a film that is being encoded, or that was made to be hard to.

Nicer than this, an encoder gets a fiftieth of a busy machine, and whoever waits for a redacted copy waits for minutes.
"""
TASKS = {"encoding": "media"}
"""Whose module a queue's tasks are in, where it is not its own."""


def worker(
    queue: Annotated[str, typer.Argument(help="队列：custody、media、encoding、housekeeping 或 replica / the queue")],
    processes: Annotated[int, typer.Option(min=1, help="并行任务数 / tasks at once")] = 1,
) -> None:
    """运行一个队列的工作进程。 / Work through one queue until TERM."""
    from celery.signals import worker_ready

    from api.engines.priority import give_way
    from api.engines.readiness import announce_ready
    from api.logs import write_log_lines
    from api.settings import load_settings
    from api.tasks.app import QUEUES, celery_app

    if queue not in QUEUES:
        known = ", ".join(QUEUES)
        raise UsageRefused(f"没有队列 {queue}；可用：{known}", f"there is no queue {queue}: choose one of {known}")
    settings = load_settings()
    write_log_lines()
    if queue in NICENESS:
        give_way(NICENESS[queue])
    _try_parts(queue, settings)

    def on_ready(**_facts: object) -> None:
        announce_ready(settings)

    worker_ready.connect(on_ready, weak=False)
    # A worker loads the tasks of its own queue and no others: what custody never uses, it need not keep in memory.
    celery_app.conf.include = [f"api.tasks.{TASKS.get(queue, queue)}"]
    # One task at a time needs no child process: half the memory, and a kill ends the work with the worker.
    pool = "solo" if processes == 1 else "prefork"
    running = celery_app.Worker(
        hostname=f"{queue}@{socket.gethostname()}",
        queues=[queue],
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


def _try_parts(queue: str, settings: Settings) -> None:
    """Open once what the queue's tasks work with, so that what is missing is told at the start and not at every task.

    What is opened is closed again: a connection must not be shared with the processes that are forked later.
    """
    from api.archive import open_archive

    archive = open_archive(settings, pool_size=1, process="liuhen-worker")
    try:
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
