"""Housekeeping's sweeps: what they make good, and what they must never touch."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from ingest.uploads.errors import RegisterUnavailable
from ingest.uploads.handover import Handover
from ingest.uploads.offset_file import OffsetFile
from ingest.uploads.sweeps import expire_stale, list_unknown, recover_finished, remove_orphans
from ingest.uploads.unknown import UnknownTotal, read_unknown
from ingest.uploads.whole_file import nobody_writing
from tests.ingest.uploads.serving import small_limits


def upload_id_of(path: str) -> str:
    return path.rpartition("/")[2]


def complete_without_finish(tus, path: str) -> None:
    """As a crash between the last offset record and the row leaves it."""
    with tus.staging.take_first_ticket(upload_id_of(path), 4) as held:
        assert held.try_lock()
        held.note_row_open()
        held.open_bytes(4)
        held.append([b"0123"])
        held.keep()


def recover(tus) -> list[str]:
    return recover_finished(tus.staging, tus.register, Handover(tus.register, lambda _: None))


def test_a_finish_lost_in_a_crash_is_made_up_for_by_the_sweep_once(start_server):
    tus = start_server()
    path, other = tus.create(4), tus.create(4)
    complete_without_finish(tus, path)
    tus.patch(other, 0, b"01")
    woken: list[str] = []
    assert recover_finished(tus.staging, tus.register, Handover(tus.register, woken.append)) == [upload_id_of(path)]
    assert recover_finished(tus.staging, tus.register, Handover(tus.register, woken.append)) == []
    assert woken == [upload_id_of(path)]
    assert tus.state(upload_id_of(path)) == "finished"
    assert tus.state(upload_id_of(other)) == "open"


def test_expiry_takes_what_is_stale_and_never_what_is_complete_or_being_written(start_server, wire):
    tus = start_server()
    stale, complete, busy, finished = (tus.create(4) for _ in range(4))
    tus.patch(stale, 0, b"01")
    tus.patch(finished, 0, b"0123")
    complete_without_finish(tus, complete)
    connection = tus.begin_patch(busy, 0, 4)
    connection.sendall(b"01")
    wire.eventually(lambda: tus.is_held(busy))
    assert expire_stale(tus.staging, tus.register, small_limits(), datetime.now(UTC)) == []
    later = datetime.now(UTC) + timedelta(days=30)
    assert expire_stale(tus.staging, tus.register, small_limits(), later) == [upload_id_of(stale)]
    assert tus.head(stale).status == 410
    connection.sendall(b"23")
    assert wire.reply(connection).status == 204
    connection.close()
    assert [tus.staged(upload_id_of(path)) for path in (complete, busy, finished)] == [b"0123"] * 3


def test_a_wake_up_that_fails_stops_no_sweep_and_the_rows_say_what_is_due(start_server):
    tus = start_server()
    paths = [tus.create(4), tus.create(4)]
    for path in paths:
        complete_without_finish(tus, path)

    def fail(upload_id: str) -> None:
        raise ConnectionError("no broker")

    assert len(recover_finished(tus.staging, tus.register, Handover(tus.register, fail))) == 2
    assert [tus.state(upload_id_of(path)) for path in paths] == ["finished", "finished"]


def test_nobody_begins_an_upload_while_it_is_given_up(start_server):
    """Whoever made its files just then would write into what is removed under him, without a row."""
    tus = start_server()
    upload_id = upload_id_of(tus.create(4))
    register, begun = tus.register, []

    class Watched(type(register)):
        def expire_upload(self, record):
            begun.append(tus.staging.take_first_ticket(upload_id, 4))
            return super().expire_upload(record)

    later = datetime.now(UTC) + timedelta(days=30)
    watched = Watched(tus.folder / "register.json")
    assert expire_stale(tus.staging, watched, small_limits(), later) == [upload_id]
    assert begun == [None]
    assert tus.patch(f"/uploads/{upload_id}", 0, b"0123").status == 410
    assert tus.finishes(upload_id) == 0


def test_an_upload_that_somebody_has_just_begun_is_left_for_the_next_sweep(start_server):
    tus = start_server()
    path = tus.create(4)
    later = datetime.now(UTC) + timedelta(days=30)
    with nobody_writing(tus.staging.bytes_path(upload_id_of(path))) as is_free:
        assert is_free
        assert expire_stale(tus.staging, tus.register, small_limits(), later) == []
    assert tus.patch(path, 0, b"0123").status == 204


def test_an_upload_without_its_files_expires_too(start_server):
    tus = start_server()
    path = tus.create(4)
    tus.staging.remove(upload_id_of(path))
    later = datetime.now(UTC) + timedelta(days=30)
    assert expire_stale(tus.staging, tus.register, small_limits(), later) == [upload_id_of(path)]
    assert tus.state(upload_id_of(path)) == "expired"


def test_receipted_files_go_at_once_orphans_after_an_hour_and_nothing_else_does(start_server):
    tus = start_server()
    opened, finished = tus.create(4), tus.create(4)
    tus.patch(finished, 0, b"0123")
    tus.patch(opened, 0, b"01")
    receipted = tus.create(4)
    complete_without_finish(tus, receipted)
    tus.change_register(lambda content: content["uploads"][upload_id_of(receipted)].update(state="receipted"))
    empty, fresh = "f" * 32, "e" * 32
    tus.staging.create(empty, 4)
    tus.staging.bytes_path(empty).touch()
    now = datetime.now(UTC)
    for file in tus.staging.folder.iterdir():
        if not file.name.startswith(upload_id_of(receipted)):
            os.utime(file, (now.timestamp() - 7200,) * 2)
    tus.staging.create(fresh, 4)
    foreign = tus.staging.folder / "notes.txt"
    foreign.write_text("not ours")
    os.utime(foreign, (0, 0))
    assert remove_orphans(tus.staging, tus.register, small_limits(), now) == sorted([empty, upload_id_of(receipted)])
    assert tus.staging.list_uploads() == {upload_id_of(opened), upload_id_of(finished), fresh}
    assert foreign.read_text() == "not ours"


def test_orphans_are_asked_for_by_the_hundreds_and_not_one_by_one(start_server, monkeypatch):
    tus = start_server()
    ids = sorted(f"{number:032x}" for number in range(5))
    for upload_id in ids:
        stage_unknown(tus, upload_id, b"", timedelta(days=1))
    asked: list[list[str]] = []
    monkeypatch.setattr("ingest.uploads.sweeps._AT_ONCE", 2)
    register = tus.register
    monkeypatch.setattr(register, "states_of", lambda batch: asked.append(list(batch)) or {})
    assert remove_orphans(tus.staging, register, small_limits(), datetime.now(UTC)) == ids
    assert asked == [ids[:2], ids[2:4], ids[4:]]


def stage_unknown(tus, upload_id: str, content: bytes, age: timedelta) -> None:
    """As a database leaves it that was brought back from an older dump: files, and no row."""
    path = tus.staging.bytes_path(upload_id)
    path.write_bytes(content)
    written = (datetime.now(UTC) - age).timestamp()
    os.utime(path, (written, written))


def test_bytes_that_the_catalog_does_not_know_may_be_the_last_copy_and_stay_with_a_note(start_server):
    """They went after an hour, as all that has no row: but a row may have gone with the database that had it, and then
    the error of a lost recording (StoredCopyLost) says to bring that back, not to hurry.
    """
    tus = start_server()
    old, older = "a" * 32, "b" * 32
    stage_unknown(tus, old, b"0123", timedelta(days=29))
    stage_unknown(tus, older, b"01234567", timedelta(days=2))
    now, limits = datetime.now(UTC), small_limits()
    with capture_logs() as said:
        for _ in range(2):
            assert remove_orphans(tus.staging, tus.register, limits, now) == []
    assert [tus.staged(upload_id) for upload_id in (old, older)] == [b"0123", b"01234567"]
    assert read_unknown(tus.staging.folder) == UnknownTotal(files=2, size_bytes=12)
    assert said == [{"event": "staging.unknown_files", "log_level": "warning", "files": 2, "size_bytes": 12}]
    assert [each.upload_id for each in list_unknown(tus.staging, tus.register)] == [old, older]

    later = now + timedelta(days=2)
    with capture_logs() as said:
        assert remove_orphans(tus.staging, tus.register, limits, later) == [old]
    assert (said[0]["event"], said[0]["trace"], said[0]["size_bytes"]) == ("upload.unknown_removed", old, 4)
    assert read_unknown(tus.staging.folder) == UnknownTotal(files=1, size_bytes=8)

    # The later dump was found: its row is here again, and the bytes where it looks for them.
    path = tus.create(8)
    row = {"state": "finished", "length": 8}
    tus.change_register(
        lambda content: content["uploads"].update({older: content["uploads"][upload_id_of(path)] | row})
    )
    assert remove_orphans(tus.staging, tus.register, limits, later) == []
    assert read_unknown(tus.staging.folder) == UnknownTotal()
    assert {each.name for each in tus.staging.folder.iterdir()} == {f"{older}.bin"}


@pytest.fixture
def break_files_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, type, str], None]:
    """Let one kind of call fail for one upload, as a bad sector does: every other upload's files are whole."""

    def break_files_of(upload_id: str, owner: type, name: str) -> None:
        works = getattr(owner, name)

        def fails(self: Any, *arguments: Any, **options: Any) -> Any:
            if upload_id in (str(self) if isinstance(self, Path) else self._upload_id):
                raise OSError(errno.EIO, "bad sector")
            return works(self, *arguments, **options)

        monkeypatch.setattr(owner, name, fails)

    return break_files_of


