"""How a worker with one task at a time is stopped: TERM lets it finish what it has in hand, QUIT does not."""

from __future__ import annotations

from celery.concurrency.solo import TaskPool
from celery.exceptions import WorkerTerminate
from celery.worker import state


class OneTask(TaskPool):  # type: ignore[misc]
    """Runs each task in the worker's own thread, and ends it at once when that is asked for.

    Celery's own has no way to end one: it raised NotImplementedError, amid whatever the task was doing, as if that had
    failed. This is raised there too, and is no failure of anything: what is held is let go of on its way out.
    """

    def terminate_job(self, pid: int, signal: int | None = None) -> None:
        raise WorkerTerminate(1)


def is_stopping() -> bool:
    """Whether this worker has been asked to end: what it has in hand is finished, and nothing more is begun."""
    return any(asked is not None and asked is not False for asked in (state.should_stop, state.should_terminate))
