"""A machine that lets a program not do its work: too late, without room or memory, or killed for others' sake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from ingest.media.runner import MediaRunner
from ingest.media.sandbox import Confined, Job, Sandbox
from ingest.media.stops import Stop

HINDRANCES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "deadline": {"stopped": Stop.DEADLINE},
        "room": {"stopped": Stop.ROOM},
        "ran short of memory or room": {"exit_code": 1, "stderr_tail": "OSError: [Errno 12] Cannot allocate memory"},
        "signal 9": {"signal": 9},
    }
)
"""How a run ended, by what RenditionFailed says of it."""


@dataclass(frozen=True)
class Hindered:
    """Runs all, and then says of some of it that it ended otherwise."""

    real: Sandbox
    which: Callable[[Job], bool]
    how: Mapping[str, Any]
    name: str = "hindered"

    def run(self, job: Job) -> Confined:
        result = self.real.run(job)
        if not self.which(job):
            return result
        ended = replace(result, exit_code=None, signal=None, stopped=None, stdout=b"", stderr_tail="")
        return replace(ended, **self.how)


def hindered(runner: MediaRunner, why: str, which: Callable[[Job], bool]) -> MediaRunner:
    return replace(runner, sandbox=Hindered(runner.sandbox, which, HINDRANCES[why]))
