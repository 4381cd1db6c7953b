"""The staging files themselves: what survives which crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.uploads.errors import StagingDamaged
from ingest.uploads.staging import Staging
from tests.ingest.uploads.staged import UPLOAD, append, recorded


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(tmp_path / "staging")


def offset_file(staging: Staging) -> Path:
    return staging.folder / f"{UPLOAD}.offset"


def test_a_torn_record_leaves_the_one_before_it(staging):
    staging.create(UPLOAD, 100)
    assert [append(staging, b"x" * 10) for _ in range(3)] == [10, 20, 30]
    whole = offset_file(staging).read_bytes()
    newest = 4096  # sequence 3 lies in slot B
    for torn_at in (newest, newest + 20, newest + 32, newest + 55):
        damaged = bytearray(whole)
        damaged[torn_at] ^= 1
        offset_file(staging).write_bytes(damaged)
        assert recorded(staging) == 20
    damaged[0] ^= 1
    offset_file(staging).write_bytes(damaged)
    with pytest.raises(StagingDamaged):
        staging.read_offset(UPLOAD)


def test_records_alternate_between_two_sectors(staging):
    staging.create(UPLOAD, 100)
    before = offset_file(staging).read_bytes()
    append(staging, b"x")
    after = offset_file(staging).read_bytes()
    assert before[:4096] == after[:4096]
    assert before[4096:8192] != after[4096:8192]
    assert len(before) == len(after)


def test_only_ids_of_our_own_become_paths(staging):
    for name in ("../" + "a" * 29, "A" * 32, "a" * 31, "a" * 32 + "\n", ""):
        with pytest.raises(ValueError, match="not an upload id"):
            staging.bytes_path(name)


def test_a_link_in_place_of_the_bytes_is_not_followed(staging, tmp_path):
    staging.create(UPLOAD, 10)
    target = tmp_path / "made for this test"
    target.write_bytes(b"untouched")
    staging.bytes_path(UPLOAD).symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        append(staging, b"0123456789")
    assert target.read_bytes() == b"untouched"


def test_the_folders_name_is_durable_before_anything_is_in_it(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("ingest.uploads.staging.sync_folder", synced.append)
    folder = tmp_path / "disk" / "staging"
    folder.mkdir(parents=True)  # by a process that was killed before it could sync
    Staging(folder)
    assert synced == [folder.parent]
    (folder / "one").touch()
    Staging(folder)
    assert synced == [folder.parent]


def test_a_folder_below_one_that_is_not_ours_to_read_is_taken_as_it_is(tmp_path, monkeypatch):
    def refuse(folder: Path) -> None:
        raise PermissionError(folder)

    monkeypatch.setattr("ingest.uploads.staging.sync_folder", refuse)
    assert Staging(tmp_path).folder == tmp_path


def test_many_are_removed_with_all_their_files_and_nobody_elses(staging, monkeypatch):
    syncs = []
    monkeypatch.setattr(staging, "sync_folder", lambda: syncs.append(True))
    gone, other = ["1" * 32, "2" * 32], "3" * 32
    for upload_id in (*gone, other):
        staging.create(upload_id, 10)
        staging.bytes_path(upload_id).touch()
    staging.remove_all(gone)
    assert (staging.list_uploads(), len(syncs)) == ({other}, 1)
