"""Devices and certificates over HTTP: who may do what, and whoever is refused learns what to do, in his language."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def squad(served: Any) -> Any:
    """One browser of each role that has to do with devices, in one unit; the officer has badge number 000123."""
    unit = served.unit()
    people = {role: served.signed_in(unit, role) for role in ("administrator", "supervisor", "officer", "auditor")}
    served.as_owner("UPDATE person SET badge_number = '000123' WHERE id = %s", people["officer"].person.id)
    people["unit"] = unit
    return people


def kind(answer: Any) -> str:
    return answer.json()["type"].rpartition(":")[2]


def add(by: Any, code: str = "AB00001", **words: str) -> Any:
    return by.post("/api/v1/devices", json={"code": code, **words})


def test_a_device_is_added_issued_returned_and_its_history_stays(served: Any, squad: Any) -> None:
    device = add(squad["administrator"], model="DSJ-A9", serial="SN1").json()
    assert (device["code"], device["holder"], device["retired_at"]) == ("AB00001", None, None)
    issued = squad["supervisor"].post(
        "/api/v1/device-issues",
        json={"device": "AB00001", "officer": "000123", "issued_at": "2026-03-04T09:00:00+08:00"},
    )
    assert issued.status_code == 201, issued.text
    assert issued.json()["issued_from"] == "2026-03-04T01:00:00Z"
    (now,) = squad["auditor"].get("/api/v1/devices", params={"whereabouts": "out"}).json()["items"]
    assert (now["holder"]["badge_number"], now["issue_id"]) == ("000123", issued.json()["id"])

    again = squad["supervisor"].post(
        "/api/v1/device-issues", json={"device_id": device["id"], "officer": squad["supervisor"].person.sign_in_name}
    )
    assert (again.status_code, kind(again)) == (409, "device-is-out")
    sentences, name = again.json()["sentences"], squad["officer"].person.name
    assert sentences["zh-CN"] == f"设备 AB00001 自 2026-03-04 09:00:00 起在 {name}（000123） 处；请先办理交还"
    assert f"is with {name}（000123） since 2026-03-04T09:00+08:00" in sentences["en"]

    back = squad["supervisor"].post(f"/api/v1/device-issues/{issued.json()['id']}/return", json={})
    assert back.json()["returned_at"] is not None
    twice = squad["supervisor"].post(f"/api/v1/device-issues/{issued.json()['id']}/return", json={})
    assert kind(twice) == "already-returned"
    said = {"officer": squad["supervisor"].person.sign_in_name, "issued_at": "2026-03-04T10:00:00+08:00"}
    corrected = squad["supervisor"].post(
        f"/api/v1/device-issues/{issued.json()['id']}/corrections", json={**said, "reason": "选错了人"}
    )
    assert corrected.status_code == 201, corrected.text
    assert corrected.json()["officer"]["id"] == str(squad["supervisor"].person.id)
    assert (corrected.json()["issued_from"], corrected.json()["returned_at"]) == ("2026-03-04T02:00:00Z", None)
    voided = squad["supervisor"].post(f"/api/v1/device-issues/{corrected.json()['id']}/void", json={"reason": "录错"})
    assert voided.json()["voided_at"] is not None
    listed = squad["supervisor"].get("/api/v1/device-issues", params={"device": device["id"]}).json()["items"]
    assert {each["id"] for each in listed} == {issued.json()["id"], corrected.json()["id"]}
    assert all(each["voided_at"] is not None for each in listed)

    described = (
        squad["administrator"].post(f"/api/v1/devices/{device['id']}/description", json={"name": "一号机"}).json()
    )
    assert (described["name"], described["model"]) == ("一号机", "DSJ-A9")
    retired = squad["administrator"].post(f"/api/v1/devices/{device['id']}/retire", json={"reason": "报废"})
    assert retired.json()["retired_at"] is not None
    assert kind(add(squad["administrator"])) == "taken"
    assert squad["auditor"].get(f"/api/v1/devices/{device['id']}").json()["code"] == "AB00001"


def test_each_deed_is_for_its_roles_and_units(served: Any, squad: Any) -> None:
    device = add(squad["administrator"]).json()
    stranger = served.signed_in(served.unit(), "administrator")
    deeds = [
        ("/api/v1/devices", {"code": "AB00002", "unit_id": str(squad["unit"].id)}, {"administrator"}),
        (f"/api/v1/devices/{device['id']}/description", {"name": "x"}, {"administrator"}),
        ("/api/v1/certificates", {"officer": "000123", "number": "1", "valid_from": "2026-01-01"}, {"administrator"}),
        ("/api/v1/device-issues", {"device_id": device["id"], "officer": "000123"}, {"supervisor"}),
    ]
    for path, form, allowed in deeds:
        for role in ("officer", "auditor", "supervisor", "administrator"):
            if role in allowed or role == "administrator":
                continue
            assert squad[role].post(path, json=form).status_code == 403, (path, role)
        refused = stranger.post(path, json=form)
        assert refused.status_code in (403, 404), (path, refused.text)
        assert squad[min(allowed)].post(path, json=form).status_code in (200, 201), path
    assert stranger.get(f"/api/v1/devices/{device['id']}").status_code == 403
    assert stranger.get("/api/v1/devices").json()["items"] == []
    for path in ("devices", "device-issues", "certificates"):
        assert squad["officer"].get(f"/api/v1/{path}").status_code == 403


def test_input_that_is_no_use_is_said_so(squad: Any) -> None:
    device, by = add(squad["administrator"]).json(), squad["supervisor"]
    issues = "/api/v1/device-issues"
    cases = [
        ({"officer": "000123"}, 422, "input"),
        ({"device": "AB00001", "device_id": device["id"], "officer": "000123"}, 422, "input"),
        ({"device": "AB99999", "officer": "000123"}, 404, "device-unknown"),
        ({"device": "AB00001", "officer": "123"}, 404, "officer-unknown"),
        ({"device": "AB00001", "officer": "000123", "issued_at": "2099-01-01T00:00:00Z"}, 422, "time"),
        ({"device": "AB00001", "officer": "000123", "issued_at": "2026-01-01T00:00:00"}, 422, "time"),
    ]
    for form, status, code in cases:
        answer = by.post(issues, json=form)
        assert (answer.status_code, kind(answer)) == (status, code), answer.text
    future = by.post(issues, json={"device": "AB00001", "officer": "000123", "issued_at": "2099-01-01T00:00:00Z"})
    assert "晚于现在" in future.json()["sentences"]["zh-CN"]
    for at in ("9999-12-31T20:00:00Z", "0001-01-01T00:00:00+08:00"):
        answer = by.post(issues, json={"device": "AB00001", "officer": "000123", "issued_at": at})
        assert (answer.status_code, kind(answer)) == (422, "time"), answer.text
        assert "1990 年至 2200 年" in answer.json()["sentences"]["zh-CN"]
    assert by.get("/api/v1/devices", params={"whereabouts": "lost"}).status_code == 422


def test_a_certificate_is_somebodys_and_running_out_is_seen(squad: Any) -> None:
    by = squad["administrator"]
    form = {"officer": "000123", "number": "0042", "valid_from": "2024-01-01", "last_day": "2024-12-31"}
    made = by.post("/api/v1/certificates", json=form)
    assert (made.status_code, made.json()["state"]) == (201, "expired")
    other = by.post("/api/v1/certificates", json={**form, "officer": squad["supervisor"].person.sign_in_name})
    assert (other.status_code, kind(other)) == (409, "certificate-taken")
    (running_out,) = by.get("/api/v1/certificates", params={"running_out": True}).json()["items"]
    assert running_out["number"] == "0042"
    by.post("/api/v1/certificates", json={**form, "number": "0043", "valid_from": "2025-01-01", "last_day": None})
    assert by.get("/api/v1/certificates", params={"running_out": True}).json()["items"] == []
    voided = by.post(f"/api/v1/certificates/{made.json()['id']}/void", json={"reason": "录错"})
    assert voided.json()["state"] == "voided"
    backwards = by.post("/api/v1/certificates", json={**form, "last_day": "2023-01-01"})
    assert kind(backwards) == "days"
    far = by.post("/api/v1/certificates", json={**form, "number": "7", "last_day": "9999-12-30"})
    assert (far.status_code, kind(far)) == (422, "days")
    assert "2200 年" in far.json()["sentences"]["zh-CN"]
    listed = squad["auditor"].get("/api/v1/certificates", params={"person": str(squad["officer"].person.id)}).json()
    assert [each["state"] for each in listed["items"]] == ["valid", "voided"]


def test_of_several_people_of_one_name_those_are_named_who_may_be_meant(served: Any, squad: Any) -> None:
    device = add(squad["administrator"]).json()
    other = served.signed_in(squad["unit"], "officer").person
    served.as_owner("UPDATE person SET name = '王敏', badge_number = '000124' WHERE id = %s", other.id)
    served.as_owner("UPDATE person SET name = '王敏' WHERE id = %s", squad["officer"].person.id)
    form = {"device_id": device["id"], "officer": "王敏"}
    refused = squad["supervisor"].post("/api/v1/device-issues", json=form)
    assert (refused.status_code, kind(refused)) == (409, "officer-ambiguous")
    said = refused.json()["sentences"]["zh-CN"]
    assert said == "有多名人员叫 王敏：王敏（000123）、王敏（000124）；请改填括号中的编号或用户名"
    served.as_owner("UPDATE person SET name = '王静' WHERE id = %s", other.id)
    taken = squad["supervisor"].post("/api/v1/device-issues", json=form)
    assert (taken.status_code, taken.json()["officer"]["badge_number"]) == (201, "000123")


def test_a_table_is_tried_and_then_taken(squad: Any) -> None:
    by, imports = squad["administrator"], "/api/v1/register-imports"
    text = "设备编号,型号\nAB00001,DSJ-A9\n"
    tried = by.post(imports, params={"kind": "devices", "trial": True}, content=text.encode("gbk"))
    assert (tried.status_code, tried.json()["applied"], tried.json()["added"]) == (200, False, 1)
    assert by.get("/api/v1/devices").json()["items"] == []
    assert by.post(imports, params={"kind": "devices"}, content=text.encode()).json()["applied"] is True
    twice = by.post(imports, params={"kind": "devices"}, content=f"{text}AB00001,DSJ-B1\n".encode()).json()
    (bad,) = twice["problems"]
    assert bad["sentences"]["zh-CN"] == "设备 AB00001 在第 2 行和第 3 行各出现一次，请只留一行"

    rows = "设备编号,人员编号,配发时间\nAB00001,000123,2026-03-01\nAB00001,0815,2026-03-01\n"
    refused = squad["supervisor"].post(imports, params={"kind": "issues"}, content=rows.encode("gbk")).json()
    (bad,) = refused["problems"]
    assert (refused["applied"], bad["line"], bad["type"]) == (False, 3, "urn:liuhen:problem:officer-unknown")
    assert "前导零" in bad["sentences"]["zh-CN"]
    assert bad["detail"] == bad["sentences"]["en"]
    assert squad["supervisor"].get("/api/v1/device-issues").json()["items"] == []

    for kind_of, content, status, code in (
        ("devices", b"PK\x03\x04", 422, "table"),
        ("devices", b"", 422, "table"),
        ("devices", b"x" * (1 << 20) + b"x", 413, "body-too-large"),
        ("recorders", b"", 422, "input"),
    ):
        answer = by.post(imports, params={"kind": kind_of}, content=content)
        assert (answer.status_code, kind(answer)) == (status, code)
    for role in ("officer", "auditor", "supervisor"):
        assert squad[role].post(imports, params={"kind": "devices"}, content=text.encode()).status_code == 403
