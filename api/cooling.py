"""The mover of an archive, for the worker that goes on with it a little at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import structlog

from api.archive import Archive
from api.cold_store import cold_rule
from api.errors import UsageRefused
from api.pace import AWAY_SECONDS, Pace
from api.trust_folder import announced_keys
from ingest.cold.errors import ColdError, ColdFailing
from ingest.cold.mover import LOST, Done, Mover
from ingest.cold.passage import MOVED, NOT_WHOLE, RECALLED
from ingest.cold.place import ColdPlace
from ingest.lease import name_worker
from storage.errors import StorageError

IDLE_SECONDS: Final = 5.0
"""So long nothing is asked for after nothing was due: whoever asks for an original waits no longer for that."""
SWEEP_SECONDS: Final = 3600.0
AT_MOST_SECONDS: Final = 2.0
"""A wake-up ends in time for whoever wants to stop the worker."""

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


class SteadyCold:
    """What the worker has of it. An original that is begun stays open between two wake-ups, which renew its lease."""

    def __init__(self, archive: Archive, cold: ColdPlace, clock: Callable[[], float] = time.monotonic) -> None:
        self._mover = open_mover(archive, cold)
        self._pace = Pace(archive.database, archive.settings.cold_rate, clock)
        self._store = cold.store
        self._clock, self._sweep_at = clock, 0.0
        self._waits_for: str | None = None

    def go_on(self) -> Sequence[Done]:
        """As much as is allowed by now. A cold place that is away, or a store, is waited for, and said once."""
        allowed = self._pace.allowed()
        if not allowed:
            return ()
        try:
            step = self._mover.go_on(allowed, AT_MOST_SECONDS)
            self._sweep()
        except (ColdError, StorageError) as error:
            self._wait(error)
            return ()
        except Exception:
            self._pace.rest(AWAY_SECONDS)  # what is wrong stays so for a while: said twice a minute, not every second
            raise
        if self._waits_for is not None:
            log.info("cold.goes_on")
            self._waits_for = None
        self._pace.spend(step.read_bytes)
        if step.idle:
            self._pace.rest(IDLE_SECONDS)
        _log(step.done)
        return step.done

    def _sweep(self) -> None:
        """After the mover, which knows by then that it is the cold place."""
        if self._clock() >= self._sweep_at:
            self._store.sweep_abandoned()
            self._sweep_at = self._clock() + SWEEP_SECONDS

    def _wait(self, error: Exception) -> None:
        kind = error.failure if isinstance(error, ColdFailing) else type(error).__name__
        if kind != self._waits_for:
            log.warning("cold.waits", error=kind, why=str(error))
            self._waits_for = kind
        self._pace.rest(AWAY_SECONDS)


def _log(done: Sequence[Done]) -> None:
    for each in done:
        facts = {"id": str(each.owed.id), "object": each.owed.object_name}
        if each.what == LOST:
            log.error("cold.lost", **facts, found=each.found, why=each.why)
        elif each.what == NOT_WHOLE:
            log.error("cold.not_moved", **facts, found=each.found, why=each.why)
        elif each.what in (MOVED, RECALLED):
            log.info(f"cold.{each.what}", **facts)
