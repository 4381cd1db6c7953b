"""A crash at any step, before and after it lands, and the repeat."""

from __future__ import annotations

import pytest

import ingest.custody
import ingest.sealing.receipts
import ingest.sealing.record
import ingest.sealing.stored
from ingest.custody import seal_upload
from ingest.sealing.errors import PlaintextChanged
from storage.catalog.recordings import CustodyAttempt, Receipt, Recording
from storage.catalog.uploads import Upload
from tests.ingest.custody.failures import CONTENT, PowerFailure, crash_at
from tests.ingest.custody_bench import Bench

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
