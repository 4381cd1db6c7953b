"""Work that a worker goes on with a little at a time, within a rate: what is done, and what it waits for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar

import structlog

from api.pace import AWAY_SECONDS, Pace
from storage.errors import StorageError
from storage.objects.protocol import ObjectStore

IDLE_SECONDS: Final = 5.0
"""So long nothing is asked for after nothing was due: what becomes due waits no longer for its begin."""
SWEEP_SECONDS: Final = 3600.0
"""So often what was begun in the second place, and left by a crash, is looked for."""
AT_MOST_SECONDS: Final = 2.0
"""A wake-up ends in time for whoever wants to stop the worker."""

Done = TypeVar("Done", covariant=True)
log = structlog.get_logger()


class Step(Protocol[Done]):
    """What came of going on for a while. `idle`: nothing is due."""

    @property
    def read_bytes(self) -> int: ...
    @property
    def done(self) -> Sequence[Done]: ...
    @property
    def idle(self) -> bool: ...


class Going(Protocol[Done]):
    """The work itself, such as a Replicator. What is begun stays open between two calls, which renew its lease."""

    def go_on(self, at_most_bytes: int, at_most_seconds: float = ...) -> Step[Done]: ...


class Steadily(Generic[Done]):
    """`name` begins its log lines. `place` is the store beside the archive's own that it works with; `failure_of` says
    of an error how that is, None where the error is none of its place; `tell` is given what was done."""

    def __init__(
        self,
        name: str,
        work: Going[Done],
        pace: Pace,
        place: ObjectStore,
        failure_of: Callable[[Exception], str | None],
        tell: Callable[[Sequence[Done]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._work, self._pace, self._place = name, work, pace, place
        self._failure_of, self._tell = failure_of, tell
        self._clock, self._sweep_at = clock, 0.0
        self._waits_for: str | None = None

    def go_on(self) -> Sequence[Done]:
        """As much as is allowed by now. A place that is away, or the store, is waited for, and said once."""
        allowed = self._pace.allowed()
        if not allowed:
            return ()
        try:
            step = self._work.go_on(allowed, AT_MOST_SECONDS)
            self._sweep()
        except Exception as error:
            self._pace.rest(AWAY_SECONDS)  # what is wrong stays so for a while: said twice a minute, not every second
            failure = type(error).__name__ if isinstance(error, StorageError) else self._failure_of(error)
            if failure is None:
                raise
            self._wait(failure, error)
            return ()
        if self._waits_for is not None:
            log.info(f"{self._name}.goes_on")
            self._waits_for = None
        self._pace.spend(step.read_bytes)
        if step.idle:
            self._pace.rest(IDLE_SECONDS)
        self._tell(step.done)
        return step.done

    def _sweep(self) -> None:
        """After the work, which knows by then that it is its place."""
        if self._clock() >= self._sweep_at:
            self._place.sweep_abandoned()
            self._sweep_at = self._clock() + SWEEP_SECONDS

    def _wait(self, failure: str, error: Exception) -> None:
        if failure != self._waits_for:
            log.warning(f"{self._name}.waits", error=failure, why=str(error))
            self._waits_for = failure
