"""What `liuhen verify` says, and what a package holds."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.commands import Ran
from tests.torture.judge import (
    OUT_OF_TIME,
    Judgement,
    judge_export,
    judge_verification,
)
from tests.torture.judging.tortured import FIRST, SECOND


def test_entries_out_of_time_are_excused_only_where_clocks_were_set_wrong() -> None:
    late = {"code": OUT_OF_TIME, "subject": "ledger entries 3 to 4"}
    verified = Ran(1, json.dumps({"findings": [late]}), "")
    for clocks_were_wrong in (True, False):
        found = Judgement(files=1)
        judge_verification(verified, clocks_were_wrong, found)
        assert found.out_of_time == ["ledger entries 3 to 4"]
        assert found.holds is clocks_were_wrong


@pytest.mark.parametrize(
    "verified",
    [
        Ran(1, json.dumps({"findings": [{"code": "object_differs", "subject": "originals/x"}]}), ""),
        Ran(1, json.dumps({"findings": []}), "Traceback"),
        Ran(2, "", "the database does not answer"),
        Ran(0, json.dumps({"holds": True}), ""),
    ],
    ids=["a finding", "no finding and not 0", "no JSON", "no findings named"],
)
def test_a_verification_that_does_not_agree_is_wrong_whatever_the_clocks(verified: Ran) -> None:
    found = Judgement(files=1)
    judge_verification(verified, True, found)
    assert len(found.wrong) == 1


@pytest.mark.parametrize(
    ("contents", "counted_as"),
    [
        ([FIRST], "lost"),
        ([FIRST, SECOND, b"other"], "wrong"),
        ([FIRST, SECOND, FIRST], "doubled"),
        ([FIRST, SECOND], ""),
    ],
    ids=["one too few", "other bytes", "twice", "as it should be"],
)
def test_a_package_is_held_against_what_must_be_in_it(tmp_path: Path, contents: list[bytes], counted_as: str) -> None:
    for number, content in enumerate(contents):
        folder = tmp_path / "data" / str(number)
        folder.mkdir(parents=True)
        (folder / "original.mp4").write_bytes(content)
    found = Judgement(files=2)
    judge_export(tmp_path, {hashlib.sha256(each).hexdigest() for each in (FIRST, SECOND)}, found)
    assert [name for name in ("lost", "doubled", "wrong") if getattr(found, name)] == (
        [counted_as] if counted_as else []
    )
