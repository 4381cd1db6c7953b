"""How well a case fits a recording: points, each with its reason. Pure: no row is read or written here.

docs/linking.md has the table. A score is a sum of what speaks for a case and what
speaks against it, so that a person can follow it; it is no probability.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from casework.recordings.places import Place
from storage.measures import shifted

LINKS_FROM: Final = 70
"""A case below this many points is never linked without a person."""
CLEAR_BY: Final = 25
"""The case next to the best must be this many points behind it."""
ASKED_FROM: Final = 30
"""Below this a case is not worth asking about."""
VOUCHED: Final = ("holder", "holder_and_device", "device_issued", "device_in_room")
"""Who, by the register of devices. All else is a claim of whoever uploaded the file: asked about, never linked."""

TIME_POINTS: Final = 40
INSIDE_FROM: Final = 0.75
"""Of which less lies in the duty, or is sure to, nothing else makes up for that: one films on the way as well."""
SURELY_INSIDE_FROM: Final = 0.95
"""Where satellites tell the time, or told what the clock is off by: a duty is entered no shorter than it was."""
CLOCK_IN_DOUBT: Final = -30
HALF: Final = 0.5
SAME_ACT: Final = 30
AT_THE_SCENE: Final = 30
AT_THE_SCENE_METRES: Final = 300
NEAR_METRES: Final = 500
FAR_METRES: Final = 3000
_SHORTEST: Final = timedelta(seconds=1)

Basis = Literal["answered", "satellites", "learnt", "claimed"]


@dataclass(frozen=True)
class Moment:
    """When a recording began: not before `earliest`, not after `latest`. `basis` is whose word that is.

    `offset_seconds`: how far the device's clock was ahead, where that was learnt from other recordings of it.
    """

    earliest: datetime
    latest: datetime
    basis: Basis
    offset_seconds: int | None = None


@dataclass(frozen=True)
class Observed:
    """What is known of a recording. `holders`: the officers who had the device then, says the register; None when it
    does not know the device, or nobody can say which device it was. `act_cases`: where persons put other segments of
    the same act. `rival_moves`: how much later it would have begun by other clocks that fit its shift better."""

    device: str | None
    officer: str | None
    moment: Moment
    length: timedelta
    holders: frozenset[str] | None = None
    place: Place | None = None
    clock_in_doubt: bool = False
    rival_moves: tuple[timedelta, ...] = ()
    act_cases: frozenset[uuid.UUID] = frozenset()


@dataclass(frozen=True)
class Work:
    """One assignment: who and what was at work on a case, from `start` until just before `end`. `in_room`: a session
    of a room, in which the register has the device."""

    id: uuid.UUID
    case_id: uuid.UUID
    stage: str
    start: datetime
    end: datetime
    officer: str | None = None
    device: str | None = None
    place: Place | None = None
    closed: bool = False
    in_room: bool = False


@dataclass(frozen=True)
class Reason:
    """`code` names the reason; `detail` holds whole numbers (seconds, metres, percent)."""

    code: str
    points: int
    detail: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, str | int]:
        return {"code": self.code, "points": self.points, **self.detail}


@dataclass(frozen=True)
class Score:
    reasons: tuple[Reason, ...]

    @property
    def points(self) -> int:
        return sum(reason.points for reason in self.reasons)


def weigh_case(observed: Observed, case_id: uuid.UUID, works: Sequence[Work]) -> tuple[Score, list[Work]] | None:
    """The case's score by its best assignment, and those that fit, that one first; None when nothing speaks for it.

    `works`: all of the case's, also of other times.
    """
    scored = [(score, work) for work in works if (score := weigh_work(observed, work)) is not None]
    if not scored:
        return None
    scored.sort(key=lambda each: (-each[0].points, -_seconds_inside(observed, each[1]), str(each[1].id)))
    score = scored[0][0]
    if _could_be_elsewhere(observed, works):
        score = Score((*score.reasons, Reason("clock_in_doubt", CLOCK_IN_DOUBT)))
    if case_id in observed.act_cases:
        score = Score((*score.reasons, Reason("same_act", SAME_ACT)))
    return score, [work for _, work in scored]


def _could_be_elsewhere(observed: Observed, works: Iterable[Work]) -> bool:
    """Whether its clock is in doubt, or by another that would fit its shift better it is in none of these duties."""
    if observed.clock_in_doubt:
        return True
    theirs = [work for work in works if judge_who(observed, work) is not None]
    for move in observed.rival_moves:
        moment = observed.moment
        moved = Moment(shifted(moment.earliest, move), shifted(moment.latest, move), moment.basis)
        elsewhere = replace(observed, moment=moved)
        if all(covered(elsewhere, work) < HALF for work in theirs):
            return True
    return False


def weigh_work(observed: Observed, work: Work) -> Score | None:
    who = judge_who(observed, work)
    share = 0.0 if who is None else covered(observed, work)
    if who is None or share == 0:
        return None
    time = Reason(
        f"time_{observed.moment.basis}", round(TIME_POINTS * share), _time_detail(observed.moment, round(100 * share))
    )
    return Score((who, time, *judge_place(observed, work)))


def judge_who(observed: Observed, work: Work) -> Reason | None:
    """None: neither officer nor device is the assignment's. The register's word goes before the file's.

    A recording that names nobody has its place alone to go by."""
    device = observed.device is not None and work.device == observed.device
    if work.in_room:
        # With nobody, says the register, or it is not this device that the file is of.
        return Reason("device_in_room", 45) if device and observed.holders == frozenset() else None
    said = observed.officer is not None and work.officer == observed.officer
    held = work.officer is not None and work.officer in (observed.holders or ())
    with_another = bool(observed.holders) and work.officer is not None and not held
    if held:
        return Reason("holder_and_device", 45) if device else Reason("holder", 40)
    if device and work.officer is None and observed.holders:
        return Reason("device_issued", 40)
    if device:
        if with_another or (observed.officer and work.officer and not said):
            return Reason("device_of_another", 20)
        return Reason("officer_and_device", 45) if said else Reason("device", 35)
    if said:
        if with_another:
            return Reason("officer_against_register", 10)
        return Reason("officer_other_device", 15) if work.device and observed.device else Reason("officer", 40)
    nobody = not observed.device and not observed.officer and observed.place is not None and work.place is not None
    return Reason("unnamed", 0) if nobody else None


def judge_place(observed: Observed, work: Work) -> Iterable[Reason]:
    if observed.place is None or work.place is None or _goes_beyond(observed, work):
        return
    metres = round(observed.place.metres_from(work.place))
    if metres <= AT_THE_SCENE_METRES:
        yield Reason("at_the_scene", AT_THE_SCENE, {"metres": metres})
    elif metres <= NEAR_METRES:
        yield Reason("near_the_scene", 0, {"metres": metres})
    elif metres <= FAR_METRES:
        yield Reason("away_from_the_scene", -30, {"metres": metres})
    else:
        yield Reason("far_from_the_scene", -45, {"metres": metres})


def _goes_beyond(observed: Observed, work: Work) -> bool:
    """Whether it has most of the duty, and goes on before or after: its place is that of one moment, which need not be
    of this duty. A recorder that ran all day was at the scene of each of its cases, whichever the satellites noted."""
    inside = _seconds_inside(observed, work)
    has_most = inside >= HALF * (work.end - work.start).total_seconds()
    return has_most and inside < SURELY_INSIDE_FROM * observed.length.total_seconds()


def covered(observed: Observed, work: Work) -> float:
    """How much of the recording lies in the span, or of the span in the recording, whichever is more: the mean over all
    times at which it may have begun, 0 to 1.

    The overlap of two spans, as one slides over the other, is made of four ramps; their integrals are parabolas.
    """
    length = max(observed.length, _SHORTEST).total_seconds()
    whole = (work.end - work.start).total_seconds()
    first = (observed.moment.earliest - work.start).total_seconds()
    last = (observed.moment.latest - work.start).total_seconds()
    corners = ((length, 1.0), (0.0, -1.0), (length - whole, -1.0), (-whole, 1.0))
    most = min(length, whole)
    if last - first < 1:
        share = sum(sign * max(0.0, first + at) for at, sign in corners) / most
    else:
        parabolas = (sign * (max(0.0, last + at) ** 2 - max(0.0, first + at) ** 2) / 2 for at, sign in corners)
        share = sum(parabolas) / (most * (last - first))
    return 0.0 if share < 0.005 else min(share, 1.0)


def _seconds_inside(observed: Observed, work: Work) -> float:
    return covered(observed, work) * min(max(observed.length, _SHORTEST), work.end - work.start).total_seconds()


def _time_detail(moment: Moment, percent: int) -> dict[str, int]:
    either_way = round((moment.latest - moment.earliest).total_seconds() / 2)
    offset = {} if moment.offset_seconds is None else {"offset_seconds": moment.offset_seconds}
    return {"percent": percent, "uncertainty_seconds": either_way, **offset}
