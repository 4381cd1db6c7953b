"""The queue `cold`: moving originals to the cold place, and back. A worker of its own, for the place may be slow."""

from __future__ import annotations

from functools import lru_cache

from api.cooling import require_cold, steady_cold
from api.steadily import Steadily
from api.tasks.app import celery_app, worker_archive
from ingest.cold.mover import Done


@celery_app.task(name="cold.move_due")  # type: ignore[untyped-decorator]
def move_due() -> None:
    """Go on, as much as is allowed by now; what is begun goes on with the next wake-up."""
    worker_cold().go_on()


@lru_cache(maxsize=1)
def worker_cold() -> Steadily[Done]:
    archive = worker_archive()
    return steady_cold(archive, require_cold(archive))
