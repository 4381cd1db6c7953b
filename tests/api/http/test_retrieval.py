"""Retrieval over HTTP: papers of outsiders, posts, what waits for whom, and what the auditor sees."""

from __future__ import annotations

import csv
import io
import os
from datetime import datetime, timedelta
from typing import Any

from casework.handling import name_officer
from casework.papers import MOST_PAPER_BYTES
from integrity.local_time import CHINA

PDF = b"%PDF-1.7\n" + os.urandom(2000)
LAWYER = {"who": "lawyer", "name": "刘洋", "document": "律师执业证 1500", "body_name": "某某律师事务所"}


def ask(caller: Any, scene: Any, kind: str = "view", **more: Any) -> Any:
    return caller.post(
        "/api/v1/requests", json={"case_id": str(scene.case.id), "kind": kind, "purpose": "核对", **more}
    )


def hand_in(caller: Any, request_id: str, kind: str, content: bytes, name: str = "介绍信.pdf") -> Any:
    address = f"/api/v1/requests/{request_id}/attachments"
    return caller.post(address, params={"kind": kind, "name": name}, content=content)


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_an_outsider_is_let_in_with_papers_and_not_before(served: Any, scene: Any) -> None:
    request = ask(scene.officer, scene, visitor=LAWYER).json()
    assert (request["who"], request["approval"], request["missing"]) == ("lawyer", "chief", ["letter", "identity"])
    assert request["visitor"]["name"] == "刘洋"
    assert request["rule"] == "CN-CQ-jiangbei 1"
    address = f"/api/v1/requests/{request['id']}"
    refused = scene.supervisor.post(f"{address}/approve", json={"hours": 1})
    assert problem(refused) == (409, "papers-missing")
    assert "身份证件" in refused.json()["sentences"]["zh-CN"]
    assert problem(hand_in(scene.officer, request["id"], "letter", b"PK\x03\x04")) == (422, "papers")
    assert problem(hand_in(scene.officer, request["id"], "letter", b"")) == (422, "papers")
    assert problem(hand_in(scene.officer, request["id"], "diploma", PDF)) == (422, "word")
    assert problem(hand_in(scene.supervisor, request["id"], "letter", PDF)) == (403, "not-the-asker")
    assert problem(hand_in(scene.officer, request["id"], "letter", b"%PDF-" + bytes(MOST_PAPER_BYTES))) == (
        413,
        "body-too-large",
    )
    letter = hand_in(scene.officer, request["id"], "letter", PDF).json()
    assert hand_in(scene.officer, request["id"], "identity", b"\xff\xd8\xff\xe0" + bytes(2 << 20)).status_code == 201
    (waiting,) = scene.supervisor.get("/api/v1/requests", params={"to_decide": True}).json()["items"]
    assert (waiting["missing"], [each["kind"] for each in waiting["attachments"]]) == ([], ["letter", "identity"])
    read = scene.supervisor.get(f"/api/v1/attachments/{letter['id']}")
    assert (read.content, read.headers["content-type"]) == (PDF, "application/pdf")
    assert read.headers["content-disposition"].startswith("attachment;")
    assert served.entries("access.attachment_read")[-1].actor_id == str(scene.supervisor.person.id)
    assert scene.supervisor.post(f"{address}/approve", json={"hours": 169}).json()["type"].endswith(":expiry")
    assert scene.supervisor.post(f"{address}/approve", json={"hours": 168}).status_code == 201
    assert problem(hand_in(scene.officer, request["id"], "letter", PDF)) == (409, "already-decided")


def test_who_an_outsider_is_is_told_to_whoever_needs_to_know(served: Any, scene: Any) -> None:
    request = ask(scene.officer, scene, visitor=LAWYER).json()
    letter = hand_in(scene.officer, request["id"], "letter", PDF).json()
    colleague = served.signed_in(scene.unit, "officer")
    assert colleague.get(f"/api/v1/requests/{request['id']}").json()["visitor"] is None
    assert colleague.get(f"/api/v1/attachments/{letter['id']}").status_code == 403
    assert scene.supervisor.get(f"/api/v1/requests/{request['id']}").json()["visitor"]["document"] == "律师执业证 1500"


