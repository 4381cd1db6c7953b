"""The measurement of media, over a second of film: it runs both sides for real and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.bench.errors import BenchError
from api.bench.media import measure_media, require
from ingest.media.renditions import NothingToShow
from ingest.media.runner import open_runner


def test_both_sides_are_measured_and_nothing_stays(tmp_path: Path) -> None:
    looked, copied = measure_media(tmp_path, open_runner(""), seconds=1, pairs=1)
    for row in (looked, copied):
        assert row.peer is not None
        assert row.ratio == pytest.approx(row.ours / row.peer)
        assert (row.unit, row.bar) == ("s", 1.3)
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_did_not_come_about_is_no_time() -> None:
    with pytest.raises(BenchError, match="no copy of it"):
        require(NothingToShow("poster", "no copy of it"))
