"""The queue `replica`: copying to the second store. A worker of its own, so that nobody waits for one that is away."""

from __future__ import annotations

from functools import lru_cache

from api.replicating import require_replica, steady_replica
from api.steadily import Steadily
from api.tasks.app import celery_app, worker_archive
from ingest.replica.replicator import Done


@celery_app.task(name="replica.copy_due")  # type: ignore[untyped-decorator]
def copy_due() -> None:
    """Go on copying, as much as is allowed by now; what is begun goes on with the next wake-up."""
    worker_replica().go_on()


@lru_cache(maxsize=1)
def worker_replica() -> Steadily[Done]:
    archive = worker_archive()
    return steady_replica(archive, require_replica(archive))
