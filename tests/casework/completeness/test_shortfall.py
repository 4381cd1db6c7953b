"""What all footage together cannot fill is missing in every world; and the bound says so where it is plain."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from casework.completeness.engine import Clock, Demand, Explanation, Footage
from casework.completeness.shortfall import shortfall
from casework.completeness.spans import cut, union, within_at_least

HOUR = 3600
LENGTH = 40


def test_five_seconds_without_a_time_do_not_fill_an_hour() -> None:
    clip = Footage("?", (0, 5), None)
    assert shortfall(Demand((0, HOUR)), [clip], []) == HOUR - 5
    assert shortfall(Demand((0, HOUR), allowed_gap=10), [clip], []) == HOUR - 15
    assert shortfall(Demand((0, HOUR)), [clip], [Explanation((0, HOUR - 100), confirmed=True)]) == 95
    assert shortfall(Demand((0, HOUR)), [clip], [Explanation((0, HOUR), confirmed=False)]) == HOUR - 5
    assert shortfall(Demand((0, HOUR)), [clip], [Explanation((-10, HOUR - 5), confirmed=True)]) == 0


def test_footage_that_may_fill_it_leaves_it_to_the_engine() -> None:
    halves = [Footage("?", (0, HOUR // 2), None), Footage("A", (0, HOUR // 2), Clock(0, 300))]
    assert shortfall(Demand((0, HOUR)), halves, []) == 0
    assert shortfall(Demand((0, HOUR), devices=2), halves, []) == HOUR // 2
    assert shortfall(Demand((0, HOUR), devices=2), [Footage("A", (0, 3 * HOUR), None)], []) == HOUR // 2
    assert shortfall(Demand((0, HOUR)), [halves[0], halves[0]], []) == 0, "two that look alike are two"
    assert shortfall(Demand((0, 0)), [], []) == 0


def test_of_what_has_holes_no_more_counts_than_there_is() -> None:
    torn = Footage("A", (0, HOUR), Clock(0, 0), held=600)
    assert shortfall(Demand((0, HOUR)), [torn], []) == HOUR - 600
    assert shortfall(Demand((0, HOUR), devices=2), [torn, Footage("B", (0, HOUR), Clock(0, 0))], []) == HOUR - 2100


_files = st.lists(st.tuples(st.sampled_from("AB"), st.integers(-10, LENGTH), st.integers(0, 15)), max_size=5)
_explained = st.lists(st.tuples(st.integers(-5, LENGTH), st.integers(1, 20), st.booleans()), max_size=2)


@settings(max_examples=400, deadline=None)
@given(_files, _explained, st.integers(1, 2), st.integers(0, 6))
def test_in_no_world_is_less_missing(
    files: list[tuple[str, int, int]], explained: list[tuple[int, int, bool]], devices: int, gap: int
) -> None:
    """A world: each file where it is. What is then neither recorded nor explained is counted second by second."""
    demand = Demand((0, LENGTH), devices, gap)
    explanations = [Explanation((first, first + length), confirmed) for first, length, confirmed in explained]
    world = {
        device: union(((start, start + length) for _, start, length in group), 0)
        for device, group in itertools.groupby(sorted(files), key=lambda each: each[0])
    }
    recorded = union(cut(within_at_least(world.values(), devices), 0, LENGTH), gap)
    confirmed = [each.span for each in explanations if each.confirmed]
    missing = LENGTH - sum(last - first for first, last in cut(union([*recorded, *confirmed]), 0, LENGTH))
    for clock in (None, Clock(0, 100)):
        footage = [Footage(device, (start, start + length), clock) for device, start, length in files]
        assert shortfall(demand, footage, explanations) <= missing
