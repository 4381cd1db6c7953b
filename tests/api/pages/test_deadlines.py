"""Deadlines on a case's page and in the list: until when, by which law, and the forms that a person may use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from casework.deadlines.events import enter_event
from casework.deadlines.loading import load_shipped_terms
from casework.organisation import deactivate_person
from integrity.local_time import chinese_day


@pytest.fixture(scope="module")
def due(district: Any) -> Any:
    """A decision of long ago, one of today, a filing before there was a term; and the officer has left since."""
    now = datetime.now(UTC)
    officer, today = district.people["deputy"].person, chinese_day(now)
    # The case is of before decisions had rows: what was decided in it long ago, nobody could review here.
    district.served.as_owner("UPDATE gate_began SET began_at = '9999-12-31 00:00+00'")
    with district.served.database.transaction() as session:
        load_shipped_terms(session, now)
        for kind, day in (
            ("penalty_decided", today - timedelta(days=60)),
            ("hearing_offered", today),
            ("case_filed", today.replace(year=2020, day=1)),
        ):
            enter_event(session, officer, district.case.id, kind, day, now)
    return district


def test_the_case_says_until_when_and_by_which_law(due: Any) -> None:
    text = due.page("officer", f"/cases/{due.case.id}").text
    section = text.split('id="deadlines"')[1].split("</section>")[0]
    assert section.count("已逾期") == 2
    assert "CN-CQ-jiangbei 第 1 版 · 7 个工作日 · 江北城市管理发〔2019〕82号" in section
    assert "当日没有这种期限" in section
    assert "登记办结" in section
    english = due.page("officer", f"/cases/{due.case.id}", language="en").text
    assert "working days overdue" in english
    assert "Publish the penalty" in english


def test_each_person_is_shown_what_he_may_do(due: Any) -> None:
    for role, has in (
        ("officer", {"登记办结", "登记起算事项"}),
        ("supervisor", {"登记办结", "登记起算事项", "撤回事项"}),
        ("auditor", set()),
    ):
        text = due.page(role, f"/cases/{due.case.id}").text
        assert {words for words in ("登记办结", "登记起算事项", "撤回事项") if words in text} == has, role


def test_the_list_begins_with_what_is_overdue(due: Any) -> None:
    rows = due.page("supervisor", "/deadlines").text.split("<tbody>")[1].split("</tr>")[:-1]
    assert ["已逾期" in row for row in rows] == [True, True, False]
    assert "本单位有 2 项期限已逾期。" in due.page("supervisor", "/deadlines").text
    # The officer opened the case: what runs in it is his own, whoever entered it.
    assert due.page("officer", "/deadlines").text.count("当事人要求听证") == 1
    assert "没有未办结的期限。" in due.page("supervisor", "/deadlines?mine=1").text
    assert due.page("supervisor", "/deadlines?overdue=1").text.count("逾期 ") == 2


def test_what_somebody_entered_who_left_stays_with_his_name(due: Any) -> None:
    gone = due.people["deputy"].person
    with due.served.database.transaction() as session:
        deactivate_person(session, due.people["administrator"].person, gone.id, "调离")
    text = due.page("supervisor", "/deadlines").text
    assert text.count(gone.name) >= 3
