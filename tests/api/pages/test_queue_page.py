"""The queue as a page: one question for a device's whole day, answered by a plain form that needs no script."""

from __future__ import annotations

import re
from typing import Any

import pytest

from api.pages import element_words
from casework.elements.candidates import BASES
from casework.elements.judging import CODES


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


def test_why_the_linker_linked_or_asks_is_said_in_words_and_points(district: Any) -> None:
    recording = district.page("supervisor", f"/recordings/{district.film.id}").text
    assert re.search(r"\d+ 分：配发登记显示当时由该执法人员持有（\+\d+）", recording)
    assert "重合 100%" in recording
    assert re.search(
        r"\d+ points: the register says this officer had it then \(\+\d+\)", _plain(district, district.film.id, "en")
    )
    asked = district.page("supervisor", "/link-questions").text
    assert "或有一个但把握不足" in asked
    assert re.search(r"\d+ 分：[^<]*同一设备", asked)
    assert "有几个案件可能与此记录相符" in district.page("supervisor", f"/recordings/{district.ambiguous.id}").text
    links = district.people["supervisor"].get(f"/api/v1/recordings/{district.film.id}").json()["links"]
    assert links[0]["score"] >= 70
    assert links[0]["reasons"][0]["words"].keys() == {"zh", "en"}
    (question,) = district.people["supervisor"].get("/api/v1/link-questions").json()["items"]
    assert all(each["score"] and each["reasons"] for each in question["candidates"])


def test_a_recordings_page_says_what_it_has_and_by_which_policies(district: Any) -> None:
    text = district.page("officer", f"/recordings/{district.hostile.id}").text
    assert "必备要素" in text
    assert "执法音像记录通用本地要求（2021 年修订） CN-plain 2" in text
    assert "设备不在名册中" in text or "文件自称" in text


def _plain(district: Any, recording_id: Any, language: str) -> str:
    return str(district.page("supervisor", f"/recordings/{recording_id}", language).text)


def test_a_scene_is_entered_with_an_assignment_and_shown(district: Any) -> None:
    officer = district.people["officer"]
    body = {"starts_at": "2026-03-01T09:00:00+08:00", "ends_at": "2026-03-01T10:00:00+08:00", "officer": "000777"}
    address = f"/api/v1/cases/{district.case.id}/assignments"
    made = officer.post(address, json={**body, "latitude": 32.0612, "longitude": 118.7632})
    assert made.status_code == 201, made.text
    assert (made.json()["latitude"], made.json()["longitude"]) == (32.0612, 118.7632)
    refused = officer.post(address, json={**body, "latitude": 118.7632, "longitude": 32.0612})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:liuhen:problem:place")
    assert "GCJ-02" in refused.json()["sentences"]["zh-CN"]
    assert "32.061200, 118.763200" in district.page("officer", f"/cases/{district.case.id}").text


def test_each_problem_and_each_basis_has_its_words() -> None:
    assert set(CODES) == set(element_words.ELEMENT_PROBLEMS)
    assert set(BASES) == set(element_words.BASES)