def test_an_officer_of_the_case_needs_nobody_s_word_to_view(served: Any, scene: Any) -> None:
    assert ask(scene.officer, scene).json()["state"] == "pending"
    with served.database.transaction() as session:
        name_officer(session, scene.officer.person, scene.case.id, scene.officer.person.id)
    request = ask(scene.officer, scene).json()
    assert (request["state"], request["who"], request["approval"], request["decided_by"]) == (
        "approved",
        "handler",
        "none",
        None,
    )
    (grant,) = scene.officer.get("/api/v1/grants", params={"live": True, "mine": True}).json()["items"]
    assert (grant["approved_by"], grant["request_id"]) == (None, request["id"])
    served.copy(scene.recording, "proxy", b"a proxy, say", "video/mp4")
    film = scene.officer.get(
        f"/api/v1/recordings/{scene.recording.id}/renditions/proxy", headers={"Range": "bytes=0-9"}
    )
    assert film.status_code == 206
    assert served.entries("playback.window_opened")[-1].data["grant_id"] == grant["id"]


def test_the_chief_alone_decides_once_there_is_one(served: Any, scene: Any) -> None:
    administrator, chief = served.signed_in(scene.unit, "administrator"), served.signed_in(scene.unit, "supervisor")
    address = f"/api/v1/people/{chief.person.id}/posts"
    assert scene.supervisor.post(address, json={"post": "chief"}).status_code == 403
    assert problem(administrator.post(address, json={"post": "head_of_legal"})) == (422, "post-unfit")
    post = administrator.post(address, json={"post": "chief"}).json()
    assert [each["post"] for each in administrator.get("/api/v1/posts").json()["items"]] == ["chief"]
    request = ask(scene.officer, scene).json()
    refused = scene.supervisor.post(f"/api/v1/requests/{request['id']}/approve", json={"hours": 1})
    assert problem(refused) == (403, "not-the-approver")
    assert chief.person.name in refused.json()["sentences"]["zh-CN"]
    assert served.entries("access.denied")[-1].data["reason"] == "not_the_approver"
    assert chief.post(f"/api/v1/requests/{request['id']}/approve", json={"hours": 1}).status_code == 201
    ended = administrator.post(f"/api/v1/posts/{post['id']}/end", json={"reason": "调任"})
    assert ended.json()["ended_at"] is not None
    assert problem(administrator.post(f"/api/v1/posts/{post['id']}/end", json={"reason": "调任"})) == (
        409,
        "post-ended",
    )


def test_the_auditor_lists_and_takes_as_tables_who_was_let_see_what(served: Any, scene: Any) -> None:
    auditor = served.signed_in(scene.unit, "auditor")
    served.grant(scene.case, scene.officer.person, scene.supervisor.person)
    unused = served.grant(scene.case, scene.officer.person, scene.supervisor.person, "copy")
    served.copy(scene.recording, "proxy", b"a proxy, say", "video/mp4")
    scene.officer.get(f"/api/v1/recordings/{scene.recording.id}/renditions/proxy", headers={"Range": "bytes=0-9"})
    scene.supervisor.get(f"/api/v1/recordings/{scene.recording.id}/renditions/proxy")
    ask(scene.officer, scene, purpose="=HYPERLINK(1)")
    for name in ("grants", "viewings", "refusals"):
        assert scene.supervisor.get(f"/api/v1/oversight/{name}").status_code == 403
        assert scene.supervisor.get(f"/api/v1/oversight/{name}.csv").status_code == 403
    (alone,) = auditor.get("/api/v1/oversight/grants", params={"unused": True}).json()["items"]
    assert alone["grant_id"] == str(unused.id)
    (seen,) = auditor.get("/api/v1/oversight/viewings", params={"case": str(scene.case.id)}).json()["items"]
    assert (seen["recording_id"], seen["person"]["id"]) == (str(scene.recording.id), str(scene.officer.person.id))
    (told,) = auditor.get("/api/v1/oversight/refusals").json()["items"]
    assert (told["reason"], told["person"]["id"]) == ("no_grant", str(scene.supervisor.person.id))
    assert auditor.get("/api/v1/oversight/viewings", params={"until": "2020-01-01T00:00:00Z"}).json()["items"] == []
    table = auditor.get("/api/v1/oversight/viewings.csv")
    assert table.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [row["案号 case"] for row in rows] == [scene.case.number]
    assert served.entries("oversight.table_taken")[-1].data == {"list": "viewings"}
    assert auditor.get("/api/v1/oversight/people.csv").status_code == 404