def not_swept(said: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(line["trace"], line["error"]) for line in said if line["event"] == "upload.not_swept"]


def test_an_offset_that_cannot_be_read_keeps_no_other_upload_from_being_recovered(
    start_server, break_files_of, monkeypatch
):
    tus = start_server()
    paths = [tus.create(4) for _ in range(3)]
    for path in paths:
        complete_without_finish(tus, path)
    first, broken, last = (upload_id_of(path) for path in paths)
    break_files_of(broken, OffsetFile, "read")
    with capture_logs() as said:
        assert recover(tus) == [first, last]
    assert not_swept(said) == [(broken, "OSError")]
    monkeypatch.undo()
    assert recover(tus) == [broken]


@pytest.mark.parametrize("name", ["read", "try_lock"])
def test_what_cannot_be_read_is_never_expired_and_all_behind_it_are(start_server, break_files_of, monkeypatch, name):
    """It may be complete, and then it is evidence."""
    tus = start_server()
    complete, *stale = (tus.create(4) for _ in range(3))
    broken = upload_id_of(complete)
    complete_without_finish(tus, complete)
    for path in stale:
        tus.patch(path, 0, b"01")
    later = datetime.now(UTC) + timedelta(days=30)
    break_files_of(broken, OffsetFile, name)
    with capture_logs() as said:
        assert expire_stale(tus.staging, tus.register, small_limits(), later) == [upload_id_of(path) for path in stale]
    assert not_swept(said) == [(broken, "OSError")]
    monkeypatch.undo()
    assert (tus.state(broken), tus.staged(broken)) == ("open", b"0123")
    assert recover(tus) == [broken]


