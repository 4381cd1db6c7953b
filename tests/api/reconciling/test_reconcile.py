"""`liuhen reconcile` on a whole archive in a folder: nothing where nothing is wrong, each mismatch as what it is."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, update

import api.reconciling.objects
from api.reconciling.codes import CODES
from api.reconciling.explaining import explain
from api.reconciling.run import Reconciled, reconcile
from api.reconciling.scene import Told
from ingest.lanes import seal_next
from ingest.sealing.errors import TimestampDelayed
from storage.catalog.recordings import CustodyAttempt, Recording, Rendition
from storage.catalog.uploads import Upload
from storage.ledger.append import Actor, Change, record_change
from storage.ledger.errors import StoreLacksLedger
from storage.ledger.files import checkpoint_name
from tests.api.sealing_archive import KeptArchive, kept_archive
from tests.api.tampering import as_superuser, changed

CONTENT = b"no picture, but evidence\n" * 1000
Found = set[tuple[str, str]]


@pytest.fixture(scope="module")
def with_footage(server: Any, bare: KeptArchive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptArchive]:
    """Two originals and the copies of one, and enough entries for a whole tile of the ledger."""
    folder = tmp_path_factory.mktemp("footage")

    def fill(archive: Any) -> None:
        archive.seal(CONTENT)
        archive.seal(archive.clip(folder), "AB00001_000123_20260101093100.MP4")
        archive.render()
        with archive.archive.database.transaction() as session:
            for _ in range(300):
                record_change(session, Actor.system("test"), Change("test.noted", "test", "x", None))

    with kept_archive(server, tmp_path_factory.mktemp("sealed"), bare, fill) as kept:
        yield kept


@pytest.fixture
def begun_with(with_footage: KeptArchive) -> KeptArchive:
    return with_footage


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    with as_superuser(server, addresses) as connection:
        yield connection


def run(sealing: Any) -> tuple[Reconciled, list[Told]]:
    told: list[Told] = []
    return reconcile(sealing.archive, told.append, sleep=lambda seconds: None), told


def found(sealing: Any) -> Found:
    return {(each.code.name, each.subject) for each in run(sealing)[1]}


def objects(sealing: Any) -> Path:
    return Path(sealing.settings.data / "objects")


def recording(sealing: Any) -> Recording:
    """The one without copies."""
    with sealing.archive.database.reading() as session:
        row: Recording = session.scalars(select(Recording).where(Recording.media_state == "unreadable")).one()
    return row


def rendition(sealing: Any) -> Rendition:
    with sealing.archive.database.reading() as session:
        row: Rendition = session.scalars(select(Rendition).where(Rendition.name == "poster")).one()
    return row


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def enter(sealing: Any, action: str, kind: str, subject: str) -> None:
    with sealing.archive.database.transaction() as session:
        record_change(session, Actor.system("test"), Change(action, kind, subject, sealing.unit.id))


def latest(sealing: Any) -> int:
    size: int = sealing.archive.ledger.latest()[0].size
    return size


def test_a_sound_archive_has_no_mismatch_and_everything_was_looked_at(sealing: Any, commands: Any, capsys: Any) -> None:
    sealing.settle()
    sealing.end_sequencing()
    capsys.readouterr()
    assert commands("reconcile") == 0
    (ended,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (ended["event"], ended["mismatches"], ended["kinds"]) == ("ended", 0, {})
    looked_at = ended["looked_at"]
    assert (looked_at["rows"], looked_at["entries"]) == (5, 5)
    assert looked_at["objects"] == len(list(sealing.archive.store.list()))


def test_what_is_wrong_with_an_object_is_told_as_what_it_is(sealing: Any, superuser: Any) -> None:
    name, copy = recording(sealing).object_name, rendition(sealing).object_name
    path, content = objects(sealing) / name, (objects(sealing) / name).read_bytes()
    path.unlink()
    assert found(sealing) == {("object_missing", name)}
    write(path, content[:-1])
    assert found(sealing) == {("size_differs", name)}
    write(path, content)
    (objects(sealing) / copy).rename(objects(sealing) / f"{copy}.moved")
    assert found(sealing) == {("object_missing", copy), ("object_unknown", f"{copy}.moved")}
    (objects(sealing) / f"{copy}.moved").rename(objects(sealing) / copy)
    with changed(superuser, "recording", f"UPDATE recording SET object_version = '9' WHERE object_name = '{name}'"):
        assert found(sealing) == {("version_differs", name)}
    assert found(sealing) == set()


def test_what_a_stranger_puts_there_is_of_unknown_origin(sealing: Any) -> None:
    strange = ["originals/2026/01/stray", "Not Ours.MP4", "originals/a\nb", "ledger/notes", "zz/z"]
    for name in strange:
        write(objects(sealing) / name, b"?")
    assert found(sealing) == {("object_unknown", name) for name in strange}


def stored_without_row(sealing: Any) -> str:
    """Stored, but without a time stamp: the upload's id."""

    def no_token(data: bytes) -> Any:
        raise TimestampDelayed("an upload", "the time-stamping authority", "it is away")

    upload_id: str = sealing.stage(CONTENT + b"2", "a.mp4")
    assert seal_next(replace(sealing.custody, request_token=no_token), sealing.staging, "test")
    return upload_id