def test_what_a_spreadsheet_would_take_for_a_formula_is_quoted(served: Any, scene: Any) -> None:
    auditor, hours = served.signed_in(scene.unit, "auditor"), {"hours": 1}
    request = ask(scene.officer, scene, purpose="=HYPERLINK(1)").json()
    scene.supervisor.post(f"/api/v1/requests/{request['id']}/approve", json=hours)
    (row,) = csv.DictReader(io.StringIO(auditor.get("/api/v1/oversight/grants.csv").content.decode("utf-8-sig")))
    assert (row["用途 purpose"], row["未使用 unused"]) == ("'=HYPERLINK(1)", "True")


def test_the_sample_of_last_month_is_drawn_by_a_checkpoint_and_this_month_s_is_not(served: Any) -> None:
    auditor = served.signed_in(served.unit("江城大队"), "auditor")
    served.wait_for_places()
    today = datetime.now(CHINA).date()
    last = today.replace(day=1) - timedelta(days=1)
    drawn = auditor.get("/api/v1/oversight/sample", params={"month": f"{last:%Y-%m}"})
    assert (drawn.status_code, drawn.json()["items"], drawn.json()["eligible"]) == (200, [], 0)
    assert len(drawn.json()["checkpoint_root"]) == 64
    early = auditor.get("/api/v1/oversight/sample", params={"month": f"{today:%Y-%m}"})
    assert (early.status_code, early.json()["type"]) == (409, "urn:liuhen:problem:month")
    assert f"{today:%Y-%m} 的观看在该月之后" in early.json()["sentences"]["zh-CN"]
    for month in ("2026-13", "26-01", "2026-1", "０００１-01"):
        assert auditor.get("/api/v1/oversight/sample", params={"month": month}).status_code == 422
    for month in ("9999-12", "2201-01", "1989-12", "0001-01", "0000-01"):
        refused = auditor.get("/api/v1/oversight/sample", params={"month": month})
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:liuhen:problem:month-unusable"), month
        assert f"{month} 不在 1990 年至 2200 年之间" in refused.json()["sentences"]["zh-CN"]
    supervisor = served.signed_in(served.unit("另一大队"), "supervisor")
    assert supervisor.get("/api/v1/oversight/sample", params={"month": f"{last:%Y-%m}"}).status_code == 403


def test_a_real_viewing_is_reviewed_over_the_api(served: Any, scene: Any) -> None:
    auditor = served.signed_in(scene.unit, "auditor")
    served.grant(scene.case, scene.officer.person, scene.supervisor.person)
    served.copy(scene.recording, "proxy", b"a proxy, say", "video/mp4")
    shown = scene.officer.get(
        f"/api/v1/recordings/{scene.recording.id}/renditions/proxy", headers={"Range": "bytes=0-9"}
    )
    assert shown.status_code == 206
    (seen,) = auditor.get("/api/v1/oversight/viewings", params={"case": str(scene.case.id)}).json()["items"]
    form = {"grant_id": seen["grant_id"], "recording_id": seen["recording_id"], "outcome": "proper", "note": "相符"}
    made = auditor.post("/api/v1/oversight/reviews", json=form)
    assert (made.status_code, made.json()["outcome"], made.json()["note"]) == (201, "proper", "相符")
    again = auditor.post("/api/v1/oversight/reviews", json=form)
    assert (again.status_code, again.json()["type"]) == (409, "urn:liuhen:problem:viewing-reviewed")
    assert scene.officer.post("/api/v1/oversight/reviews", json=form).status_code == 403
