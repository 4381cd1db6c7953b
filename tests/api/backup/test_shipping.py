"""The log is shipped whatever happens to its place: nothing is lost, nobody waits, and what is the matter is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from api.backup.keeping import remove_beyond
from api.backup.latest import note_backup
from api.backup.place import BackupPlace
from api.http.gauges import show_gauges
from api.http.readiness import judge_readiness
from api.wal.errors import WalLacksBackup, WalLate, WalNearBound
from api.wal.gate import shipped_first
from api.wal.leaving import stop_keeping
from api.wal.lsn import PARTIAL, SEGMENT_BYTES, before_header, format_lsn, parse_lsn, parse_name, segment_name
from api.wal.place import MARK, KnownPlace, use_anew
from api.wal.pruning import needed_by, remove_unneeded
from api.wal.segments import whole_segments
from api.wal.shipping import Shipper
from api.wal.standing import WalStanding, require_shipped
from storage.database import Database
from tests.api.backup.conftest import Box, started
from tests.api.backup.shipping import await_shipped, shipper_of, shipping


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with started(tmp_path / "box") as box:
        yield box


@pytest.fixture
def wal(tmp_path: Path) -> Path:
    (tmp_path / "wal").mkdir()
    return tmp_path / "wal"


@contextmanager
def shipper(box: Box, wal: Path, **more: object) -> Iterator[Shipper]:
    running = shipper_of(box, wal, **more)
    try:
        yield running
    finally:
        running.close()


def standing(box: Box) -> WalStanding:
    found = WalStanding.read(box.folder / "data")
    assert found is not None
    return found


def streams(wal: Path) -> list[Path]:
    return sorted(path for path in wal.iterdir() if path.is_dir())


def write_log(box: Box, megabytes: int) -> None:
    with psycopg.connect(box.postgres.superuser_url(), autocommit=True) as session:
        for _ in range(megabytes):
            session.execute("SELECT pg_logical_emit_message(false, 'test', repeat('x', 1 << 20), true)")


def test_positions_are_written_as_postgresql_writes_them() -> None:
    assert parse_lsn("1/2A000148") == (1 << 32) | 0x2A000148
    assert format_lsn(parse_lsn("1/2A000148")) == "1/2A000148"
    assert segment_name(2, 0x1FF) == "0000000200000001000000FF"
    assert parse_name("0000000200000001000000FF") == (2, 0x1FF)
    assert before_header(8192 * 7 + 24) == 8192 * 7
    assert before_header(8192 * 7 + 48) == 8192 * 7 + 48


def test_what_is_shipped_is_what_the_server_has_byte_for_byte(box: Box, wal: Path) -> None:
    with shipping(box, wal):
        write_log(box, 40)
        await_shipped(box)
        (stream,) = streams(wal)
        assert len(whole_segments(stream)) >= 2
        for path in stream.iterdir():
            if len(path.name) == 24:
                assert path.stat().st_size == SEGMENT_BYTES
        (partial,) = stream.glob(f"*{PARTIAL}")
        own = (box.folder / "data" / "postgres" / "pg_wal" / partial.name.removesuffix(PARTIAL)).read_bytes()
        content = partial.read_bytes()
        assert content == own[: len(content)]


def test_a_place_that_was_away_gets_what_it_missed(box: Box, wal: Path, tmp_path: Path) -> None:
    """What lies beneath a mount that is gone is an empty folder: it is not written to."""
    with shipper(box, wal) as running:
        running.go_on()
        assert standing(box).failure is None
        wal.rename(tmp_path / "unmounted")
        wal.mkdir()
        write_log(box, 20)
        running.go_on()
        assert standing(box).failure == "WalPlaceAway"
        assert list(wal.iterdir()) == []
        assert standing(box).held_bytes >= 20 << 20
        since = standing(box).since
        running.go_on()
        assert standing(box).since == since
        wal.rmdir()
        (tmp_path / "unmounted").rename(wal)
        running.go_on()
    await_pass(box, wal)
    assert standing(box).failure is None
    (stream,) = streams(wal)
    numbers = [segment for segment, _ in whole_segments(stream)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def await_pass(box: Box, wal: Path) -> None:
    with shipping(box, wal):
        await_shipped(box)


def test_another_folder_is_used_only_when_a_person_says_so(box: Box, wal: Path, tmp_path: Path) -> None:
    await_pass(box, wal)
    other = tmp_path / "other"
    other.mkdir()
    with shipper(box, other) as running:
        running.go_on()
        assert standing(box).failure == "WalPlaceAway"
        use_anew(box.folder / "data", other)
        running.go_on()
        assert standing(box).failure == "WalStreamBroken"
    note_backup(box.folder / "data", standing(box).looked_at, streams(wal)[0].name)
    await_pass(box, other)
    # What was shipped to the former one is not here: that stream is not gone on with, and a backup is asked for.
    assert streams(other)[0].name != streams(wal)[0].name
    with pytest.raises(WalLacksBackup):
        require_shipped(box.folder / "data", 60)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="a full disk is a small file system")
def test_a_full_place_is_told_and_gone_on_with_once_there_is_room(box: Box, wal: Path, tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", wal], check=True)
    try:
        with shipper(box, wal) as running:
            running.go_on()
            write_log(box, 48)
            running.go_on()
            assert standing(box).failure == "WalPlaceFull"
            assert standing(box).held_bytes > 0
            box.archive.seal(b"work goes on" * 1000)
            subprocess.run(["mount", "-o", "remount,ro", wal], check=True)
            running.go_on()
            assert standing(box).failure == "WalPlaceUnusable"
            subprocess.run(["mount", "-o", "remount,rw,size=200m", wal], check=True)
            running.go_on()
        await_pass(box, wal)
        assert standing(box).failure is None
        (stream,) = streams(wal)
        numbers = [segment for segment, _ in whole_segments(stream)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    finally:
        subprocess.run(["umount", "-l", wal], check=True)


def test_beyond_the_bound_the_log_is_given_up_a_new_stream_begins_and_a_backup_is_asked_for(
    box: Box, wal: Path, tmp_path: Path
) -> None:
    data = box.folder / "data"
    with shipper(box, wal, wal_keep=32 << 20) as running:
        running.go_on()
        note_backup(data, standing(box).looked_at, standing(box).stream)
        while standing(box).at is None:  # until a record's end that was noted is durable
            running.go_on()
            time.sleep(0.05)
        require_shipped(data, 60)
        wal.rename(tmp_path / "unmounted")
        write_log(box, 20)
        running.go_on()
        with pytest.raises(WalNearBound):
            require_shipped(data, 60)
        write_log(box, 20)
        running.go_on()
        (tmp_path / "unmounted").rename(wal)
        running.go_on()
    await_pass(box, wal)
    assert len(streams(wal)) == 2
    with pytest.raises(WalLacksBackup):
        require_shipped(data, 60)


@pytest.mark.thorough
def test_a_segment_that_is_missing_begins_a_new_stream(box: Box, wal: Path) -> None:
    with shipping(box, wal):
        write_log(box, 60)
        await_shipped(box)
    (stream,) = streams(wal)
    (stream / segment_name(*reversed(whole_segments(stream)[1]))).unlink()
    await_pass(box, wal)
    assert len(streams(wal)) == 2
    assert KnownPlace.of(box.folder / "data").streams == tuple(path.name for path in streams(wal))  # type: ignore[union-attr]


@pytest.mark.thorough
def test_whatever_a_kill_left_of_a_segment_is_written_again(box: Box, wal: Path) -> None:
    await_pass(box, wal)
    (stream,) = streams(wal)
    (partial,) = stream.glob(f"*{PARTIAL}")
    partial.write_bytes(partial.read_bytes()[:100])
    await_pass(box, wal)
    own = (box.folder / "data" / "postgres" / "pg_wal" / partial.name.removesuffix(PARTIAL)).read_bytes()
    content = partial.read_bytes()
    assert len(content) > 100
    assert content == own[: len(content)]


def test_a_key_file_that_is_gone_by_mistake_stays_in_the_place(box: Box, wal: Path) -> None:
    """Only the ledger's word takes one away."""
    keys = box.archive.archive.key_store
    kept = keys.wrap_data_key(box.archive.unit.id, "2026-07", bytes(32))
    name = f"{kept.kek_id.split('.')[2]}.json"
    with shipping(box, wal):
        await_shipped(box)
        assert list(wal.rglob(name))
        next((box.folder / "data" / "keys").rglob(name)).unlink()
        time.sleep(0.5)
        await_shipped(box)
        assert list(wal.rglob(name))


