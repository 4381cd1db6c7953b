"""The replicator of an archive: for one command, and for the worker that goes on with it a little at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import structlog

from api.archive import Archive
from api.errors import UsageRefused
from api.pace import AWAY_SECONDS, Pace
from api.trust_folder import announced_keys
from ingest.lease import name_worker
from ingest.replica.errors import ReplicaError, ReplicaFailing
from ingest.replica.mark import Replica
from ingest.replica.replicator import HEALED, LOST, NOT_WHOLE, Done, Replicator
from storage.errors import StorageError

IDLE_SECONDS: Final = 5.0
"""So long nothing is asked for after nothing was due: an object waits no longer for its copy to be begun."""
SWEEP_SECONDS: Final = 3600.0
"""So often what was begun in the replica, and left by a crash, is looked for."""
AT_MOST_SECONDS: Final = 2.0
"""A wake-up ends in time for whoever wants to stop the worker."""

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


class SteadyReplica:
    """What the worker has of it. An object that is begun stays open between two wake-ups, which renew its lease."""

    def __init__(self, archive: Archive, replica: Replica, clock: Callable[[], float] = time.monotonic) -> None:
        self._replicator = open_replicator(archive, replica)
        self._pace = Pace(archive.database, archive.settings.replica_rate, clock)
        self._store = replica.store
        self._clock, self._sweep_at = clock, 0.0
        self._waits_for: str | None = None

    def go_on(self) -> Sequence[Done]:
        """As much as is allowed by now. A replica that is away, or a store, is waited for, and said once."""
        allowed = self._pace.allowed()
        if not allowed:
            return ()
        try:
            step = self._replicator.go_on(allowed, AT_MOST_SECONDS)
            self._sweep()
        except (ReplicaError, StorageError) as error:
            self._wait(error)
            return ()
        except Exception:
            self._pace.rest(AWAY_SECONDS)  # what is wrong stays so for a while: said twice a minute, not every second
            raise
        if self._waits_for is not None:
            log.info("replica.goes_on")
            self._waits_for = None
        self._pace.spend(step.read_bytes)
        if step.idle:
            self._pace.rest(IDLE_SECONDS)
        _log(step.done)
        return step.done

    def _sweep(self) -> None:
        """After the replicator, which knows by then that it is the replica."""
        if self._clock() >= self._sweep_at:
            self._store.sweep_abandoned()
            self._sweep_at = self._clock() + SWEEP_SECONDS

    def _wait(self, error: Exception) -> None:
        kind = error.failure if isinstance(error, ReplicaFailing) else type(error).__name__
        if kind != self._waits_for:
            log.warning("replica.waits", error=kind, why=str(error))
            self._waits_for = kind
        self._pace.rest(AWAY_SECONDS)


def _log(done: Sequence[Done]) -> None:
    for each in done:
        facts = {"kind": each.owed.kind, "id": str(each.owed.id), "object": each.owed.object_name}
        if each.what == LOST:
            log.error("replica.lost", **facts, found=each.found, object_found=each.why)
        elif each.what == NOT_WHOLE:
            log.error("replica.not_copied", **facts, found=each.found, why=each.why)
        elif each.what == HEALED:
            log.warning("replica.healed", **facts, found=each.found)
