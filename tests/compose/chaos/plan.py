"""What is killed, in which order and after which pause: a function of the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

TARGETS = ("postgres", "broker", "rgw", "api", "custody")
PLACES = {"rgw": ("radosgw", "ceph-osd"), "api": ("a", "b"), "custody": ("a", "b")}
"""Where there are several of a kind each has its turn: the store's two daemons, the two nodes."""
LONGEST_DELAY_SECONDS = 6.0


@dataclass(frozen=True)
class Kill:
    """SIGKILL to one process, `delay_seconds` after everything was well and at work again."""

    target: str
    place: str
    delay_seconds: float


@dataclass(frozen=True)
class StopStore:
    """The store is ended in order and stays away for `seconds`."""

    seconds: float
    delay_seconds: float


Act = Kill | StopStore


def plan_acts(seed: int, kills: int, stop_seconds: float) -> list[Act]:
    """`kills` of each target, and one stop of the store unless it is to last no time, shuffled."""
    source = random.Random(f"chaos {seed}")
    acts: list[Act] = [
        Kill(target, place, source.uniform(0.0, LONGEST_DELAY_SECONDS))
        for target in TARGETS
        for place in _in_turn(PLACES.get(target, ("",)), kills)
    ]
    if stop_seconds > 0:
        acts.append(StopStore(stop_seconds, source.uniform(0.0, LONGEST_DELAY_SECONDS)))
    source.shuffle(acts)
    return acts


def _in_turn(places: tuple[str, ...], count: int) -> list[str]:
    return [places[number % len(places)] for number in range(count)]
