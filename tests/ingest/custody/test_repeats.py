"""A file that comes again, when the object of its recording was lost meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import ProgrammingError

import ingest.custody
import ingest.sealing.receipts
import ingest.sealing.record
import ingest.sealing.stored
from api.engines.roles import DatabaseAddresses
from casework.merging import merge_unit
from ingest.custody import seal_upload
from ingest.metadata.claims import Claims
from ingest.sealing.attempt import begin_attempt
from ingest.sealing.due import stop_upload
from ingest.sealing.errors import AttemptHeldElsewhere, ReceiptNotDue, StoredCopyLost
from ingest.sealing.handing_out import require_stored_object
from ingest.sealing.record import record_repeat
from ingest.sealing.stored import keep_stored_copy
from integrity.ledger_entry import parse_entry
from integrity.local_time import chinese_day
from integrity.receipt import open_receipt
from storage.catalog.elements import JudgementDue
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.organisation import Unit
from storage.catalog.recordings import Receipt, ReceivedAgain
from storage.catalog.uploads import Upload
from storage.errors import StoreUnavailable
from storage.keystore import create_key_store
from storage.ledger.append import Actor
from storage.ledger.errors import StoreLacksLedger
from tests.ingest.custody.failures import (
    CONTENT,
    PowerFailure,
    crash_at,
    cut_it,
    found_lost,
    lose_it,
    object_path,
    rot_it,
)
from tests.ingest.custody_bench import Bench


@pytest.mark.parametrize(("lose", "found"), [(lose_it, "missing"), (cut_it, "differs"), (rot_it, "differs")])
def test_a_repeat_makes_a_lost_object_anew_before_it_gets_a_receipt(
    bench: Bench, lose: Callable[[Path], None], found: str
) -> None:
    seal_upload(bench.stage(CONTENT), bench.custody)
    sealed = object_path(bench).read_bytes()
    lose(object_path(bench))
    issued = seal_upload(bench.stage(CONTENT, "again.mp4"), bench.custody)
    assert open_receipt(issued.envelope, [bench.receipt_key.public], bench.vkey).repeat
    assert bench.decrypted(bench.recording()) == CONTENT
    assert object_path(bench).read_bytes() == sealed, "the manifest states these very bytes"
    assert found_lost(bench) == [found]
    assert bench.entries("recording.object_restored") == bench.entries("recording.received_again") == 1
    assert bench.originals() == [bench.recording().object_name]


def test_nothing_is_sealed_or_called_lost_while_the_disk_of_the_objects_is_not_mounted(bench: Bench) -> None:
    issued = seal_upload(bench.stage(CONTENT), bench.custody)
    objects = bench.staging.parent / "objects"
    bench.stop.set()  # The sequencer would stop at that as well.
    bench.sequencing.join()
    mounted = objects.rename(objects.with_name("on the disk"))
    objects.mkdir()
    repeat = bench.stage(CONTENT, "again.mp4")
    for upload in (repeat, bench.stage(b"new" + CONTENT, "new.mp4")):
        with pytest.raises(StoreLacksLedger):
            seal_upload(upload, bench.custody)
    with pytest.raises(StoreLacksLedger):
        require_stored_object(bench.database, bench.store, issued.upload_id, issued.recording_id)
    assert found_lost(bench) == []
    assert list(objects.iterdir()) == []
    objects.rmdir()
    mounted.rename(objects)
    with pytest.raises(ReceiptNotDue):
        seal_upload(repeat, replace(bench.custody, receipt_patience_seconds=0.0))
    assert bench.entries("recording.received_again") == 1


def test_a_repeat_of_a_whole_object_says_nothing_of_it(bench: Bench) -> None:
    seal_upload(bench.stage(CONTENT), bench.custody)
    before = object_path(bench).stat()
    seal_upload(bench.stage(CONTENT), bench.custody)
    assert found_lost(bench) == []
    assert bench.entries("recording.object_restored") == 0
    assert object_path(bench).stat().st_ino == before.st_ino


def test_loss_and_restoration_stand_in_the_entries_of_one_unit_even_after_it_was_merged(bench: Bench) -> None:
    former, now = bench.unit_id, datetime.now(UTC)
    seal_upload(bench.stage(CONTENT), bench.custody)
    with bench.database.transaction() as session:
        bureau, successor = (Unit(name=name, code=uuid.uuid4().hex) for name in ("江城区城管局", "乙大队"))
        session.add(bureau)
        session.flush()
        successor.parent_id = session.get_one(Unit, former).parent_id = bureau.id
        session.add(successor)
        session.flush()
        on, ground = chinese_day(now), "江机编〔2026〕8号"
        merge_unit(session, Actor.system("admin"), former, successor.id, on=on, ground=ground, now=now)
        bench.unit_id = successor.id
    lose_it(object_path(bench))
    seal_upload(bench.stage(CONTENT, "again.mp4"), bench.custody)
    with bench.database.reading() as session:
        said = select(LedgerEntryRow.action, LedgerEntryRow.unit_id).where(
            LedgerEntryRow.action.in_(("recording.object_lost", "recording.object_restored"))
        )
        entered = sorted(tuple(row) for row in session.execute(said))
    assert entered == [("recording.object_lost", former), ("recording.object_restored", former)]


def test_a_repeat_whose_worker_lost_its_lease_leaves_the_object_to_whoever_has_it(bench: Bench) -> None:
    upload = bench.stage(CONTENT)
    staged, attempt = bench.staging / upload.id, begin_attempt(upload, bench.custody)
    ingest.custody.digest_and_store_encrypted(upload, staged, attempt, bench.custody)
    seal_upload(bench.stage(CONTENT, "faster.mp4"), bench.custody)
    before = keep_stored_copy(upload, staged, bench.recording().id, bench.custody)
    with bench.database.transaction() as session:
        row = session.get_one(Upload, upload.id)
        row.leased_by, row.leased_until = "another", datetime.now(UTC) + timedelta(minutes=1)
    objects = bench.originals()
    assert attempt.plan.object_name in objects
    with pytest.raises(AttemptHeldElsewhere):
        record_repeat(upload, attempt, before, Claims(), bench.custody)
    assert bench.originals() == objects
    assert bench.entries("recording.received_again") == 0


def test_what_is_said_of_a_file_that_comes_again_is_kept_and_compared(bench: Bench) -> None:
    forged = {"device": "ZZ99999", "officer": "999999", "started_at": "2026-11-01T03:00:00+08:00"}
    seal_upload(bench.stage(CONTENT, "clip.mp4", **forged), bench.custody)
    before = bench.recording()
    true = {"device": "AB00001", "officer": "000123", "started_at": "2026-11-30T09:31:00+08:00"}
    upload = bench.stage(CONTENT, "AB00001_000123_20261130093100.MP4", **true, marked="1", group="g1", act="seizure")
    assert seal_upload(upload, bench.custody).repeat
    with bench.database.reading() as session:
        row = session.scalars(select(ReceivedAgain)).one()
        entry = session.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "recording.received_again")).one()
        said = parse_entry(entry.entry)
        due = session.scalars(select(JudgementDue.recording_id)).all()
    assert (row.upload_id, row.recording_id, row.station_id) == (upload.id, before.id, bench.station_id)
    assert (row.device, row.officer, row.act) == ("AB00001", "000123", "seizure")
    assert row.started_at == datetime(2026, 11, 30, 1, 31, tzinfo=UTC)
    assert row.original_name == upload.filename
    assert {"mark", "group"} < {claim["kind"] for claim in row.claims if claim["source"] == "station"}
    assert row.differs == ["act", "device", "mark", "name", "officer", "time"] == said.data["differs"]
    assert "AB00001" not in entry.entry.decode()
    assert due == [before.id]
    after = bench.recording()
    assert (after.device, after.claims, after.manifest) == (before.device, before.claims, before.manifest)


def test_a_file_that_comes_again_with_the_same_words_says_nothing_new(bench: Bench) -> None:
    words = {"device": "AB00001", "officer": "000123", "started_at": "2026-11-30T09:31:00+08:00", "marked": "1"}
    seal_upload(bench.stage(CONTENT, **words, group="put in on monday"), bench.custody)
    seal_upload(bench.stage(CONTENT, **words, group="put in on tuesday"), bench.custody)
    seal_upload(bench.stage(CONTENT), bench.custody)  # No word is no other word.
    with bench.database.reading() as session:
        assert session.scalars(select(ReceivedAgain.differs)).all() == [[], []]
        assert session.scalars(select(JudgementDue)).all() == []


def test_nobody_changes_what_was_said_of_a_file_that_came_again(bench: Bench) -> None:
    seal_upload(bench.stage(CONTENT), bench.custody)
    seal_upload(bench.stage(CONTENT, device="AB00001"), bench.custody)
    for change in (update(ReceivedAgain).values(device="ZZ99999"), delete(ReceivedAgain)):
        with pytest.raises(ProgrammingError, match="permission denied"), bench.database.transaction() as session:
            session.execute(change)


REPEAT_WRITES = [
    (ingest.custody, "keep_stored_copy"),
    (ingest.sealing.stored, "raise_alarm"),
    (ingest.sealing.stored, "make_anew"),
    (ingest.sealing.stored, "write_sealed"),
    (ingest.sealing.stored, "read_back"),
    (ingest.custody, "record_repeat"),
    (ingest.sealing.record, "end_alarm"),
    (ingest.custody, "issue_receipt"),
]


@pytest.mark.parametrize(("lands", "lose"), [(False, lose_it), (True, rot_it)], ids=["before", "after"])
@pytest.mark.parametrize(("module", "step"), REPEAT_WRITES, ids=[step for _, step in REPEAT_WRITES])
def test_a_crash_while_a_lost_object_is_made_anew_loses_nothing(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    step: str,
    lands: bool,
    lose: Callable[[Path], None],
) -> None:
    seal_upload(bench.stage(CONTENT), bench.custody)
    lose(object_path(bench))
    upload = bench.stage(CONTENT)
    crash_at(monkeypatch, module, step, lands)
    with pytest.raises(PowerFailure):
        seal_upload(upload, bench.custody)
    monkeypatch.undo()
    with bench.database.reading() as session:
        state = session.get_one(Upload, upload.id).state
    if state != "receipted":
        assert (bench.staging / upload.id).read_bytes() == CONTENT
        seal_upload(bench.lease(upload.id), bench.custody)
    assert bench.decrypted(bench.recording()) == CONTENT
    assert bench.count(Receipt) == 2
    assert len(found_lost(bench)) == bench.entries("recording.object_restored") == 1
    assert bench.originals() == [bench.recording().object_name]


def test_what_cannot_be_made_anew_stops_with_the_alarm_and_keeps_the_staged_bytes(
    bench: Bench, addresses: DatabaseAddresses
) -> None:
    seal_upload(bench.stage(CONTENT), bench.custody)
    lose_it(object_path(bench))
    with psycopg.connect(addresses.owner) as connection:
        connection.execute("UPDATE custody_attempt SET salt = sha256('another')")
    upload = bench.stage(CONTENT)
    with pytest.raises(StoredCopyLost, match="last copy") as stopped:
        seal_upload(upload, bench.custody)
    stop_upload(bench.database, upload, stopped.value)
    assert found_lost(bench) == ["missing"]
    assert bench.originals() == [], "nothing is stored that the manifest does not state"
    assert (bench.staging / upload.id).read_bytes() == CONTENT
    assert bench.count(Receipt) == 1


def test_a_recording_whose_key_is_gone_stops_and_keeps_the_staged_bytes(bench: Bench) -> None:
    seal_upload(bench.stage(CONTENT), bench.custody)
    empty = create_key_store(bench.staging.parent / "other-keys")
    upload = bench.stage(CONTENT)
    with pytest.raises(StoredCopyLost):
        keep_stored_copy(
            upload, bench.staging / upload.id, bench.recording().id, replace(bench.custody, key_store=empty)
        )
    assert (bench.staging / upload.id).read_bytes() == CONTENT


def test_a_store_that_is_away_puts_the_repeat_off_and_is_no_alarm_before_the_third_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal_upload(bench.stage(CONTENT), bench.custody)
    upload = bench.stage(CONTENT)
    whole = ingest.sealing.stored.read_back
    broken = [0]

    def fail_once(*arguments: Any) -> None:
        broken[0] += 1
        if broken[0] in (1, 2):
            raise StoreUnavailable(bench.recording().object_name, "Input/output error")
        whole(*arguments)

    monkeypatch.setattr(ingest.sealing.stored, "read_back", fail_once)
    with pytest.raises(StoreUnavailable):
        seal_upload(upload, bench.custody)
    assert found_lost(bench) == []
    bench.lease(upload.id)
    issued = seal_upload(bench.lease(upload.id), bench.custody)
    assert issued.repeat
    assert found_lost(bench) == ["unreadable"]
    assert bench.entries("recording.object_restored") == 1
