"""A moment that another process of this machine compares with its own, however its clock is set meanwhile."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from api.engines.process import read_boot_id


@dataclass(frozen=True)
class SteadyInstant:
    """`seconds` of CLOCK_MONOTONIC, which all processes share and nobody sets, in the run of the machine called `boot`.

    It stands still while the machine sleeps: whoever wrote it and whoever reads it slept as well.
    """

    boot: str
    seconds: float

    @classmethod
    def now(cls) -> SteadyInstant:
        return cls(read_boot_id(), time.monotonic())

    def seconds_ago(self) -> float:
        """Infinite where it was in a run before this one."""
        return time.monotonic() - self.seconds if self.boot == read_boot_id() else math.inf
