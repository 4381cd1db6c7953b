"""What is done to the archive, in which order: a function of the seed and of how many kills there shall be."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.torture.points import CUSTODY_STEPS, DOCK_STEPS, MEDIA_STEPS, SEQUENCER_STEPS, UPLOAD_STEPS
from tests.torture.proxy import Manners

VICTIMS = (
    "http-1",
    "http-2",
    "worker-custody",
    "worker-custody child",
    "worker-media",
    "worker-encoding",
    "worker-housekeeping",
    "beat",
    "valkey",
    "postgres",
    "postgres backend",
    "sequencer",
    "tsa",
    "fork-server",
    "agent",
)
OTHER_STEPS = (
    *(("http", step) for step in UPLOAD_STEPS),
    *(("sequencer", step) for step in SEQUENCER_STEPS),
    *(("dock", step) for step in DOCK_STEPS),
    *(("worker-media", step) for step in MEDIA_STEPS),
)
MACHINE = "machine"
CLOCKS = (
    *VICTIMS[:3],
    "worker-media",
    "worker-encoding",
    "worker-housekeeping",
    "beat",
    "valkey",
    "postgres",
    "sequencer",
    "tsa",
    "fork-server",
    "agent",
)
SMALL_SHIFTS_SECONDS = (-600, -90, -5, 5, 90, 600)
LARGE_SHIFTS_SECONDS = (-86_400, -7_200, 7_200, 86_400, 5 * 86_400)
MOST_POINTS = 8


@dataclass(frozen=True)
class Kill:
    """Of these, at once, `delay_seconds` from now: wherever they are then. `misses`: how often they were not there."""

    victims: tuple[str, ...]
    delay_seconds: float
    misses: int = 0


@dataclass(frozen=True)
class KillAll:
    """The supervisor and everything below it, as when the machine's power fails; then it is started again."""

    delay_seconds: float


@dataclass(frozen=True)
class Aim:
    """Stop the next process of `role` at the point number `skip` of `step`, and kill it there.

    Or keep it there until its lease has run out and let it go on: a worker that does not know how late it is.
    `misses`: how often none came by.
    """

    role: str
    step: str
    skip: int
    kills: bool = True
    misses: int = 0


@dataclass(frozen=True)
class Disturb:
    """The next `connections` have these manners; all that are open now are cut first where `cut_all`."""

    manners: Manners
    connections: int
    cut_all: bool = False


@dataclass(frozen=True)
class Fill:
    """Leave so much room on the staging disk, for so long."""

    room_bytes: int
    seconds: float


@dataclass(frozen=True)
class Shift:
    """Set the clock of one process wrong by so many seconds for `lasting_seconds`, or that of all ("machine").

    The database refuses an entry whose time is more than an hour from its own: while clocks disagree by more, nothing
    changes, which is as it should be. So large errors of one clock last a moment; the machine's may last.
    """

    clock: str
    seconds: int
    lasting_seconds: float


Act = Kill | KillAll | Aim | Disturb | Fill | Shift
WEIGHTS = {"custody": 54, "other": 11, "kill": 16, "several": 3, "late": 3, "all": 3, "net": 7, "fill": 3, "clock": 4}


def plan_acts(seed: int, kills: int) -> tuple[list[Act], Iterator[Act]]:
    """The opening, in which each process and each step of custody comes once as far as `kills` goes, and what follows
    without end, as much as it takes."""
    source = random.Random(f"acts {seed}")
    return _opening(source, kills), iter(lambda: _next_act(source), None)


def _opening(source: random.Random, kills: int) -> list[Act]:
    aims = [Aim("worker-custody", step, source.randrange(MOST_POINTS)) for step in CUSTODY_STEPS]
    others = [Kill((victim,), source.uniform(0.0, 0.5)) for victim in VICTIMS]
    gentle = [_network(source), Fill(256 << 10, 1.5), *([_shift(source)] if kills >= len(aims) else ())]
    aimed = source.sample(aims, min(len(aims), max(0, kills - len(others))))
    opening: list[Act] = [*source.sample(others, min(len(others), kills)), *aimed, *gentle]
    source.shuffle(opening)
    return opening


def named_by(act: Act) -> tuple[str, ...]:
    """The step or the victims."""
    match act:
        case Aim():
            return (act.step,)
        case Kill():
            return act.victims
        case _:
            return ()


def _next_act(source: random.Random) -> Act:
    (kind,) = source.choices(list(WEIGHTS), list(WEIGHTS.values()))
    if kind == "custody":
        return Aim("worker-custody", source.choice(CUSTODY_STEPS), source.randrange(MOST_POINTS))
    if kind == "late":
        return Aim("worker-custody", source.choice(CUSTODY_STEPS), source.randrange(MOST_POINTS), kills=False)
    if kind == "other":
        return Aim(*source.choice(OTHER_STEPS), source.randrange(MOST_POINTS))
    if kind == "kill":
        return Kill((source.choice(VICTIMS),), source.uniform(0.0, 0.8))
    if kind == "several":
        return Kill(tuple(source.sample(VICTIMS, source.randint(2, 4))), source.uniform(0.0, 1.0))
    if kind == "all":
        return KillAll(source.uniform(0.0, 1.0))
    if kind == "net":
        return _network(source)
    if kind == "fill":
        return Fill(source.choice((0, 4 << 10, 256 << 10, 2 << 20)), source.uniform(0.5, 4.0))
    return _shift(source)


def _shift(source: random.Random) -> Shift:
    kind = source.random()
    if kind < 0.5:
        return Shift(source.choice(CLOCKS), source.choice(SMALL_SHIFTS_SECONDS), source.uniform(3.0, 40.0))
    clock = MACHINE if kind < 0.75 else source.choice(CLOCKS)
    longest = 20.0 if clock == MACHINE else 4.0
    return Shift(clock, source.choice(LARGE_SHIFTS_SECONDS), source.uniform(1.0, longest))


def _network(source: random.Random) -> Disturb:
    manner = source.choice(("cut", "stall", "late", "late", "refuse"))
    manners = Manners(manner, source.choice((0, 300, 5_000, 200_000)), source.uniform(0.2, 3.0))
    return Disturb(manners, source.randint(1, 6), cut_all=source.random() < 0.5)
