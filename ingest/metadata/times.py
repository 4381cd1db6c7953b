"""When a recording began: every clock that says so, apart, and the one best estimate. docs/metadata.md has the reasons.

A recorder's clock is wrong by minutes, by a time zone, or was never set; satellites are right, but the receiver has to
know which of their weeks it is; what a person typed is anything. So no clock corrects another: each keeps its own word,
its distance from the best estimate shows, and the estimate says how far it may be off. Nor does any vouch for itself:
what exempts a word from a doubt is another's, of another kind of clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from ingest.metadata.claims import Claim, Claims, Withheld
from ingest.metadata.clock import CHINA, LATEST, OLDEST, Z_IS_OFTEN_LOCAL
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
ZONE_IS_WRITTEN: Final = 3
"""The rank of a device's clock that says its zone."""
DOUBTED: Final = 10
"""Added to a rank: whatever is doubted comes after all that is not."""
BEGINS_AGAIN_WITHIN: Final = timedelta(minutes=10)
"""Of midnight: a recorder is switched on to record."""
WEEKS_COUNTED: Final = timedelta(weeks=1024)
"""The satellites send the week as ten bits (IS-GPS-200, 20.3.3.3.1.1): a receiver that does not know which of the
rounds it is has the day of week and the second right, and the date wrong by a whole round or by several."""
MOST_ROUNDS: Final = 5
"""From the first to the last year that is believed of any clock there are no more."""
CLOCKS_AGREE_SECONDS: Final = 10.0
QUARTER_HOUR: Final = 900.0
WIDEST_ZONE_SECONDS: Final = 14 * 3600.0

AFTER_RECEIPT: Final = "after_its_receipt"
ROLLED_OVER: Final = "gps_week_rolled_over"
REFUSALS: Final = (AFTER_RECEIPT, ROLLED_OVER)
"""Whoever says so is not believed at all."""
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


def assess_times(claims: Claims, received_at: datetime, duration_seconds: float | None) -> Assessment:
    """Recorders' clocks are kept in China's time. Never raises for what the claims hold."""
    length = timedelta(seconds=min(max(0.0, duration_seconds or 0.0), 31 * A_DAY))  # NaN is no length: max gives 0
    latest = shifted(shifted(received_at, -length), LATE_TOLERANCE)
    said = list(read_words(claims, length, latest))
    judged = [refuse(word, said, received_at, latest) for word in said]
    trusted = [word for word in judged if not refusals_of(word)]
    words = [doubt(word, trusted, received_at) for word in judged]
    believed = sorted((word for word in words if not refusals_of(word)), key=lambda word: word.rank)
    if not believed:
        return Assessment(tuple(words), None)
    best = weigh(believed[0], believed[1:])
    return Assessment(tuple(best if word is believed[0] else flag(word, best) for word in words), best)


def withhold_refused(said: Claims, assessment: Assessment) -> Claims:
    """Without the satellites' times that are not believed: whoever reads a claim of theirs may rely on it.

    Other clocks keep their word, whatever it is: nobody takes those for right."""
    refused = {(word.source, word.time): refusals_of(word) for word in assessment.words if word.role == "gps"}
    kept: list[Claim] = []
    withheld = list(said.withheld)
    for claim in said.stated:
        reasons = refused.get((claim.source, moment)) if (moment := satellite_time(claim)) is not None else None
        if reasons and not isinstance(claim.value, str):
            withheld.append(Withheld(claim.kind, str(claim.value.get("time")), claim.source, reasons[0]))
        else:
            kept.append(claim)
    return said._replace(stated=tuple(kept), withheld=tuple(withheld))


def satellite_time(claim: Claim) -> datetime | None:
    """None for what is no satellites' time."""
    theirs = claim.kind == "gps_time" or (claim.kind == "clock" and claim.source == "exif:gps")
    return moment_of(claim) if theirs else None


def refusals_of(word: ClockWord) -> tuple[str, ...]:
    return tuple(note for note in word.notes if note in REFUSALS)


def read_words(claims: Claims, length: timedelta, latest: datetime) -> Iterator[ClockWord]:
    named = [time for claim in claims.of("started_at") if claim.source != "station" and (time := moment_of(claim))]
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
            yield read_device_clock(claim, time, length, latest, named)


