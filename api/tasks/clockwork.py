"""The clock of `liuhen beat`: what it says goes the way of every wake-up, and so waits once at the most."""

from __future__ import annotations

from typing import Any

from celery.beat import ScheduleEntry, Scheduler

from api.tasks.app import wake


class Clockwork(Scheduler):  # type: ignore[misc]
    """Keeps nothing on disk: what is due is in the database, and waking once too often costs nothing."""

    def apply_async(self, entry: ScheduleEntry, producer: Any = None, advance: bool = True, **_options: Any) -> None:
        if advance:
            self.reserve(entry)
        wake(entry.name)
