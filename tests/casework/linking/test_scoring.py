"""Points and their reasons, without a row: who, when, where."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from casework.linking.candidates import clear_one, find_candidates
from casework.linking.scoring import Moment, Observed, Work, covered, judge_place, judge_who
from casework.linking.shifts import Filmed, fit_shift
from casework.recordings.clocks import ClockWord, Docking, Known, learn_offset
from casework.recordings.places import Place

START = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MARKET = Place(30.15, 114.30)


def work(**values: Any) -> Work:
    known = {"id": uuid.uuid4(), "case_id": uuid.uuid4(), "stage": "investigation", "start": START, "end": START + HOUR}
    return Work(**{**known, **values})


def seen(start: datetime = START + HOUR / 2, either_way: timedelta = timedelta(0), **values: Any) -> Observed:
    moment = Moment(start - either_way, start + either_way, "claimed")
    known = {"device": "D1", "officer": "B1", "holders": frozenset({"B1"}), "moment": moment, "length": MINUTE}
    return Observed(**{**known, **values})


@pytest.mark.parametrize(
    ("observed", "duty", "code"),
    [
        ({}, {"officer": "B1", "device": "D1"}, "officer_and_device"),
        ({"device": None}, {"officer": "B1", "device": "D1"}, "officer"),
        ({"device": "D9"}, {"officer": "B1", "device": "D1"}, "officer_other_device"),
        ({"officer": None}, {"device": "D1"}, "device"),
        ({"officer": "B9"}, {"officer": "B1", "device": "D1"}, "device_of_another"),
        ({"officer": "B9", "holders": frozenset({"B1"})}, {"officer": "B1"}, "holder"),
        ({"officer": "B9", "holders": frozenset({"B1"})}, {"officer": "B1", "device": "D1"}, "holder_and_device"),
        ({"holders": frozenset({"B2"})}, {"officer": "B1"}, "officer_against_register"),
        ({"holders": frozenset()}, {"officer": "B1"}, "officer"),
        ({"holders": frozenset({"B1"})}, {"device": "D1"}, "device_issued"),
        ({"holders": frozenset()}, {"device": "D1"}, "device"),
        ({"officer": "B9"}, {"officer": "B1", "device": "D9"}, None),
        ({"officer": None, "device": None}, {"officer": "B1"}, None),
        ({"officer": None, "device": None, "place": MARKET}, {"officer": "B1", "place": MARKET}, "unnamed"),
    ],
)
def test_the_registers_word_goes_before_what_the_file_says(
    observed: dict[str, Any], duty: dict[str, Any], code: str | None
) -> None:
    reason = judge_who(seen(**{"holders": None, **observed}), work(**duty))
    assert (None if reason is None else reason.code) == code


@pytest.mark.parametrize(
    ("metres_north", "code"),
    [(0, "at_the_scene"), (290, "at_the_scene"), (400, "near_the_scene"), (2000, "away_from_the_scene"),
     (5000, "far_from_the_scene")],
)  # fmt: skip
def test_distance_to_the_scene_speaks_for_a_case_or_against_it(metres_north: float, code: str) -> None:
    there = Place(MARKET.latitude + metres_north / 111_195, MARKET.longitude)
    (reason,) = judge_place(seen(place=there), work(place=MARKET))
    assert reason.code == code
    assert reason.detail["metres"] == pytest.approx(metres_north, abs=2)
    assert list(judge_place(seen(place=None), work(place=MARKET))) == []


@pytest.mark.parametrize(
    ("start", "either_way", "share"),
    [
        (START, timedelta(0), 1.0),
        (START - MINUTE / 2, timedelta(0), 0.5),
        (START - MINUTE, timedelta(0), 0.0),
        (START, MINUTE, 0.75),  # half of the time inside, a quarter on the way in
        (START + HOUR / 2, 2 * HOUR, 0.25),
        (START + HOUR / 2, 10 * MINUTE, 1.0),
    ],
)
def test_share_in_the_span_is_the_mean_over_all_times_it_may_have_begun(
    start: datetime, either_way: timedelta, share: float
) -> None:
    assert covered(seen(start, either_way), work()) == pytest.approx(share, abs=0.005)


def test_a_clear_case_stands_alone_also_if_the_others_scene_were_the_right_one() -> None:
    here, stated, unstated = MARKET, work(officer="B1", place=MARKET), work(officer="B1")
    far = work(officer="B1", place=Place(30.25, 114.30))
    assert clear_one(find_candidates(seen(place=here), [stated])).case_id == stated.case_id  # type: ignore[union-attr]
    assert clear_one(find_candidates(seen(place=here), [stated, far])).case_id == stated.case_id  # type: ignore[union-attr]
    assert clear_one(find_candidates(seen(place=here), [stated, unstated])) is None
    assert clear_one(find_candidates(seen(), [stated, unstated])) is None


def test_a_clock_in_doubt_is_asked_about_unless_the_place_speaks_for_the_case() -> None:
    duty = work(officer="B1", device="D1", place=MARKET)
    assert clear_one(find_candidates(seen(clock_in_doubt=True), [duty])) is None
    assert clear_one(find_candidates(seen(clock_in_doubt=True, place=MARKET), [duty])) is not None


CARD = Docking(uuid.uuid4(), START + 12 * HOUR)


def known(shown: datetime, ahead_seconds: float, source: str = "name:", docking: Docking = CARD) -> Known:
    true_start = shown - timedelta(seconds=ahead_seconds)
    return Known((ClockWord(source, shown),), true_start, docking)


def test_an_offset_is_the_median_of_the_same_clock_in_the_same_shift() -> None:
    word = ClockWord("name:", START)
    near = [known(START + MINUTE * at, 3600 + at) for at in (1, 2, 3)]
    offset = learn_offset([*near, known(START + 4 * MINUTE, 3700)], word, CARD)
    assert offset is not None
    assert offset.seconds == pytest.approx(3602.5)
    assert learn_offset([known(START, 28_800, "container:creation_time")], word, CARD) is None
    assert learn_offset([known(START + 20 * HOUR, 3600)], word, CARD) is None
    assert learn_offset([], word, CARD) is None


def test_known_recordings_that_contradict_each_other_teach_nothing() -> None:
    word = ClockWord("name:", START)
    assert learn_offset([known(START, 0), known(START + MINUTE, 7200)], word, CARD) is None


@pytest.mark.parametrize(
    "other",
    [
        Docking(uuid.uuid4(), CARD.received_at),
        Docking(CARD.station_id, CARD.received_at + 5 * HOUR),
        Docking(CARD.station_id, CARD.received_at, "card-2"),
    ],
)
def test_another_docking_teaches_nothing_of_this_ones_clock(other: Docking) -> None:
    """Another station, the same one hours later, or what it says is of another recorder."""
    word, own = ClockWord("name:", START), replace(CARD, group="card-1")
    assert learn_offset([known(START, 3600, docking=other)], word, own) is None
    assert learn_offset([known(START, 3600)], word, own) is not None


def film(start: float, end: float, known: frozenset[int] | None = None) -> Filmed:
    return Filmed((start, end), known)


DUTIES = [(at * 3600.0, at * 3600.0 + 1800) for at in (0, 1.4, 2.2, 3.9, 5)]


def test_a_shift_fits_its_duties_better_by_another_clock_when_its_own_is_wrong() -> None:
    right = [film(begins + 300, begins + 600) for begins, _ in DUTIES for _ in range(2)]
    slow = [film(begins - 2100, begins - 1800) for begins, _ in DUTIES for _ in range(2)]
    assert not fit_shift(right, DUTIES).in_doubt
    assert fit_shift(slow, DUTIES).in_doubt
    assert max(fit_shift(slow, DUTIES).rivals) > 1200
    assert max(fit_shift(slow, DUTIES, latest=1200.0).rivals) <= 1200  # they had been received by then
    assert not fit_shift(slow[:3], DUTIES).in_doubt  # so few say nothing
    assert not fit_shift(slow, []).in_doubt


def test_a_clock_that_fits_a_little_better_puts_in_doubt_what_it_would_put_elsewhere() -> None:
    """Duties of one length, one after the other: a clock that is one off shows by half a recording that sticks out."""
    duties = [(at * 3600.0, at * 3600.0 + 3000) for at in range(6)]
    slow = [film(at * 3600.0 + 600, at * 3600.0 + 900) for at in range(5)] + [film(2900.0, 3100.0)]
    fit = fit_shift(slow, duties)
    assert not fit.in_doubt
    assert fit.rivals
    first, second = (work(officer="B1", start=START + at * HOUR, end=START + at * HOUR + 50 * MINUTE) for at in (0, 1))
    rivals = seen(START + 20 * MINUTE, rival_moves=(HOUR,))
    assert clear_one(find_candidates(rivals, [first, second])) is None
    staying = seen(START + 20 * MINUTE, rival_moves=(12 * MINUTE,))
    assert clear_one(find_candidates(staying, [first, second])) is not None


def test_where_a_person_put_a_recording_speaks_against_clocks_that_have_it_elsewhere() -> None:
    right = [film(begins + 300, begins + 600) for begins, _ in DUTIES]
    assert not fit_shift(right, DUTIES).in_doubt
    told = [replace(right[0], known=frozenset({1})), replace(right[1], known=frozenset({2})), *right[2:]]
    assert fit_shift(told, DUTIES).at_its_word < fit_shift(right, DUTIES).at_its_word - 3


@pytest.mark.parametrize("holders", [None, frozenset(), frozenset({"B9"})])
def test_no_name_that_the_register_does_not_vouch_for_links_by_itself(holders: frozenset[str] | None) -> None:
    """Not even with the right second and the very place: all of it is the uploader's word."""
    duty = work(officer="B1", device="D1", place=MARKET)
    for said in (
        {"device": "D1", "officer": "B1"},
        {"device": None, "officer": "B1"},
        {"device": None, "officer": None},
    ):
        found = find_candidates(seen(place=MARKET, holders=holders, **said), [duty])
        assert clear_one(found) is None
        assert found or holders


