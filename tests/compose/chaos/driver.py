"""Carries the plan out under load: one act after the other, each once the one before is over and all work again."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.compose.chaos.killing import NeverBack, strike
from tests.compose.chaos.outages import Outage
from tests.compose.chaos.plan import Act, Kill
from tests.compose.chaos.served import Served, StoodStill
from tests.compose.prepared import Clock
from tests.compose.stack import Stack


class Driver:
    """`deadline` by the run's clock: what is not begun by then is left out, and told. A complaint ends it."""

    def __init__(self, acts: Sequence[Act], stack: Stack, broker: str, deadline: float, clock: Clock) -> None:
        self._acts, self._stack, self._broker = acts, stack, broker
        self._deadline, self._clock = deadline, clock
        self.outages: list[Outage] = []
        self.complaints: list[str] = []

    def run(self, served: Served) -> None:
        try:
            served.wait("at the beginning")
            for number, act in enumerate(self._acts):
                if self._clock.now() > self._deadline:
                    self.complaints.append(f"out of time with {len(self._acts) - number} acts to come")
                    return
                time.sleep(act.delay_seconds)
                self._do(act, f"{number + 1} of {len(self._acts)}", served)
        except (NeverBack, StoodStill) as failed:
            self.complaints.append(str(failed))

    def _do(self, act: Act, which: str, served: Served) -> None:
        ended = strike(act, self._stack, self._broker, self._clock, self.outages.append)
        self.outages[-1] = ended
        done = "killed" if isinstance(act, Kill) else "away"
        working_after = served.wait(f"after {ended.what}")
        self._clock.say(
            f"{which}: {ended.what} {done}, healthy after {ended.seconds:.1f} s, all served {working_after:.1f} s later"
        )
