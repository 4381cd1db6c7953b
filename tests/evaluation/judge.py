"""Whether a recording's case follows from its data, and which it is: plain rules over what anybody could see.

No points, no weights. A case is *possible* for a recording when one of its duties is by who, when and where; it is
*certain* when, whatever the error of the clock within its bounds, half the recording or more lies in the duty. The case
follows from the data when exactly one is possible, and that one is certain.

- *When*: the satellites' word is right to two seconds. A recorder's clock is compared, where the same recorder has a
  satellite time in the same shift (16 hours by its clock), and then right to a minute. Else it is believed as far as
  the archive's own estimate says, which is what anybody would do who knows nothing else.
- *Who*: the register goes before what the file says. Where it names the device's holder at that time, only his duties
  are possible. Where it knows nothing, the officer's or the device's of the file.
- *Where*: a duty whose place is more than 500 metres off is impossible. A recording that names nobody needs a place.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from tests.evaluation.shifts import Clip, Duty, World, metres_between

SCENE_METRES = 500.0
SHIFT = timedelta(hours=16)
COMPARED = timedelta(seconds=60)
BY_SATELLITE = timedelta(seconds=2)
LONGEST_DUTY = timedelta(hours=6)


@dataclass(frozen=True)
class Seen:
    """What the archive has of a clip: its columns and nothing of the truth."""

    device: str | None
    officer: str | None
    started_at: datetime | None
    uncertainty: timedelta
    seconds: float
    fix: datetime | None
    clock: datetime | None
    spot: tuple[float, float] | None


@dataclass(frozen=True)
class Bounds:
    first: datetime
    last: datetime


class Judge:
    """Knows register, roster, and every clip as it is seen."""

    def __init__(self, world: World, seen: list[Seen]) -> None:
        self.world, self.seen = world, seen
        self.duties = sorted(world.duties, key=lambda duty: duty.span[0])
        self.starts = [duty.span[0] for duty in self.duties]
        self.issues = defaultdict(list)
        for issue in world.issues:
            self.issues[issue.device].append(issue)
        self.compared: dict[str, list[tuple[datetime, timedelta]]] = defaultdict(list)
        for each in seen:
            if each.device and each.fix and each.clock:
                self.compared[each.device].append((each.clock, each.clock - each.fix))

    def case_of(self, seen: Seen) -> int | None:
        """None when its case does not follow from its data."""
        bounds = self.when(seen)
        if bounds is None:
            return None
        possible = [duty for duty in self.near(bounds, seen.seconds) if self.is_possible(duty, seen, bounds)]
        if len({duty.case for duty in possible}) != 1:
            return None
        certain = any(
            all(inside(duty, begun, seen.seconds) >= 0.5 for begun in (bounds.first, bounds.last)) for duty in possible
        )
        return possible[0].case if certain else None

    def when(self, seen: Seen) -> Bounds | None:
        if seen.fix is not None:
            return around(seen.fix, BY_SATELLITE)
        if seen.clock is not None and seen.device:
            near = [off for shown, off in self.compared[seen.device] if abs(shown - seen.clock) <= SHIFT]
            if near:
                return around(seen.clock - median(near), COMPARED)
        return None if seen.started_at is None else around(seen.started_at, seen.uncertainty)

    def near(self, bounds: Bounds, seconds: float) -> Iterator[Duty]:
        until = bounds.last + timedelta(seconds=seconds)
        for at in range(bisect.bisect_left(self.starts, bounds.first - LONGEST_DUTY), len(self.duties)):
            if self.starts[at] >= until:
                return
            if self.duties[at].span[1] > bounds.first:
                yield self.duties[at]

    def is_possible(self, duty: Duty, seen: Seen, bounds: Bounds) -> bool:
        if seen.spot and duty.spot and metres_between(seen.spot, duty.spot) > SCENE_METRES:
            return False
        holders = self.holders(seen, bounds)
        if holders:
            return duty.badge in holders
        if seen.device or seen.officer:
            return duty.badge == seen.officer or (duty.device is not None and duty.device == seen.device)
        return bool(seen.spot and duty.spot)

    def holders(self, seen: Seen, bounds: Bounds) -> set[str]:
        until = bounds.last + timedelta(seconds=seen.seconds)
        return {
            issue.badge
            for issue in self.issues.get(seen.device or "", ())
            if issue.span[0] <= until and (issue.span[1] is None or issue.span[1] > bounds.first)
        }


def around(moment: datetime, either_way: timedelta) -> Bounds:
    return Bounds(moment - either_way, moment + either_way)


def inside(duty: Duty, begun: datetime, seconds: float) -> float:
    ended = begun + timedelta(seconds=seconds)
    return (min(ended, duty.span[1]) - max(begun, duty.span[0])).total_seconds() / seconds


def read(clip: Clip, device: str | None, officer: str | None, started_at: datetime | None, off: float | None) -> Seen:
    named = device is not None and clip.said_device is None
    return Seen(
        device=device,
        officer=officer,
        started_at=started_at,
        uncertainty=timedelta(seconds=off or 0.0),
        seconds=clip.seconds,
        fix=clip.fix,
        clock=clip.shown if named else None,
        spot=clip.spot,
    )