def attempt(sealing: Any, upload_id: str) -> CustodyAttempt:
    with sealing.archive.database.reading() as session:
        row: CustodyAttempt = session.scalars(select(CustodyAttempt).where(CustodyAttempt.upload_id == upload_id)).one()
    return row


def change_upload(sealing: Any, upload_id: str, **values: Any) -> None:
    with sealing.archive.database.transaction() as session:
        session.execute(update(Upload).where(Upload.id == upload_id).values(**values))


def test_an_attempt_is_told_from_evidence_by_what_became_of_its_upload(sealing: Any) -> None:
    upload_id = stored_without_row(sealing)
    name = attempt(sealing, upload_id).object_name
    assert found(sealing) == {("object_under_way", name)}
    change_upload(sealing, upload_id, state="failed", failure_code="Stopped")
    assert found(sealing) == {("attempt_stopped", name)}
    change_upload(sealing, upload_id, state="terminated")
    done, told = run(sealing)
    assert {(each.code.name, each.subject) for each in told} == {
        ("attempt_given_up", name),
        ("staged_leftover", upload_id),
    }
    assert done.mismatches == 0


def test_a_row_that_comes_between_the_last_look_and_its_explanation_is_no_mismatch(
    sealing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = stored_without_row(sealing)
    name = attempt(sealing, upload_id).object_name

    def explain_later(*given: Any) -> Any:
        change_upload(sealing, upload_id, leased_until=None)
        assert seal_next(sealing.custody, sealing.staging, "test")
        return explain(*given)

    monkeypatch.setattr(api.reconciling.objects, "explain", explain_later)
    assert found(sealing) == {("object_under_way", name)}
    monkeypatch.undo()
    assert found(sealing) == set()


def test_the_object_of_a_file_that_came_again_is_superseded(sealing: Any) -> None:
    first = recording(sealing)
    upload_id = sealing.stage(CONTENT, "again.mp4")
    assert seal_next(sealing.custody, sealing.staging, "test")
    assert found(sealing) == set()
    name = attempt(sealing, upload_id).object_name
    sealing.archive.store.put(name, b"by a worker that had lost its lease")
    _, (told,) = run(sealing)
    assert (told.code.name, told.subject, told.facts["recording"]) == ("object_superseded", name, str(first.id))


def test_copies_that_are_made_or_were_given_up_are_told_from_evidence(sealing: Any, superuser: Any) -> None:
    name = f"renditions/{recording(sealing).id}/poster-{uuid.uuid4().hex}"
    sealing.archive.store.put(name, b"?")
    where = f"WHERE recording_id = '{recording(sealing).id}' AND kind = 'poster'"
    for state, code in (("due", "object_under_way"), ("failed", "copy_given_up"), ("done", "object_unknown")):
        with changed(superuser, "media_job", f"UPDATE media_job SET state = '{state}', leased_until = NULL {where}"):
            assert found(sealing) == {(code, name)}


def test_what_the_filing_of_a_paper_left_is_told_from_evidence(
    sealing: Any, superuser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing.grant()
    (request_id,) = superuser.execute("SELECT id FROM access_request").fetchone()
    name = f"attachments/{request_id}/{uuid.uuid4()}"
    sealing.archive.store.put(name, b"?")
    sealing.archive.store.put(f"attachments/{uuid.uuid4()}/{uuid.uuid4()}", b"?")
    assert {code for code, _ in found(sealing)} == {"attachment_left_behind", "object_unknown"}
    assert ("attachment_left_behind", name) in found(sealing)
    monkeypatch.setattr("api.reconciling.run.PATIENCE_SECONDS", 0.1)
    with sealing.archive.database.transaction() as session:
        session.execute(select(Recording.id)).all()
        assert ("object_under_way", name) in found(sealing), "whoever stores it may not have committed"


def test_redacted_copies_that_are_made_or_were_given_up_are_told_from_evidence(sealing: Any, superuser: Any) -> None:
    copy_id = uuid.uuid4()
    name = f"redacted/{copy_id}/{uuid.uuid4().hex}"
    sealing.archive.store.put(name, b"?")
    assert found(sealing) == {("object_unknown", name)}
    columns = "id, unit_id, case_id, recording_id, redaction_id, grant_id, mark, asked_by, asked_at, state, outcome"
    values = (copy_id, sealing.unit.id, *(uuid.uuid4() for _ in range(4)), "[]", uuid.uuid4(), "now")
    superuser.execute("ALTER TABLE redacted_copy DISABLE TRIGGER ALL")
    for state, code in (("due", "object_under_way"), ("failed", "copy_given_up")):
        superuser.execute("DELETE FROM redacted_copy")
        superuser.execute(
            f"INSERT INTO redacted_copy ({columns}) VALUES ({', '.join(['%s'] * 11)})", (*values, state, "why")
        )
        assert found(sealing) == {(code, name)}


def test_what_the_ledger_says_of_rows_is_compared_both_ways(sealing: Any, superuser: Any) -> None:
    row, copy = recording(sealing), rendition(sealing)
    with changed(superuser, "recording", f"DELETE FROM recording WHERE id = '{row.id}'"):
        assert found(sealing) == {("entry_without_row", f"recording {row.id}"), ("object_unknown", row.object_name)}
    with changed(superuser, "rendition", f"DELETE FROM rendition WHERE id = '{copy.id}'"):
        assert found(sealing) == {("entry_without_row", f"rendition {copy.id}"), ("object_unknown", copy.object_name)}
    superuser.execute(
        f"DELETE FROM ledger_entry WHERE action = 'rendition.made' AND subject_id = '{copy.recording_id}'"
    )
    assert {code for code, _ in found(sealing)} == {"row_without_entry"}
    superuser.execute(f"DELETE FROM ledger_entry WHERE action = 'recording.sealed' AND subject_id = '{row.id}'")
    assert ("row_without_entry", f"recording {row.id}") in found(sealing)


def test_what_was_disposed_of_is_gone_or_told(sealing: Any, superuser: Any) -> None:
    row = recording(sealing)
    enter(sealing, "recording.disposed", "recording", str(row.id))
    assert found(sealing) == {("disposed_row_remains", f"recording {row.id}")}
    superuser.execute(f"DELETE FROM recording WHERE id = '{row.id}'")
    assert found(sealing) == {("disposed_object_remains", row.object_name)}
    (objects(sealing) / row.object_name).unlink()
    assert found(sealing) == set()


def test_keys_are_compared_too(sealing: Any) -> None:
    folder = sealing.archive.keyring.key_store_folder / "keys"
    (path,) = folder.glob("*/*/*.json")
    kek_id = recording(sealing).kek_id
    content = path.read_bytes()
    path.unlink()
    _, (told,) = run(sealing)
    assert (told.code.name, told.subject, told.facts["rows"]) == ("key_missing", kek_id, 5)
    path.write_bytes(content)
    path.chmod(0o600)
    former = sealing.archive.key_store.renew_kek(sealing.unit.id, "permanent")
    enter(sealing, "key.destroyed", "key", former)
    assert found(sealing) == {("destroyed_key_remains", former)}
    sealing.archive.key_store.destroy_kek(former)
    assert found(sealing) == set()


def test_staged_files_and_uploads_are_compared_both_ways(sealing: Any, superuser: Any) -> None:
    upload_id = sealing.stage(CONTENT + b"3", "a.mp4")
    assert found(sealing) == set()
    path, stranger = sealing.staging.bytes_path(upload_id), uuid.uuid4().hex
    path.write_bytes(CONTENT)
    assert found(sealing) == {("staged_size_differs", upload_id)}
    path.unlink()
    assert found(sealing) == {("staged_missing", upload_id)}
    path.write_bytes(CONTENT + b"3")
    sealing.staging.bytes_path(stranger).write_bytes(b"?")
    assert found(sealing) == {("staged_unknown", stranger)}
    sealing.staging.remove(stranger)
    sealing.staging.record_whole(upload_id, len(CONTENT) + 1)
    with changed(superuser, "upload", f"UPDATE upload SET state = 'open', finished_at = NULL WHERE id = '{upload_id}'"):
        assert found(sealing) == set()
        path.write_bytes(CONTENT)
        assert found(sealing) == {("staged_size_differs", upload_id)}
        (sealing.staging.folder / f"{upload_id}.offset").write_bytes(b"?" * 100)
        assert found(sealing) == {("staged_damaged", upload_id)}


def test_the_ledger_s_files_are_compared_with_its_length(sealing: Any) -> None:
    sealing.settle()
    sealing.stop_sequencing()
    size, ledger = latest(sealing), objects(sealing) / "ledger"
    tile, bundle = ledger / "tile/0/000", ledger / "tile/entries/000"
    edge = next((ledger / "tile/0/001.p").glob(str(size - 256)))
    for path in (tile, bundle, edge):
        content = path.read_bytes()
        path.unlink()
        assert found(sealing) == {("ledger_file_missing", str(path.relative_to(objects(sealing))))}
        write(path, content)
    write(tile, tile.read_bytes()[:-1])
    assert found(sealing) == {("ledger_file_size_differs", "ledger/tile/0/000")}


def test_an_older_store_and_an_older_database_are_told_with_both_sizes(sealing: Any, superuser: Any) -> None:
    sealing.settle()
    sealing.stop_sequencing()
    size, name = latest(sealing), recording(sealing).object_name
    (former,) = superuser.execute("SELECT max(size) FROM ledger_checkpoint WHERE size < %s", (size,)).fetchone()
    last, before = (objects(sealing) / checkpoint_name(each) for each in (size, former))
    content, earlier = last.read_bytes(), before.read_bytes()
    last.unlink()
    _, (told,) = run(sealing)
    assert (told.code.name, told.facts) == (
        "store_older",
        {"database_checkpoint": size, "store_checkpoint": former},
    )
    write(last, content)
    before.unlink()
    assert found(sealing) == {("checkpoint_missing", checkpoint_name(former))}
    write(before, earlier)
    write(objects(sealing) / checkpoint_name(1), b"?")
    expected = (
        set()
        if superuser.execute("SELECT FROM ledger_checkpoint WHERE size = 1").fetchone()
        else {("checkpoint_unknown", checkpoint_name(1))}
    )
    assert found(sealing) == expected
    if expected:
        (objects(sealing) / checkpoint_name(1)).unlink()
    with changed(superuser, "ledger_checkpoint", f"DELETE FROM ledger_checkpoint WHERE size = {size}"):
        assert found(sealing) == {("checkpoint_unrecorded", checkpoint_name(size))}
        # An older dump: neither the places, nor what was sealed since, nor whose attempt it was.
        superuser.execute(f"DELETE FROM ledger_sequence WHERE index >= {former}")
        superuser.execute(f"DELETE FROM recording WHERE object_name = '{name}'")
        superuser.execute("DELETE FROM ledger_entry WHERE action = 'recording.sealed'")
        _, told_all = run(sealing)
        told_codes = {(each.code.name, each.subject) for each in told_all if each.code.name != "row_without_entry"}
        assert told_codes == {("database_older", "ledger"), ("object_unknown", name)}
        (older,) = [each for each in told_all if each.code.name == "database_older"]
        assert older.facts == {"database_entries": former, "store_entries": size}


def test_a_store_without_its_disk_is_refused(sealing: Any, commands: Any, capsys: Any) -> None:
    sealing.settle()
    sealing.end_sequencing()
    objects(sealing).rename(sealing.settings.data / "elsewhere")
    with pytest.raises(StoreLacksLedger):
        run(sealing)
    assert commands("reconcile") == 1
    assert "not mounted" in capsys.readouterr().err
    assert not objects(sealing).exists(), "nothing was made there"


def test_a_database_of_another_release_is_refused_and_left_as_it_is(
    sealing: Any, commands: Any, capsys: Any, superuser: Any
) -> None:
    sealing.end_sequencing()
    with changed(superuser, "alembic_version", "UPDATE alembic_version SET version_num = '0001'"):
        assert commands("reconcile") == 1
        assert "another release" in capsys.readouterr().err
        assert superuser.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
    assert commands("reconcile") == 0


def test_beside_a_busy_sealing_there_is_no_false_alarm(sealing: Any, tmp_path: Path) -> None:
    clip, stop, failed = sealing.clip(tmp_path), threading.Event(), list[BaseException]()

    def seal() -> None:
        number = 0
        try:
            while not stop.is_set():
                number += 1
                sealing.seal(CONTENT + number.to_bytes(4, "big"))
                if number % 5 == 0:
                    sealing.seal(clip + number.to_bytes(4, "big"), f"AB00001_000123_2026010110{number:04d}.MP4")
                    sealing.render()
        except BaseException as error:
            failed.append(error)

    working = threading.Thread(target=seal)
    working.start()
    try:
        for _ in range(15):
            told: list[Told] = []
            done = reconcile(sealing.archive, told.append, sleep=lambda seconds: stop.wait(0.2) and None)
            assert {each.code.name for each in told} <= {"object_under_way"}, told
            assert done.mismatches == 0
    finally:
        stop.set()
        working.join()
    assert failed == []
    assert found(sealing) == set()


def test_a_person_reads_what_it_means_and_what_to_do(sealing: Any, capsys: Any) -> None:
    from api.cli.reconcile_shown import shown

    for number in range(3):
        sealing.archive.store.put(f"originals/2026/01/stray-{number}", b"?")
    with shown(as_json=False, named=2) as screen:
        screen.ended(reconcile(sealing.archive, screen.tell, screen.progress, lambda seconds: None))
    said = capsys.readouterr().out
    code = CODES["object_unknown"]
    for words in (code.chinese, code.english, code.do_chinese, code.do_english, "× 3", "stray-0", "stray-1", "1 more"):
        assert words in said
    assert "stray-2" not in said


def test_the_command_names_all_and_ends_with_one(sealing: Any, commands: Any, capsys: Any) -> None:
    sealing.settle()
    sealing.end_sequencing()
    sealing.archive.store.put("originals/2026/01/stray", b"?")
    capsys.readouterr()
    assert commands("reconcile", "--json") == 1
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = next(each for each in said if each["event"] == "found")
    assert (told["code"], told["severity"], told["stored_bytes"]) == ("object_unknown", "mismatch", 1)
    assert said[-1]["kinds"]["object_unknown"]["count"] == said[-1]["mismatches"] == 1
    assert commands("reconcile", "--named", "-1") == 2
