"""Bytes that come whole, and what else may want the same upload at that moment: nobody ever writes over them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from ingest.uploads.errors import StagingFull, UploadGone
from ingest.uploads.staging import Staging
from ingest.uploads.whole_file import WholeFile

UPLOAD = "0123456789abcdef" * 2
DATA = b"0123456789"


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(tmp_path / "staging")


def write_whole(staging: Staging, upload_id: str = UPLOAD, data: bytes = DATA) -> WholeFile:
    """Durable, and still held."""
    whole = staging.begin_whole(upload_id)
    assert whole is not None
    whole.append([data[:4], data[4:]])
    assert whole.sync_bytes() == len(data)
    whole.sync_names()
    whole.note_kept(len(data))
    return whole


def test_it_is_written_by_one_request_alone_and_all_others_wait_or_go_away(staging):
    whole = write_whole(staging)
    assert staging.begin_whole(UPLOAD) is None
    assert staging.take_first_ticket(UPLOAD, len(DATA)) is None
    assert staging.read_offset(UPLOAD) is None
    whole.release()
    with pytest.raises(UploadGone):
        staging.read_offset(UPLOAD)
    with staging.take_first_ticket(UPLOAD, len(DATA)) as held:
        assert held.try_lock()
        assert held.offset == 0
    assert staging.begin_whole(UPLOAD) is None
    assert staging.bytes_path(UPLOAD).read_bytes() == DATA


def test_what_another_request_has_begun_is_not_begun_anew(staging):
    with staging.take_first_ticket(UPLOAD, len(DATA)) as held:
        assert held.try_lock()
        held.note_row_open()
        held.open_bytes(4)
        held.append([DATA[:4]])
        held.keep()
        staging.bytes_path(UPLOAD).rename(staging.folder / "elsewhere")
        assert staging.begin_whole(UPLOAD) is None
    assert staging.read_offset(UPLOAD).offset == 4


def test_what_is_not_kept_is_given_up_and_its_place_is_free(staging):
    whole = staging.begin_whole(UPLOAD)
    whole.append([DATA])
    whole.release()
    whole.release()
    assert staging.bytes_path(UPLOAD).read_bytes() == b""
    with staging.take_first_ticket(UPLOAD, len(DATA)) as held:
        assert held.try_lock()


def test_what_a_killed_process_left_is_free_at_once(staging):
    staging.bytes_path(UPLOAD).write_bytes(b"half of")
    assert staging.begin_whole(UPLOAD) is None
    with pytest.raises(UploadGone):
        staging.read_offset(UPLOAD)
    with staging.take_first_ticket(UPLOAD, len(DATA)) as held:
        assert held.try_lock()
        held.note_row_open()
        held.open_bytes(len(DATA))
        held.append([DATA])
        assert held.keep() == len(DATA)
    assert staging.bytes_path(UPLOAD).read_bytes() == DATA


def test_many_at_once_in_many_threads_leave_one_of_them_whole(staging):
    contents = [bytes([number]) * 50_000 for number in range(12)]
    began: list[WholeFile] = []
    start = threading.Barrier(len(contents))

    def run(number: int) -> None:
        start.wait()
        if number % 3 == 2:
            if (held := staging.take_first_ticket(UPLOAD, 50_000)) is not None:
                held.release()
        elif (whole := staging.begin_whole(UPLOAD)) is not None:
            began.append(whole)
            whole.append([contents[number]])
            whole.note_kept(whole.sync_bytes())

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(contents))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(began) <= 1
    for whole in began:
        assert staging.take_first_ticket(UPLOAD, 50_000) is None
        whole.release()
        assert staging.bytes_path(UPLOAD).read_bytes() in contents


def test_a_disk_without_room_for_an_offset_file_takes_no_bytes_away(staging, monkeypatch):
    write_whole(staging).release()
    real = os.pwrite

    def pwrite(descriptor: int, data: bytes, position: int) -> int:
        if Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".new":
            raise OSError(28, "No space left on device")
        return real(descriptor, data, position)

    monkeypatch.setattr(os, "pwrite", pwrite)
    with pytest.raises(StagingFull):
        staging.take_first_ticket(UPLOAD, len(DATA))
    with pytest.raises(StagingFull):
        staging.record_whole(UPLOAD, len(DATA))
    assert sorted(path.name for path in staging.folder.iterdir()) == [f"{UPLOAD}.bin"]
    assert staging.bytes_path(UPLOAD).read_bytes() == DATA


def test_that_all_bytes_are_there_is_durable_with_its_name_before_anybody_is_told(staging, monkeypatch):
    write_whole(staging).release()
    done, fdatasync, sync_folder = [], os.fdatasync, staging.sync_folder

    def fdatasync_noted(descriptor: int) -> None:
        fdatasync(descriptor)
        done.append(Path(f"/proc/self/fd/{descriptor}").readlink().suffix)

    def sync_folder_noted() -> None:
        sync_folder()
        done.append("names")

    monkeypatch.setattr(os, "fdatasync", fdatasync_noted)
    monkeypatch.setattr(staging, "sync_folder", sync_folder_noted)
    staging.record_whole(UPLOAD, len(DATA))
    assert done[-1] == "names", "the names come last, or a power cut leaves an offset without a file"
    assert any(each not in ("names", ".bin") for each in done[:-1]), "the offset itself, before its name"
    with staging.take_ticket(UPLOAD) as held:
        assert held.try_lock()
        assert held.offset == len(DATA)


def test_an_upload_that_ends_while_its_offset_file_is_made_is_gone_and_no_error_of_ours(staging, monkeypatch):
    """Ended just when it had its name and not lost the other one, it was a FileNotFoundError: 500."""
    link = os.link

    def linked(*names: Path) -> None:
        link(*names)
        staging.remove(UPLOAD)

    monkeypatch.setattr(os, "link", linked)
    with pytest.raises(UploadGone):
        staging.take_first_ticket(UPLOAD, len(DATA))
    assert list(staging.folder.iterdir()) == []


def test_an_offset_file_is_there_as_a_whole_or_not_at_all(staging, monkeypatch):
    def link(*_: object) -> None:
        raise InterruptedError

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(InterruptedError):
        staging.take_first_ticket(UPLOAD, len(DATA))
    with pytest.raises(UploadGone):
        staging.take_ticket(UPLOAD)
    monkeypatch.undo()
    (staging.folder / f"{UPLOAD}.new").write_bytes(b"what a killed process left")
    staging.take_first_ticket(UPLOAD, len(DATA)).release()
    assert staging.read_offset(UPLOAD).declared_length == len(DATA)
    (staging.folder / f"{UPLOAD}.new").write_bytes(b"what another left")
    staging.remove(UPLOAD)
    assert list(staging.folder.iterdir()) == []


def finish_by_hand(tus, upload_id: str) -> None:
    """As another process does it, whose requests this server has not seen."""
    tus.change_register(lambda content: content["uploads"][upload_id].update(state="finished"))


def test_a_request_that_waited_for_one_that_came_whole_learns_that_all_is_there(start_server, wire):
    tus = start_server()
    path = tus.create(len(DATA))
    upload_id = path.rpartition("/")[2]
    whole = tus.staging.begin_whole(upload_id)
    connection = tus.begin_patch(path, 0, 4, first=b"evil")
    wire.eventually(lambda: wire.has_been_read(connection))
    whole.append([DATA])
    whole.note_kept(whole.sync_bytes())
    finish_by_hand(tus, upload_id)
    whole.release()
    assert wire.reply(connection).status == 409
    connection.close()
    assert tus.head(path).offset == len(DATA)
    assert tus.request("DELETE", path).status == 409
    assert tus.staged(upload_id) == DATA


def test_who_remembers_a_finished_upload_as_open_writes_nothing_over_it(start_server):
    tus = start_server(limits={"believe_seconds": 1000})
    path = tus.create(len(DATA))
    upload_id = path.rpartition("/")[2]
    write_whole(tus.staging, upload_id).release()
    finish_by_hand(tus, upload_id)
    assert tus.patch(path, 0, b"x" * len(DATA)).status == 409
    # Nor when a request that came to nothing has left an offset file, which knows of no byte.
    tus.staging.take_first_ticket(upload_id, len(DATA)).release()
    assert tus.patch(path, 0, b"x" * len(DATA)).status == 409
    assert tus.patch(path, 0, b"x").status == 409
    assert tus.head(path).offset == len(DATA)
    assert tus.staged(upload_id) == DATA


def test_what_came_whole_has_one_file_and_what_came_in_parts_has_two(start_server):
    tus = start_server()
    whole, parts = tus.create(4), tus.create(4)
    assert list(tus.staging.folder.iterdir()) == []
    assert tus.head(whole).offset == 0
    assert tus.patch(whole, 0, b"0123").status == 204
    assert tus.patch(parts, 0, b"01").status == 204
    assert tus.patch(parts, 2, b"23").status == 204
    names = {path.name for path in tus.staging.folder.iterdir()}
    whole_id, parts_id = whole.rpartition("/")[2], parts.rpartition("/")[2]
    assert names == {f"{whole_id}.bin", f"{parts_id}.bin", f"{parts_id}.offset"}
    assert [tus.finishes(path) for path in (whole, parts)] == [1, 1]
