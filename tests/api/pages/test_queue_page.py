"""The queue as a page: one question for a device's whole day, answered by a plain form that needs no script."""

from __future__ import annotations

import re
from typing import Any

import pytest


def _questions(text: str) -> list[str]:
    return re.findall(r'<section class="sheet question".*?</section>', text, re.DOTALL)


def _form(section: str) -> dict[str, list[str]]:
    """What a browser would send of a form as it stands, but for the choice."""
    names = ("csrf_token", "asked", "back", "of")
    return {name: re.findall(rf'name="{name}" value="([^"]*)"', section) for name in names}


CHINESE = {"Accept-Language": "zh-CN"}


def _choices(section: str) -> list[str]:
    return re.findall(r'name="choice" value="([^"]*)"', section)


@pytest.fixture
def asked(district: Any) -> str:
    """The section that asks the officer for the act of one recording."""
    sections = _questions(district.page("officer", "/queue").text)
    return next(each for each in sections if 'name="asked" value="act"' in each)


def test_an_officer_sees_his_own_and_a_supervisor_the_units(district: Any) -> None:
    own = district.page("officer", "/queue").text
    assert district.film.original_name in own
    assert district.ambiguous.original_name not in own
    everything = district.page("supervisor", "/queue").text
    assert district.ambiguous.original_name in everything
    assert "有几个案件可能相符" in everything
    assert "several cases may fit" in district.page("supervisor", "/queue", "en").text
    assert "由主管处理" in everything
    assert district.ambiguous.original_name not in district.page("supervisor", "/queue?mine=1").text


def test_a_case_is_offered_with_what_speaks_for_it_in_words(district: Any) -> None:
    sections = _questions(district.page("supervisor", "/queue").text)
    case = next(each for each in sections if 'value="case|linker|' in each)
    assert "同一设备" in case
    assert "重合 100%" in case
    assert re.search(r"\d+ 分", case)


def test_the_form_answers_without_a_script_and_says_so(district: Any, asked: str) -> None:
    officer = district.people["officer"]
    chosen = next(each for each in _choices(asked) if each.startswith("act|"))
    sent = officer.post("/queue", data={**_form(asked), "choice": chosen}, follow_redirects=False)
    assert sent.status_code == 303, sent.text
    assert sent.headers["location"] == "/queue?answered=1&left=0"
    assert "已补正 1 条记录。" in district.page("officer", sent.headers["location"]).text
    form = {**_form(asked), "choice": chosen}
    again = officer.post("/queue", data=form, headers=CHINESE, follow_redirects=False)
    assert again.status_code == 409
    assert "情况已变化" in again.text
    assert 'role="alert"' in again.text


def test_what_is_left_out_of_the_form_is_said(district: Any) -> None:
    officer = district.people["officer"]
    section = _questions(district.page("officer", "/queue").text)[0]
    form = _form(section)
    for change, said in (
        ({"choice": ""}, "请先选择一项"),
        ({"choice": "none"}, "理由"),
        ({"choice": "own_word"}, "请填写或选择"),
        ({"choice": "none", "of": []}, "至少选择一条记录"),
        ({"choice": "none", "of": ["x"]}, "不是记录编号"),
    ):
        answer = officer.post("/queue", data={**form, **change}, headers=CHINESE, follow_redirects=False)
        assert answer.status_code == 422, answer.text
        assert said in answer.text
    forged = {name: value for name, value in officer.headers.items() if name.lower() != "x-csrf-token"}
    plain = district.served.caller()
    plain.cookies.set("liuhen_session", officer.cookies["liuhen_session"])
    assert plain.post("/queue", data={**form, "csrf_token": ["x"], "choice": "none"}, headers=forged).status_code == 403
    assert district.served.caller().post("/queue", data=form, follow_redirects=False).status_code == 303
