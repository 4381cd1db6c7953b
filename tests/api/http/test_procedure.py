"""Acts and explanations over HTTP: entered, ended, explained, confirmed; and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from casework.checklists.checklists import load_shipped_checklists

START, END = "2026-03-09T09:00:00+08:00", "2026-03-09T09:40:00+08:00"


@pytest.fixture
def desk(served: Any, scene: Any) -> Any:
    """The scene with checklists and a second officer."""
    with served.database.transaction() as session:
        load_shipped_checklists(session, datetime.now(UTC))
    scene_second = served.signed_in(scene.unit, "officer")

    class Desk:
        officer, supervisor, second, case = scene.officer, scene.supervisor, scene_second, scene.case
        acts = f"/api/v1/cases/{scene.case.id}/acts"

        def form(self, **more: Any) -> dict[str, Any]:
            officers = {"officer_id": str(self.officer.person.id), "second_officer_id": str(self.second.person.id)}
            return {"kind": "seizure", "starts_at": START, "ends_at": END, "place": "观音桥", **officers, **more}

    return Desk()


def test_an_act_is_entered_ended_corrected_and_withdrawn(desk: Any) -> None:
    kinds = desk.officer.get("/api/v1/act-kinds", params={"on": "2026-03-09"}).json()["items"]
    seizure = next(each for each in kinds if each["code"] == "seizure")
    assert (seizure["recording"], seizure["officers"], seizure["closes_with_gap"]) == ("whole", 2, False)
    assert desk.officer.get("/api/v1/act-kinds", params={"on": "2018-03-09"}).json()["items"] == []
    form = desk.form()
    del form["ends_at"]
    made = desk.officer.post(desk.acts, json=form)
    assert (made.status_code, made.json()["ends_at"], made.json()["name_zh"]) == (201, None, "查封、扣押财产")
    address = f"/api/v1/acts/{made.json()['id']}"
    assert desk.second.post(f"{address}/end", json={"ends_at": END}).json()["ends_at"] == "2026-03-09T01:40:00Z"
    twice = desk.second.post(f"{address}/end", json={"ends_at": END})
    assert (twice.status_code, twice.json()["type"]) == (409, "urn:liuhen:problem:act-ended")
    corrected = desk.officer.post(f"{address}/corrections", json=desk.form(place="红旗河沟", reason="地点登记错误"))
    assert [each["place"] for each in corrected.json()["statements"]] == ["观音桥", "观音桥", "红旗河沟"]
    (listed,) = desk.supervisor.get(desk.acts).json()["items"]
    assert (listed["place"], len(listed["officers"])) == ("红旗河沟", 2)
    assert desk.officer.post(f"{address}/withdraw", json={"reason": "重复"}).status_code == 403
    assert desk.supervisor.post(f"{address}/withdraw", json={"reason": "重复"}).json()["withdraw_reason"] == "重复"
    assert desk.supervisor.get(desk.acts).json()["items"] == []


@pytest.mark.parametrize(
    ("changed", "code", "says"),
    [
        ({"kind": "dancing"}, "act-kind", "没有“dancing”，可用：on_site"),
        ({"starts_at": "2018-03-09T09:00:00+08:00", "ends_at": None}, "act-kind", "没有有效的音像记录事项清单"),
        ({"ends_at": START}, "act-time", "的结束早于开始"),
        ({"ends_at": "2099-01-01T00:00:00+08:00"}, "act-time", "晚于现在"),
        ({"starts_at": "2026-03-09T09:00:00"}, "act-time", "没有时区"),
        ({"second_officer_id": None}, "act-officers", "法律要求两名执法人员"),
    ],
)
def test_what_cannot_have_been_is_said_in_both_languages(desk: Any, changed: Any, code: str, says: str) -> None:
    refused = desk.officer.post(desk.acts, json=desk.form(**changed))
    assert (refused.status_code, refused.json()["type"]) == (422, f"urn:liuhen:problem:{code}")
    assert says in refused.json()["sentences"]["zh-CN"]
    assert refused.json()["sentences"]["en"].isascii() or "–" in refused.json()["sentences"]["en"]


def test_a_gap_is_explained_and_confirmed_by_somebody_else(desk: Any, served: Any) -> None:
    act = desk.officer.post(desk.acts, json=desk.form()).json()
    address = f"/api/v1/acts/{act['id']}/explanations"
    gap = {"starts_at": "2026-03-09T09:20:00+08:00", "ends_at": END, "reason": "电池耗尽"}
    outside = desk.officer.post(address, json={**gap, "ends_at": "2026-03-09T09:41:00+08:00"})
    assert outside.json()["type"] == "urn:liuhen:problem:explanation-span"
    own = desk.supervisor.post(address, json=gap).json()
    refused = desk.supervisor.post(f"/api/v1/explanations/{own['id']}/decision", json={"confirmed": True})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:liuhen:problem:own-explanation")
    assert [entry.data["reason"] for entry in served.entries("access.denied")] == ["own_confirmation"]
    given = desk.officer.post(address, json=gap).json()
    assert (given["state"], given["given_by"]["id"]) == ("pending", str(desk.officer.person.id))
    decision = f"/api/v1/explanations/{given['id']}/decision"
    assert desk.supervisor.post(decision, json={"confirmed": True}).json()["state"] == "confirmed"
    again = desk.supervisor.post(decision, json={"confirmed": False, "reason": "不实"})
    assert again.json()["type"] == "urn:liuhen:problem:explanation-decided"
    assert "确认；可撤回后另行说明" in again.json()["sentences"]["zh-CN"]
    back = desk.officer.post(f"/api/v1/explanations/{given['id']}/withdraw", json={"reason": "时间有误"}).json()
    assert (back["state"], back["decision"]) == ("withdrawn", "confirmed")
