"""An object that the store loses after its row was sealed, and before it is locked and its receipt made."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select

import ingest.custody
import ingest.sealing.stored
from api.engines.roles import DatabaseAddresses
from ingest.custody import seal_upload
from ingest.sealing.due import LONGEST_BACKOFF, DueUpload, lease_due_upload, stop_upload
from ingest.sealing.errors import CustodyStopped, LostBeforeReceipt, StoredCopyLost
from ingest.sealing.trouble import list_in_trouble
from integrity.local_time import end_of_day
from integrity.receipt import open_receipt
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.recordings import Receipt
from storage.catalog.uploads import Upload
from storage.errors import StoreUnavailable
from tests.ingest.custody.failures import CONTENT, PowerFailure, crash_at, found_lost, lose_it, object_path, rot_it
from tests.ingest.custody_bench import Bench


def sealed_and_lost(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> DueUpload:
    """Its worker died between row and lock, and then the object went."""
    upload = bench.stage(CONTENT)
    with monkeypatch.context() as dying:
        crash_at(dying, ingest.custody, "lock_in_store", lands=False)
        with pytest.raises(PowerFailure):
            seal_upload(upload, bench.custody)
    lose_it(object_path(bench))
    again = bench.lease(upload.id)
    assert again.state == "sealed"
    return again


def row(bench: Bench, upload_id: str) -> Upload:
    with bench.database.reading() as session:
        return session.get_one(Upload, upload_id)


def now(bench: Bench) -> datetime:
    with bench.database.reading() as session:
        found = session.scalar(select(func.now()))
    assert found is not None
    return found


def test_it_is_made_anew_from_what_is_staged_before_there_is_a_receipt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = sealed_and_lost(bench, monkeypatch)
    issued = seal_upload(upload, bench.custody)
    assert not open_receipt(issued.envelope, [bench.receipt_key.public], bench.vkey).repeat
    recording = bench.recording()
    assert bench.decrypted(recording) == CONTENT
    assert found_lost(bench) == ["missing"]
    assert bench.entries("recording.object_restored") == 1
    assert bench.entries("upload.failed") == 0
    assert recording.retain_until is not None
    assert bench.store.keeping(recording.object_name).until == end_of_day(recording.retain_until)


def test_it_is_made_anew_where_it_goes_in_the_very_run_that_sealed_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ingest.custody.record_sealing

    def record_and_lose(*arguments: object) -> None:
        whole(*arguments)  # type: ignore[arg-type]
        lose_it(object_path(bench))

    monkeypatch.setattr(ingest.custody, "record_sealing", record_and_lose)
    seal_upload(bench.stage(CONTENT), bench.custody)
    assert bench.decrypted(bench.recording()) == CONTENT
    assert found_lost(bench) == ["missing"]
    assert bench.entries("recording.object_restored") == bench.count(Receipt) == 1


MENDING = [
    (ingest.custody, "restore_stored_copy"),
    (ingest.sealing.stored, "raise_alarm"),
    (ingest.sealing.stored, "make_anew"),
    (ingest.sealing.stored, "write_sealed"),
    (ingest.sealing.stored, "read_back"),
    (ingest.sealing.stored, "end_alarm"),
    (ingest.custody, "issue_receipt"),
]


@pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("module", "step"), MENDING, ids=[step for _, step in MENDING])
def test_a_crash_while_it_is_made_anew_loses_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, module: object, step: str, lands: bool
) -> None:
    upload = sealed_and_lost(bench, monkeypatch)
    with monkeypatch.context() as dying:
        crash_at(dying, module, step, lands)
        with pytest.raises(PowerFailure):
            seal_upload(upload, bench.custody)
    assert (bench.staging / upload.id).read_bytes() == CONTENT
    if row(bench, upload.id).state != "receipted":
        seal_upload(bench.lease(upload.id), bench.custody)
    assert bench.decrypted(bench.recording()) == CONTENT
    assert len(found_lost(bench)) == bench.entries("recording.object_restored") == bench.count(Receipt) == 1
    assert bench.originals() == [bench.recording().object_name]


def lose_staged(path: Path) -> None:
    path.unlink()


def cut_staged(path: Path) -> None:
    path.write_bytes(CONTENT[:-1])


def alter_staged(path: Path) -> None:
    path.write_bytes(CONTENT[:-1] + b"?")


@pytest.mark.parametrize("lose", [lose_staged, cut_staged, alter_staged])
def test_where_the_staged_bytes_are_lost_as_well_it_says_so_and_what_its_station_sends_again_makes_both_whole(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, lose: Callable[[Path], None]
) -> None:
    first = sealed_and_lost(bench, monkeypatch)
    lose(bench.staging / first.id)
    for _ in range(2):
        with pytest.raises(LostBeforeReceipt) as stopped:
            seal_upload(first, bench.custody)
        stop_upload(bench.database, first, stopped.value)
        kept = row(bench, first.id)
        assert (kept.state, kept.failure_code, kept.failure_detail) == (
            "sealed",
            "LostBeforeReceipt",
            str(stopped.value),
        )
        assert (kept.leased_by, lease_due_upload(bench.database, "test")) == (None, None), "it has a pause"
        assert kept.leased_until is not None
        assert timedelta() < kept.leased_until - now(bench) <= LONGEST_BACKOFF
        first = bench.lease(first.id)
    assert found_lost(bench) == ["missing"]
    assert bench.entries("upload.failed") == 1, "once, however often"
    assert bench.originals() == []
    with bench.database.reading() as session:
        assert [each.id for each in list_in_trouble(session)] == [first.id]
    again = seal_upload(bench.stage(CONTENT, "again.mp4"), bench.custody)
    assert again.repeat
    issued = seal_upload(bench.lease(first.id), bench.custody)
    assert not issued.repeat
    assert issued.recording_id == again.recording_id
    assert bench.decrypted(bench.recording()) == CONTENT
    assert found_lost(bench) == ["missing"]
    assert bench.entries("recording.object_restored") == 1
    healed = row(bench, first.id)
    assert (healed.state, healed.failure_code, healed.failure_detail) == ("receipted", None, None)


def test_where_its_key_leads_nowhere_the_alarm_comes_first_and_it_waits_for_a_person(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, addresses: DatabaseAddresses
) -> None:
    upload = sealed_and_lost(bench, monkeypatch)
    with psycopg.connect(addresses.owner) as connection:
        ((salt,),) = connection.execute("SELECT salt FROM custody_attempt").fetchall()
        connection.execute("UPDATE custody_attempt SET salt = sha256('another')")
    with pytest.raises(StoredCopyLost, match="last copy") as stopped:
        seal_upload(upload, bench.custody)
    stop_upload(bench.database, upload, stopped.value)
    assert found_lost(bench) == ["missing"]
    assert bench.originals() == [], "nothing is stored that the manifest does not state"
    assert (bench.staging / upload.id).read_bytes() == CONTENT
    assert (row(bench, upload.id).state, row(bench, upload.id).failure_code) == ("sealed", "StoredCopyLost")
    assert bench.count(Receipt) == 0
    with psycopg.connect(addresses.owner) as connection:
        connection.execute("UPDATE custody_attempt SET salt = %s", (salt,))
    seal_upload(bench.lease(upload.id), bench.custody)
    assert bench.decrypted(bench.recording()) == CONTENT
    assert bench.entries("recording.object_restored") == bench.count(Receipt) == 1


def test_another_reason_is_another_entry(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = sealed_and_lost(bench, monkeypatch)
    recording_id = bench.recording().id
    for error in (
        StoredCopyLost(upload.id, recording_id, "its key is gone"),
        LostBeforeReceipt(upload.id, recording_id, "it is gone"),
        LostBeforeReceipt(upload.id, recording_id, "it is shorter"),
    ):
        stop_upload(bench.database, upload, error)
        upload = bench.lease(upload.id)
    with bench.database.reading() as session:
        said = session.scalars(
            select(LedgerEntryRow.entry).where(LedgerEntryRow.action == "upload.failed").order_by("serial")
        ).all()
    assert [json.loads(each)["data"]["code"] for each in said] == ["StoredCopyLost", "LostBeforeReceipt"]
    assert "it is shorter" in (row(bench, upload.id).failure_detail or "")


def test_who_lost_his_lease_says_nothing_of_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = sealed_and_lost(bench, monkeypatch)
    with bench.database.transaction() as session:
        session.get_one(Upload, upload.id).leased_by = "another"
    stop_upload(bench.database, upload, LostBeforeReceipt(upload.id, bench.recording().id, "it is gone"))
    assert row(bench, upload.id).failure_code is None
    assert bench.entries("upload.failed") == 0


def test_an_object_about_which_an_alarm_stands_is_read_before_there_is_a_receipt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lies there, as long as it should be, and is not what was sealed: a look at it has said so."""
    upload = sealed_and_lost(bench, monkeypatch)
    with monkeypatch.context() as dying:
        crash_at(dying, ingest.sealing.stored, "end_alarm", lands=False)
        with pytest.raises(PowerFailure):
            seal_upload(upload, bench.custody)
    rot_it(object_path(bench))
    seal_upload(bench.lease(upload.id), bench.custody)
    assert bench.decrypted(bench.recording()) == CONTENT
    assert bench.entries("recording.object_restored") == bench.count(Receipt) == 1


@pytest.mark.parametrize("wrong", [StoreUnavailable("originals", "Input/output error"), None])
def test_a_store_that_refuses_to_keep_is_followed_by_no_receipt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, wrong: Exception | None
) -> None:
    """Whether it does not work, or sealing is stopped there: docs/decisions/0024-objects-in-s3.md rests on it."""
    upload = bench.stage(CONTENT)
    refused = wrong or CustodyStopped(upload.id, "refused")

    def refuse(*_: object) -> None:
        raise refused

    with monkeypatch.context() as refusing:
        refusing.setattr(type(bench.store), "keep_until", refuse)
        for _ in range(2):
            with pytest.raises(type(refused)):
                seal_upload(upload, bench.custody)
            upload = bench.lease(upload.id)
            assert upload.state == "sealed"
            assert bench.count(Receipt) == bench.entries("receipt.issued") == 0
    seal_upload(upload, bench.custody)
    assert bench.count(Receipt) == 1
