"""Which files are one act: by one clock at a time, right or wrong, and never where it is not clear."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.metadata.claims import Claim, Claims
from ingest.metadata.contiguity import Piece, Place, piece_of, place_pieces

START = datetime(2026, 1, 1, 1, 30, tzinfo=UTC)
FIVE_MINUTES = 300.0


def piece(label: str, after_seconds: float, seconds: float = FIVE_MINUTES, /, *bases: str, **others: float) -> Piece:
    starts = {basis: START + timedelta(seconds=after_seconds) for basis in bases or ("device",)}
    starts |= {basis: START + timedelta(seconds=other) for basis, other in others.items()}
    return Piece(label, timedelta(seconds=seconds), starts)


def acts(*pieces: Piece, gap: float = 5.0) -> list[str]:
    """Each act as the names of its segments in order."""
    found: dict[str, list[Place]] = {}
    for place in place_pieces(pieces, gap):
        found.setdefault(place.first, []).append(place)
    for places in found.values():
        assert [place.ordinal for place in places] == list(range(1, len(places) + 1))
        assert {place.count for place in places} == {len(places)}
    return sorted("".join(place.id for place in places) for places in found.values())


def test_segments_that_meet_are_one_act_in_their_order() -> None:
    assert acts(piece("c", 600.08), piece("a", 0), piece("b", 300.04)) == ["abc"]
    places = place_pieces([piece("a", 0), piece("b", 300.04)], 5)
    assert [(place.gap_seconds, place.basis) for place in places] == [(None, "device"), (0.04, "device")]


@pytest.mark.parametrize(
    ("gap", "together"), [(0.0, True), (0.04, True), (4.9, True), (5.1, False), (-3.0, True), (-6.0, False)]
)
def test_a_gap_up_to_the_setting_is_still_one_act(gap: float, together: bool) -> None:
    assert acts(piece("a", 0), piece("b", FIVE_MINUTES + gap)) == (["ab"] if together else ["a", "b"])


def test_a_longer_gap_can_be_allowed() -> None:
    assert acts(piece("a", 0), piece("b", 360), gap=60) == ["ab"]


def test_short_clips_follow_the_nearest() -> None:
    assert acts(*(piece(name, 4.0 * n, 3.0) for n, name in enumerate("abcd"))) == ["abcd"]


def test_a_clock_that_is_years_off_still_counts_seconds() -> None:
    years = -7 * 365 * 86400.0
    assert acts(piece("a", years), piece("b", years + 300)) == ["ab"]


def test_two_clocks_are_never_compared_with_one_another() -> None:
    assert acts(piece("a", 0, FIVE_MINUTES, "device"), piece("b", 300, FIVE_MINUTES, "name")) == ["a", "b"]


def test_names_say_it_where_the_device_s_clock_does_not() -> None:
    """As recorders do that date a file when they close it: the last, shorter one seems to begin too early."""
    first = piece("a", 300, FIVE_MINUTES, "device", name=0)
    last = piece("b", 360, 60, "device", name=300)
    assert acts(first, last) == ["ab"]
    assert place_pieces([first, last], 5)[1].basis == "name"


def test_a_clock_that_began_again_says_nothing_of_either_time() -> None:
    """Battery out, on two evenings: which second segment belongs to which first is not to be known."""
    assert acts(piece("a", 10), piece("b", 310), piece("x", 10), piece("y", 310)) == ["a", "b", "x", "y"]


def test_two_cameras_of_one_device_are_no_sequence() -> None:
    front = [piece("a", 0), piece("b", 300)]
    rear = [piece("x", 0), piece("y", 300)]
    assert acts(*front, *rear) == ["a", "b", "x", "y"]


def test_satellites_part_what_a_clock_that_was_reset_joins() -> None:
    assert acts(piece("a", 0, gps=0), piece("b", 300, gps=7200)) == ["a", "b"]
    assert acts(piece("a", 0, gps=9000), piece("b", 300, gps=9302)) == ["ab"]


def chapter(name: str, group: str, number: int) -> Piece:
    return piece_of(name, Claims((Claim("sequence", {"number": number, "group": group}, "name:gopro", "stated"),)), 60)


def test_chapters_are_in_the_order_of_their_numbers_and_their_gap_is_unknown() -> None:
    chapters = [chapter("b", "0123", 2), chapter("a", "0123", 1), chapter("x", "0124", 1)]
    assert acts(*chapters) == ["ab", "x"]
    assert place_pieces(chapters, 5)[1].gap_seconds is None
    assert acts(*chapters, chapter("c", "0123", 2)) == ["a", "b", "c", "x"]
    assert acts(chapter("a", "0123", 1), chapter("c", "0123", 3)) == ["a", "c"]


def test_the_clocks_of_a_recording_are_those_it_wrote() -> None:
    """A phone dates its file at the end: its length is taken off."""
    at_the_end = ("written_at_the_end",)
    said = Claims(
        (
            Claim("clock", {"time": "2026-01-01T01:31:00Z"}, "tag:creation_time", "doubtful", at_the_end),
            Claim("clock", {"time": "2026-01-01T05:00:00Z"}, "exif:gps", "stated"),
            Claim("started_at", {"time": "2026-01-01T01:30:30Z"}, "name:ga/t-947", "assumed"),
            Claim("gps_time", {"time": "2026-01-01T01:30:02Z", "spread_seconds": 0.0}, "track:gpmf", "stated"),
            Claim("best_start", {"time": "2026-01-01T09:00:00Z"}, "station", "stated"),
        )
    )
    assert piece_of("a", said, 60).starts == {
        "device": START,
        "name": START + timedelta(seconds=30),
        "gps": START + timedelta(seconds=2),
    }


def test_what_came_far_apart_is_of_one_group_by_chance() -> None:
    """As a station says that calls every recorder in one place by one name."""

    def received(one: Piece, span: int) -> Piece:
        return replace(one, received_in=span)

    clocks = [piece("a", 0), piece("b", 300)]
    assert acts(received(clocks[0], 7), received(clocks[1], 8)) == ["ab"], "an outage lay between"
    assert acts(received(clocks[0], 7), received(clocks[1], 9)) == ["a", "b"]
    here = [received(each, 7) for each in clocks]
    assert acts(*here, received(piece("x", 0), 9), received(piece("y", 300), 9)) == ["ab", "xy"]
    assert acts(*here, received(piece("x", 0), 8), received(piece("y", 300), 8)) == ["a", "b", "x", "y"]
    numbers = [chapter("a", "0123", 1), chapter("b", "0123", 2)]
    assert acts(received(numbers[0], 7), received(numbers[1], 8)) == ["ab"]
    assert acts(received(numbers[0], 7), received(numbers[1], 9)) == ["a", "b"]
    two = [received(chapter(name, "0123", number), 9) for name, number in (("x", 1), ("y", 2))]
    assert acts(*(received(each, 7) for each in numbers), *two) == ["ab", "xy"]
    between = received(chapter("m", "0123", 1), 8)
    assert acts(received(numbers[0], 7), between, received(numbers[1], 9)) == ["a", "b", "m"], "which is not told"


times = st.integers(0, 40).map(lambda n: n * 5.0)
some = st.lists(
    st.tuples(times, st.sampled_from([5.0, 10.0, 60.0]), st.sampled_from(["device", "name", "gps"]), times), max_size=9
)


@settings(deadline=None)
@given(some, st.randoms())
def test_every_piece_has_one_place_whatever_the_order(
    said: list[tuple[float, float, str, float]], rng: random.Random
) -> None:
    pieces = [
        piece(f"{n:02}", at, seconds, basis, **({} if basis == "name" else {"name": other}))
        for n, (at, seconds, basis, other) in enumerate(said)
    ]
    places = place_pieces(pieces, 5)
    assert sorted(place.id for place in places) == [one.id for one in pieces]
    rng.shuffle(pieces)
    assert sorted(place_pieces(pieces, 5), key=lambda place: place.id) == sorted(places, key=lambda place: place.id)
    for _, act in itertools.groupby(places, key=lambda place: place.first):
        ordinals = [place.ordinal for place in act]
        assert ordinals == list(range(1, len(ordinals) + 1))
