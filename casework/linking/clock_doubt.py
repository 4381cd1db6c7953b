"""Whether a recorder's clock may be wrong: by the times it claims, and by how its shift lies beside the roster."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from casework.intervals import either_way, length_of
from casework.linking.neighbour import Neighbour
from casework.linking.scoring import Work
from casework.linking.shifts import BREAK_SECONDS, FARTHEST_SECONDS, LATE_SECONDS, Filmed, Fit, fit_shift
from casework.linking.surroundings import Surroundings
from casework.recordings.answered import Seen
from casework.recordings.clocks import SAME_DOCKING, SAME_SHIFT
from casework.register.holding import Holding, had_during
from storage.measures import shifted

SURE_ENOUGH = timedelta(minutes=15)
BREAK = timedelta(seconds=BREAK_SECONDS)


def clock_in_doubt(recording: Seen, around: Surroundings, before: bool = False) -> bool:
    """`before`: by those recordings alone that are not new to the linker."""
    return (
        says_impossible_times(recording, around, before)
        or came_later_than_it_should(recording, around, before)
        or fit_of(recording, around, before).in_doubt
    )


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
    same = [each for each in same if abs(each.received_at - recording.row.received_at) <= SAME_DOCKING]
    same = [each for each in same if each.id == recording.id or either_way(each.uncertainty_seconds) <= SURE_ENOUGH]
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


def came_later_than_it_should(recording: Seen, around: Surroundings, before: bool = False) -> bool:
    """Whether the recorder was docked between the time that its clock claims and this docking.

    Then it would have come with that one, as would all of its shift: a clock a day slow puts a card into yesterday.
    """
    shift = [each for each in shift_of(recording, around) if each.looked_at or not before]
    ends = [shifted(_start(each), length_of(each.duration_seconds)) for each in shift]
    came = recording.row.received_at - SAME_DOCKING
    return any(
        end < other.received_at <= came
        for end in ends
        for other in _neighbours(recording, around)
        if other.looked_at or not before
    )


def _neighbours(recording: Seen, around: Surroundings) -> Sequence[Neighbour]:
    """Of the same station: what another one says of a device raises no doubt about what came here."""
    of_device = around.neighbours.get((recording.unit_id, recording.device or ""), ())
    return [each for each in of_device if each.station_id == recording.row.station_id]


def _start(neighbour: Neighbour) -> datetime:
    assert neighbour.started_at is not None
    return neighbour.started_at


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
    """Of whoever had the device at the time of the duty, by the register; where that knows of nobody then, of whom the
    files name; else of the device.

    At the time of the duty, not of the recordings: that one is sure, and the other is what is in doubt. Whoever took
    the recorder over at noon had duties in the morning of which this one has nothing, and left others to do what the
    first still had to do.
    """
    issues = around.issues.get((recording.unit_id, recording.device or ""), ())
    named = {each.officer for each in shift if each.officer}
    return [work for work in around.works.get(recording.unit_id, ()) if _is_theirs(work, recording, issues, named)]


def _is_theirs(work: Work, recording: Seen, issues: Sequence[Holding], named: Collection[str]) -> bool:
    of_device = work.device == recording.device
    last = shifted(work.end, -timedelta.resolution)
    officers = {each.person.badge_number for each in had_during(issues, work.start, last)} or named
    return work.officer in officers if officers and work.officer else of_device
