"""Cases, links, requests and grants over HTTP."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from api.tasks.judging import judge_all_noted
from casework.elements.policies import load_shipped_policies
from storage.catalog.casework import Case
from tests.casework.linking.due import link_due_recordings
from tests.casework.sample_archive import SampleArchive

NEW_CASE = {"number": "江城罚〔2026〕88号", "title": "占道经营", "kind": "penalty", "procedure": "ordinary_penalty"}


def test_a_case_is_opened_led_through_its_stages_and_closed(served: Any) -> None:
    unit = served.unit()
    officer, supervisor = served.signed_in(unit, "officer"), served.signed_in(unit, "supervisor")
    case = officer.post("/api/v1/cases", json=NEW_CASE)
    assert case.status_code == 201
    address = f"/api/v1/cases/{case.json()['id']}"
    assert officer.post("/api/v1/cases", json=NEW_CASE).json()["type"] == "urn:liuhen:problem:taken"
    early = officer.post(f"{address}/stages", json={"stage": "decision"}, headers={"Accept-Language": "zh"})
    assert early.status_code == 409
    assert early.json()["detail"] == "案件当前环节为“启动”，不能直接进入“审核决定”；下一环节：调查取证"
    handlers = [served.signed_in(unit, "officer").person.id for _ in range(2)]
    for each in handlers:
        assert officer.post(f"{address}/officers", json={"person_id": str(each)}).status_code == 201
    assert officer.post(f"{address}/stages", json={"stage": "investigation"}).status_code == 201
    decision = {"json": {"stage": "decision"}, "headers": {"Accept-Language": "zh"}}
    refused = officer.post(f"{address}/stages", **decision).json()
    assert refused["type"] == "urn:liuhen:problem:officers-missing"
    assert "须有 2 名持有效执法证的承办人员，现有 0 名；" in refused["detail"]
    assert refused["detail"].count("执法证已失效或尚未登记") == 2
    served.certify(*handlers)
    shown = {"person_id": str(handlers[0]), "shown_at": "2026-01-05T09:00:00+08:00"}
    handling = officer.post(f"{address}/identity", json=shown).json()
    assert [each["problem"] for each in handling["officers"]] == [None, None]
    assert handling["identity_shown"][0]["shown_at"] == "2026-01-05T01:00:00Z"
    for stage in ("decision",):
        assert officer.post(f"{address}/stages", json={"stage": stage}).status_code == 201
    refused = officer.post(f"{address}/stages", json={"stage": "execution"})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:liuhen:problem:role")
    undecided = supervisor.post(f"{address}/stages", json={"stage": "execution"})
    assert (undecided.status_code, undecided.json()["type"]) == (409, "urn:liuhen:problem:gate")
    with served.database.transaction() as session:
        SampleArchive(session).decide(session.get_one(Case, uuid.UUID(address[-36:])), supervisor.person)
    assert supervisor.post(f"{address}/stages", json={"stage": "execution"}).status_code == 201
    shown = officer.get(address).json()
    assert [row["stage"] for row in shown["stages"]] == ["initiation", "investigation", "decision", "execution"]
    assert officer.post(f"{address}/close", json={}).status_code == 200
    assert officer.post(f"{address}/close", json={}).json()["type"] == "urn:liuhen:problem:case-closed"
    kinds = [item["kind"] for item in officer.get(f"{address}/timeline").json()["items"]]
    assert [each for each in kinds if "stage" in each or each == "closed"] == ["stage_entered"] * 4 + ["closed"]
    assert (kinds.count("officer_named"), kinds[0]) == (2, "identity_shown")
    listed = officer.get("/api/v1/cases", params={"open_only": True}).json()["items"]
    assert listed == []
    (found,) = officer.get("/api/v1/cases", params={"number": NEW_CASE["number"]}).json()["items"]
    assert found["closed_at"] is not None
    assert len(served.entries("case.stage_entered")) == 3


def test_roles_and_units_keep_to_their_own(served: Any, scene: Any) -> None:
    auditor = served.signed_in(scene.unit, "auditor")
    refused = auditor.post("/api/v1/cases", json=NEW_CASE)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:liuhen:problem:role")
    stranger = served.signed_in(served.unit("江北"), "supervisor")
    assert stranger.get(f"/api/v1/cases/{scene.case.id}").status_code == 403
    assert stranger.get("/api/v1/cases").json()["items"] == []
    assert stranger.get(f"/api/v1/cases/{uuid.uuid4()}").status_code == 404
    denied = served.entries("access.denied")
    assert [(entry.subject_kind, entry.data["reason"]) for entry in denied] == [("case", "other_unit")]


def test_an_assignment_lets_a_recording_find_its_case(served: Any) -> None:
    unit = served.unit()
    officer, station = served.signed_in(unit, "officer"), served.station(unit)
    served.seal(station, b"filmed", device="AB00001", started_at="2026-03-01T08:00:00Z")
    span = {"starts_at": "2026-03-01T07:00:00Z", "ends_at": "2026-03-01T09:00:00Z", "device": "AB00001"}
    cases = [served.case(officer.person) for _ in range(2)]
    for case in cases:
        answer = officer.post(f"/api/v1/cases/{case.id}/assignments", json=span)
        assert answer.status_code == 201
    with served.database.transaction() as session:
        assert link_due_recordings(session) == {"question": 1}
    (unlinked,) = officer.get("/api/v1/unlinked").json()["items"]
    assert unlinked["outcome"] == "question"
    (question,) = officer.get("/api/v1/link-questions").json()["items"]
    assert {candidate["case"]["id"] for candidate in question["candidates"]} == {str(case.id) for case in cases}
    assert question["candidates"][0]["matched"] == ["device"]
    address = f"/api/v1/link-questions/{question['id']}/answer"
    unexplained = officer.post(address, json={"case_id": None}, headers={"Accept-Language": "zh-CN"})
    assert (unexplained.status_code, unexplained.json()["type"]) == (422, "urn:liuhen:problem:reason")
    assert "不属于任何案件" in unexplained.json()["detail"]
    link = officer.post(address, json={"case_id": str(cases[1].id)})
    assert link.json()["case"]["id"] == str(cases[1].id)
    assert officer.post(address, json={"case_id": None}).json()["type"] == "urn:liuhen:problem:already-answered"
    assert officer.get("/api/v1/unlinked").json()["items"] == []
    bad = officer.post(f"/api/v1/cases/{cases[0].id}/assignments", json={**span, "ends_at": "2026-03-01T06:00:00Z"})
    assert bad.json()["type"] == "urn:liuhen:problem:span"
    for extreme in ("9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z"):
        bad = officer.post(f"/api/v1/cases/{cases[0].id}/assignments", json={**span, "ends_at": extreme})
        assert (bad.status_code, bad.json()["type"]) == (422, "urn:liuhen:problem:span")


def test_an_assignment_is_corrected_and_withdrawn_and_stays_on_record(served: Any) -> None:
    officer = served.signed_in(served.unit(), "officer")
    case = served.case(officer.person)
    span = {"starts_at": "2026-03-01T07:00:00Z", "ends_at": "2026-03-01T09:00:00Z"}
    wrong = officer.post(f"/api/v1/cases/{case.id}/assignments", json={**span, "device": "AB00010"}).json()
    right = officer.post(
        f"/api/v1/assignments/{wrong['id']}/corrections", json={**span, "device": "AB00001", "reason": "编号录错"}
    )
    assert (right.status_code, right.json()["device"], right.json()["withdrawn_at"]) == (201, "AB00001", None)
    ended = officer.post(f"/api/v1/assignments/{right.json()['id']}/withdraw", json={"reason": "不是本案"}).json()
    assert (ended["withdraw_reason"], ended["replaced_by"]) == ("不是本案", None)
    listed = {each["id"]: each for each in officer.get(f"/api/v1/cases/{case.id}").json()["assignments"]}
    assert listed[wrong["id"]]["replaced_by"] == right.json()["id"]
    assert listed[wrong["id"]]["withdrawn_by"]["id"] == str(officer.person.id)
    again = officer.post(f"/api/v1/assignments/{wrong['id']}/withdraw", json={"reason": "x"})
    assert (again.status_code, again.json()["type"]) == (409, "urn:liuhen:problem:assignment-withdrawn")
    assert officer.post(f"/api/v1/assignments/{uuid.uuid4()}/withdraw", json={"reason": "x"}).status_code == 404


def test_links_are_made_and_ended_by_hand(served: Any, scene: Any) -> None:
    body = {"recording_id": str(scene.recording.id), "stage": "decision", "reason": "同一现场"}
    again = scene.officer.post(f"/api/v1/cases/{scene.case.id}/links", json=body)
    assert again.json()["type"] == "urn:liuhen:problem:already-linked"
    other = served.case(scene.officer.person)
    link = scene.officer.post(f"/api/v1/cases/{other.id}/links", json=body).json()
    assert link["made_by"] == "person"
    ended = scene.officer.request("DELETE", f"/api/v1/links/{link['id']}", json={"reason": "归错"})
    assert (ended.status_code, ended.json()["end_reason"]) == (200, "归错")
    twice = scene.officer.request("DELETE", f"/api/v1/links/{link['id']}", json={"reason": "归错"})
    assert twice.json()["type"] == "urn:liuhen:problem:link-ended"


def test_what_is_judged_of_a_recording_follows_its_link_at_once(served: Any, scene: Any) -> None:
    """No housekeeping comes between: whoever looks next reads of both the same."""
    other, seen = served.case(scene.officer.person), f"/api/v1/recordings/{scene.recording.id}"

    def told() -> tuple[set[str], Any]:
        elements = scene.officer.get(f"{seen}/elements").json()["elements"]
        placed = {each["case"]["id"] for each in scene.officer.get(seen).json()["links"] if not each["ended_at"]}
        return placed, next((each["value"] for each in elements if each["element"] == "case"), None)

    (linked,) = scene.officer.get(seen).json()["links"]
    why = {"reason": "归错"}
    assert scene.officer.request("DELETE", f"/api/v1/links/{linked['id']}", json=why).status_code == 200
    assert told() == (set(), None)
    body = {"recording_id": str(scene.recording.id), "reason": "同一现场"}
    assert scene.officer.post(f"/api/v1/cases/{other.id}/links", json=body).status_code == 201
    assert told() == ({str(other.id)}, str(other.id))
    page = scene.officer.get(f"/recordings/{scene.recording.id}", headers={"Accept-Language": "zh-CN"}).text
    case = page.split("必备要素")[1].split("<dt>所属案件</dt>")[1].split("</dd>")[0]
    assert "具备" in case


def test_a_link_is_made_of_a_recording_that_cannot_be_judged(served: Any, scene: Any) -> None:
    with served.database.transaction() as session:
        load_shipped_policies(session, datetime.now(UTC))
    served.as_owner("ALTER TABLE element_question ADD CONSTRAINT broken CHECK (element <> 'act') NOT VALID")
    other = served.case(scene.officer.person)
    body = {"recording_id": str(scene.recording.id), "reason": "同一现场"}
    assert scene.officer.post(f"/api/v1/cases/{other.id}/links", json=body).status_code == 201
    assert scene.officer.get("/api/v1/element-questions").json()["items"] == []
    served.as_owner("ALTER TABLE element_question DROP CONSTRAINT broken")
    judge_all_noted(served.archive.database)
    asked = scene.supervisor.get("/api/v1/element-questions").json()["items"]
    assert "act" in {each["element"] for each in asked}, "the note had stayed"


def test_a_request_is_asked_approved_by_another_and_its_grant_revoked(served: Any, scene: Any) -> None:
    body = {"case_id": str(scene.case.id), "kind": "view", "purpose": "核对现场经过"}
    asked = scene.officer.post("/api/v1/requests", json=body)
    assert (asked.status_code, asked.json()["state"], asked.json()["may_decide"]) == (201, "pending", False)
    (waiting,) = scene.supervisor.get("/api/v1/requests", params={"state": "pending"}).json()["items"]
    assert waiting["may_decide"]
    address = f"/api/v1/requests/{waiting['id']}"
    for wrong in ({}, {"hours": 1, "expires_at": "2030-01-01T00:00:00Z"}, {"hours": -1}, {"hours": 1e9}):
        assert scene.supervisor.post(f"{address}/approve", json=wrong).status_code == 422
    past = {"expires_at": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}
    assert scene.supervisor.post(f"{address}/approve", json=past).json()["type"] == "urn:liuhen:problem:expiry"
    grant = scene.supervisor.post(f"{address}/approve", json={"hours": 2}).json()
    assert grant["live"]
    twice = scene.supervisor.post(f"{address}/approve", json={"hours": 2})
    assert twice.json()["type"] == "urn:liuhen:problem:already-decided"
    (mine,) = scene.officer.get("/api/v1/grants", params={"live": True, "mine": True}).json()["items"]
    assert mine["id"] == grant["id"]
    revoked = scene.supervisor.post(f"/api/v1/grants/{grant['id']}/revoke", json={"reason": "误批"})
    assert not revoked.json()["live"]
    assert scene.officer.get("/api/v1/grants", params={"live": True}).json()["items"] == []
    actions = ("access.requested", "access.granted", "access.grant_revoked")
    assert [len(served.entries(action)) for action in actions] == [1, 1, 1]


def test_nobody_approves_his_own_and_the_attempt_is_entered(served: Any, scene: Any) -> None:
    body = {"case_id": str(scene.case.id), "kind": "view", "purpose": "核对"}
    request = scene.supervisor.post("/api/v1/requests", json=body).json()
    answer = scene.supervisor.post(f"/api/v1/requests/{request['id']}/approve", json={"hours": 1})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:liuhen:problem:own-request")
    (entry,) = served.entries("access.denied")
    assert (entry.subject_kind, entry.subject_id, entry.data["reason"]) == (
        "access_request",
        request["id"],
        "own_approval",
    )
    assert entry.actor_id == str(scene.supervisor.person.id)
    assert scene.supervisor.get(f"/api/v1/requests/{request['id']}").json()["state"] == "pending"
    other = served.signed_in(scene.unit, "supervisor")
    refused = other.post(f"/api/v1/requests/{request['id']}/refuse", json={"reason": "用途不清"})
    assert (refused.json()["state"], refused.json()["decision_reason"]) == ("refused", "用途不清")


def test_retention_is_held_and_lengthened_and_never_shortened(served: Any, scene: Any) -> None:
    hold = scene.supervisor.post("/api/v1/holds", json={"case_id": str(scene.case.id), "reason": "行政诉讼"}).json()
    assert (
        scene.supervisor.post("/api/v1/holds", json={"reason": "x"}).json()["type"] == "urn:liuhen:problem:hold-target"
    )
    (shown,) = scene.officer.get(f"/api/v1/recordings/{scene.recording.id}").json()["holds"]
    assert shown["id"] == hold["id"]
    address = f"/api/v1/recordings/{scene.recording.id}/retention"
    longer = scene.supervisor.post(address, json={"retention_class": "permanent", "reason": "重大案件"})
    assert longer.json() == {
        "recording_id": str(scene.recording.id),
        "retention_class": "permanent",
        "retain_until": None,
    }
    shorter = scene.supervisor.post(address, json={"retention_class": "general", "reason": "误"})
    assert shorter.json()["type"] == "urn:liuhen:problem:shortening"
    assert scene.officer.post(address, json={"retention_class": "permanent", "reason": "x"}).status_code == 403
    released = scene.supervisor.post(f"/api/v1/holds/{hold['id']}/release", json={"reason": "已结"})
    assert released.json()["released_by"]["id"] == str(scene.supervisor.person.id)
    assert scene.supervisor.get("/api/v1/holds").json()["items"] == []
    codes = [item["code"] for item in scene.officer.get("/api/v1/retention-classes").json()["items"]]
    assert set(codes) == {"general", "extended", "permanent"}
    assert scene.officer.get("/api/v1/disposal").json() == {"items": [], "next": None}


def test_what_another_unit_keeps_is_neither_held_nor_lengthened_and_the_attempt_is_entered(
    served: Any, scene: Any
) -> None:
    hold = scene.supervisor.post("/api/v1/holds", json={"case_id": str(scene.case.id), "reason": "行政诉讼"}).json()
    stranger = served.signed_in(served.unit("江北"), "supervisor")
    recording, case = str(scene.recording.id), str(scene.case.id)
    longer = {"retention_class": "permanent", "reason": "x"}
    for path, body, subject in (
        ("/api/v1/holds", {"recording_id": recording, "reason": "x"}, ("recording", recording)),
        ("/api/v1/holds", {"case_id": case, "reason": "x"}, ("case", case)),
        (f"/api/v1/holds/{hold['id']}/release", {"reason": "x"}, ("hold", hold["id"])),
        (f"/api/v1/recordings/{recording}/retention", longer, ("recording", recording)),
    ):
        refused = stranger.post(path, json=body)
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:liuhen:problem:other-unit")
        entry = served.entries("access.denied")[-1]
        assert (entry.subject_kind, entry.subject_id) == subject
        assert (entry.actor_id, entry.data["reason"]) == (str(stranger.person.id), "other_unit")
    assert len(served.entries("access.denied")) == 4
    assert len(served.entries("hold.placed")) == 1
    assert served.entries("hold.released") == served.entries("retention.lengthened") == []
