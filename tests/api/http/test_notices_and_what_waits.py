"""Notices, and what waits, over HTTP: entered, and listed where people land."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from casework.checklists.checklists import load_shipped_checklists


@pytest.fixture
def desk(served: Any, scene: Any) -> Any:
    with served.database.transaction() as session:
        load_shipped_checklists(session, datetime.now(UTC))
    second = served.signed_in(scene.unit, "officer")
    began = datetime.now(UTC) - timedelta(minutes=20)

    class Desk:
        officer, supervisor, case = scene.officer, scene.supervisor, scene.case
        at = f"/api/v1/cases/{scene.case.id}"

        def act(self, kind: str) -> Any:
            officers = {"officer_id": str(scene.officer.person.id), "second_officer_id": str(second.person.id)}
            times = {"starts_at": began.isoformat(), "ends_at": (began + timedelta(minutes=10)).isoformat()}
            return scene.officer.post(f"{self.at}/acts", json={"kind": kind, **times, **officers}).json()

    Desk.began = began
    return Desk()


def test_a_notice_is_entered_and_what_is_owed_shows_where_people_land(desk: Any) -> None:
    act = desk.act("seizure")
    (judged,) = desk.officer.get(f"{desk.at}/completeness").json()["acts"]
    assert judged["duties_missing"] == ["identity_shown", "notice_given"]
    assert judged["rule"]["closes_without_duties"] is True
    told = {"person_id": str(desk.officer.person.id), "given_at": desk.began.isoformat(), "act_id": act["id"]}
    handling = desk.officer.post(f"{desk.at}/notices", json={**told, "document_number": "江综执告〔2026〕7号"})
    assert handling.status_code == 201
    assert [each["document_number"] for each in handling.json()["notices"]] == ["江综执告〔2026〕7号"]
    mine = desk.officer.get("/api/v1/today").json()
    assert [gap["act"]["duties_missing"] for gap in mine["today"]] == [["identity_shown"]]
    assert (mine["earlier"], mine["questions"]) == ([], 0)
    explained = desk.officer.post(
        f"/api/v1/acts/{act['id']}/explanations",
        json={"starts_at": act["starts_at"], "ends_at": act["ends_at"], "reason": "电池耗尽"},
    ).json()
    shift = desk.supervisor.get("/api/v1/shift").json()
    assert [each["explanation"]["id"] for each in shift["to_decide"]] == [explained["id"]]
    assert [gap["act"]["act_id"] for gap in shift["gaps"]] == [act["id"]]
    assert {each["person"]["name"]: each["acts"] for each in shift["tallies"]}[desk.officer.person.name] == 1
    assert desk.supervisor.get("/api/v1/shift", params={"on": "2020-01-01"}).json()["gaps"] == []
    assert desk.officer.get("/api/v1/shift").status_code == 403
    assert desk.supervisor.get("/api/v1/ending-cases").json()["items"] == []
