"""What sealing stops at: codes that rows, the ledger and stations go by, and texts that name the right command."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest

from api.cli.upload_stops import STOPS, stop_in_chinese
from ingest.dock.errors import ASKS_FOR_ANOTHER, CustodyFailed
from ingest.dock.words import Words
from ingest.sealing import errors
from ingest.sealing.errors import CustodyStopped

PAGE = Path(__file__).parents[3] / "docs" / "stations.md"
ID, RECORDING = "0" * 32, uuid.UUID(int=1)
EACH = (
    errors.StagedFileMissing(ID, Path("/staging/x")),
    errors.StagedLengthDiffers(ID, 2, 1),
    errors.ClaimedDigestDiffers(ID, "sha256", "00", "11"),
    errors.PlaintextChanged(ID, "00", "11"),
    errors.StoredBytesDiffer(ID, "originals/x", "SHA-256"),
    errors.StoredCopyLost(ID, RECORDING, "its key is gone"),
    errors.LostBeforeReceipt(ID, RECORDING, "it is gone"),
)
CODES = {
    "StagedFileMissing": True,
    "StagedLengthDiffers": True,
    "ClaimedDigestDiffers": True,
    "PlaintextChanged": False,
    "StoredBytesDiffer": False,
    "StoredCopyLost": False,
    "LostBeforeReceipt": True,
}
"""Each with whether its station sends the file anew: pinned, for the two ends may be of different versions."""


def commands_in(text: str) -> set[str]:
    return set(re.findall(rf"liuhen admin upload (\w+) {ID}", text))


def test_each_is_looked_at_here() -> None:
    assert {type(error) for error in EACH} == set(CustodyStopped.__subclasses__())


@pytest.mark.parametrize("error", EACH, ids=lambda error: error.code)
def test_it_names_the_command_and_never_the_one_that_removes_what_it_says_is_kept(error: CustodyStopped) -> None:
    for text, kept in ((str(error), "is kept"), (stop_in_chinese(error.code, ID) or "", "暂存文件保留")):
        assert commands_in(text) & {"retry", "release"}
        assert kept not in text or commands_in(text) == {"retry"}
        # The command wants a reason: what is copied from the text has to run.
        assert "release" not in text or re.search(r"release \w+ --reason \w+", text)
    english, chinese = commands_in(str(error)), commands_in(stop_in_chinese(error.code, ID) or "")
    assert english == chinese


def test_the_codes_are_the_same_at_both_ends_and_in_the_page_for_others() -> None:
    assert [error.code for error in EACH if error.code not in CODES] == []
    assert len({error.code for error in EACH}) == len(EACH) == len(CODES)
    assert {code for code, anew in CODES.items() if anew} == ASKS_FOR_ANOTHER
    assert set(STOPS) == set(CODES)
    table = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", PAGE.read_text("utf-8"), re.MULTILINE))
    assert {code: "sends it anew" in does for code, does in table.items()} == CODES


@pytest.mark.parametrize(("code", "anew"), CODES.items())
def test_an_agent_sends_anew_what_no_retry_seals(code: str, anew: bool) -> None:
    assert CustodyFailed(ID, Words("why", "原因"), code).is_to_be_sent_anew == anew
