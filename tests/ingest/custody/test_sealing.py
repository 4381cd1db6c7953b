"""What custody seals, and what it stops at."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

import ingest.custody
import ingest.sealing.receipts
import ingest.sealing.record
import ingest.sealing.stored
from ingest.custody import seal_upload
from ingest.sealing.due import lease_due_upload, put_off, stop_upload
from ingest.sealing.errors import (
    ClaimedDigestDiffers,
    StagedFileMissing,
    StagedLengthDiffers,
    StoredBytesDiffer,
    TimestampDelayed,
)
from integrity.authority import create_authority
from integrity.authority_server import open_authority_server
from integrity.checkpoint import open_checkpoint
from integrity.manifest import open_manifest
from integrity.merkle import verify_inclusion
from integrity.receipt import open_receipt
from integrity.timestamp import verify_timestamp
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.recordings import MediaJob, Receipt, Recording
from storage.catalog.stations import Station
from storage.catalog.uploads import Upload
from tests.ingest.custody.failures import CONTENT
from tests.ingest.custody_bench import Bench
from tests.servers import ServingThread


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
    assert set(said["data"].pop("commitments")) == {"claims", "name"}
    assert said["data"] == {"recording": str(first.recording_id), "station": str(other.id), "differs": []}


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


def test_a_missing_or_shortened_staged_file_stops(bench: Bench) -> None:
    upload = bench.stage(CONTENT)
    os.truncate(bench.staging / upload.id, 100)
    with pytest.raises(StagedLengthDiffers):
        seal_upload(upload, bench.custody)
    (bench.staging / upload.id).unlink()
    with pytest.raises(StagedFileMissing):
        seal_upload(upload, bench.custody)


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


def test_two_workers_never_lease_one_upload(bench: Bench) -> None:
    bench.stage(CONTENT)
    assert lease_due_upload(bench.database, "another") is None
