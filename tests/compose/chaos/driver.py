"""Carries the plan out under load: one act after the other, each once the one before is over and all work again."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.compose.chaos.killing import NeverBack, strike
from tests.compose.chaos.outages import Outage
from tests.compose.chaos.plan import Act, Kill
from tests.compose.chaos.stations import DockingStation
from tests.compose.chaos.viewers import Audience
from tests.compose.prepared import Clock
from tests.compose.stack import Stack

PLAYED_BETWEEN = 10
"""Playbacks without an error after all is healthy, and a receipt for each station: then the next act."""
STANDSTILL_SECONDS = 300.0
_PAUSE_SECONDS = 0.25


class StoodStill(Exception):
    """Everything is healthy again, and yet somebody is not served."""


class Driver:
    def __init__(
        self, stack: Stack, broker: str, stations: Sequence[DockingStation], audience: Audience, clock: Clock
    ) -> None:
        self._stack, self._broker, self._stations = stack, broker, stations
        self._audience, self._clock = audience, clock
        self.outages: list[Outage] = []
        self.complaints: list[str] = []

    def run(self, acts: Sequence[Act], deadline: float) -> None:
        """`deadline` by the run's clock: what is not begun by then is left out, and told. A complaint ends it."""
        try:
            self._let_work("at the beginning")
            for number, act in enumerate(acts):
                if self._clock.now() > deadline:
                    self.complaints.append(f"out of time with {len(acts) - number} acts to come")
                    return
                time.sleep(act.delay_seconds)
                self._do(act, f"{number + 1} of {len(acts)}")
        except (NeverBack, StoodStill) as failed:
            self.complaints.append(str(failed))

    def _do(self, act: Act, which: str) -> None:
        ended = strike(act, self._stack, self._broker, self._clock, self.outages.append)
        self.outages[-1] = ended
        done = "killed" if isinstance(act, Kill) else "away"
        working_after = self._let_work(f"after {ended.what}")
        self._clock.say(
            f"{which}: {ended.what} {done}, healthy after {ended.seconds:.1f} s, all served {working_after:.1f} s later"
        )

    def _let_work(self, when: str) -> float:
        """Until each station has another receipt and some playbacks went well; the seconds that took."""
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
