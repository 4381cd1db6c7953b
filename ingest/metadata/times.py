"""When a recording began: every clock that says so, apart, and the one best estimate. docs/metadata.md has the reasons.

A recorder's clock is wrong by minutes, by a time zone, or was never set; satellites are right; what a person typed is
anything. So no clock corrects another: each keeps its own word, its distance from the best estimate shows, and the
estimate says how far it may be off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Final, Literal

from ingest.metadata.claims import Claim, Claims
from ingest.metadata.clock import LATEST, OLDEST, Z_IS_OFTEN_LOCAL
from storage.claims import stated_time
from storage.measures import shifted

Role = Literal["gps", "station", "name", "device", "receipt"]

# How far a clock of each kind may be off when nothing speaks against it.
GPS_SECONDS: Final = 2.0
"""A receiver's time is read once a second and written with the picture it belongs to."""
GPS_OF_A_STILL_SECONDS: Final = 60.0
"""A photograph carries the time of the last fix, not of the shutter."""
SET_BY_A_NETWORK_SECONDS: Final = 60.0
SET_BY_HAND_SECONDS: Final = 300.0
"""GA/T 947.2 allows three seconds a day: a hundred days undocked."""
A_DAY: Final = 86_400.0

LATE_TOLERANCE: Final = timedelta(minutes=10)
"""A clock this much ahead of the archive's is only fast; further on, it speaks of a time that had not come."""
NEW_YEARS_NIGHT_AFTER: Final = timedelta(days=30)
"""Since the first hour of a year: few recordings are of it, and clocks that begin again with a year show it."""
FIRMWARE_IS_OLDER_THAN: Final = timedelta(days=180)
"""A clock without its battery begins again on its firmware's day, at midnight. Between the day on which a firmware is
built and the first shift lie trials, a type approval and a tender."""
LONGEST_UNDOCKED: Final = timedelta(days=366)
"""Recordings are to be handed over within a day of the shift, and recorders are counted and inspected once a year: what
comes later than that comes from a drawer, or from a clock that is wrong."""
BEGINS_AGAIN_WITHIN: Final = timedelta(minutes=10)
"""Of midnight: a recorder is switched on to record."""
AGREEMENT_SECONDS: Final = 10.0
QUARTER_HOUR: Final = 900.0
WIDEST_ZONE_SECONDS: Final = 14 * 3600.0

AFTER_RECEIPT: Final = "after_its_receipt"
Z_WAS_LOCAL: Final = "z_was_local_time"
MAY_BE_LOCAL: Final = "z_may_be_local_time"
LOOKS_RESET: Final = "clock_looks_reset"
LONG_BEFORE_RECEIPT: Final = "long_before_its_receipt"
CONTRADICTED: Final = "clocks_contradict"
AT_THE_END: Final = "written_at_the_end"
LAST_FIX: Final = "time_of_the_last_fix"
OFF_AGAINST_GPS: Final = "off_against_gps"


@dataclass(frozen=True)
class ClockWord:
    """One clock's word on the first frame, in UTC. `rank`: the lower, the more it is trusted."""

    role: Role
    time: datetime
    source: str
    uncertainty_seconds: float
    rank: int
    notes: tuple[str, ...] = ()

    def offset_from(self, moment: datetime) -> float:
        return round((self.time - moment).total_seconds(), 3)


@dataclass(frozen=True)
class Assessment:
    """`best` is one of `words` or None: then nothing is known but that it was received at some time."""

    words: tuple[ClockWord, ...]
    best: ClockWord | None


def assess_times(claims: Claims, received_at: datetime, duration_seconds: float | None, zone: tzinfo) -> Assessment:
    """`zone` is the one recorders' clocks are kept in. Never raises for what the claims hold."""
    length = timedelta(seconds=min(max(0.0, duration_seconds or 0.0), 31 * A_DAY))  # NaN is no length: max gives 0
    latest = shifted(shifted(received_at, -length), LATE_TOLERANCE)
    said = list(read_words(claims, length, latest, zone))
    words = [word if seen_by_satellites(word, said) else doubt_old(word, received_at, zone) for word in said]
    words = [word if word.time <= latest else replace(word, notes=(*word.notes, AFTER_RECEIPT)) for word in words]
    believed = sorted((word for word in words if AFTER_RECEIPT not in word.notes), key=lambda word: word.rank)
    if not believed:
        return Assessment(tuple(words), None)
    best = weigh(believed[0], believed[1:])
    return Assessment(tuple(best if word is believed[0] else flag(word, best) for word in words), best)


def read_words(claims: Claims, length: timedelta, latest: datetime, zone: tzinfo) -> Iterator[ClockWord]:
    for claim in claims.stated:
        time = moment_of(claim)
        if time is None:
            continue
        if claim.kind == "gps_time":
            yield ClockWord("gps", time, claim.source, GPS_SECONDS + spread_of(claim), 0)
        elif claim.kind == "clock" and claim.source == "exif:gps":
            yield ClockWord("gps", time, claim.source, GPS_OF_A_STILL_SECONDS, 1, (LAST_FIX,))
        elif claim.kind == "started_at":
            role: Role = "station" if claim.source == "station" else "name"
            yield ClockWord(role, time, claim.source, SET_BY_HAND_SECONDS, 2 if role == "station" else 4)
        elif claim.kind == "clock":
            yield read_device_clock(claim, time, length, latest, zone)


