"""How far a recorder's clock was off, learnt from its recordings whose true time is known. Used for scoring alone.

Nothing that a file said is ever changed by it: the offset is part of the reason of a link, no more.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from storage.claims import stated_time

SATELLITES: Final = "gps_time"
NEAREST: Final = 9
"""So many of the known recordings count, the nearest in time: a clock that was put right says nothing of before."""
SAME_SHIFT: Final = timedelta(hours=16)
"""By its own clock. Longer ago somebody may have set it: docking stations do."""
CLOCK_OFF_BY_MOST: Final = SAME_SHIFT + timedelta(hours=36)
"""How far off a clock may be, and still be recognised by what the satellites said in the same shift."""
ONE_OFFSET_SECONDS: Final = 600.0
"""Known recordings that differ by more were made before and after somebody set the clock: nothing is learnt."""
SAME_DOCKING: Final = timedelta(hours=4)
"""Clocks are learnt within one docking: whoever uploads elsewhere, or later, says nothing of another's recordings."""
LEAST_UNCERTAINTY_SECONDS: Final = 30.0
"""Files are named when recording is asked for, and begin some seconds later. Drift is less: 3 s a day (GA/T 947.2)."""


@dataclass(frozen=True)
class ClockWord:
    """What the recorder's own clock said of the start. `source`: only words of one source can be compared."""

    source: str
    time: datetime


@dataclass(frozen=True)
class Offset:
    """The clock was ahead by `seconds`, give or take `uncertainty_seconds`."""

    seconds: float
    uncertainty_seconds: float


@dataclass(frozen=True)
class Docking:
    """How a recording came: to which station, when, and, if the station said so, off which card."""

    station_id: uuid.UUID
    received_at: datetime
    group: str | None = None

    def is_one_with(self, other: Docking) -> bool:
        same_files = self.group is None or other.group is None or self.group == other.group
        near = abs(self.received_at - other.received_at) <= SAME_DOCKING
        return self.station_id == other.station_id and near and same_files


@dataclass(frozen=True)
class Known:
    """A recording whose true start is known, and what its clocks said. `looked_at`: by the linker, before."""

    words: tuple[ClockWord, ...]
    true_start: datetime
    docking: Docking
    looked_at: bool = True


def own_clock(claims: Sequence[Mapping[str, Any]]) -> ClockWord | None:
    """The file name's time, which the recorder wrote, else the time in its tags."""
    return next(iter(own_clocks(claims)), None)


def own_clocks(claims: Sequence[Mapping[str, Any]]) -> tuple[ClockWord, ...]:
    """Each word of the recorder's own clock, the name's first."""
    words = []
    for kind, prefix in (("started_at", "name:"), ("clock", "")):
        for claim in claims:
            source = str(claim.get("source", ""))
            if claim.get("kind") == kind and source.startswith(prefix) and source != "exif:gps":
                time = stated_time(claim.get("value"))
                if time is not None:
                    words.append(ClockWord(prefix or source, time))
    return tuple(words)


def timed_by_satellites(
    source: str | None, uncertainty_seconds: float | None, claims: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether the start that is believed is the satellites' word. `source`, `uncertainty_seconds`: of that start.

    That they are among the claims is not enough: their word may be doubted, or of points that contradict each other."""
    sure = (uncertainty_seconds or 0.0) <= ONE_OFFSET_SECONDS  # NaN is not
    return sure and any(claim.get("kind") == SATELLITES and claim.get("source") == source for claim in claims)


def docking_of(station_id: uuid.UUID, received_at: datetime, claims: Sequence[Mapping[str, Any]]) -> Docking:
    said = (claim for claim in claims if claim.get("kind") == "group" and claim.get("source") == "station")
    return Docking(station_id, received_at, next((str(claim.get("value")) for claim in said), None))


def learn_offset(known: Iterable[Known], word: ClockWord, docking: Docking) -> Offset | None:
    """The device's offset at about the time its clock shows in `word`; None when nothing certain is known.

    Only from what came by the same docking: a forged film or log, uploaded from elsewhere, moves nobody's recordings.

    The median of the nearest in time, robust against one that is wrong; where they disagree, nothing.
    """
    compared = [
        (abs(said.time - word.time), (said.time - each.true_start).total_seconds())
        for each in known
        if each.docking.is_one_with(docking)
        for said in each.words
        if said.source == word.source and abs(said.time - word.time) <= SAME_SHIFT
    ]
    nearest = [seconds for _, seconds in sorted(compared)[:NEAREST]]
    if not nearest:
        return None
    middle = median(nearest)
    spread = median(abs(seconds - middle) for seconds in nearest)
    if abs(nearest[0] - middle) > ONE_OFFSET_SECONDS or spread > ONE_OFFSET_SECONDS:
        return None
    return Offset(middle, max(LEAST_UNCERTAINTY_SECONDS, 3 * spread))
