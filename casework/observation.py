"""What is known of a recording when its case is looked for: the file's claims, the register, and its neighbours."""

from __future__ import annotations

import math
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from casework.answered import GIVEN_WITHIN, Seen
from casework.clocks import (
    DOCKED_TOGETHER,
    FARTHEST,
    SAME_SHIFT,
    docking_of,
    learn_offset,
    own_clock,
    timed_by_satellites,
)
from casework.register.holding import had_during
from casework.scoring import Basis, Moment, Observed, Work
from casework.shifts import BREAK_SECONDS, FARTHEST_SECONDS, LATE_SECONDS, Filmed, Fit, fit_shift
from casework.surroundings import Neighbour, Surroundings
from casework.windows import LONGEST_RECORDING, Window
from storage.measures import shifted

UNSTATED_UNCERTAINTY_SECONDS = 300.0
HOPELESS = timedelta(days=2)
"""A start that may be off by more names no assignment."""
SURE_ENOUGH = timedelta(minutes=15)
BREAK = timedelta(seconds=BREAK_SECONDS)


def observe(recording: Seen, around: Surroundings) -> Observed | None:
    """None when nothing says when it was made, or by whom, with what, or where."""
    moment = find_moment(recording, around)
    place = recording.place
    if moment is None or not (recording.device or recording.officer or place):
        return None
    length = length_of(recording.row.duration_seconds)
    return Observed(
        device=recording.device,
        officer=recording.officer,
        moment=moment,
        length=length,
        holders=holders_during(recording, around, moment, length),
        place=place,
        clock_in_doubt=moment.basis == "claimed" and clock_in_doubt(recording, around),
        rival_moves=rival_moves(recording, around) if moment.basis == "claimed" else (),
        act_cases=around.act_cases.get(recording.id, frozenset()),
    )


def reach_of(recording: Seen, around: Surroundings) -> Window | None:
    """The time in which assignments matter: the recording's own and, for its clock's sake, its shift's."""
    moment = find_moment(recording, around)
    if moment is None:
        return None
    first, last = moment.earliest, shifted(moment.latest, length_of(recording.row.duration_seconds))
    if moment.basis != "claimed":
        return first, last
    return shifted(first, -FARTHEST), shifted(last, FARTHEST)


def find_moment(recording: Seen, around: Surroundings) -> Moment | None:
    """What a person answered; else the satellites' word, else the recorder's own clock put right by what was learnt of
    it, else the claim."""
    if recording.answered_start is not None:
        return _about(recording.answered_start, GIVEN_WITHIN, "answered")
    row = recording.row
    start, believed = row.started_at, _either_way(row.started_at_uncertainty_seconds)
    if start is not None and timed_by_satellites(row.claims):
        return _about(start, believed, "satellites")
    word = own_clock(row.claims) if recording.device and row.started_at_source != "station" else None
    known = around.known.get((row.unit_id, recording.device or ""), ())
    offset = (
        None if word is None else learn_offset(known, word, docking_of(row.station_id, row.received_at, row.claims))
    )
    if word is not None and offset is not None:
        true_start = shifted(word.time, -timedelta(seconds=offset.seconds))
        return _about(true_start, _either_way(offset.uncertainty_seconds), "learnt", round(offset.seconds))
    if start is None or believed > HOPELESS:
        return None
    return _about(start, believed, "claimed")


def holders_during(recording: Seen, around: Surroundings, moment: Moment, length: timedelta) -> frozenset[str] | None:
    """Badge numbers of those who had the device at some time while it may have recorded.

    None: it is in no register, or the register can speak for nobody: the station names another device than the file and
    nobody has answered which, or who is answered to have recorded is none of those who had it.
    """
    named = {str(claim.get("value")) for claim in recording.row.claims if _names_device(claim)}
    if len(named) > 1 and "device" not in recording.said.elements:
        return None
    issues = around.issues.get((recording.unit_id, recording.device or ""))
    if issues is None:
        return None
    until = shifted(moment.latest, length)
    badges = (each.person.badge_number for each in had_during(issues, moment.earliest, until))
    held = frozenset(badge for badge in badges if badge)
    if "officer" not in recording.said.elements:
        return held
    return held & {recording.officer} or None


def _names_device(claim: Mapping[str, Any]) -> bool:
    """Makes and models out of tags are no device's number."""
    source = str(claim.get("source", ""))
    return claim.get("kind") == "device" and (source == "station" or source.startswith("name:"))


def clock_in_doubt(recording: Seen, around: Surroundings, before: bool = False) -> bool:
    """`before`: by those recordings alone that are not new to the linker."""
    return says_impossible_times(recording, around, before) or fit_of(recording, around, before).in_doubt


def rival_moves(recording: Seen, around: Surroundings, before: bool = False) -> tuple[timedelta, ...]:
    """By how much later it would have begun, by clocks that would fit its shift a little better."""
    return tuple(timedelta(minutes=round(move / 60)) for move in fit_of(recording, around, before).rivals)


