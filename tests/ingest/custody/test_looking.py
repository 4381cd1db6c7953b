"""A file that harms whoever looks at it, or says what cannot be: sealed all the same."""

from __future__ import annotations

import struct
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import ingest.custody
import ingest.sealing.receipts
import ingest.sealing.record
import ingest.sealing.stored
from ingest.custody import read_back_and_compare, seal_upload
from ingest.media.errors import SandboxFailed
from ingest.media.findings import Findings
from integrity.receipt import open_receipt
from storage.catalog.recordings import Receipt, Recording
from tests.ingest.custody.failures import CONTENT
from tests.ingest.custody_bench import Bench

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


def test_a_file_is_stored_while_tools_look_at_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What they find is asked for once its bytes were read back."""
    was_read_back = threading.Event()

    def read_back_and_say(*given: Any) -> None:
        read_back_and_compare(*given)
        was_read_back.set()

    def look(path: Path) -> Findings:
        assert was_read_back.wait(10), "what was to be stored waits for this"
        return bench.custody.probe(path)

    monkeypatch.setattr(ingest.custody, "read_back_and_compare", read_back_and_say)
    seal_upload(bench.stage(CONTENT), replace(bench.custody, probe=look))
    assert bench.recording().media_state == "unreadable"
