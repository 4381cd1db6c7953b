"""What makes the linker ask instead: a clock that explains more, a tag in an unknown zone, half in and half out."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from casework.linking.candidates import clear_one, find_candidates
from casework.linking.neighbour import Neighbour
from casework.linking.scoring import Basis, Moment, Observed, Work
from casework.linking.shifts import Filmed, fit_shift
from casework.linking.tag_zones import put_into_zones
from casework.recordings.clocks import ClockWord

NAME, TAG = "name:", "container:creation_time"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TEN = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
"""In the morning, there."""
STATION = uuid.uuid4()
DUTIES = [(at * 3600.0, at * 3600.0 + 3000.0) for at in range(6)]


def films(visits: range) -> list[Filmed]:
    return [Filmed((at * 3600.0 + 1200.0, at * 3600.0 + 1260.0)) for at in visits]


def test_a_clock_that_fits_as_well_and_has_a_recording_for_an_empty_duty_is_a_rival() -> None:
    """Six visits an hour apart and five of them filmed: an hour slow, it would be the other five."""
    rivals = fit_shift(films(range(5)), DUTIES).rivals
    assert rivals
    assert all(2400.0 <= move <= 5400.0 for move in rivals)
    assert not fit_shift(films(range(6)), DUTIES).rivals


def test_a_duty_of_a_shift_that_nobody_filmed_calls_for_no_other_clock() -> None:
    """Nor does one that a recording shares with another at once: it may be of either."""
    tomorrow = [(start + 86_400.0, end + 86_400.0) for start, end in DUTIES]
    assert not fit_shift(films(range(6)), [*DUTIES, *tomorrow]).rivals
    at_once = sorted([*DUTIES, (1000.0, 1300.0)])
    assert not fit_shift(films(range(6)), at_once).rivals


@pytest.mark.parametrize(("minutes_inside", "clear"), [(10, True), (9, False)])
def test_what_satellites_time_lies_in_the_duty_whole_or_is_asked_about(minutes_inside: int, clear: bool) -> None:
    assert (clear_one(find_candidates(leaving(minutes_inside, "satellites"), [duty()])) is not None) is clear
    assert clear_one(find_candidates(leaving(minutes_inside, "claimed"), [duty()])) is not None


def leaving(minutes_inside: int, basis: Basis) -> Observed:
    """Ten minutes long, of which so many lie in the duty."""
    start = TEN + HOUR - minutes_inside * MINUTE
    moment = Moment(start, start, basis)
    return Observed(device="D1", officer="B1", moment=moment, length=10 * MINUTE, holders=frozenset({"B1"}))


def duty() -> Work:
    return Work(uuid.uuid4(), uuid.uuid4(), "investigation", TEN, TEN + HOUR, officer="B1", device="D1")


def named(start: datetime, tag: datetime) -> Neighbour:
    return came((ClockWord(NAME, start), ClockWord(TAG, tag)), start, 300.0)


def nameless(tag: datetime) -> Neighbour:
    return came((ClockWord(TAG, tag),), tag, 29_100.0)


def came(words: tuple[ClockWord, ...], start: datetime, uncertainty_seconds: float) -> Neighbour:
    received = TEN + 9 * HOUR
    return Neighbour(uuid.uuid4(), STATION, "B1", start, received, uncertainty_seconds, 60.0, False, False, words)


def test_in_which_zone_tags_are_is_told_by_files_of_the_card_that_have_the_time_in_their_names() -> None:
    """This recorder writes local time with a Z: ten in the morning is 10:00Z in its tags."""
    card = [named(TEN, TEN + 8 * HOUR), nameless(TEN + 8 * HOUR + 20 * MINUTE)]
    untouched, put = put_into_zones(card)
    assert untouched == card[0]
    assert (put.started_at, put.uncertainty_seconds, put.zone_told) == (TEN + 20 * MINUTE, 300.0, True)
    in_utc = put_into_zones([named(TEN, TEN), nameless(TEN + 20 * MINUTE)])[1]
    assert (in_utc.started_at, in_utc.uncertainty_seconds) == (TEN + 20 * MINUTE, 300.0)


def test_no_zone_is_told_by_another_docking_or_station_nor_by_files_that_contradict_each_other() -> None:
    late = nameless(TEN + 8 * HOUR)
    teller = named(TEN, TEN + 8 * HOUR)
    for others in (
        [],
        [replace(teller, received_at=late.received_at - 5 * HOUR)],
        [replace(teller, station_id=uuid.uuid4())],
        [teller, named(TEN + HOUR, TEN + HOUR)],
        [replace(teller, words=teller.words[:1])],
    ):
        assert late in put_into_zones([*others, late])


def test_a_told_zone_that_would_put_it_after_its_receipt_is_not_believed() -> None:
    behind = [named(TEN + 8 * HOUR, TEN), nameless(TEN + 2 * HOUR)]  # would be eight in the evening, docked at seven
    assert behind[1] in put_into_zones(behind)
