"""Rooms and sessions over HTTP: entered, fixed, used, put into a case; and what is refused, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from casework.checklists.checklists import load_shipped_checklists
from casework.register.devices import add_device

LONG_AGO = "2026-01-01T00:00:00+08:00"
START, END = "2026-03-09T09:00:00+08:00", "2026-03-09T09:40:00+08:00"


@pytest.fixture
def desk(served: Any, scene: Any) -> Any:
    administrator, second = served.signed_in(scene.unit, "administrator"), served.signed_in(scene.unit, "officer")
    with served.database.transaction() as session:
        load_shipped_checklists(session, datetime.now(UTC))
        add_device(session, administrator.person, unit_id=scene.unit.id, code="ROOM0001")
    made = administrator.post(
        "/api/v1/rooms", json={"kind": "questioning", "name": "一号询问室", "in_use_from": LONG_AGO}
    )
    assert made.status_code == 201, made.text

    class Desk:
        officer, supervisor, case, room = scene.officer, scene.supervisor, scene.case, made.json()

        def form(self, **more: Any) -> dict[str, Any]:
            officers = {"officer_id": str(scene.officer.person.id), "second_officer_id": str(second.person.id)}
            return {"starts_at": START, "ends_at": END, **officers, **more}

        def begin(self, **more: Any) -> Any:
            return scene.officer.post(f"/api/v1/rooms/{made.json()['id']}/sessions", json=self.form(**more))

    Desk.administrator = administrator
    return Desk()


def test_a_room_gets_a_device_a_session_and_its_case(desk: Any) -> None:
    fixed = desk.supervisor.post(
        f"/api/v1/rooms/{desk.room['id']}/devices", json={"device": "ROOM0001", "issued_at": LONG_AGO}
    )
    assert (fixed.status_code, fixed.json()["officer"], fixed.json()["room"]["name"]) == (201, None, "一号询问室")
    device = desk.supervisor.get("/api/v1/devices", params={"find": "ROOM"}).json()["items"][0]
    assert (device["holder"], device["room"]["id"]) == (None, desk.room["id"])
    begun = desk.begin(ends_at=None)
    assert (begun.status_code, begun.json()["case"], begun.json()["act_id"]) == (201, None, None)
    (room,) = desk.officer.get("/api/v1/rooms").json()["items"]
    assert (room["using"], [each["device"] for each in room["devices"]]) == (begun.json()["id"], ["ROOM0001"])
    address = f"/api/v1/room-sessions/{begun.json()['id']}"
    (caseless,) = desk.officer.get("/api/v1/room-sessions/caseless").json()["items"]
    assert (caseless["session"]["id"], caseless["verdict"]) == (begun.json()["id"], "incomplete")
    assert desk.officer.post(f"{address}/end", json={"ends_at": END}).json()["ends_at"] == "2026-03-09T01:40:00Z"
    placed = desk.officer.post(f"{address}/case", json={"case_id": str(desk.case.id)}).json()
    completeness = desk.officer.get(f"/api/v1/cases/{desk.case.id}/completeness").json()
    assert [each["act_id"] for each in completeness["acts"]] == [placed["act_id"]]
    assert desk.officer.get("/api/v1/room-sessions/caseless").json()["items"] == []
    refused = desk.officer.post(f"/api/v1/acts/{placed['act_id']}/end", json={"ends_at": END})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:liuhen:problem:act-of-room")
    withdrawn = desk.supervisor.post(f"{address}/withdraw", json={"reason": "误登"}).json()
    assert withdrawn["withdraw_reason"] == "误登"
    (listed,) = desk.officer.get("/api/v1/room-sessions", params={"room": desk.room["id"]}).json()["items"]
    assert listed["withdrawn_at"] is not None


def test_what_is_refused_is_said_in_both_languages(desk: Any) -> None:
    assert desk.begin().status_code == 201
    overlapping = desk.begin()
    assert (overlapping.status_code, overlapping.json()["type"]) == (409, "urn:liuhen:problem:room-in-session")
    assert "2026-03-09 09:00" in overlapping.json()["sentences"]["zh-CN"]
    early = desk.begin(starts_at="2025-12-31T09:00:00+08:00", ends_at="2025-12-31T10:00:00+08:00")
    assert (early.status_code, early.json()["type"]) == (422, "urn:liuhen:problem:room-not-yet")
    close = f"/api/v1/rooms/{desk.room['id']}/close"
    assert desk.supervisor.post(close, json={"reason": "装修"}).status_code == 403
    closed = desk.administrator.post(close, json={"reason": "装修"})
    assert closed.json()["closed_at"] is not None
    assert desk.administrator.post(close, json={"reason": "装修"}).json()["type"] == "urn:liuhen:problem:room-closed"
    assert desk.officer.get("/api/v1/rooms").json()["items"] == []
    nothing = desk.supervisor.post(f"/api/v1/rooms/{desk.room['id']}/devices", json={})
    assert nothing.status_code == 422
    missing = desk.officer.post(f"/api/v1/room-sessions/{desk.room['id']}/end", json={"ends_at": END})
    assert missing.status_code == 404
