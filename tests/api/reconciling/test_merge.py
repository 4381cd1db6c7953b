"""Sorted streams side by side: everything of a key at once, in memory that does not grow with their length."""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter
from collections.abc import Iterator

import pytest

from api.reconciling.merge import OutOfOrder, aligned
from storage.objects.sorting import in_order

NAMES = 200_000


def shuffled(without: int) -> Iterator[str]:
    """Names as a folder gives them, in no order, but for each `without`th. None of them is kept."""
    step = 77_773  # has no divisor in common with the number of names: each comes once
    places = (number * step % NAMES for number in range(NAMES))
    return (f"originals/2026/11/{place:036d}" for place in places if place % without)


def test_what_each_stream_has_of_a_key_comes_together() -> None:
    found = aligned(("acce", str), ("bc", str), ("", str))
    assert list(found) == [
        ("a", (["a"], [], [])),
        ("b", ([], ["b"], [])),
        ("c", (["c", "c"], ["c"], [])),
        ("e", (["e"], [], [])),
    ]


def test_a_stream_that_is_not_sorted_is_refused() -> None:
    with pytest.raises(OutOfOrder):
        list(aligned(("ab", str), ("ba", str)))


def test_names_come_in_order_however_many_runs_they_take() -> None:
    names = [f"{random.Random(1).random()}/{number}\n\udce4" for number in range(1000)]
    for at_once in (1, 7, 999, 1000, 1001):
        assert list(in_order(iter(names), at_once)) == sorted(names)
    assert list(in_order(iter(()))) == []


def test_two_hundred_thousand_names_are_sorted_and_compared_in_constant_memory() -> None:
    counts: Counter[tuple[bool, bool]] = Counter()
    tracemalloc.start()
    try:
        rows = (f"originals/2026/11/{place:036d}" for place in range(NAMES) if place % 250)
        by_name = aligned((in_order(shuffled(100), at_once=10_000), str), (rows, str))
        for _, (left, right) in by_name:
            counts[bool(left), bool(right)] += 1
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counts == {(True, True): 197_600, (False, True): 1_600, (True, False): 400}
    assert peak_bytes < 8 << 20, "all of the names at once are twenty-five times as much"
