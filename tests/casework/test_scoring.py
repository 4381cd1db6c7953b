"""Points and their reasons, without a row: who, when, where."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from casework.candidates import clear_one, find_candidates
from casework.clocks import ClockWord, Known, learn_offset
from casework.scoring import Moment, Observed, Place, Work, covered, judge_place, judge_who
from casework.shifts import fit_shift

START = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MARKET = Place(30.15, 114.30)


def work(**values: Any) -> Work:
    known = {"id": uuid.uuid4(), "case_id": uuid.uuid4(), "stage": "investigation", "start": START, "end": START + HOUR}
    return Work(**{**known, **values})


def seen(start: datetime = START + HOUR / 2, either_way: timedelta = timedelta(0), **values: Any) -> Observed:
    moment = Moment(start - either_way, start + either_way, "claimed")
    return Observed(**{"device": "D1", "officer": "B1", "moment": moment, "length": MINUTE, **values})


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
        ({"officer": "B9"}, {"officer": "B1", "device": "D9"}, None),
        ({"officer": None, "device": None}, {"officer": "B1"}, None),
        ({"officer": None, "device": None, "place": MARKET}, {"officer": "B1", "place": MARKET}, "unnamed"),
    ],
)
def test_the_registers_word_goes_before_what_the_file_says(
    observed: dict[str, Any], duty: dict[str, Any], code: str | None
) -> None:
    reason = judge_who(seen(**observed), work(**duty))
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


def known(shown: datetime, ahead_seconds: float, source: str = "name:") -> Known:
    true_start = shown - timedelta(seconds=ahead_seconds)
    return Known((ClockWord(source, shown),), true_start)


def test_an_offset_is_the_median_of_the_same_clock_in_the_same_shift() -> None:
    word = ClockWord("name:", START)
    near = [known(START + MINUTE * at, 3600 + at) for at in (1, 2, 3)]
    offset = learn_offset([*near, known(START + 4 * MINUTE, 3700)], word)
    assert offset is not None
    assert offset.seconds == pytest.approx(3602.5)
    assert learn_offset([known(START, 28_800, "container:creation_time")], word) is None
    assert learn_offset([known(START + 20 * HOUR, 3600)], word) is None
    assert learn_offset([], word) is None


def test_known_recordings_that_contradict_each_other_teach_nothing() -> None:
    word = ClockWord("name:", START)
    assert learn_offset([known(START, 0), known(START + MINUTE, 7200)], word) is None


def test_a_shift_fits_its_duties_better_by_another_clock_when_its_own_is_wrong() -> None:
    duties = [(at * 3600.0, at * 3600.0 + 1800) for at in (0, 1.4, 2.2, 3.9, 5)]
    right = [(begins + 300, begins + 600) for begins, _ in duties for _ in range(2)]
    slow = [(start - 2400, end - 2400) for start, end in right]
    assert not fit_shift(right, duties).in_doubt
    assert fit_shift(slow, duties).in_doubt
    assert not fit_shift(slow[:3], duties).in_doubt  # so few say nothing
    assert not fit_shift(slow, []).in_doubt
