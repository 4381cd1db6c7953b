"""What is known of a recording when its case is looked for: the file's claims, the register, and its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from casework.intervals import Interval, either_way, length_of
from casework.linking.clock_doubt import clock_in_doubt, rival_moves
from casework.linking.scoring import Basis, Moment, Observed
from casework.linking.surroundings import Surroundings
from casework.recordings.answered import GIVEN_WITHIN, Seen
from casework.recordings.clocks import CLOCK_OFF_BY_MOST, docking_of, learn_offset, own_clock, timed_by_satellites
from casework.register.holding import had_during
from storage.measures import shifted

HOPELESS = timedelta(days=2)
"""A start that may be off by more names no assignment."""
Lack = Literal["time", "exact_time", "names"]
"""No time at all, one that is HOPELESS, or neither device, officer nor place."""


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


def what_lacks(recording: Seen) -> tuple[Lack, ...]:
    """Of one of which `observe` made nothing: what it has none of, by its row and what was answered. What others tell
    of its clock is not asked for here. Nothing where it has all by now: then it was said after it was looked at.
    """
    row, found = recording.row, list[Lack]()
    if recording.answered_start is None:
        if row.started_at is None:
            found.append("time")
        elif either_way(row.started_at_uncertainty_seconds) > HOPELESS:
            found.append("exact_time")
    if not (recording.device or recording.officer or recording.place):
        found.append("names")
    return tuple(found)


def reach_of(recording: Seen, around: Surroundings) -> Interval | None:
    """The time in which assignments matter: the recording's own and, for its clock's sake, its shift's."""
    moment = find_moment(recording, around)
    if moment is None:
        return None
    first, last = moment.earliest, shifted(moment.latest, length_of(recording.row.duration_seconds))
    if moment.basis != "claimed":
        return first, last
    return shifted(first, -CLOCK_OFF_BY_MOST), shifted(last, CLOCK_OFF_BY_MOST)


def find_moment(recording: Seen, around: Surroundings) -> Moment | None:
    """What a person answered; else the satellites' word, else the recorder's own clock put right by what was learnt of
    it, else the claim."""
    if recording.answered_start is not None:
        return _about(recording.answered_start, GIVEN_WITHIN, "answered")
    row = recording.row
    start, believed = row.started_at, either_way(row.started_at_uncertainty_seconds)
    if start is not None and timed_by_satellites(row.started_at_source, row.started_at_uncertainty_seconds, row.claims):
        return _about(start, believed, "satellites")
    word = own_clock(row.claims) if recording.device and row.started_at_source != "station" else None
    known = around.known.get((row.unit_id, recording.device or ""), ())
    offset = (
        None if word is None else learn_offset(known, word, docking_of(row.station_id, row.received_at, row.claims))
    )
    if word is not None and offset is not None:
        true_start = shifted(word.time, -timedelta(seconds=offset.seconds))
        return _about(true_start, either_way(offset.uncertainty_seconds), "learnt", round(offset.seconds))
    if start is None or believed > HOPELESS:
        return None
    told = _in_told_zone(recording, around)
    return told or _about(start, believed, "claimed")


def _in_told_zone(recording: Seen, around: Surroundings) -> Moment | None:
    """Its tags' time, where others of its docking tell their zone."""
    for each in around.neighbours.get((recording.unit_id, recording.device or ""), ()):
        if each.id == recording.id and each.zone_told and each.started_at is not None:
            return _about(each.started_at, either_way(each.uncertainty_seconds), "claimed")
    return None


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


def _about(start: datetime, give_or_take: timedelta, basis: Basis, offset_seconds: int | None = None) -> Moment:
    return Moment(shifted(start, -give_or_take), shifted(start, give_or_take), basis, offset_seconds)
