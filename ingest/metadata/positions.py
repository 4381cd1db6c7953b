"""Tracks of positions: what every reader of them gives, what of it is believed, and the compact form that is kept.

No position is better than a wrong one: what a receiver wrote without a fix, outside the globe, at 0,0 or where nothing
could have got to in the time is never a place, and is counted with its reason.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ingest.metadata.points import Point, why_not
from storage.measures import metres_between

MOST_POINTS: Final = 20_000
"""Kept of one track: eleven hours at one in two seconds. More are thinned evenly."""
MOST_POINTS_READ: Final = 400_000
FASTEST_METRES_PER_SECOND: Final = 150.0
"""540 km/h. What gets from point to point faster was not carried there by anybody on duty, airliners aside."""
JUMP_ALLOWANCE_METRES: Final = 200.0
LONGEST_SECONDS: Final = 31 * 86400.0
LONGEST_WITHOUT_FIX: Final = 86400.0

SCALE_SECONDS: Final = {"camm": 18.0}
"""Whose satellites' times may be off by so much: not every writer of CAMM knows of leap seconds."""

Row = tuple[int | None, ...]

JUMP: Final = "jump"
TOO_MANY: Final = "too_many_points"

EPOCH: Final = datetime(1980, 1, 6, tzinfo=UTC)
"""Of GPS time; any fixed instant would do to count from."""


@dataclass(frozen=True)
class Track:
    """Believed points in the order of time, and how many were left out for which reason.

    `started_at` is when the recording's first frame was made by the satellites' clock, `spread_seconds` how far the
    points disagree on it.
    """

    source: str
    points: tuple[Point, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    started_at: datetime | None = None
    spread_seconds: float = 0.0

    @property
    def place(self) -> Point | None:
        """Where it began: the first believed point."""
        return self.points[0] if self.points else None


def judge_track(source: str, points: Iterable[Point]) -> Track:
    """What may be believed of a track. Never raises for what the points hold."""
    left_out: Counter[str] = Counter()
    believed: list[Point] = []
    missed = 0
    for number, point in enumerate(points):
        if number >= MOST_POINTS_READ:
            left_out[TOO_MANY] += 1
            break
        reason = why_not(point)
        if reason is None:
            believed.append(tidy(point))
        else:
            left_out[reason] += 1
            missed += not believed
    lead = seconds_before(believed, missed)
    kept = keep_reachable(set_offsets(believed, lead))
    left_out[JUMP] += len(believed) - len(kept)
    started_at, spread = start_of(kept)
    return Track(source, thin(kept), dict(+left_out), started_at, max(spread, lead, SCALE_SECONDS.get(source, 0.0)))


def tidy(point: Point) -> Point:
    """A speed nobody drives is no speed; an offset beyond any recording is none."""
    speed, offset = point.speed_metres_per_second, point.offset_seconds
    if speed is not None and not 0 <= speed <= FASTEST_METRES_PER_SECOND:
        point = point._replace(speed_metres_per_second=None)
    if offset is not None and not 0 <= offset <= LONGEST_SECONDS:
        point = point._replace(offset_seconds=None)
    return point


def seconds_before(points: Sequence[Point], missed: int) -> float:
    """How long before the first believed point the log began, where only a clock is written: so many points were none,
    each a step of those that follow."""
    if not missed or all(point.offset_seconds is not None for point in points):
        return 0.0
    times = sorted(point.at for point in points if point.at is not None)
    steps = sorted((later - earlier).total_seconds() for earlier, later in itertools.pairwise(times))
    return min(missed * (steps[len(steps) // 2] if steps else 1.0), LONGEST_WITHOUT_FIX)


def set_offsets(points: list[Point], lead: float = 0.0) -> list[Point]:
    """Where only a clock is written, seconds since `lead` before the first point of all, in the order of time.

    A receiver that has no fix yet may say a day of years ago: of points that no one recording holds, most count."""
    if any(point.offset_seconds is None for point in points):
        timed = of_one_recording([(p.at, n) for n, p in enumerate(points) if p.at is not None])
        return [
            points[n]._replace(offset_seconds=lead + (at - timed[0][0]).total_seconds()) for at, n in timed
        ] or points
    return sorted(points, key=lambda point: point.offset_seconds or 0.0)


def of_one_recording(timed: list[tuple[datetime, int]]) -> list[tuple[datetime, int]]:
    """The most that lie within the longest recording there is, in the order of time; the earliest of as many."""
    ordered, begin, best = sorted(timed), 0, (0, 0)
    for end in range(1, len(ordered) + 1):
        while (ordered[end - 1][0] - ordered[begin][0]).total_seconds() > LONGEST_SECONDS:
            begin += 1
        best = max(best, (end - begin, -begin))
    return ordered[-best[1] : best[0] - best[1]]


def keep_reachable(points: Sequence[Point]) -> list[Point]:
    """The longest stretch without a jump, and what else can be reached from it, forwards and backwards in time."""
    if len(points) < 2:
        return list(points)
    stretches, begin = [], 0
    for n in range(1, len(points)):
        if not reachable(points[n - 1], points[n]):
            stretches.append((begin, n))
            begin = n
    stretches.append((begin, len(points)))
    begin, end = max(stretches, key=lambda span: span[1] - span[0])
    before = walk(points[begin], reversed(points[:begin]))
    return [*reversed(before), *points[begin:end], *walk(points[end - 1], points[end:])]


def walk(last: Point, others: Iterable[Point]) -> list[Point]:
    reached = []
    for point in others:
        if reachable(last, point):
            reached.append(point)
            last = point
    return reached


def reachable(one: Point, other: Point) -> bool:
    if one.offset_seconds is None or other.offset_seconds is None:
        return True
    seconds = abs(other.offset_seconds - one.offset_seconds)
    metres = metres_between(one.latitude, one.longitude, other.latitude, other.longitude)
    return metres <= JUMP_ALLOWANCE_METRES + FASTEST_METRES_PER_SECOND * seconds


def start_of(points: Sequence[Point]) -> tuple[datetime | None, float]:
    """The satellites' time at the first frame, by the first believed point, and how many seconds the others differ.

    The first is nearest to the frame, and a recorder's frames drift against the satellites over a long recording."""
    timed = [(point.at, point.offset_seconds) for point in points]
    said = [(at - EPOCH).total_seconds() - offset for at, offset in timed if at is not None and offset is not None]
    if not said:
        return None, 0.0
    try:
        return EPOCH + timedelta(seconds=said[0]), round(max(said) - min(said), 3)
    except OverflowError:
        return None, 0.0


def thin(points: Sequence[Point]) -> tuple[Point, ...]:
    """Evenly, the first and the last always among them."""
    if len(points) <= MOST_POINTS:
        return tuple(points)
    step = (len(points) - 1) / (MOST_POINTS - 1)
    return tuple(points[round(n * step)] for n in range(MOST_POINTS))


def track_as_facts(track: Track) -> dict[str, Any]:
    started = None if track.started_at is None else track.started_at.isoformat()
    return {
        "source": track.source,
        "points": [pack(point) for point in track.points],
        "left_out": dict(track.left_out),
        "started_at": started,
        "spread_seconds": track.spread_seconds,
    }


def pack(point: Point) -> Row:
    offset, height, speed = point.offset_seconds, point.altitude_metres, point.speed_metres_per_second
    return (
        None if offset is None else round(offset * 1000),
        round(point.latitude * 1e7),
        round(point.longitude * 1e7),
        None if height is None else round(height * 100),
        None if speed is None else round(speed * 100),
        point.fix,
    )
