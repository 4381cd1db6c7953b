"""Whose turn is next: the plan's acts, what was missed once more, and another kill for what nobody came to.

An aim waits for its process to come by, and a kill finds its victim on its way back from the kill before: both may be
missed. So that a run comes to its end, what was missed a few times is given up, by name, and a kill at random takes its
place. Only what the opening names is tried until time is over: a run without it has not done what it is there for.
After as many misses it no longer counts towards the planned kills either, and another one is planned.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Collection
from dataclasses import replace

from tests.torture.plan import VICTIMS, Act, Aim, Kill, named_by, plan_acts

MOST_MISSES = 4
ONE_IN = 4
"""Acts between which something missed is done again, while there is other work: its way has to come by."""
PAUSE_SECONDS = 2.0
"""Longer by as much each time a victim was not there: so long may it take to be started again."""


class Turns:
    """`kills` counts processes killed, `by_victim` by process, `at_steps` those that stood in a step, by step."""

    def __init__(self, seed: int, kills: int) -> None:
        opening, self._plan = plan_acts(seed, kills)
        self._opening, self._again = deque(opening), deque[Aim | Kill]()
        self._source = random.Random(f"instead {seed}")
        self._demanded = sorted({name for act in opening for name in named_by(act)})
        self.wanted = kills
        self.kills = 0
        self.acts = 0
        self.at_steps: Counter[str] = Counter()
        self.by_victim: Counter[str] = Counter()
        self.given_up: Counter[str] = Counter()

    @property
    def reached(self) -> bool:
        """Whether there were enough kills, and all were met that the opening names."""
        return self.kills >= self.wanted and not self.unmet()

    def unmet(self) -> list[str]:
        """Steps and victims that the opening names, and that were not killed yet."""
        return [name for name in self._demanded if not (self.at_steps[name] or self.by_victim[name])]

    def next(self, laid: Collection[Aim]) -> Act | None:
        """None while those `laid` make up the number once their processes have come by."""
        if self._opening:
            return self._began(self._opening.popleft())
        kills: list[Aim | Kill] = [*(aim for aim in laid if aim.kills), *self._again]
        to_come = self.kills + sum(act.misses < MOST_MISSES for act in kills)
        if self._again and (self.acts % ONE_IN == ONE_IN - 1 or to_come >= self.wanted):
            return self._began(self._again.popleft())
        return None if to_come >= self.wanted else self._began(next(self._plan))

    def _began(self, act: Act) -> Act:
        self.acts += 1
        return act

    def met(self, aim: Aim) -> None:
        self.met_victim(f"{aim.role}, aimed")
        self.at_steps[aim.step] += 1

    def met_victim(self, victim: str) -> None:
        self.kills += 1
        self.by_victim[victim] += 1

    def missed(self, act: Aim | Kill) -> None:
        """It is done again, or after a few times something else in its place."""
        if isinstance(act, Aim) and not act.kills:
            return
        misses = act.misses + 1
        if misses < MOST_MISSES or not set(self.unmet()).isdisjoint(named_by(act)):
            again = replace(act, misses=misses)
            self._again.append(
                replace(again, delay_seconds=PAUSE_SECONDS * misses) if isinstance(again, Kill) else again
            )
        else:
            self.given_up[named(act)] += 1
            self._again.append(Kill((self._source.choice(VICTIMS),), PAUSE_SECONDS))

    def waiting(self, laid: Collection[Aim]) -> list[str]:
        """What is not met yet, and how often it was missed: for whoever asks why a run does not end."""
        kills: list[Aim | Kill] = [*(aim for aim in laid if aim.kills), *self._again]
        return [f"{named(act)}, missed {act.misses} times" for act in kills]


def named(act: Aim | Kill) -> str:
    return f"{act.role}: {act.step}" if isinstance(act, Aim) else ", ".join(act.victims)
