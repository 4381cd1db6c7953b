"""A process of the archive as torture runs it: the real command, with its steps and writes watched.

Run by path as `entry.py CONTROL COMMAND…`; CONTROL is the driver's folder. While a file `aim.ROLE.STEP` lies there, the
next process of that role that enters that step takes it and stops itself, whole, at the point the file asks for: a
stopped process is at exactly that line, and the driver kills it there, or lets it go on after its lease has run out.

The waits that only keep a rare failure from being retried too often are shortened here, so that a thousand kills fit
into an hour. Nothing else differs from `liuhen COMMAND`, but for settings (system.py).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import MISSING, fields
from datetime import timedelta
from inspect import signature
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEASE_SECONDS = 4
LONGEST_BACKOFF_SECONDS = 8
LONGEST_PAUSE_SECONDS = 3.0
"""Of an agent whose archive is away."""
RETRY_AFTER_SECONDS = 2
SWEEP_SECONDS = 5.0
"""Between looks at what is staged and belongs to nobody: a minute otherwise."""


class Aim:
    """The driver's wish that this process stop at a point, and its fulfilment."""

    def __init__(self, control: Path, role: str) -> None:
        self._control, self._role = control, role
        self._turn = threading.Lock()
        self._armed: tuple[str, int, str, int] | None = None

    def __call__(self, step: str, point: str, moment: str) -> None:
        if point == "step" and moment == "before" and self._armed is None:
            self._take(step)
        with self._turn:
            if self._armed is None or self._armed[0] != step or self._armed[3] not in (0, threading.get_ident()):
                return
            step, skip, number, thread = self._armed
            # The last point of a step counts for every number beyond it.
            if skip > 0 and not (point == "step" and moment == "after"):
                self._armed = (step, skip - 1, number, thread)
                return
            self._armed = None
        self._stop(number, f"{step} {moment} {point}")

    def _take(self, step: str) -> None:
        wish = self._control / f"aim.{self._role}.{step}"
        taken = self._control / f"taken.{os.getpid()}.{threading.get_ident()}"
        try:
            _rename(wish, taken)
        except OSError:
            return
        skip, number = taken.read_text().split()
        _unlink(taken)
        # A worker does one thing at a time, with threads that write for it; an HTTP process or an agent does many.
        self._armed = (step, int(skip), number, threading.get_ident() if self._role in ("http", "dock") else 0)

    def _stop(self, number: str, where: str) -> None:
        passing = self._control / f"passing.{number}"
        passing.write_text(f"{os.getpid()} {where}")
        _rename(passing, self._control / f"stopped.{number}")
        os.kill(os.getpid(), signal.SIGSTOP)


# Before they are watched.
_rename, _unlink = os.rename, os.unlink


def role_of(arguments: list[str]) -> str:
    words = [word for word in arguments if not word.startswith("-")]
    return f"{words[0]}-{words[1]}" if words[0] == "worker" else words[0]


def shorten_waits() -> None:
    import ingest.lease
    import ingest.sealing.due

    _shorten_retry_after()
    ingest.lease.LEASE = timedelta(seconds=LEASE_SECONDS)
    ingest.sealing.due.LONGEST_BACKOFF = timedelta(seconds=LONGEST_BACKOFF_SECONDS)


def sweep_often() -> None:
    from api.tasks.app import EVERY

    assert EVERY["staging.sweep"] > SWEEP_SECONDS
    EVERY["staging.sweep"] = SWEEP_SECONDS


def shorten_pauses() -> None:
    import ingest.dock.patience

    ingest.dock.patience._LONGEST_PAUSE_SECONDS = LONGEST_PAUSE_SECONDS


def _shorten_retry_after() -> None:
    """What a station is asked to wait after 503 and 507: half a minute, in which nothing would be under way."""
    from ingest.uploads.contract import UploadLimits

    defaults = {each.name: each.default for each in fields(UploadLimits) if each.default is not MISSING}
    assert "retry_after_seconds" in defaults
    defaults["retry_after_seconds"] = RETRY_AFTER_SECONDS
    UploadLimits.__init__.__defaults__ = tuple(defaults.values())  # type: ignore[misc]
    assert signature(UploadLimits).parameters["retry_after_seconds"].default == RETRY_AFTER_SECONDS


def watch_steps(control: Path, role: str) -> None:
    from tests.torture import points

    steps = {
        "worker-custody": points.CUSTODY_STEPS,
        "worker-media": points.MEDIA_STEPS,
        "http": points.UPLOAD_STEPS,
        "sequencer": points.SEQUENCER_STEPS,
        "dock": points.DOCK_STEPS,
    }.get(role)
    if steps is None:
        return
    for module in ("api.tasks.custody", "api.tasks.media") if role.startswith("worker") else ("ingest.dock.agent",):
        __import__(module)
    points.install(points.Watch(steps, Aim(control, role)))


def main() -> None:
    control, *arguments = sys.argv[1:]
    sys.path.insert(0, str(ROOT))
    role = role_of(arguments)
    if role == "dock":
        shorten_pauses()
    else:
        shorten_waits()
    if role == "beat":
        sweep_often()
    watch_steps(Path(control), role)
    from api.cli.main import run

    sys.argv = ["liuhen", *arguments]
    with suppress(BrokenPipeError):
        sys.exit(run(arguments))


if __name__ == "__main__":
    main()
