"""The queue `replica`: copying to the second store. A worker of its own, so that nobody waits for one that is away."""

from __future__ import annotations

from functools import lru_cache

from api.replicating import SteadyReplica, require_replica
from api.tasks.app import celery_app, worker_archive


@celery_app.task(name="replica.copy_due")  # type: ignore[untyped-decorator]
def copy_due() -> None:
    """Go on copying, as much as is allowed by now; what is begun goes on with the next wake-up."""
    worker_replica().go_on()


@lru_cache(maxsize=1)
def worker_replica() -> SteadyReplica:
    archive = worker_archive()
    return SteadyReplica(archive, require_replica(archive))
