"""How much is leased at once, and how often an object has to be found wanting."""

from __future__ import annotations

import pytest

from ingest.objects.batches import MOST_BYTES, within_reach
from ingest.objects.believing import looks_to_lose
from storage.catalog.object_looks import DIFFERS, MISSING, UNREADABLE, ObjectLook
from storage.catalog.replicas import ObjectReplica


@pytest.mark.parametrize("table", [ObjectLook, ObjectReplica])
@pytest.mark.parametrize(
    ("sizes", "taken"),
    [
        ([], 0),
        ([MOST_BYTES + 1, 1], 1),
        ([1, MOST_BYTES, 1], 1),
        ([MOST_BYTES // 2, MOST_BYTES // 2, 1], 2),
        ([1] * 5, 5),
    ],
)
def test_so_many_are_leased_as_are_not_too_much_and_the_first_always(
    table: type[ObjectLook] | type[ObjectReplica], sizes: list[int], taken: int
) -> None:
    rows = [table(size_bytes=size) for size in sizes]
    assert list(within_reach(rows)) == rows[:taken]


def test_a_medium_that_gives_nothing_is_asked_once_more_than_one_that_gives_other_bytes() -> None:
    assert [looks_to_lose(found) for found in (MISSING, DIFFERS, UNREADABLE)] == [2, 2, 3]
