"""The agent's notes: kept across processes, refused when they cannot be trusted."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.dock.errors import StateInUse, StateUnusable
from ingest.dock.source import FileIdentity
from ingest.dock.state import FileRecord, Phase, opened_state
from ingest.dock.words import reason_of_notes
from integrity.digest import digest_stream

RECORD = FileRecord("card", "DCIM/a.mp4", FileIdentity(3, 1, 2, 7), digest_stream([b"abc"]), "a" * 64)


def test_record_is_read_back_as_it_was_saved(tmp_path: Path) -> None:
    record = replace(RECORD, name=os.fsdecode(b"\xd6\xb4.mp4")).begun("0" * 32, "credential")
    with opened_state(tmp_path / "notes") as state:
        state.save(record)
    with opened_state(tmp_path / "notes") as state:
        assert state.find("card", record.name) == record
        assert state.find_all("card", Phase.UPLOADING) == [record]
        assert state.find("card", "other.mp4") is None


def test_notes_are_for_their_owner_alone(tmp_path: Path) -> None:
    with opened_state(tmp_path / "notes") as state:
        state.keep_receipt("0" * 32, b"receipt")
        assert state.read_receipt("0" * 32) == b"receipt"
        assert (tmp_path / "notes").stat().st_mode & 0o077 == 0
        assert state.receipt_path("0" * 32).stat().st_mode & 0o077 == 0


def test_second_process_is_refused_by_name_until_the_first_is_gone(tmp_path: Path) -> None:
    card = "/media/执法记录仪"
    with opened_state(tmp_path, card), pytest.raises(StateInUse) as refused, opened_state(tmp_path):
        pass
    assert (refused.value.process, refused.value.works_on) == (os.getpid(), card)
    assert f"（进程 {os.getpid()}）正在处理 {card}；" in refused.value.words.zh
    with opened_state(tmp_path):
        pass


def test_full_disk_is_told_as_such(tmp_path: Path) -> None:
    with opened_state(tmp_path) as state:
        pages = state._connection.execute("PRAGMA page_count").fetchone()[0]
        state._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StateUnusable, match="full"):
            state.save(replace(RECORD, name="n" * 100_000))
        assert state.find("card", RECORD.name) is None


def test_damaged_notes_are_set_aside_and_others_begun(tmp_path: Path) -> None:
    with opened_state(tmp_path) as state:
        for number in range(300):
            state.save(replace(RECORD, name=f"{number}.mp4"))
    notes = tmp_path / "state.sqlite3"
    torn = bytearray(notes.read_bytes())
    torn[4096:] = os.urandom(len(torn) - 4096)
    for damaged in (b"not a database at all" * 100, bytes(torn)):
        notes.write_bytes(damaged)
        with opened_state(tmp_path) as state:
            assert state.find("card", RECORD.name) is None
            state.save(RECORD)
        with opened_state(tmp_path) as state:
            assert state.find("card", RECORD.name) == RECORD
        (kept,) = [path for path in tmp_path.glob("state.sqlite3.damaged-*") if path.read_bytes() == damaged]
        kept.unlink()


def test_notes_with_a_phase_nobody_knows_are_refused(tmp_path: Path) -> None:
    with opened_state(tmp_path) as state:
        state.save(RECORD)
    with sqlite3.connect(tmp_path / "state.sqlite3") as connection:
        connection.execute("UPDATE source_file SET phase = 'sideways'")
    connection.close()
    with opened_state(tmp_path) as state, pytest.raises(StateUnusable, match="sideways"):
        state.find("card", RECORD.name)


def test_every_commit_is_synced_before_it_returns(tmp_path: Path) -> None:
    with opened_state(tmp_path) as state:
        assert state._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert state._connection.execute("PRAGMA synchronous").fetchone() == (3,)


def test_the_same_name_on_two_cards_is_two_files(tmp_path: Path) -> None:
    other = replace(RECORD, source="another card", phase=Phase.RECEIVED)
    with opened_state(tmp_path) as state:
        state.save(RECORD)
        state.save(other)
        assert state.find("card", RECORD.name) == RECORD
        assert state.find_all("another card", Phase.RECEIVED) == [other]


# As the first release made them: the notes of one folder, that its name alone told apart.
FIRST_RELEASE = """
CREATE TABLE source_file (name BLOB PRIMARY KEY, size_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL, inode INTEGER NOT NULL, sha256 BLOB NOT NULL, sm3 BLOB NOT NULL,
    chunk_root BLOB NOT NULL, archive TEXT NOT NULL, credential TEXT NOT NULL, upload_id TEXT NOT NULL,
    phase TEXT NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def test_notes_of_the_first_release_go_on_as_those_of_their_folder(tmp_path: Path) -> None:
    digests, identity = RECORD.digests, RECORD.identity
    row = (RECORD.name.encode(), identity.size_bytes, identity.mtime_ns, identity.ctime_ns, identity.inode)
    row += (digests.sha256.value, digests.sm3.value, digests.chunk_root, RECORD.archive, "", "0" * 32, "uploaded")
    with sqlite3.connect(tmp_path / "state.sqlite3") as connection:
        connection.executescript(FIRST_RELEASE)
        connection.execute(f"INSERT INTO source_file VALUES ({', '.join('?' * len(row))})", row)
    connection.close()
    with opened_state(tmp_path) as state:
        state.adopt("card")
        found = state.find("card", RECORD.name)
        assert found is not None
        assert re.fullmatch("[0-9a-f]{32}", found.creation_key)
        uploaded = replace(RECORD, place="0" * 32, phase=Phase.UPLOADED)
        assert replace(found, creation_key=RECORD.creation_key) == uploaded
    with opened_state(tmp_path) as state:
        state.adopt("another card")
        assert state.find("another card", RECORD.name) is None


@pytest.mark.parametrize("phase", Phase)
def test_notes_of_the_release_before_go_on(tmp_path: Path, phase: Phase) -> None:
    record = replace(RECORD, place="0" * 32, phase=phase)
    with opened_state(tmp_path) as state:
        state.save(record)
        state._connection.executescript(
            "DROP INDEX source_file_by_phase; ALTER TABLE source_file DROP COLUMN misread; DROP TABLE docking;"
            "PRAGMA user_version = 3;"
        )
    with opened_state(tmp_path) as state:
        assert state.find("card", RECORD.name) == record
        assert state.find_all("card", phase) == [record]
        assert state.find("card", RECORD.name) == state.save(replace(record, misread=0))


def test_notes_without_dockings_go_on(tmp_path: Path) -> None:
    with opened_state(tmp_path) as state:
        state.save(RECORD)
        state._connection.executescript("DROP TABLE docking; PRAGMA user_version = 4;")
    with opened_state(tmp_path) as state:
        assert state.find("card", RECORD.name) == RECORD
        assert state.read_docking("card") is None


def test_docking_is_read_back_as_it_was_noted_until_it_ends(tmp_path: Path) -> None:
    witnesses = {os.fsdecode(b"\xd6\xb4.mp4"): (3, 1)}
    with opened_state(tmp_path) as state:
        state.note_docking("card", "0" * 32, {})
        state.note_docking("card", "1" * 32, witnesses)
    with opened_state(tmp_path) as state:
        assert state.read_docking("card") == ("1" * 32, witnesses)
        state.end_docking("another card")
        assert state.read_docking("card") == ("1" * 32, witnesses)
        state.end_docking("card")
        assert state.read_docking("card") is None


def test_removals_that_were_cut_off_are_found_without_reading_what_is_done_with(tmp_path: Path) -> None:
    with opened_state(tmp_path) as state:
        for number in range(300):
            state.save(replace(RECORD, name=f"{number:05}.mp4", phase=Phase.WIPED if number % 2 else Phase.RECEIVED))
        state.save(replace(RECORD, name="cut off.mp4", phase=Phase.WIPING))
        steps = []
        state._connection.set_progress_handler(lambda: steps.append(0), 50)
        assert [record.name for record in state.find_all("card", Phase.WIPING)] == ["cut off.mp4"]
        assert len(steps) <= 2, "as many steps as there are files"


def test_notes_of_another_release_are_refused(tmp_path: Path) -> None:
    with opened_state(tmp_path) as state:
        state._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StateUnusable, match="version 99"), opened_state(tmp_path):
        pass


def test_place_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("here I am")
    with pytest.raises(StateUnusable), opened_state(tmp_path / "notes"):
        pass


def test_a_lock_of_an_agent_that_has_not_said_who_it_is_is_respected_all_the_same(tmp_path: Path) -> None:
    with opened_state(tmp_path):
        (tmp_path / "lock").write_bytes(b"\xff")
        with pytest.raises(StateInUse) as refused, opened_state(tmp_path):
            pass
    assert (refused.value.process, refused.value.works_on) == (0, "")


def test_why_notes_cannot_be_used_is_said_in_chinese_by_its_code(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite3").write_bytes(b"no database" * 100)
    with contextlib.closing(sqlite3.connect(tmp_path / "state.sqlite3")) as connection:
        with pytest.raises(sqlite3.DatabaseError) as refused:
            connection.execute("SELECT * FROM source_file")
    assert reason_of_notes(refused.value).zh == "记录文件已损坏"
