"""What of a track is believed. No position is better than a wrong one."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ingest.metadata.points import IMPLAUSIBLE_ALTITUDE, NO_FIX, POOR_PRECISION, Point
from ingest.metadata.positions import JUMP, MOST_POINTS, judge_track, track_as_facts
from ingest.metadata.track_facts import claims_of_tracks, is_row
from storage.measures import metres_between

START = datetime(2026, 1, 1, 1, 30, tzinfo=UTC)


def walk(count: int, seconds: float = 1.0) -> list[Point]:
    return [Point(n * seconds, 31.23 + n * 1e-5, 121.47, 10.0, 1.1, 3) for n in range(count)]


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        (Point(0, 0.0, 0.0), "zero_zero_is_no_fix"),
        (Point(0, 0.00001, -0.00002), "zero_zero_is_no_fix"),
        (Point(0, 33.1, -117.3, 9540.0, fix=0), NO_FIX),
        (Point(0, 33.1, -117.3, 9540.0), IMPLAUSIBLE_ALTITUDE),
        (Point(0, 33.1, -117.3, math.nan), IMPLAUSIBLE_ALTITUDE),
        (Point(0, 91.0, 121.0), "out_of_range"),
        (Point(0, 31.0, 180.5), "out_of_range"),
        (Point(0, math.nan, 121.0), "out_of_range"),
        (Point(0, 31.0, math.inf), "out_of_range"),
        (Point(0, 31.0, 121.0, fix=3, precision=99.99), POOR_PRECISION),
    ],
)
def test_what_is_no_position_is_left_out_and_counted(point: Point, reason: str) -> None:
    track = judge_track("x", [point])
    assert track.points == ()
    assert track.left_out == {reason: 1}


@pytest.mark.parametrize("step", [0.1, 1.0, 10.0])
def test_a_log_began_before_its_first_fix_by_as_many_of_its_own_steps(step: float) -> None:
    """Ninety seconds without a fix, whether the receiver writes ten times a second or every ten seconds."""
    void = [Point(None, math.nan, math.nan, fix=0)] * round(90 / step)
    fixed = [
        point._replace(offset_seconds=None, at=START + timedelta(seconds=n * step)) for n, point in enumerate(walk(9))
    ]
    track = judge_track("nmea", [*void, *fixed])
    assert track.started_at == START - timedelta(seconds=90)
    assert track.spread_seconds == 90
    assert [round(point.offset_seconds or 0, 1) for point in track.points[:2]] == [90.0, 90.0 + step]


def test_one_point_that_nobody_could_have_reached_is_left_out() -> None:
    points = walk(20)
    points[7] = Point(7.0, 39.9, 116.4, 10.0, 1.1, 3)
    track = judge_track("x", points)
    assert len(track.points) == 19
    assert track.left_out == {JUMP: 1}


def test_a_first_point_elsewhere_does_not_take_the_rest_away() -> None:
    track = judge_track("x", [Point(0.0, 39.9, 116.4), *walk(20)[1:]])
    assert track.place is not None
    assert track.place.latitude == pytest.approx(31.23001)


def test_a_tunnel_is_no_jump() -> None:
    """Forty kilometres in half an hour without a reading."""
    later = [Point(1800.0 + n, 31.59, 121.47) for n in range(5)]
    assert len(judge_track("x", [*walk(5), *later]).points) == 10


def test_a_long_track_is_thinned_and_keeps_its_ends() -> None:
    track = judge_track("x", walk(3 * MOST_POINTS, 0.05))
    assert len(track.points) == MOST_POINTS
    assert (track.points[0].offset_seconds, track.points[-1].offset_seconds) == (0.0, (3 * MOST_POINTS - 1) * 0.05)


def test_points_with_a_clock_alone_count_from_the_first() -> None:
    points = [Point(None, 31.23, 121.47, at=START + timedelta(seconds=n)) for n in (2, 0, 1)]
    track = judge_track("x", points)
    assert [point.offset_seconds for point in track.points] == [0.0, 1.0, 2.0]
    assert (track.started_at, track.spread_seconds) == (START, 0.0)


def test_the_start_is_the_first_points_and_the_spread_says_how_the_others_differ() -> None:
    points = [Point(float(n), 31.23, 121.47, at=START + timedelta(seconds=5 + 1.1 * n)) for n in range(11)]
    track = judge_track("x", points)
    assert track.started_at == START + timedelta(seconds=5)
    assert track.spread_seconds == 1.0


def test_points_of_another_year_are_left_out_and_the_track_begins_with_those_of_its_own() -> None:
    """A receiver's day before its first fix; and one that turned over amid the recording."""
    day, other = datetime(2026, 1, 1, 1, 30, tzinfo=UTC), datetime(2006, 5, 18, tzinfo=UTC)
    moments = [other, *(day + timedelta(seconds=n) for n in range(5)), datetime(2046, 8, 1, tzinfo=UTC)]
    track = judge_track("x", [Point(None, 30.0, 120.0, at=at) for at in moments])
    assert [point.offset_seconds for point in track.points] == [0, 1, 2, 3, 4]
    assert track.started_at == day
    assert track.left_out == {JUMP: 2}


def test_distance_is_a_great_circle() -> None:
    """Beijing to Shanghai: 1,067 km."""
    assert metres_between(39.9042, 116.4074, 31.2304, 121.4737) == pytest.approx(1_067_000, rel=0.01)


anything = st.floats(width=32) | st.none()
points = st.lists(
    st.builds(
        Point,
        anything,
        st.floats(),
        st.floats(),
        anything,
        anything,
        st.none() | st.integers(-(2**31), 2**31),
        anything,
        st.none() | st.datetimes(timezones=st.just(UTC)),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(points)
@example([Point(None, 0.0, 1.0, at=datetime(year, 1, 1, tzinfo=UTC)) for year in (2140, 2000)])
@example([Point(None, 0.0, 1.0, at=datetime(year, 1, 1, tzinfo=UTC)) for year in (1, 9999)])
def test_whatever_the_points_hold_the_track_can_be_stated(said: list[Point]) -> None:
    facts = track_as_facts(judge_track("x", said))
    assert all(is_row(row) for row in facts["points"])
    claims = claims_of_tracks([facts])
    assert len(claims.tracks) == (1 if facts["points"] else 0)


def is_list_of_six(facts: object) -> bool:
    """As rows of positions are: what has their shape is no other."""
    return (
        isinstance(facts, list)
        and facts != []
        and all(
            isinstance(row, list) and len(row) == 6 and all(each is None or type(each) is int for each in row)
            for row in facts
        )
    )


@settings(deadline=None)
@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(), st.lists, max_leaves=9)
)
def test_facts_of_another_shape_claim_nothing(facts: object) -> None:
    assume(not is_list_of_six(facts))
    assert claims_of_tracks(facts).tracks == ()
    assert claims_of_tracks([{"source": "x", "points": facts}]).tracks == ()
