"""The queues `media` and `encoding`: make the renditions that are due, until none is; each its own kinds of work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Thread

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.archive import Archive
from api.media_tools import media_runner
from api.tasks.app import celery_app, worker_archive
from api.tasks.stopping import is_stopping
from api.tasks.waking import Waker
from ingest.lease import give_back, name_worker
from ingest.media.errors import SandboxFailed
from ingest.rendering.due import DECODE, QUICK, SLOW, lease_due_renditions
from ingest.rendering.ending import NO_ROOM, Owed, defer, put_off
from ingest.rendering.make import make_due_renditions
from ingest.rendering.redacted import make_due_copy
from ingest.rendering.redacted_due import lease_due_copy
from ingest.rendering.work_folder import WorkFolder, remove_abandoned
from ingest.rendering.workshop import Rendering
from storage.errors import StoreFull, StoreRefused, StoreUnavailable
from storage.full_disk import is_full

log = structlog.get_logger()

FAILURES_OF_OURS = (
    *(OSError, OperationalError, InterfaceError, PoolTimeout),
    *(StoreFull, StoreRefused, StoreUnavailable, SandboxFailed),
)
"""Whatever file it were, they would have come: no rendition is given up for them."""
LOOK_AGAIN_SECONDS = 0.5
_encode = Waker("encoding.encode_due")


def open_rendering(archive: Archive) -> Rendering:
    """The parts of rendering. Each process has a work folder of its own; what a crash left of others' goes."""
    remove_abandoned(archive.work_folder)
    return Rendering(
        database=archive.database,
        store=archive.everywhere,
        key_store=archive.key_store,
        runner=media_runner(archive.settings),
        work_folder=WorkFolder(archive.work_folder),
        reserve_bytes=int(archive.settings.disk_reserve),
    )


@lru_cache(maxsize=1)
def worker_rendering() -> Rendering:
    return open_rendering(worker_archive())


@celery_app.task(name="media.render_due")  # type: ignore[untyped-decorator]
def render_due() -> None:
    """Make what is quick to make until none is due, and wake whoever makes the rest."""
    rendering, worker = worker_rendering(), name_worker()
    while not is_stopping() and render_next(rendering, worker):
        _encode.wake()


@celery_app.task(name="encoding.encode_due")  # type: ignore[untyped-decorator]
def encode_due() -> None:
    """Make what takes long until none is due, and beside it look at whole files, which nobody waits for."""
    rendering, worker = worker_rendering(), name_worker()
    # Nobody waits for its end where this worker has to end at once: it is as if it had crashed there.
    decoding = Thread(target=work_through, args=(rendering, f"{worker}/decode", DECODE), name="decode", daemon=True)
    decoding.start()
    while (not is_stopping() and make_slow_ones(rendering, worker)) or decoding.is_alive():
        decoding.join(LOOK_AGAIN_SECONDS)


def make_slow_ones(rendering: Rendering, worker: str) -> bool:
    """A redacted copy, for which somebody waits, then a rendition: neither keeps the other from its turn."""
    copied = copy_next(rendering, worker)
    return render_next(rendering, worker, SLOW) or copied


def work_through(rendering: Rendering, worker: str, lane: str) -> None:
    try:
        while not is_stopping() and render_next(rendering, worker, lane):
            pass
    except Exception:  # A database that is away for a moment, say: the next wake-up goes on.
        log.exception("media.lane_failed", lane=lane)


def render_next(rendering: Rendering, worker: str, lane: str = QUICK) -> bool:
    """Make what one recording is owed in a lane. False when nothing is due."""
    due = lease_due_renditions(rendering.database, worker, lane)
    if due is None:
        return False
    with holding(due, rendering):
        make_due_renditions(due, rendering)
    return True


def copy_next(rendering: Rendering, worker: str) -> bool:
    """Make the redacted copy whose turn it is. False when none is due."""
    due = lease_due_copy(rendering.database, worker)
    if due is None:
        return False
    with holding(due, rendering):
        make_due_copy(due, rendering)
    return True


@contextmanager
def holding(due: Owed, rendering: Rendering) -> Iterator[None]:
    """What is leased is so for as long as the work on it lasts; whatever breaks that, what is left is tried again."""
    try:
        with due.lease.renewed(rendering.database):
            yield
    except FAILURES_OF_OURS as error:
        log.exception("media.failed", subject=due.lease.subject)
        defer(rendering.database, due, what_was_in_the_way(error))
    except Exception as error:
        log.exception("media.failed", subject=due.lease.subject)
        put_off(rendering.database, due, type(error).__name__)
    except BaseException:  # This worker is ended amid its work.
        give_back(rendering.database, due.lease)
        raise


def what_was_in_the_way(error: Exception) -> str:
    full = isinstance(error, StoreFull) or is_full(error)
    return f"{NO_ROOM if full else 'failed'}: {type(error).__name__}"