def test_an_upload_whose_files_stay_when_it_expires_keeps_no_other_and_leaves_them_to_the_next_sweep(
    start_server, break_files_of, monkeypatch
):
    tus = start_server()
    broken, other = (upload_id_of(tus.create(4)) for _ in range(2))
    for upload_id in (broken, other):
        tus.patch(f"/uploads/{upload_id}", 0, b"01")
    later = datetime.now(UTC) + timedelta(days=30)
    break_files_of(broken, Path, "unlink")
    with capture_logs() as said:
        assert expire_stale(tus.staging, tus.register, small_limits(), later) == [other]
    assert not_swept(said) == [(broken, "OSError")]
    assert (tus.state(broken), tus.staged(broken)) == ("expired", b"01")
    monkeypatch.undo()
    assert remove_orphans(tus.staging, tus.register, small_limits(), later) == [broken]


@pytest.mark.parametrize("name", ["lstat", "unlink"])
def test_an_orphan_whose_files_fail_stays_and_keeps_no_other(start_server, break_files_of, monkeypatch, name):
    tus = start_server()
    broken, other, unknown = "a" * 32, "b" * 32, "c" * 32
    for upload_id in (broken, other):
        stage_unknown(tus, upload_id, b"", timedelta(days=1))
    stage_unknown(tus, unknown, b"0123", timedelta(days=1))
    break_files_of(broken, Path, name)
    with capture_logs() as said:
        assert remove_orphans(tus.staging, tus.register, small_limits(), datetime.now(UTC)) == [other]
    assert not_swept(said) == [(broken, "OSError")]
    assert tus.staging.list_uploads() == {broken, unknown}
    assert read_unknown(tus.staging.folder) == UnknownTotal(files=1, size_bytes=4)
    monkeypatch.undo()
    assert remove_orphans(tus.staging, tus.register, small_limits(), datetime.now(UTC)) == [broken]


def test_a_register_that_is_away_ends_the_sweep_and_no_upload_is_blamed(start_server, monkeypatch):
    tus = start_server()
    for _ in range(2):
        complete_without_finish(tus, tus.create(4))
    register = tus.register

    def away(*_: object) -> None:
        raise RegisterUnavailable("down")

    monkeypatch.setattr(register, "finish_uploads", away)
    with capture_logs() as said, pytest.raises(RegisterUnavailable):
        recover_finished(tus.staging, register, Handover(register, lambda _: None))
    assert said == []


def test_a_note_that_cannot_be_written_ends_no_sweep_and_one_that_is_torn_says_nothing(start_server):
    tus = start_server()
    stage_unknown(tus, "a" * 32, b"0123", timedelta(days=1))
    stage_unknown(tus, "b" * 32, b"", timedelta(days=1))
    in_its_way = tus.staging.folder / "unknown.json.new"
    in_its_way.mkdir()
    with capture_logs() as said:
        assert remove_orphans(tus.staging, tus.register, small_limits(), datetime.now(UTC)) == ["b" * 32]
    assert [line["event"] for line in said] == ["staging.unknown_files", "staging.unknown_files_not_noted"]
    assert (said[0]["files"], said[0]["size_bytes"]) == (1, 4)
    assert read_unknown(tus.staging.folder) == UnknownTotal()
    in_its_way.rmdir()
    (tus.staging.folder / "unknown.json").write_text("{")
    assert read_unknown(tus.staging.folder) == UnknownTotal()
    remove_orphans(tus.staging, tus.register, small_limits(), datetime.now(UTC))
    assert read_unknown(tus.staging.folder) == UnknownTotal(files=1, size_bytes=4)
