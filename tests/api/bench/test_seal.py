"""The measurement of sealing, on small files: it runs both sides for real and cleans up behind them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from api.bench import custodian
from api.bench import seal as bench
from api.bench.custodian import keep_by_hand
from api.bench.errors import PeerFailed, PeerMissing, RoomMissing
from api.bench.seal import measure_resident_mib, measure_seal

MIB = 1 << 20


def test_both_sides_are_measured_and_nothing_stays(tmp_path: Path) -> None:
    speed, memory = measure_seal(tmp_path, size_bytes=4 * MIB, pairs=2, memory_bytes=8 * MIB)
    assert speed.peer is not None
    assert speed.ratio == pytest.approx(speed.ours / speed.peer)
    assert (speed.unit, speed.bar, speed.holds) == ("s", 0.65, speed.ratio <= 0.65)
    assert (memory.unit, memory.bar, memory.peer, memory.ratio, memory.holds) == ("MiB", 160, None, None, True)
    assert list(tmp_path.iterdir()) == []


def test_another_way_of_sealing_is_measured_in_its_place(tmp_path: Path) -> None:
    sealed: list[bytes] = []
    measure_seal(
        tmp_path, size_bytes=10_000, pairs=3, memory_bytes=MIB, seal=lambda path: sealed.append(path.read_bytes())
    )
    assert len(sealed) == 3
    assert len(set(sealed)) == 1
    assert len(sealed[0]) == 10_000


def test_resident_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    small, large = (measure_resident_mib(tmp_path, size_bytes * MIB) for size_bytes in (48, 160))
    assert 20 < small < 160
    assert large - small < 8


def test_the_custodians_copy_opens_to_the_source(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"recorded" * 1000)
    keep_by_hand(source, tmp_path)
    stored = tmp_path / "STORE" / "E"
    decrypt = ("openssl", "enc", "-d", "-aes-256-ctr", "-pbkdf2", "-pass", f"file:{tmp_path / 'K'}", "-in", str(stored))
    assert stored.read_bytes() != source.read_bytes()
    assert subprocess.run(decrypt, capture_output=True, check=True).stdout == source.read_bytes()


def test_a_step_of_the_peer_that_fails_is_named(tmp_path: Path) -> None:
    with pytest.raises(PeerFailed, match="sha256sum") as failed:
        keep_by_hand(tmp_path / "absent", tmp_path)
    assert failed.value.status == 1


def test_a_missing_tool_or_too_small_a_disk_is_said_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RoomMissing) as room:
        measure_seal(tmp_path, size_bytes=1 << 60)
    assert room.value.needed_bytes > room.value.free_bytes
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PeerMissing, match="apt install"):
        measure_seal(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_stored_copy_that_differs_fails_the_peer_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"recorded" * 1000)
    real_forget = custodian.forget

    def alter(path: Path) -> None:
        real_forget(path)
        path.chmod(0o600)
        with path.open("r+b") as file:
            file.seek(500)
            file.write(b"\0\0\0\0")

    monkeypatch.setattr(custodian, "forget", alter)
    with pytest.raises(PeerFailed, match="cmp"):
        keep_by_hand(source, tmp_path)


def test_the_bars_are_the_ones_promised() -> None:
    assert (bench.TIME_BAR, bench.MEMORY_BAR_MIB) == (0.65, 160)
