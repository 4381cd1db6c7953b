"""The replicator of an archive: for one command, and for the worker that goes on with it a little at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from api.archive import Archive
from api.errors import UsageRefused
from api.pace import Pace
from api.steadily import Steadily
from api.trust_folder import announced_keys
from ingest.lease import name_worker
from ingest.replica.errors import ReplicaError, ReplicaFailing
from ingest.replica.mark import Replica
from ingest.replica.replicator import HEALED, LOST, NOT_WHOLE, Done, Replicator

log = structlog.get_logger()


def require_replica(archive: Archive) -> Replica:
    """Raises UsageRefused where none is named."""
    if archive.replica is None:
        raise UsageRefused(
            "没有副本存储；请设置 LIUHEN_REPLICA_FOLDER，或 LIUHEN_REPLICA_S3_URL 等",
            "no replica is named: set LIUHEN_REPLICA_FOLDER, or LIUHEN_REPLICA_S3_URL and its neighbours",
        )
    return archive.replica


def open_replicator(archive: Archive, replica: Replica) -> Replicator:
    """A worker of a name of its own. Raises nothing: keys are asked for when the first batch is taken."""
    keys = partial(announced_keys, archive, "manifest")
    days = archive.settings.scrub_days
    return Replicator(archive.database, archive.everywhere, replica, keys, name_worker(), days)


def steady_replica(archive: Archive, replica: Replica, clock: Callable[[], float] = time.monotonic) -> Steadily[Done]:
    """What the worker has of it. An object that is begun stays open between two wake-ups, which renew its lease."""
    pace = Pace(archive.database, archive.settings.replica_rate, clock)
    return Steadily("replica", open_replicator(archive, replica), pace, replica.store, _failure_of, _log, clock)


def _failure_of(error: Exception) -> str | None:
    if isinstance(error, ReplicaFailing):
        return error.failure
    return type(error).__name__ if isinstance(error, ReplicaError) else None


def _log(done: Sequence[Done]) -> None:
    for each in done:
        facts = {"kind": each.owed.kind, "id": str(each.owed.id), "object": each.owed.object_name}
        if each.what == LOST:
            log.error("replica.lost", **facts, found=each.found, object_found=each.why)
        elif each.what == NOT_WHOLE:
            log.error("replica.not_copied", **facts, found=each.found, why=each.why)
        elif each.what == HEALED:
            log.warning("replica.healed", **facts, found=each.found)