def read_device_clock(claim: Claim, time: datetime, length: timedelta, latest: datetime, zone: tzinfo) -> ClockWord:
    """The recorder's own tags. A Z that was local time shows itself when it would lie in the future; else it may be."""
    notes: tuple[str, ...] = ()
    if AT_THE_END in claim.notes:
        time, notes = shifted(time, -length), (AT_THE_END,)
    if Z_IS_OFTEN_LOCAL not in claim.notes:
        stated = claim.confidence == "stated"
        seconds = SET_BY_A_NETWORK_SECONDS if stated else SET_BY_HAND_SECONDS
        return ClockWord("device", time, claim.source, seconds, 3 if stated else 5, notes)
    if AT_THE_END in notes:  # Android writes UTC, by the network's clock.
        return ClockWord("device", time, claim.source, SET_BY_A_NETWORK_SECONDS, 3, notes)
    away = zone.utcoffset(None) or timedelta(0)
    if time > latest and shifted(time, -away) <= latest:
        return ClockWord("device", shifted(time, -away), claim.source, SET_BY_HAND_SECONDS, 6, (Z_WAS_LOCAL,))
    seconds = SET_BY_HAND_SECONDS + abs(away.total_seconds())
    return ClockWord("device", time, claim.source, seconds, 7, (MAY_BE_LOCAL,))


def seen_by_satellites(word: ClockWord, said: Sequence[ClockWord]) -> bool:
    """They are right at whatever age, and whoever agrees with them but for a zone was not reset."""
    near = (abs(word.offset_from(other.time)) <= WIDEST_ZONE_SECONDS for other in said if other.role == "gps")
    return any(near)


def doubt_old(word: ClockWord, received_at: datetime, zone: tzinfo) -> ClockWord:
    """A recorder whose battery ran out begins again on some day of long ago, and counts on from there.

    It may be off by all the time in between. A clock that a network sets (a phone's) is not doubted for its age alone.
    """
    ago = received_at - word.time
    by_network = word.uncertainty_seconds <= SET_BY_A_NETWORK_SECONDS
    if looks_reset(word.time, ago, zone):
        doubt = LOOKS_RESET
    elif ago > LONGEST_UNDOCKED and not by_network:
        doubt = LONG_BEFORE_RECEIPT
    else:
        return word
    return replace(word, uncertainty_seconds=ago.total_seconds(), rank=word.rank + 10, notes=(*word.notes, doubt))


def looks_reset(time: datetime, ago: timedelta, zone: tzinfo) -> bool:
    """Whether a time is one that a clock shows which began again: at midnight of some day, or on the first of January.

    Late docking alone is no sign: what was recorded by day is believed for as long as recorders stay away.
    """
    local = shifted(time, zone.utcoffset(None) or timedelta(0))
    shown = (time, local)
    if any((moment.month, moment.day, moment.hour) == (1, 1, 0) for moment in shown) and ago > NEW_YEARS_NIGHT_AFTER:
        return True
    # In UTC a midnight is eight in the morning here, when the shift begins.
    midnight = timedelta(hours=local.hour, minutes=local.minute) < BEGINS_AGAIN_WITHIN
    # Whatever zone it was in: a first of January that may be another's 31 December or 2 January.
    somewhere = shifted(time, timedelta(hours=14))
    new_year = (somewhere.month, somewhere.day) in ((1, 1), (1, 2))
    return (midnight or new_year) and ago > FIRMWARE_IS_OLDER_THAN


def weigh(best: ClockWord, others: Sequence[ClockWord]) -> ClockWord:
    """Wider where clocks of the same standing contradict; narrower where one of another standing settles the zone.

    Satellites are not made doubtful by a recorder's clock: that is what they are there to show.
    """
    if best.role == "gps" and best.rank == 0:
        return best
    for other in others:
        apart = abs(best.offset_from(other.time))
        zone_alone = other.role == "device" and is_a_zone(best.offset_from(other.time))
        if zone_alone or MAY_BE_LOCAL in best.notes + other.notes or apart <= other.uncertainty_seconds:
            continue
        if other.rank < 10 and apart > best.uncertainty_seconds:
            notes = best.notes if CONTRADICTED in best.notes else (*best.notes, CONTRADICTED)
            best = replace(best, uncertainty_seconds=min(apart, A_DAY), notes=notes)
    return best


def flag(word: ClockWord, best: ClockWord) -> ClockWord:
    """Against the satellites a recorder's clock is right or off; off by a zone, its Z was local time."""
    apart = word.offset_from(best.time)
    if word.role == "gps" or abs(apart) <= AGREEMENT_SECONDS:
        return word
    notes = tuple(note for note in word.notes if note != MAY_BE_LOCAL)
    if MAY_BE_LOCAL in word.notes and is_a_zone(apart):
        notes = (*notes, Z_WAS_LOCAL)
    return replace(word, notes=(*notes, OFF_AGAINST_GPS) if best.role == "gps" else notes)


def is_a_zone(seconds: float) -> bool:
    """Whether clocks so far apart may be one clock in two zones: whole quarters of an hour, and minutes of drift."""
    quarters = round(seconds / QUARTER_HOUR)
    near = abs(seconds - quarters * QUARTER_HOUR) <= SET_BY_HAND_SECONDS
    return quarters != 0 and near and abs(seconds) <= WIDEST_ZONE_SECONDS


def moment_of(claim: Claim) -> datetime | None:
    """The time of a claim, in UTC; None for a claim of something else, or a time no recorder was ever at.

    Recordings sealed before such times were withheld still claim them, and so may what a track's reader says.
    """
    time = stated_time(claim.value)
    return time if time is not None and OLDEST <= time < LATEST else None


def spread_of(claim: Claim) -> float:
    spread = 0.0 if isinstance(claim.value, str) else claim.value.get("spread_seconds", 0.0)
    return min(abs(float(spread)), A_DAY) if isinstance(spread, int | float) and spread == spread else A_DAY
