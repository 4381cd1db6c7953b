"""The measurement of scrubbing, on small files: it runs both sides for real."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from api.bench import scrub as bench
from api.bench.errors import BenchError
from api.bench.scrub import measure_scrub


@pytest.fixture
def custody(sealing: Any) -> Any:
    """As `running_custody` gives it, in this process."""
    return SimpleNamespace(
        settings=sealing.settings, archive=sealing.archive, seal=lambda path: sealing.seal(path.read_bytes())
    )


def test_both_sides_read_what_was_sealed(custody: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SMALL_FILES", 3)
    monkeypatch.setattr(bench, "SMALL_BYTES", 10_000)
    large, small = measure_scrub(custody, tmp_path, size_bytes=3 << 20, pairs=1)
    for row in (large, small):
        assert row.peer is not None
        assert row.ratio == pytest.approx(row.ours / row.peer)
        assert (row.unit, row.bar) == ("s", 1.25)
    assert "3 MiB" in large.measure
    assert not (tmp_path / "source.bin").exists()


def test_what_is_not_whole_is_no_measurement(custody: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_sum", lambda objects: [path.write_bytes(b"") for path in map(_open, objects.values())])
    with pytest.raises(BenchError, match="0 of 1"):
        measure_scrub(custody, tmp_path, size_bytes=10_000, pairs=2)


def _open(path: Path) -> Path:
    path.chmod(0o600)
    return path
