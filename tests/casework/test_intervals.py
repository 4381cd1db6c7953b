"""Intervals of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from casework.intervals import Interval, merge, without

ZERO = datetime(2026, 3, 9, tzinfo=UTC)


def span(first: int, last: int) -> Interval:
    return ZERO + timedelta(hours=first), ZERO + timedelta(hours=last)


@pytest.mark.parametrize(
    ("others", "left"),
    [
        ([], [(2, 8)]),
        ([(0, 2), (8, 9)], [(2, 8)]),
        ([(0, 9)], []),
        ([(2, 8)], []),
        ([(0, 3)], [(3, 8)]),
        ([(7, 9)], [(2, 7)]),
        ([(3, 4), (5, 6)], [(2, 3), (4, 5), (6, 8)]),
        ([(1, 3), (5, 9)], [(3, 5)]),
    ],
)
def test_what_is_left_of_an_interval(others: list[tuple[int, int]], left: list[tuple[int, int]]) -> None:
    assert without(span(2, 8), merge(span(*each) for each in others)) == [span(*each) for each in left]
