"""Required elements over HTTP: the queue with its candidates, one answer for many, and what is refused to whom."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest

from api.cli.admin_elements import group_line, groups
from api.tasks.housekeeping import link_all_due
from casework.elements.policies import load_shipped_policies
from casework.organisation import deactivate_person
from casework.register.devices import add_device
from casework.register.issues import issue_device
from storage.catalog.stations import Station
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
ISSUED = datetime(2026, 3, 1, tzinfo=UTC)


class Desk:
    """A unit whose recorder AB00001 is with one officer, while three files of it claim the other."""

    def __init__(self, served: Any) -> None:
        self.served = served
        self.unit = served.unit()
        self.holder, self.officer, self.supervisor = (
            served.signed_in(self.unit, role) for role in ("officer", "officer", "supervisor")
        )
        for badge, caller in (("000111", self.holder), ("000123", self.officer)):
            served.as_owner("UPDATE person SET badge_number = %s WHERE id = %s", badge, caller.person.id)
        with served.database.transaction() as session:
            load_shipped_policies(session, datetime.now(UTC))
            self.device = add_device(session, OPERATOR, unit_id=self.unit.id, code="AB00001")
            holder = self.holder.person.id
            issue_device(session, OPERATOR, self.device.id, holder, now=datetime.now(UTC), issued_at=ISSUED)
        station = served.station(self.unit)
        self.recordings = [
            served.seal(station, os.urandom(500), f"AB00001_000123_202603090{hour}0000.MP4") for hour in (6, 7, 8)
        ]
        link_all_due(served.archive)

    def questions(self, caller: Any, **query: Any) -> list[dict[str, Any]]:
        answer = caller.get("/api/v1/element-questions", params=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    def answer(self, caller: Any, asked: str, questions: Any, *, others: bool = False, **more: Any) -> Any:
        names = ("recording_id", "fingerprint", *(("other_fingerprint",) if others else ()))
        seen = [{name: each[name] for name in names} for each in questions]
        return caller.post("/api/v1/element-answers", json={"asked": asked, "questions": seen, **more})


@pytest.fixture
def desk(served: Any) -> Desk:
    return Desk(served)


def test_an_upload_whose_device_was_not_that_officers_is_taken_and_queued(desk: Desk) -> None:
    assert len(desk.recordings) == 3
    asked = desk.questions(desk.officer, element="officer")
    assert [each["codes"] for each in asked] == [["device_with_another"]] * 3
    assert len({each["group"] for each in asked}) == 1
    first = asked[0]
    assert first["words"]["zh"] == "设备当时配发给了另一人"
    assert first["words"]["en"] == "the device was issued to somebody else then"
    best = first["candidates"][0]
    assert (best["basis"], best["value"]) == ("register_holder", str(desk.holder.person.id))
    assert "000111" in best["label"]
    assert desk.questions(desk.holder) == []
    assert {each["element"] for each in desk.questions(desk.supervisor)} == {"officer", "act", "case"}


def test_one_answer_serves_many_and_the_detail_says_who_said_what(desk: Desk) -> None:
    asked = desk.questions(desk.officer, element="officer")
    best = asked[0]["candidates"][0]
    given = desk.answer(desk.officer, "officer", asked, value=best["value"], basis=best["basis"]).json()
    assert (len(given["answered"]), given["left_out"]) == (3, [])
    shown = desk.supervisor.get(f"/api/v1/recordings/{desk.recordings[0].id}/elements").json()
    officer = next(each for each in shown["elements"] if each["element"] == "officer")
    assert (officer["state"], officer["source"]) == ("present", "answer")
    assert shown["answers"][0]["answered_by"]["id"] == str(desk.officer.person.id)
    assert shown["holder"]["id"] == str(desk.holder.person.id)
    assert [each["jurisdiction"] for each in shown["policies"]] == ["CN", "CN-plain"]
    # They are the holder's recordings from now on, and the linker has thought again of their cases.
    link_all_due(desk.served.archive)
    assert len(desk.questions(desk.holder)) == 6
    assert len(desk.served.entries("recording.element_answered")) == 3


def test_a_clock_that_was_off_is_said_once_and_put_right_of_each(desk: Desk) -> None:
    station = desk.served.station(desk.unit)
    for minute in (10, 25):
        desk.served.seal(station, os.urandom(400 + minute), f"AB00001_000111_2039030909{minute}00.MP4")
    link_all_due(desk.served.archive)
    asked = [each for each in desk.questions(desk.holder, element="time") if "time_after_receipt" in each["codes"]]
    assert {each["claimed_start"] for each in asked} == {"2039-03-09T01:10:00Z", "2039-03-09T01:25:00Z"}
    assert all(each["received_at"].startswith("20") for each in asked)
    bare = desk.answer(desk.holder, "time", asked, newest_began_at="2026-03-09T09:25:00+08:00")
    assert (bare.status_code, bare.json()["type"]) == (422, "urn:liuhen:problem:reason")
    wild = desk.answer(desk.holder, "time", asked, clock_ahead_seconds=10**12, reason="时钟复位")
    assert wild.status_code == 422
    said = {"newest_began_at": "2026-03-09T09:25:00+08:00", "reason": "时钟复位"}
    assert len(desk.answer(desk.holder, "time", asked, **said).json()["answered"]) == 2
    shown = [desk.holder.get(f"/api/v1/recordings/{each['recording_id']}/elements").json() for each in asked]
    answers = {(each["answers"][0]["basis"], each["answers"][0]["value"]) for each in shown}
    assert answers == {
        ("clock_offset", "2026-03-09T01:10:00+00:00"),
        ("clock_offset", "2026-03-09T01:25:00+00:00"),
    }


def test_pages_of_questions_neither_shift_nor_repeat(desk: Desk) -> None:
    found, cursor = [], None
    while True:
        query = {"limit": 4} | ({} if cursor is None else {"cursor": cursor})
        page = desk.supervisor.get("/api/v1/element-questions", params=query).json()
        found += [(each["recording_id"], each["element"]) for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(found) == len(set(found)) == 9


def test_a_stale_question_is_a_conflict_and_says_what_to_do(desk: Desk) -> None:
    asked = desk.questions(desk.officer, element="act")
    assert desk.answer(desk.officer, "act", asked[:1], value="hearing").status_code == 200
    again = desk.answer(desk.officer, "act", asked[:1], value="other")
    assert again.status_code == 409
    assert again.json()["type"] == "urn:liuhen:problem:question-changed"
    assert "刷新" in again.json()["sentences"]["zh-CN"]
    rest = desk.answer(desk.officer, "act", asked, value="other").json()
    assert len(rest["answered"]) == 2
    assert rest["left_out"][0]["recording_id"] == asked[0]["recording_id"]


def test_a_device_as_the_answer_about_an_officer_wants_what_was_seen_of_it_too(desk: Desk) -> None:
    with desk.served.database.transaction() as session:
        mine = add_device(session, OPERATOR, unit_id=desk.unit.id, code="AB00005")
        issue_device(session, OPERATOR, mine.id, desk.officer.person.id, now=datetime.now(UTC), issued_at=ISSUED)
    asked = desk.questions(desk.officer, element="officer")
    assert desk.questions(desk.officer, element="act")[0]["other_fingerprint"] is None
    device = next(each for each in asked[0]["candidates"] if each["element"] == "device")
    more = {"element": "device", "value": device["value"]}
    assert desk.answer(desk.officer, "officer", asked, **more).status_code == 409
    seen = [{**each, "other_fingerprint": each["fingerprint"]} for each in asked]
    assert desk.answer(desk.officer, "officer", seen, **more).status_code == 409
    given = desk.answer(desk.officer, "officer", asked, others=True, **more)
    assert (given.status_code, len(given.json()["answered"])) == (200, 3), given.text
    act = desk.questions(desk.officer, element="act")
    pair = desk.answer(desk.officer, "act", act, others=True, **more)
    assert (pair.status_code, pair.json()["type"]) == (422, "urn:liuhen:problem:element-value")
    assert "请答复所问的要素" in pair.json()["sentences"]["zh-CN"]


def test_the_operators_list_has_a_line_a_device_or_station(desk: Desk) -> None:
    station = desk.served.station(desk.unit)
    desk.served.seal(station, os.urandom(500), "nameless.mp4")
    link_all_due(desk.served.archive)
    with desk.served.database.reading() as session:
        found = [each for each in groups(session, None, desk.unit.code) if each["element"] == "act"]
        name = session.get_one(Station, station.id).name
    assert {(each["device"], each["station"], each["count"]) for each in found} == {
        ("AB00001", None, 3),
        (None, name, 1),
    }
    assert all(str(each["device"] or name) in group_line(each) for each in found)


def test_what_is_refused_is_said_in_both_languages(desk: Desk) -> None:
    asked = desk.questions(desk.officer, element="officer")
    gone = desk.answer(desk.officer, "officer", asked, value=str(desk.supervisor.person.id), basis="register_holder")
    assert (gone.status_code, gone.json()["type"]) == (409, "urn:liuhen:problem:candidate-gone")
    act = desk.questions(desk.officer, element="act")
    for body, status, code in (
        ({"value": "dancing"}, 422, "element-value"),
        ({}, 422, "reason"),
        ({"value": "hearing", "element": "mood"}, 422, "word"),
    ):
        refused = desk.answer(desk.officer, "act", act, **body)
        assert (refused.status_code, refused.json()["type"]) == (status, f"urn:liuhen:problem:{code}"), refused.text
    empty = desk.officer.post("/api/v1/element-answers", json={"asked": "act", "value": "hearing", "questions": []})
    assert empty.status_code == 422


def test_nobody_else_answers_and_another_unit_learns_nothing(desk: Desk) -> None:
    asked = desk.questions(desk.officer, element="act")
    mine = desk.answer(desk.holder, "act", asked, value="hearing")
    assert (mine.status_code, mine.json()["type"]) == (403, "urn:liuhen:problem:not-yours")
    other = desk.served.unit()
    for role in ("officer", "supervisor"):
        stranger = desk.served.signed_in(other, role)
        assert desk.questions(stranger) == []
        assert desk.answer(stranger, "act", asked, value="hearing").status_code == 403
        refused = stranger.get(f"/api/v1/recordings/{desk.recordings[0].id}/elements")
        assert refused.status_code == 403
        assert "AB00001" not in refused.text
    auditor = desk.served.signed_in(desk.unit, "auditor")
    assert auditor.get("/api/v1/element-questions").status_code == 403
    assert desk.answer(auditor, "act", asked, value="hearing").status_code == 403
    assert auditor.get("/api/v1/element-policies").json()["items"][0]["jurisdiction"] == "CN"
    assert desk.served.entries("recording.element_answered") == []


def test_whoever_is_deactivated_answers_nothing_and_the_supervisor_takes_over(desk: Desk) -> None:
    asked = desk.questions(desk.officer, element="act")
    with desk.served.database.transaction() as session:
        deactivate_person(session, OPERATOR, desk.officer.person.id, "离职")
    assert desk.answer(desk.officer, "act", asked, value="hearing").status_code == 401
    link_all_due(desk.served.archive)
    taken = desk.questions(desk.supervisor, element="act")
    assert desk.answer(desk.supervisor, "act", taken, value="hearing").status_code == 200
