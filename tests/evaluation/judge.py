"""Whether a recording's case follows from what can be seen of it, said by whoever knows the truth. No points.

Nothing here is the archive's: neither what it reads in a file nor how sure it is of that, so that an archive which
believes less is measured by the same recordings. Three things must be there to be seen, and the truth says whether they
are:

- *Who*: file or station names the recorder that made it, and the register has that recorder, at that time, with the
  officer who really had it. What a file says of itself and nobody vouches for, anybody may have written.
- *When*: by satellites (right to two seconds); or its clock stands beside theirs in another recording of that outing
  (right to twice what recorders are unsteady by); or its clock was right (to what they are unsteady by), and a name has
  its time. A clock that was wrong and is compared with nothing hides the truth. Of the tags alone nobody knows in which
  zone they are: both must be possible times, and lead to no other case.
- *Which*: of that officer's duties in that time all but those whose scene is farther from the satellites' place than
  people stand and receivers err, five times as far as most do.

The case follows when one case alone is left, and half of the recording or more lies in its duty wherever in its bounds
it began. Now and then that is not the truth: somebody films on the way, at an hour for which a duty was entered.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.evaluation.shifts import (
    FROM_THE_SCENE_METRES,
    RECEIVER_METRES,
    UNSTEADY_SECONDS,
    Clip,
    Duty,
    World,
    metres_between,
)

FAR_METRES = 5 * math.hypot(FROM_THE_SCENE_METRES, RECEIVER_METRES)
COMPARED = timedelta(seconds=2 * UNSTEADY_SECONDS + 2)
BY_SATELLITE = timedelta(seconds=2)
BY_NAME = timedelta(seconds=UNSTEADY_SECONDS + 1)
ZONE = timedelta(hours=8)
LONGEST_DUTY = timedelta(hours=6)


@dataclass(frozen=True)
class Bounds:
    first: datetime
    last: datetime


class Judge:
    """Knows the truth, the register and the roster; and of each clip what can be seen."""

    def __init__(self, world: World) -> None:
        self.duties = sorted(world.duties, key=lambda duty: duty.span[0])
        self.starts = [duty.span[0] for duty in self.duties]
        self.issues = world.issues
        self.compared = {clip.outing for clip in world.clips if clip.fix and names_recorder(clip)}

    def case_of(self, clip: Clip) -> int | None:
        """None when no case follows."""
        bounds = self.when(clip)
        if not bounds or not names_recorder(clip) or not self.vouched(clip):
            return None
        possible = [duty for each in bounds for duty in self.near(clip, each) if is_near(duty, clip)]
        if len({duty.case for duty in possible}) != 1:
            return None
        true = bounds[0]
        certain = any(
            all(inside(duty, begun, clip.seconds) >= 0.5 for begun in (true.first, true.last)) for duty in possible
        )
        return possible[0].case if certain else None

    def vouched(self, clip: Clip) -> bool:
        return any(
            (issue.device, issue.badge) == (clip.device, clip.badge)
            and issue.span[0] <= clip.true_start
            and (issue.span[1] is None or clip.true_start < issue.span[1])
            for issue in self.issues
        )

    def when(self, clip: Clip) -> tuple[Bounds, ...]:
        """The true start and, around it, what cannot be known, first; then when else it may have been. Empty where
        nothing tells."""
        if clip.fix is not None:
            return (around(clip.true_start, BY_SATELLITE),)
        if clip.outing in self.compared:
            return (around(clip.true_start, COMPARED),)
        if clip.offset:
            return ()
        if clip.named:
            return (around(clip.true_start, BY_NAME),)
        # Written as UTC: it is, or it is eight hours more than it was, unless that would be after its receipt.
        other = clip.true_start - ZONE if clip.zoned else clip.true_start + ZONE
        possible = other + timedelta(seconds=clip.seconds) <= clip.received_at
        return (around(clip.true_start, BY_NAME), *([around(other, BY_NAME)] if possible else []))

    def near(self, clip: Clip, bounds: Bounds) -> Iterator[Duty]:
        """The officer's duties within these bounds."""
        until = bounds.last + timedelta(seconds=clip.seconds)
        for at in range(bisect.bisect_left(self.starts, bounds.first - LONGEST_DUTY), len(self.duties)):
            duty = self.duties[at]
            if duty.span[0] >= until:
                return
            if duty.span[1] > bounds.first and duty.badge == clip.badge:
                yield duty


def names_recorder(clip: Clip) -> bool:
    """Whether file or station says which recorder it was, and says it rightly."""
    return clip.device in (clip.said_device, clip.name.split("_")[0])


def is_near(duty: Duty, clip: Clip) -> bool:
    return clip.spot is None or duty.spot is None or metres_between(clip.spot, duty.spot) <= FAR_METRES


def around(moment: datetime, either_way: timedelta) -> Bounds:
    return Bounds(moment - either_way, moment + either_way)


def inside(duty: Duty, begun: datetime, seconds: float) -> float:
    ended = begun + timedelta(seconds=seconds)
    return (min(ended, duty.span[1]) - max(begun, duty.span[0])).total_seconds() / seconds