def fit_of(recording: Seen, around: Surroundings, before: bool = False) -> Fit:
    """How the device's recordings of this one's shift fit the roster."""
    shift = [each for each in shift_of(recording, around) if each.looked_at or not before]
    key = frozenset(each.id for each in shift)
    if key not in around.fits:
        around.fits[key] = _lay_beside(recording, around, shift)
    return around.fits[key]


def shift_of(recording: Seen, around: Surroundings) -> list[Neighbour]:
    """Recordings of the device that came by one docking, by its own clock, each no more than a break from the next.

    Those whose time is uncertain by hours say nothing, and the satellites' say nothing of the clock.
    """
    same = [each for each in _neighbours(recording, around) if not each.by_satellites and each.started_at is not None]
    same = [each for each in same if abs(each.received_at - recording.row.received_at) <= DOCKED_TOGETHER]
    same = [each for each in same if each.id == recording.id or _either_way(each.uncertainty_seconds) <= SURE_ENOUGH]
    same.sort(key=lambda each: (_start(each), each.id))
    at = next((place for place, each in enumerate(same) if each.id == recording.id), None)
    if at is None:
        return []
    first = last = at
    while first > 0 and _start(same[first]) - _start(same[first - 1]) <= BREAK:
        first -= 1
    while last + 1 < len(same) and _start(same[last + 1]) - _start(same[last]) <= BREAK:
        last += 1
    return same[first : last + 1]


def says_impossible_times(recording: Seen, around: Surroundings, before: bool = False) -> bool:
    """Whether recordings of the device that came with this one claim times later than their receipt."""
    return any(
        each.started_at is None and abs(each.received_at - recording.row.received_at) <= SAME_SHIFT
        for each in _neighbours(recording, around)
        if each.looked_at or not before
    )


def _neighbours(recording: Seen, around: Surroundings) -> Sequence[Neighbour]:
    """Of the same station: what another one says of a device raises no doubt about what came here."""
    of_device = around.neighbours.get((recording.unit_id, recording.device or ""), ())
    return [each for each in of_device if each.station_id == recording.row.station_id]


def _start(neighbour: Neighbour) -> datetime:
    assert neighbour.started_at is not None
    return neighbour.started_at


def length_of(seconds: float | None) -> timedelta:
    """Nothing for a still, or a file of unknown length."""
    if seconds is None or math.isnan(seconds) or seconds <= 0:
        return timedelta(0)
    return timedelta(seconds=min(seconds, LONGEST_RECORDING.total_seconds()))


def _lay_beside(recording: Seen, around: Surroundings, shift: Sequence[Neighbour]) -> Fit:
    """Closed cases count: what was at work then is what matters."""
    if not shift:
        return Fit()
    zero = _start(shift[0])
    works = _duties_of(recording, around, shift)
    duties = sorted({((work.start - zero).total_seconds(), (work.end - zero).total_seconds()) for work in works})
    cases: dict[uuid.UUID, set[int]] = defaultdict(set)
    for work in works:
        span = (work.start - zero).total_seconds(), (work.end - zero).total_seconds()
        cases[work.case_id].add(duties.index(span))
    recordings, latest = [], FARTHEST_SECONDS
    for each in shift:
        start = (_start(each) - zero).total_seconds()
        end = start + max(1.0, length_of(each.duration_seconds).total_seconds())
        received = (each.received_at - zero).total_seconds()
        latest = min(latest, received - end + LATE_SECONDS)
        known = frozenset(number for case_id in each.person_cases for number in cases.get(case_id, ()))
        recordings.append(Filmed((start, end), known or None))
    return fit_shift(recordings, duties, latest)


def _duties_of(recording: Seen, around: Surroundings, shift: Sequence[Neighbour]) -> list[Work]:
    """Of whoever had the device then, by the register; else of whom the files name; else of the device."""
    zero, last = _start(shift[0]), shifted(_start(shift[-1]), BREAK)
    issues = around.issues.get((recording.unit_id, recording.device or ""), ())
    holders = {each.person.badge_number for each in had_during(issues, zero, last)}
    officers = {name for name in holders or {each.officer for each in shift} if name}
    return [
        work
        for work in around.works.get(recording.unit_id, ())
        if work.officer in officers or (work.device == recording.device and not (officers and work.officer))
    ]


def _about(start: datetime, either_way: timedelta, basis: Basis, offset_seconds: int | None = None) -> Moment:
    return Moment(shifted(start, -either_way), shifted(start, either_way), basis, offset_seconds)


def _either_way(seconds: float | None) -> timedelta:
    known = seconds is not None and not math.isnan(seconds) and seconds >= 0
    seconds = seconds if seconds is not None and known else UNSTATED_UNCERTAINTY_SECONDS
    return timedelta(seconds=min(seconds, LONGEST_RECORDING.total_seconds()))
