"""The measurement of storage, small: both sides of each row run for real, and nothing stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from api.bench.errors import PeerMissing, RoomMissing
from api.bench.storage import bucket, measure, playing
from api.bench.storage.measure import measure_storage
from api.bench.storage.sizes import QUICK, StorageSizes

pytestmark = pytest.mark.timeout(600)
SMALL = StorageSizes(
    object_bytes=1 << 20,
    spans=4,
    film_bytes=4 << 20,
    players=5,
    ranges=2,
    range_bytes=300_000,
    long_range_bytes=600_000,
    node_files=2,
    node_file_bytes=5 << 20,
    backlogs=(50, 300),
    leases=5,
    pairs=1,
)


@pytest.mark.thorough
def test_each_row_has_its_peer_and_what_takes_s3_is_left_out_and_does_not_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A bucket that the environment names is not where this archive has its objects.
    for name, value in {"URL": "http://127.0.0.1:1", "BUCKET": "elsewhere"}.items():
        monkeypatch.setenv(f"LIUHEN_S3_{name}", value)
    rows = measure_storage(tmp_path, SMALL, None)
    assert "LIUHEN_S3_URL" in capsys.readouterr().err
    left_out, measured = rows[:4], rows[4:]
    assert [(row.ours, row.holds) for row in left_out] == [(None, False)] * 4
    assert [round(1 / row.bar, 2) for row in left_out] == [0.8, 0.8, 0.8, 0.5]
    for row in measured:
        assert row.ours is not None
        assert row.peer is not None
        assert row.ours > 0
        assert row.ratio == pytest.approx(row.ours / row.peer)
    assert [round(row.bar, 3) for row in measured] == [1.429, 3.0, 1.429, 2.0, 0.588, 1.25, 1.1]
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_said_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RoomMissing):
        measure_storage(tmp_path, replace(QUICK, film_bytes=1 << 60), None)

    def missing() -> str:
        raise PeerMissing("nginx", "nginx")

    monkeypatch.setattr(measure, "find_nginx", missing)
    with pytest.raises(PeerMissing, match="apt install nginx"):
        measure_storage(tmp_path, QUICK, None)
    assert list(tmp_path.iterdir()) == []


def test_from_a_cold_cache_each_byte_is_played_once() -> None:
    firsts = sorted(first for spans in playing._each_his_part(QUICK) for first in spans)
    assert firsts == list(range(0, QUICK.film_bytes, QUICK.range_bytes))
    anywhere = playing._anywhere(QUICK, QUICK.range_bytes, QUICK.ranges)
    assert anywhere == playing._anywhere(QUICK, QUICK.range_bytes, QUICK.ranges), "the same in every run"
    assert {len(spans) for spans in anywhere} == {QUICK.ranges}
    assert max(map(max, anywhere)) + QUICK.range_bytes <= QUICK.film_bytes


def test_the_bars_are_the_ones_promised() -> None:
    assert (bucket.TIME_BAR, bucket.SPAN_BAR) == (1 / 0.8, 2.0)
    assert (playing.WARM_BAR, playing.COLD_BAR, playing.FIRST_BYTE_BAR) == (1 / 0.7, 1 / 0.5, 3.0)
