"""What is known of a recording when its case is looked for: the file's claims, the register, and its neighbours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from casework.clocks import FARTHEST, SAME_SHIFT, learn_offset, own_clock, timed_by_satellites
from casework.scoring import Basis, Moment, Observed, shifted
from casework.shifts import BREAK_SECONDS, Fit, fit_shift
from casework.surroundings import Neighbour, Surroundings, Window, place_of
from storage.catalog.recordings import Recording

LONGEST_RECORDING = timedelta(days=31)
"""Durations come out of untrusted files: one that claims more counts as this much."""
UNSTATED_UNCERTAINTY_SECONDS = 300.0
HOPELESS = timedelta(days=2)
"""A start that may be off by more names no assignment."""
SURE_ENOUGH = timedelta(minutes=15)
BREAK = timedelta(seconds=BREAK_SECONDS)


def observe(recording: Recording, around: Surroundings) -> Observed | None:
    """None when nothing says when it was made, or by whom, with what, or where."""
    moment = find_moment(recording, around)
    place = place_of(recording.latitude, recording.longitude)
    if moment is None or not (recording.device or recording.officer or place):
        return None
    length = length_of(recording.duration_seconds)
    return Observed(
        device=recording.device or None,
        officer=recording.officer or None,
        moment=moment,
        length=length,
        holders=holders_during(recording, around, moment, length),
        place=place,
        clock_in_doubt=moment.basis == "claimed" and clock_in_doubt(recording, around),
        act_cases=around.act_cases.get(recording.id, frozenset()),
    )


def reach_of(recording: Recording, around: Surroundings) -> Window | None:
    """The time in which assignments matter: the recording's own and, for its clock's sake, its shift's."""
    moment = find_moment(recording, around)
    if moment is None:
        return None
    first, last = moment.earliest, shifted(moment.latest, length_of(recording.duration_seconds))
    if moment.basis != "claimed":
        return first, last
    return shifted(first, -FARTHEST), shifted(last, FARTHEST)


def find_moment(recording: Recording, around: Surroundings) -> Moment | None:
    """The satellites' word, else the recorder's own clock put right by what was learnt of it, else the claim."""
    start = recording.started_at
    believed = _either_way(recording.started_at_uncertainty_seconds)
    if start is not None and timed_by_satellites(recording.claims):
        return _about(start, believed, "satellites")
    word = own_clock(recording.claims) if recording.device and recording.started_at_source != "station" else None
    known = around.known.get((recording.unit_id, recording.device or ""), ())
    offset = None if word is None else learn_offset(known, word)
    if word is not None and offset is not None:
        true_start = shifted(word.time, -timedelta(seconds=offset.seconds))
        return _about(true_start, _either_way(offset.uncertainty_seconds), "learnt", round(offset.seconds))
    if start is None or believed > HOPELESS:
        return None
    return _about(start, believed, "claimed")


def holders_during(
    recording: Recording, around: Surroundings, moment: Moment, length: timedelta
) -> frozenset[str] | None:
    """Badge numbers of those who had the device at some time while it may have recorded; None: it is in no register."""
    issues = around.issues.get((recording.unit_id, recording.device or ""))
    if issues is None:
        return None
    until = shifted(moment.latest, length)
    return frozenset(
        held.badge
        for held in issues
        if held.badge and held.start <= until and (held.end is None or held.end > moment.earliest)
    )


def clock_in_doubt(recording: Recording, around: Surroundings, *, before: bool = False) -> bool:
    """`before`: by those alone that are not new to the linker."""
    return says_impossible_times(recording, around, before) or fit_of(recording, around, before).in_doubt


def fit_of(recording: Recording, around: Surroundings, before: bool = False) -> Fit:
    """How the device's recordings of this one's shift fit the roster."""
    shift = [each for each in shift_of(recording, around) if each.looked_at or not before]
    key = frozenset(each.id for each in shift)
    if key not in around.fits:
        around.fits[key] = _lay_beside(recording, around, shift)
    return around.fits[key]


def shift_of(recording: Recording, around: Surroundings) -> list[Neighbour]:
    """Recordings of the device by its own clock, each no more than a break away from the next.

    Those whose time is uncertain by hours say nothing, and the satellites' say nothing of the clock.
    """
    same = [each for each in _neighbours(recording, around) if not each.by_satellites and each.started_at is not None]
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


def says_impossible_times(recording: Recording, around: Surroundings, before: bool = False) -> bool:
    """Whether recordings of the device that came with this one claim times later than their receipt."""
    return any(
        each.started_at is None and abs(each.received_at - recording.received_at) <= SAME_SHIFT
        for each in _neighbours(recording, around)
        if each.looked_at or not before
    )


def _neighbours(recording: Recording, around: Surroundings) -> Sequence[Neighbour]:
    return around.neighbours.get((recording.unit_id, recording.device or ""), ())


def _start(neighbour: Neighbour) -> datetime:
    assert neighbour.started_at is not None
    return neighbour.started_at


def length_of(seconds: float | None) -> timedelta:
    """Nothing for a still, or a file of unknown length."""
    if seconds is None or math.isnan(seconds) or seconds <= 0:
        return timedelta(0)
    return timedelta(seconds=min(seconds, LONGEST_RECORDING.total_seconds()))


def _lay_beside(recording: Recording, around: Surroundings, shift: Sequence[Neighbour]) -> Fit:
    """Closed cases count: what was at work then is what matters."""
    if not shift:
        return Fit(0, 0.0, 0.0)
    zero = _start(shift[0])
    recordings = []
    for each in shift:
        start = (_start(each) - zero).total_seconds()
        recordings.append((start, start + max(1.0, length_of(each.duration_seconds).total_seconds())))
    last = shifted(_start(shift[-1]), BREAK)
    issues = around.issues.get((recording.unit_id, recording.device or ""), ())
    holders = {held.badge for held in issues if held.start <= last and (held.end is None or held.end > zero)}
    said = {each.officer for each in shift}
    officers = {name for name in holders or said if name}
    duties = {
        ((work.start - zero).total_seconds(), (work.end - zero).total_seconds())
        for work in around.works.get(recording.unit_id, ())
        if work.officer in officers or (work.device == recording.device and not officers)
    }
    return fit_shift(recordings, sorted(duties))


def _about(start: datetime, either_way: timedelta, basis: Basis, offset_seconds: int | None = None) -> Moment:
    return Moment(shifted(start, -either_way), shifted(start, either_way), basis, offset_seconds)


def _either_way(seconds: float | None) -> timedelta:
    known = seconds is not None and not math.isnan(seconds) and seconds >= 0
    seconds = seconds if seconds is not None and known else UNSTATED_UNCERTAINTY_SECONDS
    return timedelta(seconds=min(seconds, LONGEST_RECORDING.total_seconds()))
