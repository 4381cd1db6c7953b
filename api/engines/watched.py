"""One supervised child: what it is, and where it stands between launch, answer, failure and the next launch."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from api.engines.launch import Child, Launch
from api.engines.run_record import ProcessRecord

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_STEADY_SECONDS = 60.0


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class ChildSpec:
    """A part of the archive that runs as a process of its own.

    `prepare` runs before each launch, the first and every later one; `launch` says how to run it; `is_ready` asks,
    within a second or two, whether the process with that pid answers. It returns False for "not yet" and raises for
    what waiting does not cure.
    """

    name: str
    chinese: str
    english: str
    launch: Callable[[], Launch]
    is_ready: Callable[[int], bool]
    prepare: Callable[[], None] = _nothing
    ready_within_seconds: float = 60.0
    needed: bool = True
    """Whether nothing starts without it. What is not needed is told when it fails, and tried again."""


class Phase(enum.Enum):
    STARTING = "launched, does not answer yet"
    READY = "answers"
    PAUSING = "failed, waits for its next launch"


class Watched:
    """The state of one child. Its owner asks and decides; nothing here runs by itself."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.child: Child | None = None
        self.phase = Phase.PAUSING
        self.failures = 0
        self.next_launch_at = 0.0
        self._launched_at = 0.0
        self._log_path: Path | None = None

    @property
    def log_path(self) -> Path:
        assert self._log_path is not None
        return self._log_path

    def launch(self, record: ProcessRecord) -> None:
        self.spec.prepare()
        launch = self.spec.launch()
        self._log_path = launch.log_path
        self._launched_at = time.monotonic()
        self.child = Child(replace(launch, environment={**launch.environment, **record.marker}))
        self.phase = Phase.STARTING
        record.add(self.spec.name, self.child.identity, launch.stop_steps[0][0])

    def exit_status(self) -> int | None:
        return None if self.child is None else self.child.exit_status()

    def check_ready(self) -> bool:
        if self.child is not None and self.spec.is_ready(self.child.pid):
            self.phase = Phase.READY
        return self.phase is Phase.READY

    def is_overdue(self) -> bool:
        return self.seconds_since_launch() > self.spec.ready_within_seconds

    def seconds_since_launch(self) -> float:
        return time.monotonic() - self._launched_at

    def pause_after_failure(self) -> float:
        """End what is left of the child and wait before the next launch, longer each time; returns the seconds."""
        if self.child is not None:
            self.child.kill_session()
            self.child = None
        pause: float = min(_FIRST_PAUSE_SECONDS * 2.0 ** min(self.failures, 10), _LONGEST_PAUSE_SECONDS)
        self.failures += 1
        self.phase = Phase.PAUSING
        self.next_launch_at = time.monotonic() + pause
        return pause

    def forget_failures_in_time(self) -> None:
        """A child that has run steadily starts with a clean slate."""
        if self.failures and self.seconds_since_launch() > _STEADY_SECONDS:
            self.failures = 0
