"""Service over HTTP: entered and refused in both languages, on the time line, in the package; and the gate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from casework.checklists.checklists import load_shipped_checklists
from casework.deadlines.loading import load_shipped_terms
from casework.export import gather_case

PROBLEM = "urn:liuhen:problem:"


@pytest.fixture
def desk(served: Any, scene: Any) -> Any:
    with served.database.transaction() as session:
        load_shipped_checklists(session, datetime.now(UTC))
        load_shipped_terms(session, datetime.now(UTC))
    second = served.signed_in(scene.unit, "officer")
    started = datetime.now(UTC) - timedelta(minutes=20)

    class Desk:
        officer, supervisor, case, recording, began = (
            scene.officer,
            scene.supervisor,
            scene.case,
            scene.recording,
            started,
        )
        at = f"/api/v1/cases/{scene.case.id}"

        def act(self, kind: str) -> Any:
            officers = {"officer_id": str(scene.officer.person.id), "second_officer_id": str(second.person.id)}
            times = {"starts_at": started.isoformat(), "ends_at": (started + timedelta(minutes=10)).isoformat()}
            return scene.officer.post(f"{self.at}/acts", json={"kind": kind, **times, **officers}).json()

        def serve(self, method: str, **more: Any) -> Any:
            served_at = (started + timedelta(minutes=5)).isoformat()
            what = {"document_number": "江综执罚决〔2026〕7号", "addressee": "张某", "served_at": served_at}
            return scene.officer.post(f"{self.at}/services", json={"method": method, **what, **more})

    return Desk()


def test_a_refusal_without_its_picture_is_refused_and_says_what_to_do(desk: Any) -> None:
    act = desk.act("service_left")
    refused = desk.serve("left", place="观音桥", ground="拒绝签收", act_id=act["id"])
    assert (refused.status_code, refused.json()["type"]) == (422, f"{PROBLEM}service-unproven")
    assert "没有照片或录像不算送达，请先将其归入本案" in refused.json()["sentences"]["zh-CN"]
    assert "by its picture alone" in refused.json()["sentences"]["en"]
    assert desk.officer.get(f"{desk.at}/services").json()["items"] == []
    no_film = desk.serve(
        "left", place="观音桥", ground="拒绝签收", act_id=act["id"], recording_id=str(desk.recording.id)
    )
    assert "既不是照片也不是录像，请另选" in no_film.json()["sentences"]["zh-CN"]
    proofs = desk.officer.get(f"{desk.at}/service-proofs", params={"method": "left", "act_id": act["id"]}).json()
    assert [(each["recording_id"], each["problem"]) for each in proofs["items"]] == [
        (str(desk.recording.id), "no_picture")
    ]
    (judged,) = desk.officer.get(f"{desk.at}/completeness").json()["acts"]
    assert judged["forbids_closing"] == "missing"


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("in_person", "该直接送达没有写明签收人，请填写姓名及其与受送达人的关系"),
        ("mailed", "该邮寄送达没有写明邮件号，请填写"),
        ("entrusted", "该委托送达没有写明受托送达的单位，请填写"),
        ("electronic", "该电子送达没有写明电子送达地址，请填写"),
        ("posted", "该公告送达没有写明公告发布在何处，请填写"),
    ],
)
def test_what_each_manner_lacks_is_said_in_its_own_words(desk: Any, method: str, said: str) -> None:
    refused = desk.serve(method)
    assert (refused.status_code, refused.json()["sentences"]["zh-CN"]) == (422, said)
    assert refused.json()["sentences"]["en"].isascii()


def test_a_service_is_entered_shown_on_the_time_line_and_in_the_package_and_withdrawn(desk: Any, served: Any) -> None:
    made = desk.serve("in_person", receiver="张某，本人", recording_id=str(desk.recording.id))
    assert (made.status_code, made.json()["counts"]) == (201, True)
    again = desk.serve("in_person", receiver="张某，本人", recording_id=str(desk.recording.id))
    assert (again.status_code, again.json()["type"]) == (409, f"{PROBLEM}service-repeated")
    address = f"/api/v1/case-services/{made.json()['id']}/withdraw"
    assert desk.officer.post(address, json={"reason": "误登"}).status_code == 403
    kinds = [each["kind"] for each in desk.officer.get(f"{desk.at}/timeline").json()["items"]]
    assert "served" in kinds
    grant = served.grant(desk.case, desk.officer.person, desk.supervisor.person, kind="copy")
    with served.database.transaction() as session:
        contents = gather_case(session, desk.officer.person, desk.case.id, grant.id, datetime.now(UTC))
    (copied,) = contents.case_file["services"]
    assert (copied["document_number"], copied["counts"]) == ("江综执罚决〔2026〕7号", True)
    assert desk.supervisor.post(address, json={"reason": "误登"}).json()["counts"] is False
    again = desk.supervisor.post(address, json={"reason": "误登"})
    assert (again.status_code, again.json()["type"]) == (409, f"{PROBLEM}service-withdrawn")
    stranger = served.signed_in(served.unit("别处"), "officer")
    assert stranger.get(f"{desk.at}/services").status_code == 403


def test_a_public_notice_counts_after_its_days(desk: Any) -> None:
    made = desk.serve("posted", carrier="本局公告栏", ground="下落不明，邮寄退回").json()
    posted = datetime.fromisoformat(made["served_at"]).astimezone(UTC) + timedelta(hours=8)
    assert made["counts_on"] == (posted.date() + timedelta(days=30)).isoformat()


def test_what_is_served_is_of_the_case_and_named(desk: Any) -> None:
    more = {"receiver": "张某，本人", "recording_id": str(desk.recording.id)}
    for what, says in (
        ({"document_number": None}, "没有写明送达了什么"),
        ({"document_id": str(desk.recording.id)}, "所选文书不属于本案"),
        ({"decision_id": str(desk.recording.id)}, "所选文书不属于本案"),
    ):
        refused = desk.serve("in_person", **more, **what)
        assert (refused.status_code, refused.json()["type"]) == (422, f"{PROBLEM}served")
        assert says in refused.json()["sentences"]["zh-CN"]
    future = desk.serve("in_person", **more, served_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert "晚于现在：请在送达之后再登记" in future.json()["sentences"]["zh-CN"]