def test_a_doubt_about_the_clock_makes_no_other_case_the_clear_one() -> None:
    first, second = work(officer="B1", device="D1"), work(officer="B1", end=START + 40 * MINUTE)
    observed = seen(START + 10 * MINUTE, rival_moves=(35 * MINUTE,))
    found = find_candidates(observed, [first, second])
    assert {candidate.score for candidate in found} == {85, 50}
    assert clear_one(found) is None


@pytest.mark.parametrize("hours", [3, 12])
def test_a_recording_that_runs_over_several_duties_is_asked_about_wherever_its_satellites_noted_it(hours: int) -> None:
    """The place is that of one moment; the minutes of the other cases are in it all the same."""
    scenes = [Place(30.15 + number / 20, 114.30) for number in range(2)]
    duties = [
        work(officer="B1", start=START + number * 1.5 * HOUR, end=START + (number * 1.5 + 1) * HOUR, place=scene)
        for number, scene in enumerate(scenes)
    ]
    for scene in scenes:
        long = seen(START - HOUR / 4, place=scene, length=hours * HOUR)
        found = find_candidates(long, duties)
        assert {each.case_id for each in found} == {each.case_id for each in duties}
        assert clear_one(found) is None
        short = seen(duties[scenes.index(scene)].start + 10 * MINUTE, place=scene, length=20 * MINUTE)
        assert clear_one(find_candidates(short, duties)).case_id == duties[scenes.index(scene)].case_id  # type: ignore[union-attr]


def test_a_recording_of_a_whole_duty_is_linked_though_its_place_is_of_the_way_there() -> None:
    """One case alone that day, and the satellites were found at the office."""
    duty = work(officer="B1", place=MARKET)
    found = find_candidates(seen(START - HOUR, place=Place(30.25, 114.30), length=3 * HOUR), [duty])
    assert clear_one(found).case_id == duty.case_id  # type: ignore[union-attr]
