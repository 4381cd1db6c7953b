"""Score sheets as files, and the draw's formula by numbers worked out elsewhere."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.filereview.drawing import digest_eligible, draw_cases, rank_of
from casework.filereview.errors import NoScoreSheet
from casework.filereview.sheet_file import SHIPPED, items_of, read_score_sheet
from casework.filereview.sheets import is_of_its_source, load_score_sheet, load_shipped_score_sheets, sheet_on
from casework.rules.errors import RuleFileUnusable
from storage.ledger.append import Actor

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
TODAY = date(2026, 3, 10)
SHEET = (SHIPPED / "cn-1.yaml").read_text(encoding="utf-8")


def test_the_shipped_sheet_has_the_items_of_such_reviews_and_a_hundred_points() -> None:
    items = read_score_sheet(SHEET.encode()).items
    names = ["主体资格", "事实证据", "程序", "法律适用", "文书制作", "全过程记录", "归档"]
    assert [each.name_zh for each in items] == names
    assert sum(each.points for each in items) == 100


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("points: 25", "points: 24"), "sum up to 100"),
        (("code: evidence", "code: subject"), "twice"),
        (("code: evidence", "code: Evidence"), "small letters"),
        (("points: 25", "points: many"), "whole number"),
        (("    asks: 是否在结案后", "    hints: 是否在结案后"), "not known"),
    ],
)
def test_a_sheet_that_makes_no_sense_is_refused_where_it_does_not(change: tuple[str, str], said: str) -> None:
    with pytest.raises(RuleFileUnusable, match=said):
        read_score_sheet(SHEET.replace(*change).encode())


def test_a_units_own_sheet_goes_before_that_of_all(session: Session, archive: Any) -> None:
    bureau, elsewhere = archive.unit(), archive.unit()
    brigade = archive.unit(bureau)
    with pytest.raises(NoScoreSheet, match="score-sheet load"):
        sheet_on(session, brigade.id, TODAY)
    assert load_shipped_score_sheets(session, NOW) == 1
    assert load_shipped_score_sheets(session, NOW) == 0
    own = SHEET.replace("valid_from: 2019-01-01", f"valid_from: 2026-03-11\nunit: {bureau.code}")
    own = own.replace("points: 25", "points: 20").replace("points: 20\n    asks: 立案", "points: 25\n    asks: 立案")
    row = load_score_sheet(session, Actor.system("admin"), own.encode(), NOW)
    assert is_of_its_source(row)
    assert {each.code: each.points for each in items_of(row.rules)}["procedure"] == 25
    assert sheet_on(session, brigade.id, TODAY).unit_id is None
    assert sheet_on(session, brigade.id, date(2026, 3, 11)).id == row.id
    assert sheet_on(session, elsewhere.id, date(2026, 3, 11)).unit_id is None


def test_ranks_are_those_that_sha256sum_gives() -> None:
    """printf '\\0…' | sha256sum over 32 + 16 + 16 bytes, as docs/file-review.md has them."""
    root, round_id, case_id = bytes(range(32)), uuid.UUID(int=1), uuid.UUID(int=2)
    assert rank_of(root, round_id, case_id).hex() == "5c57913a59b80e6e94a57ce793374d7c34634ec21f6a6a43ef26ffbbf538aee1"
    cases = [uuid.UUID(int=number) for number in range(2, 12)]
    drawn = draw_cases(root, round_id, reversed(cases), 4)
    assert drawn == tuple(sorted(cases, key=lambda each: rank_of(root, round_id, each)))[:4]
    assert (
        digest_eligible([str(cases[1]), str(cases[0])])
        == "91dfcb5198f1ad8f3226e4636476c99618bc8e0b0e52d9e9f5676d029e89cdaf"
    )
