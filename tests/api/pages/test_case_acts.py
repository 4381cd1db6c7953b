"""The acts of a case on its page: a line, the same in words, and the forms that a person may use."""

from __future__ import annotations

import re
from typing import Any


def test_the_missing_minutes_are_drawn_and_said(district: Any) -> None:
    text = district.page("supervisor", f"/cases/{district.case.id}").text
    seizure = text.split("<article")[-2]
    line = re.findall(r'<td class="(\w+(?: settled)?)" width="([\d.]+)%">', seizure)
    # The film's clock may be off by five minutes: what it shows is perhaps of the seizure, and nothing is sure.
    assert [state for state, _ in line][-1] == "missing"
    assert abs(sum(float(width) for _, width in line) - 100) < 0.1
    assert "记录有缺口" in text
    assert "已说明，待主管确认：" in text
    assert "时钟误差可达 ±5 分）" in text
    assert "暂不能结案" in text
    assert "尚未结束，请登记结束时间" in text


def test_each_person_is_shown_what_he_may_do(district: Any) -> None:
    address = f"/cases/{district.case.id}"
    # Both supervisors took part in the seizure: neither of them is asked to confirm.
    for role, has in (
        ("officer", {"说明此时段", "登记执法行为", "撤回说明"}),
        ("supervisor", {"说明此时段", "登记执法行为", "撤回说明"}),
        ("auditor", set()),
    ):
        text = district.page(role, address).text
        shown = {words for words in ("说明此时段", "登记执法行为", "撤回说明", "确认属实") if words in text}
        assert shown == has, role


def test_the_answer_for_programs_says_the_same(district: Any) -> None:
    found = district.people["auditor"].get(f"/api/v1/cases/{district.case.id}/completeness").json()
    assert found["closes"] is False
    seizure, check = sorted(found["acts"], key=lambda each: each["kind"], reverse=True)
    assert (seizure["kind"], seizure["verdict"], seizure["forbids_closing"]) == ("seizure", "incomplete", "missing")
    assert (check["kind"], check["forbids_closing"]) == ("on_site", "under_way")
    last = seizure["stretches"][-1]
    assert (last["to_s"], last["state"], last["label"]) == (600, "missing", "pending")
    assert seizure["stretches"][0]["from_s"] == 0
    (film,) = seizure["recordings"]
    assert (film["device"], film["basis"], film["counted"]) == ("AB00001", "claimed", True)
    stranger = district.served.signed_in(district.served.unit("别处"), "supervisor")
    assert stranger.get(f"/api/v1/cases/{district.case.id}/completeness").status_code == 403


def test_what_is_missing_is_listed_for_the_shift_and_for_each_officer(district: Any) -> None:
    number = district.case.number
    everything = district.page("supervisor", "/gaps?all=1").text
    assert everything.count(number) == 2
    assert "不能结案" in everything
    assert "03-09 09:05" in everything or "03-09 09:06" in everything
    assert "其中 1 份说明等待主管确认" in everything
    assert number in district.page("supervisor", "/gaps?on=2026-03-09").text
    assert "没有缺口。" in district.page("supervisor", "/gaps?on=2026-03-08").text
    # The check is under way since then: it is of today as well.
    assert district.page("supervisor", "/gaps").text.count(number) == 1
    assert number not in district.page("deputy", "/gaps?on=2026-03-08&mine=1").text
    own = district.people["officer"].get("/api/v1/gaps", params={"mine": True, "on": "2026-03-09"}).json()["items"]
    assert sorted(each["act"]["kind"] for each in own) == ["on_site", "seizure"]
    assert {each["case"]["number"] for each in own} == {number}
    listed = district.people["officer"].get("/api/v1/gaps", params={"limit": 1}).json()
    assert listed["next"] is not None


def test_a_file_that_turned_out_damaged_is_told_and_nothing_of_it_is_sure(district: Any) -> None:
    answers = district.people["auditor"]
    address = f"/api/v1/cases/{district.case.id}/completeness"
    assert [each["left"] for each in _seizure(answers.get(address).json())["recordings"]] == [None]
    district.turns_out_damaged(district.film.id)
    seizure = _seizure(answers.get(address).json())
    assert [each["left"] for each in seizure["recordings"]] == ["holes"]
    assert "covered" not in {each["state"] for each in seizure["stretches"]}
    assert "（已损坏，不能确定缺了哪些时段）" in district.page("supervisor", f"/cases/{district.case.id}").text
    assert "nobody can say which moments are gone" in district.page("auditor", f"/cases/{district.case.id}", "en").text


def _seizure(found: Any) -> Any:
    (seizure,) = (act for act in found["acts"] if act["kind"] == "seizure")
    return seizure