def test_a_key_is_here_before_the_log_that_names_it(box: Box, wal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where keys cannot be copied, neither is log."""
    await_pass(box, wal)
    (stream,) = streams(wal)
    before = (stream / "shipped.json").read_bytes()
    sizes = {path.name: path.stat().st_mtime_ns for path in stream.iterdir() if path.is_file()}

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("api.wal.keys_mirror.KeysMirror.bring_up", refuse)
    write_log(box, 2)
    with shipper(box, wal) as running:
        running.go_on()
    assert standing(box).failure == "WalPlaceFull"
    assert (stream / "shipped.json").read_bytes() == before
    assert {path.name: path.stat().st_mtime_ns for path in stream.iterdir() if path.is_file()} == sizes


def test_nothing_is_signed_before_it_is_shipped_and_all_is_while_the_place_is_away(
    box: Box, wal: Path, tmp_path: Path
) -> None:
    data, database = box.folder / "data", Database(box.addresses.sequencer, pool_size=1)
    wait = shipped_first(data, database)
    began = time.monotonic()
    wait()
    assert time.monotonic() - began < 1  # nothing is shipped: nothing is waited for
    with shipping(box, wal):
        await_shipped(box)
        write_log(box, 1)
        wait()
        with psycopg.connect(box.postgres.superuser_url()) as session:
            row = session.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()
        assert row is not None
        assert standing(box).lsn > 0
    with shipper(box, wal) as running:
        running.go_on()
        write_log(box, 1)
        done = threading.Event()
        waiting = threading.Thread(target=lambda: (wait(), done.set()), daemon=True)
        waiting.start()
        assert not done.wait(0.5)
        for _ in range(10):
            running.go_on()
            time.sleep(0.1)
        assert done.wait(2)
        wal.rename(tmp_path / "unmounted")
        write_log(box, 1)
        running.go_on()
        began = time.monotonic()
        wait()
        assert time.monotonic() - began < 1
    database.close()


def test_late_log_is_told_in_readyz_and_metrics(box: Box, wal: Path) -> None:
    data, archive = box.folder / "data", box.archive.archive
    assert "wal" not in judge_readiness(archive).checks
    asked = replace(archive, settings=archive.settings.model_copy(update={"wal_folder": wal}))
    with pytest.raises(WalLate):
        require_shipped(data, 60)
    assert judge_readiness(asked).checks["wal"] == "WalLate"
    assert judge_readiness(asked).ready
    await_pass(box, wal)
    assert judge_readiness(asked).checks["wal"] == "WalLacksBackup"
    note_backup(data, standing(box).looked_at, standing(box).stream)
    assert judge_readiness(asked).checks["wal"] == "ok"
    shown = show_gauges(asked).decode()
    for name in ("age_seconds", "held_bytes", "room_bytes"):
        assert f"\nliuhen_wal_{name} " in shown
    (wal / MARK).unlink()
    with shipper(box, wal) as running:
        running.go_on()
    assert judge_readiness(asked).checks["wal"] == "WalPlaceAway"


@pytest.mark.thorough
def test_old_log_goes_with_the_last_backup_that_needs_it(box: Box, wal: Path, place: BackupPlace) -> None:
    data = box.folder / "data"
    with shipping(box, wal):
        await_shipped(box)
        box.back_up(place)
        write_log(box, 40)
        second = box.back_up(place)
        await_shipped(box)
    (stream,) = streams(wal)
    before, segments = needed_by(place, place.names()), whole_segments(stream)
    assert remove_unneeded(data, wal, before, before) >= 0
    remove_beyond(place, 1, None)
    kept = needed_by(place, place.names())
    assert kept[stream.name] > before[stream.name]
    assert remove_unneeded(data, wal, before, kept) >= 2
    left = whole_segments(stream)
    assert 0 < len(left) < len(segments)
    assert left == segments[-len(left) :]
    assert second.stream == stream.name
    assert remove_unneeded(data, wal, kept, {}) == 0  # the stream under way stays
    assert stream.is_dir()


@pytest.mark.thorough
def test_a_log_that_is_shipped_no_more_is_kept_no_more(box: Box, wal: Path) -> None:
    await_pass(box, wal)
    stop_keeping(box.postgres.shipper_url(), box.folder / "data")
    with psycopg.connect(box.postgres.superuser_url()) as session:
        assert session.execute("SELECT count(*) FROM pg_replication_slots").fetchone() == (0,)
    assert WalStanding.read(box.folder / "data") is None


@pytest.mark.thorough
def test_a_restored_machine_writes_into_no_others_stream(box: Box, wal: Path) -> None:
    """Its server has no slot: it begins a stream of its own beside."""
    await_pass(box, wal)
    stop_keeping(box.postgres.shipper_url(), box.folder / "data")
    (box.folder / "data" / "wal-place.json").unlink()
    await_pass(box, wal)
    first, second = streams(wal)
    assert json.loads((first / "stream.json").read_bytes())["begins"] < parse_lsn("F/0")
    assert (second / "shipped.json").is_file()
