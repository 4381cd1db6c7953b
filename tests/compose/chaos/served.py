"""Whether the archive serves everybody: each station has another receipt, and some playbacks went well."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.compose.chaos.stations import DockingStation
from tests.compose.chaos.viewers import Audience
from tests.compose.prepared import Clock

PLAYED_BETWEEN = 10
"""Playbacks without an error after all is healthy, and a receipt for each station: then the next act."""
STANDSTILL_SECONDS = 300.0
_PAUSE_SECONDS = 0.25


class StoodStill(Exception):
    """Everything is healthy again, and yet somebody is not served."""


class Served:
    def __init__(self, stations: Sequence[DockingStation], audience: Audience, clock: Clock) -> None:
        self._stations, self._audience, self._clock = stations, audience, clock

    def wait(self, when: str) -> float:
        """Until everybody was served since now; the seconds that took. Raises StoodStill."""
        began_at = self._clock.now()
        while missing := self._not_served_since(began_at):
            waited = self._clock.now() - began_at
            if waited > STANDSTILL_SECONDS:
                raise StoodStill(f"{when} work stands still for {waited:.0f} s: {', '.join(missing)}")
            time.sleep(_PAUSE_SECONDS)
        return self._clock.now() - began_at

    def _not_served_since(self, moment: float) -> list[str]:
        missing = [
            f"station {station.number} gets no receipt"
            for station in self._stations
            if not any(received.at > moment for received in reversed(station.received[-50:]))
        ]
        played = [each for each in self._audience.playbacks[-500:] if each.asked_at > moment and not each.error]
        return missing + ([] if len(played) >= PLAYED_BETWEEN else [f"{len(played)} playbacks"])
