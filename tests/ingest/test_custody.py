"""Custody against a real database, store, time-stamping authority, sequencer and tools: sealed once, whatever fails."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

import ingest.custody
import ingest.sealing.receipts
import ingest.sealing.record
import ingest.sealing.stored
from api.engines.roles import DatabaseAddresses
from ingest.custody import seal_upload
from ingest.errors import (
    ClaimedDigestDiffers,
    PlaintextChanged,
    SandboxFailed,
    StagedFileMissing,
    StagedLengthDiffers,
    StoredBytesDiffer,
    StoredCopyLost,
    TimestampDelayed,
)
from ingest.media.runner import MediaRunner, open_runner
from ingest.sealing.due import lease_due_upload, put_off, stop_upload
from ingest.sealing.stored import keep_stored_copy
from integrity.authority import create_authority
from integrity.authority_server import open_authority_server
from integrity.checkpoint import open_checkpoint
from integrity.manifest import open_manifest
from integrity.merkle import verify_inclusion
from integrity.receipt import open_receipt
from integrity.timestamp import verify_timestamp
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.recordings import CustodyAttempt, MediaJob, Receipt, Recording
from storage.catalog.stations import Station
from storage.catalog.uploads import Upload
from storage.errors import StoreUnavailable
from storage.keystore import create_key_store
from tests.ingest.custody_bench import Bench
from tests.servers import ServingThread


@pytest.fixture(scope="module")
def runner() -> MediaRunner:
    return open_runner(os.environ.get("PATH", ""))


@pytest.fixture
def bench(addresses: DatabaseAddresses, tmp_path: Path, runner: MediaRunner) -> Iterator[Bench]:
    bench = Bench(addresses, tmp_path, runner)
    yield bench
    bench.close()


CONTENT = b"no video at all, but evidence\n" * 50_000


def test_a_sealed_file_proves_itself_from_receipt_to_bytes(bench: Bench) -> None:
    name = "AB00001_000123_20260101093000.MP4"
    issued = seal_upload(bench.stage(CONTENT, name, sha256=hashlib.sha256(CONTENT).hexdigest()), bench.custody)
    receipt = open_receipt(issued.envelope, [bench.receipt_key.public], bench.vkey)
    recording = bench.recording()
    assert receipt.recording_id == recording.id
    assert receipt.sha256.value == hashlib.sha256(CONTENT).digest() == recording.sha256
    assert receipt.sm3.value == hashlib.new("sm3", CONTENT).digest()
    assert not receipt.repeat
    checkpoint = open_checkpoint(receipt.checkpoint.encode(), bench.vkey)
    verify_inclusion(receipt.leaf_hash, receipt.ledger_index, checkpoint.size, receipt.inclusion_proof, checkpoint.root)
    manifest = open_manifest(recording.manifest, [bench.manifest_key.public])
    assert manifest.digests.sha256 == receipt.sha256
    assert manifest.media_state == "unreadable"
    verify_timestamp(recording.token, recording.manifest, bench.custody.timestamp_trust)
    assert bench.decrypted(recording) == CONTENT
    assert (recording.device, recording.officer) == ("AB00001", "000123")
    assert recording.started_at == datetime(2026, 1, 1, 1, 30, tzinfo=UTC)
    assert bench.count(MediaJob) == 4


def test_stored_bytes_are_not_the_plaintext(bench: Bench) -> None:
    seal_upload(bench.stage(CONTENT), bench.custody)
    with bench.store.open(bench.recording().object_name) as reader:
        assert CONTENT[:64] not in reader.read_span(0, reader.size_bytes)


def test_the_same_file_again_is_the_same_recording_with_a_second_receipt(bench: Bench) -> None:
    first = seal_upload(bench.stage(CONTENT), bench.custody)
    second = seal_upload(bench.stage(CONTENT, "renamed.mp4"), bench.custody)
    assert second.recording_id == first.recording_id
    assert open_receipt(second.envelope, [bench.receipt_key.public]).repeat
    assert bench.count(Recording) == 1
    assert bench.count(Receipt) == 2
    assert len(bench.originals()) == 1
    assert bench.entries("recording.received_again") == 1


def test_the_same_file_from_another_station_of_the_unit_is_the_same_recording_and_its_entry_says_so(
    bench: Bench,
) -> None:
    first = seal_upload(bench.stage(CONTENT), bench.custody)
    with bench.database.transaction() as session:
        other = Station(unit_id=bench.unit_id, name=uuid.uuid4().hex, token_hash=os.urandom(32))
        session.add(other)
        session.flush()
        bench.station_id = other.id
    upload = bench.stage(CONTENT)
    second = seal_upload(upload, bench.custody)
    receipt = open_receipt(second.envelope, [bench.receipt_key.public])
    assert (receipt.recording_id, receipt.station_id, receipt.repeat) == (first.recording_id, other.id, True)
    assert receipt.upload_id == upload.id
    with bench.database.reading() as session:
        entry = session.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "recording.received_again")).one()
    said = json.loads(entry.entry)
    assert said["subject"]["id"] == upload.id
    assert said["data"] == {"recording": str(first.recording_id), "station": str(other.id)}


def test_another_unit_gets_a_recording_of_its_own(bench: Bench) -> None:
    seal_upload(bench.stage(CONTENT), bench.custody)
    bench.unit_id, bench.station_id = bench.make_station("江北")
    other = seal_upload(bench.stage(CONTENT), bench.custody)
    assert bench.count(Recording) == 2
    assert not open_receipt(other.envelope, [bench.receipt_key.public]).repeat


def test_a_wrong_claimed_digest_stops_with_nothing_stored(bench: Bench) -> None:
    upload = bench.stage(CONTENT, sha256="0" * 64)
    with pytest.raises(ClaimedDigestDiffers) as stopped:
        seal_upload(upload, bench.custody)
    assert stopped.value.found == hashlib.sha256(CONTENT).hexdigest()
    assert bench.originals() == []
    stop_upload(bench.database, upload, stopped.value)
    assert bench.entries("upload.failed") == 1
    assert lease_due_upload(bench.database, "test") is None
    assert (bench.staging / upload.id).read_bytes() == CONTENT


MOOV_WITHOUT_END = struct.pack(">I", 8) + b"moov" * 3000


def test_a_file_made_to_exhaust_the_looking_gets_its_receipt(bench: Bench) -> None:
    issued = seal_upload(bench.stage(MOOV_WITHOUT_END), bench.custody)
    assert open_receipt(issued.envelope, [bench.receipt_key.public]).recording_id == bench.recording().id
    assert bench.decrypted(bench.recording()) == MOOV_WITHOUT_END


def test_a_file_that_breaks_the_looking_is_sealed_with_the_stations_word(bench: Bench) -> None:
    def fall(*_: object) -> Any:
        raise RecursionError

    seal_upload(bench.stage(CONTENT, device="XY00009"), replace(bench.custody, probe=fall, read_claims=fall))
    recording = bench.recording()
    assert (recording.media_state, recording.device) == ("unreadable", "XY00009")
    assert recording.findings["reasons"] == [{"code": "parser_failed", "facts": {"error": "RecursionError"}}]
    assert bench.count(Receipt) == 1


def test_a_time_at_the_end_of_the_calendar_stops_no_sealing(bench: Bench) -> None:
    name = "AB00001_000123_99991231230000.MP4"
    seal_upload(bench.stage(CONTENT, filename=name, started_at="9999-12-31T23:00:00-12:00"), bench.custody)
    recording = bench.recording()
    assert (recording.device, recording.started_at) == ("AB00001", None)
    assert [claim["value"]["reason"] for claim in recording.claims if claim["kind"] == "withheld"] == ["no_such_time"]
    assert bench.count(Receipt) == 1


def test_claims_that_cannot_be_judged_are_sealed_with_a_note(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(*_: object) -> Any:
        raise OverflowError("date value out of range")

    monkeypatch.setattr(ingest.custody, "state_best", fall)
    seal_upload(bench.stage(CONTENT, device="XY00009", started_at="2026-01-01T08:00:00Z"), bench.custody)
    recording = bench.recording()
    assert (recording.device, recording.started_at) == ("XY00009", None)
    assert [claim["notes"] for claim in recording.claims if claim["kind"] == "best_start"] == [["not_judged"]]
    assert [claim["value"]["time"] for claim in recording.claims if claim["kind"] == "started_at"] != []
    assert bench.count(Receipt) == 1


def test_a_sandbox_that_fails_delays_and_says_nothing_of_the_file(bench: Bench) -> None:
    def fail(_: object) -> Any:
        raise SandboxFailed("namespaces", "no more processes")

    with pytest.raises(SandboxFailed):
        seal_upload(bench.stage(CONTENT), replace(bench.custody, probe=fail))
    assert bench.count(Recording) == 0


def test_a_missing_or_shortened_staged_file_stops(bench: Bench) -> None:
    upload = bench.stage(CONTENT)
    os.truncate(bench.staging / upload.id, 100)
    with pytest.raises(StagedLengthDiffers):
        seal_upload(upload, bench.custody)
    (bench.staging / upload.id).unlink()
    with pytest.raises(StagedFileMissing):
        seal_upload(upload, bench.custody)


class PowerFailure(BaseException):
    """Nothing catches it, as nothing catches a power failure."""


def crash_at(monkeypatch: pytest.MonkeyPatch, module: object, step: str, lands: bool) -> None:
    whole: Callable[..., object] = getattr(module, step)

    def crash(*arguments: object, **named: object) -> object:
        if lands:
            whole(*arguments, **named)
        raise PowerFailure

    monkeypatch.setattr(module, step, crash)


WRITES = [
    (ingest.custody, "begin_attempt"),
    (ingest.custody, "fix_plaintext"),
    (ingest.custody, "write_sealed"),
    (ingest.custody, "read_back"),
    (ingest.custody, "timestamp_signature"),
    (ingest.custody, "record_sealing"),
    (ingest.custody, "issue_receipt"),
    (ingest.sealing.receipts, "_store_receipt"),
    (ingest.sealing.record, "record_change"),
    (ingest.sealing.receipts, "record_change"),
]


@pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("module", "step"), WRITES, ids=[f"{m.__name__.split('.')[-1]}.{s}" for m, s in WRITES])
def test_a_crash_at_any_step_and_a_repeat_seal_exactly_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, module: object, step: str, lands: bool
) -> None:
    upload = bench.stage(CONTENT)
    crash_at(monkeypatch, module, step, lands)
    with pytest.raises(PowerFailure):
        seal_upload(upload, bench.custody)
    monkeypatch.undo()
    with bench.database.reading() as session:
        state = session.get_one(Upload, upload.id).state
    if state != "receipted":
        seal_upload(bench.lease(upload.id), bench.custody)
    assert bench.count(Recording) == bench.count(Receipt) == bench.count(CustodyAttempt) == 1
    assert bench.entries("recording.sealed") == bench.entries("receipt.issued") == 1
    assert bench.originals() == [bench.recording().object_name]
    assert bench.decrypted(bench.recording()) == CONTENT


def test_a_repeat_that_reads_other_bytes_stops_with_an_alarm(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = bench.stage(CONTENT)

    def crash(*_: object) -> None:
        raise PowerFailure

    monkeypatch.setattr(ingest.custody, "read_back", crash)
    with pytest.raises(PowerFailure):
        seal_upload(upload, bench.custody)
    monkeypatch.undo()
    (bench.staging / upload.id).write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(PlaintextChanged):
        seal_upload(bench.lease(upload.id), bench.custody)
    assert bench.count(Recording) == 0


def test_before_the_plaintext_is_fixed_a_repeat_takes_a_new_key(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = bench.stage(CONTENT)
    salts = []
    for _ in range(2):
        salts.append(ingest.custody.begin_attempt(upload, bench.custody).plan.salt)
    assert salts[0] != salts[1]


def test_without_a_time_stamp_nothing_is_recorded_and_the_upload_stays_due(bench: Bench) -> None:
    upload = bench.stage(CONTENT)
    bench.tsa_url = "unix:///nonexistent/tsa.sock"
    with pytest.raises(TimestampDelayed) as delayed:
        seal_upload(upload, bench.custody)
    put_off(bench.database, upload, str(delayed.value))
    assert bench.count(Recording) == 0
    with bench.database.reading() as session:
        row = session.get_one(Upload, upload.id)
        assert row.state == "finished"
        assert row.leased_until is not None


def test_a_time_stamp_of_an_authority_that_is_not_pinned_is_as_good_as_none(bench: Bench, tmp_path: Path) -> None:
    upload = bench.stage(CONTENT)
    stranger = open_authority_server(create_authority(tmp_path / "stranger"), "127.0.0.1:0")
    own_url = bench.tsa_url
    with ServingThread(stranger):
        bench.tsa_url = stranger.url
        with pytest.raises(TimestampDelayed, match="not pinned"):
            seal_upload(upload, bench.custody)
    assert bench.count(Recording) == 0
    bench.tsa_url = own_url
    assert seal_upload(upload, bench.custody).recording_id == bench.recording().id


def test_a_store_that_gives_back_other_bytes_stops_without_a_receipt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = bench.stage(CONTENT)
    whole = ingest.custody.write_sealed

    def rot(*arguments: object, **named: object) -> object:
        sealed = whole(*arguments, **named)
        path = next(p for p in (bench.staging.parent / "objects" / "originals").rglob("*") if p.is_file())
        path.chmod(0o600)
        with path.open("r+b") as file:
            file.seek(1000)
            byte = file.read(1)
            file.seek(1000)
            file.write(bytes([byte[0] ^ 1]))
        return sealed

    monkeypatch.setattr(ingest.custody, "write_sealed", rot)
    with pytest.raises(StoredBytesDiffer):
        seal_upload(upload, bench.custody)
    assert bench.count(Receipt) == bench.count(Recording) == 0
    assert (bench.staging / upload.id).read_bytes() == CONTENT


def lose_it(path: Path) -> None:
    path.unlink()


def cut_it(path: Path) -> None:
    path.chmod(0o600)
    os.truncate(path, path.stat().st_size - 1)


def rot_it(path: Path) -> None:
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)
        file.seek(1000)
        file.write(bytes([byte[0] ^ 1]))


def object_path(bench: Bench) -> Path:
    return bench.staging.parent / "objects" / bench.recording().object_name


def found_lost(bench: Bench) -> list[str]:
    with bench.database.reading() as session:
        rows = session.scalars(
            select(LedgerEntryRow).where(LedgerEntryRow.action == "recording.object_lost").order_by("serial")
        ).all()
    assert all(json.loads(row.entry)["subject"]["id"] == str(bench.recording().id) for row in rows)
    return [json.loads(row.entry)["data"]["found"] for row in rows]


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


def test_a_repeat_of_a_whole_object_says_nothing_of_it(bench: Bench) -> None:
    seal_upload(bench.stage(CONTENT), bench.custody)
    before = object_path(bench).stat()
    seal_upload(bench.stage(CONTENT), bench.custody)
    assert found_lost(bench) == []
    assert bench.entries("recording.object_restored") == 0
    assert object_path(bench).stat().st_ino == before.st_ino


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


def test_two_workers_never_lease_one_upload(bench: Bench) -> None:
    bench.stage(CONTENT)
    assert lease_due_upload(bench.database, "another") is None
