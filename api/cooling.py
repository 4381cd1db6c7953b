"""The mover of an archive, for the worker that goes on with it a little at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from api.archive import Archive
from api.cold_store import cold_rule
from api.errors import UsageRefused
from api.pace import Pace
from api.steadily import Steadily
from api.trust_folder import announced_keys
from ingest.cold.errors import ColdError, ColdFailing
from ingest.cold.mover import LOST, Done, Mover
from ingest.cold.passage import MOVED, NOT_WHOLE, RECALLED
from ingest.cold.place import ColdPlace
from ingest.lease import name_worker

log = structlog.get_logger()


def require_cold(archive: Archive) -> ColdPlace:
    """Raises UsageRefused where none is named."""
    if archive.cold is None:
        raise UsageRefused(
            "没有冷存储；请设置 LIUHEN_COLD_FOLDER，或 LIUHEN_COLD_S3_URL 等",
            "no cold place is named: set LIUHEN_COLD_FOLDER, or LIUHEN_COLD_S3_URL and its neighbours",
        )
    return archive.cold


def open_mover(archive: Archive, cold: ColdPlace) -> Mover:
    """A worker of a name of its own. Raises nothing: keys are asked for when the first original is taken."""
    keys = partial(announced_keys, archive, "manifest")
    return Mover(archive.database, archive.store, cold, keys, name_worker(), cold_rule(archive.settings))


def steady_cold(archive: Archive, cold: ColdPlace, clock: Callable[[], float] = time.monotonic) -> Steadily[Done]:
    """What the worker has of it. An original that is begun stays open between two wake-ups, which renew its lease."""
    pace = Pace(archive.database, archive.settings.cold_rate, clock)
    return Steadily("cold", open_mover(archive, cold), pace, cold.store, _failure_of, _log, clock)


def _failure_of(error: Exception) -> str | None:
    if isinstance(error, ColdFailing):
        return error.failure
    return type(error).__name__ if isinstance(error, ColdError) else None


def _log(done: Sequence[Done]) -> None:
    for each in done:
        facts = {"id": str(each.owed.id), "object": each.owed.object_name}
        if each.what == LOST:
            log.error("cold.lost", **facts, found=each.found, why=each.why)
        elif each.what == NOT_WHOLE:
            log.error("cold.not_moved", **facts, found=each.found, why=each.why)
        elif each.what in (MOVED, RECALLED):
            log.info(f"cold.{each.what}", **facts)
