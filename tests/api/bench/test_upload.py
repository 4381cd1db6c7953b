"""The measurement of uploads, on small files: the whole archive and the peer run for real, and nothing stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import select

from api.bench import tus_peer_process, upload_archive
from api.bench.errors import BenchError, PeerMissing
from api.bench.upload import UploadSizes, measure_uploads
from api.bench.upload_archive import MeasuredArchive
from api.bench.upload_files import PICTURE_BYTES, make_film, make_picture
from api.demo.archive_process import RunningArchive
from ingest.media.probe import probe_media
from ingest.media.runner import open_runner
from storage.database import Database

MIB = 1 << 20
SMALL = UploadSizes(large=(MIB,), bytes_of_one_client=2 * MIB, small_files=4, crowd=4, pairs=1, others=2)


@pytest.mark.thorough
def test_both_sides_are_measured_sealing_ends_and_nothing_stays(tmp_path: Path) -> None:
    rows = measure_uploads(tmp_path, SMALL, open_runner(""))
    compared, alone = rows[:5], rows[5:]
    assert all(row.peer is not None and row.ratio is not None and row.ours > 0 for row in compared)
    assert [round(1 / row.bar, 2) for row in compared] == [1.5, 1.5, 1.2, 1.2, 1.2]
    memory, receipt, sealing = alone
    assert (memory.unit, memory.bar) == ("MiB", 160)
    assert 60 < memory.ours < 300
    assert (receipt.unit, receipt.bar) == ("s", 2.0)
    assert receipt.ours > 0
    assert sealing.ours > 0
    assert list(tmp_path.iterdir()) == []


def test_sealing_does_not_stand_still_within_a_transaction(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = MeasuredArchive(cast(RunningArchive, None), database, "")
    monkeypatch.setattr(MeasuredArchive, "_processes", lambda *_: [])
    monkeypatch.setattr(upload_archive, "_TRIES_TO_STOP", 2)
    with database.transaction() as session:
        session.execute(select(1))
        with pytest.raises(BenchError, match="a transaction is open"), archive.sealing_stopped():
            pytest.fail("it was measured")
    with archive.sealing_stopped():
        assert archive.count() == 0


def test_the_peer_without_its_tools_is_said_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = open_runner("")
    monkeypatch.setattr(tus_peer_process.shutil, "which", lambda tool: None)
    with pytest.raises(PeerMissing, match="nodejs"):
        measure_uploads(tmp_path, SMALL, runner)
    assert list(tmp_path.iterdir()) == []


def test_the_picture_has_its_size_and_room_for_a_number(tmp_path: Path) -> None:
    content = make_picture(tmp_path / "picture.jpg").read_bytes()
    assert len(content) == PICTURE_BYTES
    assert content.startswith(b"\xff\xd8")
    assert b"-" * 40 in content[:100]


def test_the_peers_lock_file_names_no_address() -> None:
    for folder in (Path(tus_peer_process.__file__).parent / "tus_peer", Path(__file__).parents[2] / "clients"):
        text = (folder / "package-lock.json").read_text()
        assert json.loads(text)["lockfileVersion"] == 3
        assert "http" not in text


def test_the_film_has_its_size_plays_and_may_be_another_by_its_last_bytes(tmp_path: Path) -> None:
    runner = open_runner("")
    film = make_film(tmp_path, 4 * MIB, runner)
    content = bytearray(film.read_bytes())
    assert len(content) == 4 * MIB
    content[-16:] = bytes(16)
    film.write_bytes(content)
    found = probe_media(film, runner)
    assert (found.state, found.video is not None, found.audio is not None) == ("opens", True, True)
