"""What is public beforehand over HTTP: the catalogue with its versions, and the board of posts, without sign-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from casework.publication.disclosures import load_disclosure
from integrity.local_time import chinese_day
from tests.api.pages.test_every_page import check_markup
from tests.casework.publication.open_file import OPEN
from tests.casework.sample_archive import OPERATOR

CHINESE = {"Accept-Language": "zh"}
ENGLISH = {"Accept-Language": "en"}


def test_the_catalogue_and_the_board_are_for_everybody(served: Any) -> None:
    unit = served.unit("江城大队")
    officer = served.person(unit, "officer")
    served.certify(officer.id)
    anybody = served.caller(**CHINESE)
    assert "本单位还没有事前公开的内容。" in anybody.get(f"/portal/open?unit={unit.id}").text
    with served.database.transaction() as session:
        row = load_disclosure(session, OPERATOR, OPEN.encode(), datetime.now(UTC))
    page = anybody.get(f"/portal/open?unit={unit.id}&v=2")
    for said in (
        "江城区城市管理执法事前公开",
        "执法主体",
        "救济渠道",
        "随机抽查事项清单",
        "调查取证",
        officer.name,
        "第 1 版",
    ):
        assert said in page.text
    board = anybody.get(f"/portal/board?unit={unit.id}")
    assert board.status_code == 200
    assert "城市管理执法人员岗位信息公示牌" in board.text
    assert officer.name in board.text
    assert anybody.get(f"/portal/open?unit={unit.id}&version={row.id}").status_code == 200
    english = anybody.get(f"/portal/open?unit={unit.id}", headers=ENGLISH)
    assert "Remedies" in english.text
    for answer in (page, board, english):
        check_markup(answer.text)


def test_what_there_is_not_is_not_found(served: Any) -> None:
    served.unit("江北大队")
    unit, anybody = served.unit("江城大队"), served.caller(**CHINESE)
    nobody = "00000000-0000-4000-8000-000000000000"
    for what in ("nonsense", nobody, "%00", "%3Cscript%3Ealert(9)%3C/script%3E"):
        for path in (f"open?unit={what}", f"open?unit={unit.id}&version={what}", f"board?unit={what}"):
            answer = anybody.get(f"/portal/{path}")
            assert answer.status_code == 404, path
            assert "<script>alert(9)" not in answer.text
    assert anybody.get("/portal/board").status_code == 404


def test_a_units_own_version_is_no_other_units(served: Any) -> None:
    unit, other, anybody = served.unit("江城大队"), served.unit("江北大队"), served.caller(**CHINESE)
    long_ago = datetime.now(UTC) - timedelta(days=3)
    with served.database.transaction() as session:
        begun = chinese_day(long_ago) + timedelta(days=1)
        own = OPEN.replace("valid_from: 2026-01-01", f"valid_from: {begun.isoformat()}\nunit: {unit.code}")
        row = load_disclosure(session, OPERATOR, own.encode(), long_ago)
    assert "户外广告设置" in anybody.get(f"/portal/open?unit={unit.id}&version={row.id}").text
    assert anybody.get(f"/portal/open?unit={other.id}&version={row.id}").status_code == 404
    assert "户外广告设置" not in anybody.get(f"/portal/open?unit={other.id}").text


def test_a_version_to_come_is_not_public_yet(served: Any) -> None:
    unit, anybody = served.unit("江城大队"), served.caller(**CHINESE)
    begins = (chinese_day(datetime.now(UTC)) + timedelta(days=3)).isoformat()
    with served.database.transaction() as session:
        text = OPEN.replace("valid_from: 2026-01-01", f"valid_from: {begins}")
        row = load_disclosure(session, OPERATOR, text.encode(), datetime.now(UTC))
    assert anybody.get(f"/portal/open?unit={unit.id}&version={row.id}").status_code == 404
    assert "户外广告设置" not in anybody.get(f"/portal/open?unit={unit.id}").text