def read_device_clock(
    claim: Claim, time: datetime, length: timedelta, latest: datetime, named: Sequence[datetime]
) -> ClockWord:
    """The recorder's own tags. A Z that was local time shows itself when it would lie in the future; else it may be.

    Unless the file's name says that very time: then Z was UTC, and the one clock of both is ahead."""
    notes: tuple[str, ...] = ()
    if AT_THE_END in claim.notes:
        time, notes = shifted(time, -length), (AT_THE_END,)
    if Z_IS_OFTEN_LOCAL not in claim.notes:
        stated = claim.confidence == "stated"
        seconds = SET_BY_A_NETWORK_SECONDS if stated else SET_BY_HAND_SECONDS
        return ClockWord("device", time, claim.source, seconds, 3 if stated else 5, notes)
    if AT_THE_END in notes:  # Android writes UTC, by the network's clock.
        return ClockWord("device", time, claim.source, SET_BY_A_NETWORK_SECONDS, 3, notes)
    away = CHINA.utcoffset(None)
    as_named = any(abs((time - other).total_seconds()) <= SET_BY_HAND_SECONDS for other in named)
    if time > latest and shifted(time, -away) <= latest and not as_named:
        return ClockWord("device", shifted(time, -away), claim.source, SET_BY_HAND_SECONDS, 6, (Z_WAS_LOCAL,))
    seconds = SET_BY_HAND_SECONDS + abs(away.total_seconds())
    return ClockWord("device", time, claim.source, seconds, 7, (MAY_BE_LOCAL,))


def refuse(word: ClockWord, said: Sequence[ClockWord], received_at: datetime, latest: datetime) -> ClockWord:
    """A time that had not come, and one of satellites whose weeks were counted anew, are noted and never believed."""
    if word.time > latest:
        return replace(word, notes=(*word.notes, AFTER_RECEIPT))
    others = [other.time for other in said if other.role != "gps" and other.time <= latest]
    if word.role == "gps" and rolled_over(word.time, others, received_at):
        return replace(word, notes=(*word.notes, ROLLED_OVER))
    return word


def rolled_over(time: datetime, others: Sequence[datetime], received_at: datetime) -> bool:
    """Whether whole rounds of weeks later it would be about when another clock says, or just before the receipt.

    Footage that really is twenty years old to the day is refused with them: no time is better than a wrong one."""
    for rounds in range(1, MOST_ROUNDS + 1):
        later = shifted(time, rounds * WEEKS_COUNTED)
        if -LATE_TOLERANCE <= received_at - later <= LONGEST_UNDOCKED:
            return True
        if any(abs((other - later).total_seconds()) <= A_DAY for other in others):
            return True
    return False


def seconded(word: ClockWord, trusted: Sequence[ClockWord]) -> bool:
    """By a clock of another kind, of which one is the satellites': a recorder's own words are all of one clock.

    A zone apart counts as agreed: what was reset is years away."""
    return any(
        (word.role == "gps") != (other.role == "gps") and abs(word.offset_from(other.time)) <= WIDEST_ZONE_SECONDS
        for other in trusted
    )


def doubt(word: ClockWord, trusted: Sequence[ClockWord], received_at: datetime) -> ClockWord:
    """A recorder whose battery ran out begins again on some day of long ago, and counts on from there.

    It may be off by all the time in between: so may any clock that stands alone so far from its receipt, a phone's and
    a receiver's among them.
    """
    if refusals_of(word) or seconded(word, trusted):
        return word
    ago = received_at - word.time
    if word.role != "gps" and looks_reset(word.time, ago):  # Satellites begin again with no year.
        why = LOOKS_RESET
    elif ago > LONGEST_UNDOCKED:
        why = LONG_BEFORE_RECEIPT
    else:
        return word
    return replace(word, uncertainty_seconds=ago.total_seconds(), rank=word.rank + DOUBTED, notes=(*word.notes, why))


def looks_reset(time: datetime, ago: timedelta) -> bool:
    """Whether a time is one that a clock shows which began again: at midnight of some day, or on the first of January.

    Late docking alone is no sign: what was recorded by day is believed for as long as recorders stay away.
    """
    local = shifted(time, CHINA.utcoffset(None))
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
        # A clock whose zone is written is right about it, or it contradicts.
        zone_alone = other.role == "device" and other.rank != ZONE_IS_WRITTEN and is_a_zone(apart)
        if zone_alone or MAY_BE_LOCAL in best.notes + other.notes or apart <= other.uncertainty_seconds:
            continue
        if other.rank < DOUBTED and apart > best.uncertainty_seconds:
            notes = best.notes if CONTRADICTED in best.notes else (*best.notes, CONTRADICTED)
            best = replace(best, uncertainty_seconds=min(apart, A_DAY), notes=notes)
    return best


def flag(word: ClockWord, best: ClockWord) -> ClockWord:
    """Against the satellites a recorder's clock is right or off; off by a zone, its Z was local time."""
    apart = word.offset_from(best.time)
    if word.role == "gps" or abs(apart) <= CLOCKS_AGREE_SECONDS:
        return word
    notes = tuple(note for note in word.notes if note != MAY_BE_LOCAL)
    if MAY_BE_LOCAL in word.notes and is_a_zone(apart):
        notes = (*notes, Z_WAS_LOCAL)
    by_satellites = best.role == "gps" and best.rank < DOUBTED
    return replace(word, notes=(*notes, OFF_AGAINST_GPS) if by_satellites else notes)


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
