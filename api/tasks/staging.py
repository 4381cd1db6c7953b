"""The queue `staging`: what is looked after among staged files, by a worker that has their folder; on a node, its own.

Each task is right again after any crash, and twice at once.
"""

from __future__ import annotations

from datetime import UTC, datetime

import structlog

from api.archive import Archive
from api.tasks.app import celery_app, wake, worker_archive
from api.tasks.nodes import word_for
from api.upload_limits import upload_limits, upload_register
from ingest.uploads.handover import Handover
from ingest.uploads.sweeps import expire_stale, recover_finished, remove_orphans

log = structlog.get_logger()


@celery_app.task(name="staging.recover_uploads")  # type: ignore[untyped-decorator]
def recover_uploads() -> None:
    """Hand over uploads whose end was lost in a crash, and give up the stale ones."""
    recover_all_uploads(worker_archive())


@celery_app.task(name="staging.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Free the room of uploads that are done or gone. It looks at all there is: rarely, since it hardly finds any."""
    sweep_staged(worker_archive())


def recover_all_uploads(archive: Archive) -> None:
    """Recover before expiring: what is complete is evidence, however late its end comes."""
    staging, register = archive.staging, upload_register(archive)
    # All of them with one word, below.
    recovered = recover_finished(staging, register, Handover(register, lambda _: None))
    if recovered:
        log.warning("uploads.recovered", uploads=recovered)
        wake(word_for("custody.seal_due", staging.node))
    expire_stale(staging, register, upload_limits(archive.settings), datetime.now(UTC))


def sweep_staged(archive: Archive) -> None:
    """Files that a crash kept from being removed, and those of uploads that were given up.

    What the catalog does not know is noted, and kept for a time.
    """
    remove_orphans(archive.staging, upload_register(archive), upload_limits(archive.settings), datetime.now(UTC))
