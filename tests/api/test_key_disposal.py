"""A key that was destroyed stays destroyed, whatever comes back; and nothing that is needed is destroyed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text

from api.engines.preparing import forget_disposed_keys
from api.verification import verify_archive
from casework.handling import name_officer
from casework.requests import ask
from casework.retrieval.attachments import Vault, file_attachment
from casework.retrieval.rules import load_shipped_retrieval_rules
from casework.retrieval.visitors import Visitor
from ingest.lanes import seal_next
from ingest.sealing.attempt import begin_attempt
from ingest.sealing.due import lease_due_upload, stop_upload
from ingest.sealing.errors import StagedFileMissing
from ingest.sealing.trouble import release_upload
from retention import key_renewal
from retention.errors import KeyStillNamed
from retention.key_disposal import await_earlier, count_naming, destroy_unnamed, forget_disposed
from retention.key_renewal import renew_key
from storage.catalog.access import RequestAttachment
from storage.catalog.recordings import CustodyAttempt, Recording, Rendition
from storage.key_errors import KeyMissing
from storage.keystore import KeyStore, WrappedKey
from storage.roots.by_shares import make_shares, recover_root
from storage.roots.shares import Share
from storage.sealed_object import AtRest, open_sealed
from tests.api.sealing_archive import OPERATOR

CONTENT = b"no picture, but evidence\n" * 1000


@pytest.fixture
def keys(sealing: Any) -> KeyStore:
    store: KeyStore = sealing.archive.key_store
    return store


def play(sealing: Any, recording_id: Any) -> bytes:
    archive = sealing.archive
    with archive.database.reading() as session:
        at_rest = AtRest.of(session.get_one(Recording, recording_id))
    with open_sealed(archive.store, KeyStore(archive.key_store.folder), at_rest) as plaintext:
        return b"".join(plaintext.pieces(0, len(CONTENT), 1 << 20))


def month_of(row: Recording) -> str:
    return row.kek_id.split(".")[1]


def destroy_with_its_last(sealing: Any, keys: KeyStore) -> WrappedKey:
    """A key of a month of its own, destroyed as disposal destroys one; what was wrapped under it."""
    wrapped = keys.wrap_data_key(sealing.unit.id, "2026-05", bytes(32))
    destroy_unnamed(sealing.archive.database, keys, wrapped.kek_id)
    return wrapped


def test_a_backup_of_the_key_store_brings_no_destroyed_key_back(sealing: Any, keys: KeyStore, tmp_path: Path) -> None:
    recording = sealing.seal(CONTENT)
    handed: list[Share] = []
    make_shares(keys, 2, 3, lambda key, shares: handed.extend(shares))
    condemned = keys.wrap_data_key(sealing.unit.id, "2026-05", bytes(32))
    backup = tmp_path / "backup"
    shutil.copytree(keys.folder, backup)
    destroy_unnamed(sealing.archive.database, keys, condemned.kek_id)
    assert sealing.entries("key.destroyed") == 1
    shutil.rmtree(keys.folder)
    shutil.copytree(backup, keys.folder)
    assert keys.unwrap_data_key(condemned) == bytes(32), "as it was when the backup was made"
    addresses = type("Addresses", (), {"worker": sealing.settings.database_worker_url})
    forget_disposed_keys(sealing.settings, addresses)  # type: ignore[arg-type]  # what `liuhen up` does first
    with pytest.raises(KeyMissing):
        keys.unwrap_data_key(condemned)
    assert not any(condemned.kek_id.rsplit(".", 1)[1] in path.name for path in keys.folder.rglob("*"))
    assert play(sealing, recording.id) == CONTENT
    (keys.folder / "root.key").unlink()
    given = KeyStore(keys.folder, opened=False)
    recover_root(given, handed[:2], "file", lambda record: None)
    assert play(sealing, recording.id) == CONTENT
    with pytest.raises(KeyMissing):
        KeyStore(keys.folder).unwrap_data_key(condemned)
    sealing.settle()
    assert verify_archive(sealing.archive).findings == ()


def test_a_crash_between_ledger_and_disk_is_made_good(
    sealing: Any, keys: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(self: KeyStore, kek_id: str) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(KeyStore, "destroy_kek", crash)
        with pytest.raises(SystemExit):
            destroy_with_its_last(sealing, keys)
    assert len(list(keys.list_keks())) == 1
    (keys.folder / "root.key").rename(keys.folder.parent / "away")  # destroying asks for no root key
    with sealing.archive.database.reading() as session:
        assert len(forget_disposed(session, sealing.archive.closed_key_store)) == 1
        assert forget_disposed(session, sealing.archive.closed_key_store) == ()
    assert list(keys.list_keks()) == []


def test_what_anything_hangs_on_is_not_destroyed(sealing: Any, keys: KeyStore) -> None:
    recording = sealing.seal(CONTENT)
    sealing.render()
    with pytest.raises(KeyStillNamed) as named:
        destroy_unnamed(sealing.archive.database, keys, recording.kek_id)
    assert named.value.by[0] == "recording"
    assert sealing.entries("key.destroyed") == 0
    assert play(sealing, recording.id) == CONTENT


def test_a_renewed_key_takes_every_row_along_and_the_former_is_destroyed(
    sealing: Any, keys: KeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_renewal, "ROWS_AT_ONCE", 2)
    clip = sealing.clip(tmp_path)
    recordings = [sealing.seal(CONTENT + bytes([number])) for number in range(3)] + [sealing.seal(clip)]
    sealing.render()
    former = recordings[0].kek_id
    done = renew_key(sealing.archive.database, keys, sealing.unit.id, month_of(recordings[0]))
    with sealing.archive.database.reading() as session:
        rows: Sequence[Any] = [*session.scalars(select(Recording)), *session.scalars(select(Rendition))]
        assert {row.kek_id for row in rows} == {done.kek_id}
        assert done.moved == len(rows) > 4
    assert (done.destroyed, done.kept) == ((former,), ())
    with pytest.raises(KeyMissing):
        keys.unwrap_data_key(WrappedKey(former, recordings[0].wrapped_data_key))
    assert play(sealing, recordings[0].id)[: len(CONTENT)] == CONTENT
    assert (sealing.entries("key.renewed"), sealing.entries("key.destroyed")) == (1, 1)
    sealing.settle()
    assert verify_archive(sealing.archive).findings == ()


def test_an_attempt_that_is_under_way_keeps_its_key_and_seals_under_it(sealing: Any, keys: KeyStore) -> None:
    sealing.stage(CONTENT, "first.bin")
    upload = lease_due_upload(sealing.archive.database, "test")
    assert upload is not None
    attempt = begin_attempt(upload, sealing.custody)
    former, month = attempt.wrapped_key.kek_id, attempt.wrapped_key.kek_id.split(".")[1]
    done = renew_key(sealing.archive.database, keys, sealing.unit.id, month)
    assert [(each.kek_id, each.by) for each in done.kept] == [(former, ("custody_attempt",))]
    assert keys.unwrap_data_key(attempt.wrapped_key) == attempt.plan.data_key
    with sealing.archive.database.transaction() as session:
        session.execute(text("UPDATE upload SET leased_until = now() - interval '1 second'"))
    assert seal_next(sealing.custody, sealing.staging, "other")
    with sealing.archive.database.reading() as session:
        recording = session.scalars(select(Recording)).one()
        assert session.scalars(select(CustodyAttempt.kek_id)).one() == recording.kek_id
    again = renew_key(sealing.archive.database, keys, sealing.unit.id, month)
    assert former in again.destroyed
    assert again.kept == ()
    assert play(sealing, recording.id) == CONTENT
    sealing.settle()
    assert verify_archive(sealing.archive).findings == ()


def test_a_file_that_came_again_keeps_no_key(sealing: Any, keys: KeyStore) -> None:
    """Its attempt stays for good, and never becomes a recording."""
    recording = sealing.seal(CONTENT)
    assert sealing.seal(CONTENT, "the very same.bin").id == recording.id
    with sealing.archive.database.reading() as session:
        attempts = session.scalars(select(CustodyAttempt)).all()
    assert {each.recording_id == recording.id for each in attempts} == {True, False}
    assert {each.kek_id for each in attempts} == {recording.kek_id}
    done = renew_key(sealing.archive.database, keys, sealing.unit.id, month_of(recording))
    assert (done.destroyed, done.kept) == ((recording.kek_id,), ())
    assert sealing.seal(CONTENT, "and again.bin").id == recording.id
    assert play(sealing, recording.id) == CONTENT
    sealing.settle()
    assert verify_archive(sealing.archive).findings == ()


def test_an_upload_that_stopped_keeps_its_key_until_somebody_decides(sealing: Any, keys: KeyStore) -> None:
    database = sealing.archive.database
    sealing.stage(CONTENT, "first.bin")
    upload = lease_due_upload(database, "test")
    assert upload is not None
    former = begin_attempt(upload, sealing.custody).wrapped_key.kek_id
    stop_upload(database, upload, StagedFileMissing(upload.id, Path("gone")))
    month = former.split(".")[1]
    done = renew_key(database, keys, sealing.unit.id, month)
    assert [(each.kek_id, each.by, each.rows) for each in done.kept] == [(former, ("custody_attempt",), 1)]
    with database.transaction() as session:
        release_upload(session, OPERATOR, upload.id, "工作站已重新上传")
    assert former in renew_key(database, keys, sealing.unit.id, month).destroyed


def test_what_is_sealed_between_two_looks_is_seen_by_one(sealing: Any, keys: KeyStore) -> None:
    """Recordings looked at before the commit, attempts after it: neither would name the key of what was sealed."""
    sealing.stage(CONTENT, "first.bin")
    upload = lease_due_upload(sealing.archive.database, "test")
    assert upload is not None
    former = begin_attempt(upload, sealing.custody).wrapped_key.kek_id
    with sealing.archive.database.transaction() as session:
        session.execute(text("UPDATE upload SET leased_until = now() - interval '1 second'"))
    looked: list[str] = []

    def seal_after_the_first(connection: Any, cursor: Any, statement: str, *others: Any) -> None:
        if not looked:
            looked.append(statement)
            assert seal_next(sealing.custody, sealing.staging, "other")

    engine = sealing.archive.database.engine
    with sealing.archive.database.transaction() as session:
        event.listen(engine, "after_cursor_execute", seal_after_the_first)
        try:
            named_by = count_naming(session, former)
        finally:
            event.remove(engine, "after_cursor_execute", seal_after_the_first)
    assert looked
    assert dict(named_by) == {"custody_attempt": 1}
    with sealing.archive.database.reading() as session:
        assert dict(count_naming(session, former)) == {"recording": 1}


def test_papers_of_requests_take_a_fresh_key_along(sealing: Any, keys: KeyStore) -> None:
    archive, officer, paper = sealing.archive, sealing.people["officer"], b"%PDF-1.7\n" + bytes(3000)
    vault = Vault(archive.store, keys, archive.work_folder)
    with archive.database.transaction() as session:
        load_shipped_retrieval_rules(session, datetime.now(UTC))
        name_officer(session, officer, sealing.case.id, officer.id)
        party = Visitor("party", "李雷", "居民身份证 500000199001010000")
        asked = ask(session, officer, case_id=sealing.case.id, kind="view", purpose="陈述申辩", visitor=party)
        row = file_attachment(session, officer, vault, asked.id, kind="letter", name="a.pdf", content=paper)
    before = archive.store.stat(row.object_name)
    done = renew_key(archive.database, keys, sealing.unit.id, "permanent")
    assert (done.moved, done.destroyed, done.kept) == (1, (row.kek_id,), ())
    with archive.database.reading() as session:
        at_rest = AtRest.of(session.get_one(RequestAttachment, row.id))
    with open_sealed(archive.store, KeyStore(keys.folder), at_rest) as plaintext:
        assert b"".join(plaintext.pieces(0, len(paper), 1 << 20)) == paper
    assert archive.store.stat(row.object_name) == before
    sealing.settle()
    assert verify_archive(archive).findings == ()


def test_a_transaction_that_wrapped_before_is_waited_for(sealing: Any, keys: KeyStore) -> None:
    """It has not written anything yet, and nobody sees what it is about to."""
    wrapped, commit = threading.Event(), threading.Event()

    def slow() -> None:
        with sealing.archive.database.transaction() as session:
            session.execute(text("SELECT 1"))
            wrapped.set()
            commit.wait(30)

    thread = threading.Thread(target=slow)
    thread.start()
    wrapped.wait(30)
    assert not await_earlier(sealing.archive.database, 0.3)
    commit.set()
    thread.join()
    assert await_earlier(sealing.archive.database, 30)
