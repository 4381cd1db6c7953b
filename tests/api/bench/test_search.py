"""The measure of searches: over a real server with real rows, small; and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.bench import search
from api.bench.archive_rows import ArchiveSize, steps
from api.bench.errors import RoomMissing
from api.bench.search import OTHERS, TWENTY, measure_search, percentile

pytestmark = pytest.mark.timeout(600)


def test_twenty_searches_and_lists_are_measured_with_the_pages_that_have_bars_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LEAST_BYTES", 1)
    rows = measure_search(tmp_path, ArchiveSize(recordings=3_000, cases=800), rounds=1)
    assert len(TWENTY) == 20
    assert len(rows) == 1 + len(TWENTY) + len(OTHERS)
    assert [row.bar for row in rows] == [1.0, *(look.bar for look in (*TWENTY, *OTHERS))]
    assert all(row.ours > 0 and row.unit == "s" for row in rows)
    assert "3000 recordings, 800 cases" in rows[0].measure
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(RoomMissing):
        measure_search(tmp_path, ArchiveSize(recordings=10**12), rounds=1)
    assert list(tmp_path.iterdir()) == []


def test_the_95th_of_a_hundred_is_the_95th() -> None:
    assert percentile([float(each) for each in range(1, 101)], 0.95) == 95.0
    assert percentile([1.0, 2.0, 3.0], 0.95) == 3.0
    assert percentile([7.0], 0.5) == 7.0


def test_each_look_is_another_and_asks_as_a_role_that_there_is() -> None:
    looks = (*TWENTY, *OTHERS)
    assert len({look.name for look in looks}) == len({(look.path, *look.query) for look in looks}) == len(looks)


def test_the_rows_are_made_in_steps() -> None:
    made = list(steps())
    assert len(made) == 14
    assert all(statement.rstrip().endswith(";") for statement in made)
