"""How a worker is stopped: TERM lets it finish what it has in hand, QUIT does not."""

from __future__ import annotations

from mmap import mmap

from celery.concurrency.solo import TaskPool
from celery.exceptions import WorkerTerminate
from celery.signals import worker_shutting_down
from celery.worker import state

_told: list[mmap] = []


class OneTask(TaskPool):  # type: ignore[misc]
    """Runs each task in the worker's own thread, and ends it at once when that is asked for.

    Celery's own has no way to end one: it raised NotImplementedError, amid whatever the task was doing, as if that had
    failed. This is raised there too, and is no failure of anything: what is held is let go of on its way out.
    """

    def terminate_job(self, pid: int, signal: int | None = None) -> None:
        raise WorkerTerminate(1)


def tell_processes() -> None:
    """Have the processes that this worker forks from here on know that it is to end, too.

    The signal is its own alone, as is Celery's note of it: a task in one of several processes went on for as long as
    anything was due. A byte of memory that they share is all that a handler has to write.
    """
    _told[:] = [mmap(-1, 1)]
    worker_shutting_down.connect(_tell)


def is_stopping() -> bool:
    """Whether this worker has been asked to end: what it has in hand is finished, and nothing more is begun."""
    own = (state.should_stop, state.should_terminate)
    return any(byte[0] for byte in _told) or any(asked is not None and asked is not False for asked in own)


def _tell(**_facts: object) -> None:
    for byte in _told:
        byte[0] = 1
