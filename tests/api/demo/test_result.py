"""The result says what was seen, and nothing that its witnesses do not agree upon."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from api.demo.errors import CheckFailed
from api.demo.result import Result, join_recording, write_result
from api.demo.story import sort_out
from api.demo.uploading import Kill, Uploaded

DIGEST, SM3 = "a" * 64, "b" * 64
RECEIPT = {"sha256": DIGEST, "sm3": SM3, "ledger_index": 7, "recording_id": "r1", "repeat": False}
KNOWN = {
    "id": "r1",
    "sha256": DIGEST,
    "sm3": SM3,
    "token_time": "2026-01-01T00:00:00Z",
    "ledger_index": 7,
    "links": [
        {"case": {"number": "1"}, "ended_at": None},
        {"case": {"number": "2"}, "ended_at": "2026-01-01T00:00:00Z"},
    ],
}
REPORTED = {"r1": {"sha256": DIGEST, "sm3": SM3, "ledger_index": 7}}


def test_witnesses_that_agree_make_a_row() -> None:
    row = join_recording("a.mp4", DIGEST, RECEIPT, KNOWN, REPORTED, playable=True)
    assert (row.case, row.ledger_index, row.playable, row.verified) == ("1", 7, True, True)


def test_what_the_verifier_did_not_report_is_not_verified() -> None:
    assert join_recording("a.mp4", DIGEST, RECEIPT, KNOWN, {}, playable=False).verified is False


@pytest.mark.parametrize("what", ["sha256", "sm3", "ledger_index"])
@pytest.mark.parametrize("witness", ["receipt", "known", "package"])
def test_each_witness_is_held_against_the_others(what: str, witness: str) -> None:
    said: dict[str, dict[str, Any]] = {"receipt": dict(RECEIPT), "known": dict(KNOWN), "package": dict(REPORTED["r1"])}
    said[witness][what] = "0" * 64
    with pytest.raises(CheckFailed):
        join_recording("a.mp4", DIGEST, said["receipt"], said["known"], {"r1": said["package"]}, playable=True)


def test_files_with_the_same_bytes_are_one_recording_under_the_one_that_was_sealed() -> None:
    received = {"a": {**RECEIPT, "repeat": True, "ledger_index": 9}, "b": RECEIPT}
    ids, repeats = sort_out(Uploaded(received, ()), {"a": DIGEST, "b": DIGEST})
    assert (ids, repeats) == ({"b": "r1"}, {"a": "b"})


def test_a_digest_other_than_our_own_is_found() -> None:
    with pytest.raises(CheckFailed, match="digest of a"):
        sort_out(Uploaded({"a": RECEIPT}, ()), {"a": "c" * 64})


def test_the_file_holds_the_promised_members_and_survives_hostile_names(tmp_path: Path) -> None:
    name = os.fsdecode(b'\xff"\n.mp4')
    row = join_recording(name, DIGEST, RECEIPT, KNOWN, REPORTED, playable=True)
    kills = (Kill("agent", 0.3, {name: 5}, {name: 4}, {name: 4}),)
    write_result(
        tmp_path / "result.json",
        Result([row], True, "data/1/original.mp4", Uploaded({}, kills), {}, ("empty",), (), 1.234),
    )
    form = json.loads((tmp_path / "result.json").read_bytes())
    members = {"name", "sha256", "sm3", "token_time", "ledger_index", "case", "playable", "verified"}
    assert set(form["recordings"][0]) == members
    assert form["recordings"][0]["name"] == name
    assert form["refused_without_grant"] is True
    assert form["tampering_found"] == "data/1/original.mp4"
    assert form["kills_survived"] == 1
    assert form["empty_files"] == ["empty"]
