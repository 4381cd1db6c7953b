"""Deadlines over HTTP: events entered, withdrawn, terms fulfilled and listed; and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from casework.deadlines.loading import load_shipped_terms
from integrity.local_time import chinese_day


@pytest.fixture
def desk(served: Any, scene: Any) -> Any:
    """The scene with the shipped terms; its case is of before decisions had rows, for days of all years are tried."""
    served.as_owner("UPDATE gate_began SET began_at = '9999-12-31 00:00+00'")
    with served.database.transaction() as session:
        load_shipped_terms(session, datetime.now(UTC))
    return scene


def enter(desk: Any, kind: str, day: date | str) -> Any:
    return desk.officer.post(f"/api/v1/cases/{desk.case.id}/events", json={"kind": kind, "day": str(day)})


def test_an_event_starts_terms_that_are_listed_until_they_are_done(desk: Any) -> None:
    made = enter(desk, "penalty_decided", "2026-03-09")
    assert made.status_code == 201
    by_kind = {each["kind"]: each for each in made.json()["deadlines"]}
    service = by_kind["service"]
    assert (service["due_on"], service["state"], service["rule"]["law"][0]) == (
        "2026-03-18",
        "overdue",
        "行政处罚法 第六十一条",
    )
    assert service["answers"][0]["because"] == "entered"
    assert service["working_days_left"] < 0
    listed = desk.supervisor.get("/api/v1/deadlines", params={"overdue": True}).json()["items"]
    assert {each["deadline"]["kind"] for each in listed} == {"service", "publish_penalty"}
    assert {each["case"]["number"] for each in listed} == {desk.case.number}
    assert desk.supervisor.get("/api/v1/deadlines", params={"mine": True}).json()["items"] == []
    address = f"/api/v1/terms/{service['term_id']}/fulfilment"
    unserved = desk.officer.post(address, json={"done_on": "2026-03-19"})
    assert (unserved.status_code, unserved.json()["type"]) == (409, "urn:liuhen:problem:not-served")
    assert "请先在“送达”中登记如何送达" in unserved.json()["sentences"]["zh-CN"]
    how = {"method": "in_person", "receiver": "张某，本人", "recording_id": str(desk.recording.id)}
    what = {"document_number": "江综执罚决〔2026〕7号", "addressee": "张某", "served_at": "2026-03-19T10:00:00+08:00"}
    assert desk.officer.post(f"/api/v1/cases/{desk.case.id}/services", json={**how, **what}).json()["counts"] is True
    done = desk.officer.post(address, json={"done_on": "2026-03-19"}).json()
    late = next(each for each in done["deadlines"] if each["kind"] == "service")
    assert (late["state"], late["done_by"]["id"]) == ("done_late", str(desk.officer.person.id))
    left = desk.officer.get("/api/v1/deadlines", params={"mine": True}).json()["items"]
    assert [each["deadline"]["kind"] for each in left] == ["publish_penalty"]
    again = desk.officer.post(address, json={"done_on": "2026-03-19"})
    assert (again.status_code, again.json()["type"]) == (409, "urn:liuhen:problem:term-fulfilled")


def test_a_supervisor_withdraws_and_it_stays_on_record(desk: Any) -> None:
    event = enter(desk, "hearing_offered", "2026-03-09").json()
    address = f"/api/v1/events/{event['id']}/withdraw"
    assert desk.officer.post(address, json={"reason": "日期抄错"}).status_code == 403
    assert desk.supervisor.post(address, json={"reason": "日期抄错"}).json()["withdraw_reason"] == "日期抄错"
    again = desk.supervisor.post(address, json={"reason": "日期抄错"})
    assert (again.status_code, again.json()["type"]) == (409, "urn:liuhen:problem:event-withdrawn")
    found = desk.supervisor.get(f"/api/v1/cases/{desk.case.id}/deadlines").json()
    assert [each["withdraw_reason"] for each in found["events"]] == ["日期抄错"]
    assert desk.supervisor.get("/api/v1/deadlines").json()["items"] == []


@pytest.mark.parametrize(
    ("kind", "days", "code", "says"),
    [
        ("penalty_decided", 1, "event-day", "晚于今天：请在发生以后再登记"),
        ("penalty_decided", -20000, "event-day", "不在 1990 年至 2200 年之间"),
        ("dancing", 0, "word", "不在可选范围内：case_filed"),
    ],
)
def test_what_cannot_have_been_is_said_in_both_languages(desk: Any, kind: str, days: int, code: str, says: str) -> None:
    refused = enter(desk, kind, chinese_day(datetime.now(UTC)) + timedelta(days=days))
    assert (refused.status_code, refused.json()["type"]) == (422, f"urn:liuhen:problem:{code}")
    assert says in refused.json()["sentences"]["zh-CN"]
    assert refused.json()["sentences"]["en"].isascii()


def test_one_event_twice_a_wrong_day_of_fulfilment_and_another_unit(desk: Any, served: Any) -> None:
    event = enter(desk, "evidence_registered", "2026-03-09").json()
    twice = enter(desk, "evidence_registered", "2026-03-09")
    assert (twice.status_code, twice.json()["type"]) == (409, "urn:liuhen:problem:event-entered")
    assert "本案已登记 2026-03-09 的“先行登记保存证据”" in twice.json()["sentences"]["zh-CN"]
    address = f"/api/v1/terms/{event['deadlines'][0]['term_id']}/fulfilment"
    early = desk.officer.post(address, json={"done_on": "2026-03-08"})
    assert (early.status_code, early.json()["type"]) == (422, "urn:liuhen:problem:done-day")
    assert "早于期限起算的事项" in early.json()["sentences"]["zh-CN"]
    assert desk.officer.post(address, json={"done_on": "nonsense"}).status_code == 422
    stranger = served.signed_in(served.unit("别处"), "supervisor")
    assert stranger.get(f"/api/v1/cases/{desk.case.id}/deadlines").status_code == 403
    assert stranger.post(address, json={"done_on": "2026-03-10"}).status_code == 403
    assert stranger.post(f"/api/v1/events/{event['id']}/withdraw", json={"reason": "r"}).status_code == 403
    assert stranger.get("/api/v1/deadlines").json()["items"] == []
