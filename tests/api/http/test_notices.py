"""Notices before a penalty over HTTP: told, served, heard, answered; and what is refused, in Chinese."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest

from casework.documents.issuers import name_issuer
from casework.documents.templates import load_shipped_templates
from casework.notices.rules import load_shipped_notice_rules
from casework.review.scopes import load_shipped_scopes
from storage.ledger.append import Actor
from tests.api.http.test_decisions import SAID, refused
from tests.telling import NoticeWriter

SMALL = {**SAID, "field": "city_appearance", "amount_fen": 20_000, "content": "罚款二百元"}
CHINESE = {"Accept-Language": "zh"}


@pytest.fixture
def desk(served: Any) -> Any:
    """A case that waits to be decided, under the shipped rules of notices."""
    bureau = served.unit("江城区城市管理局")
    unit = served.unit("江城大队", bureau)
    officer, supervisor = served.signed_in(unit, "officer"), served.signed_in(unit, "supervisor")
    with served.database.transaction() as session:
        for load in (load_shipped_scopes, load_shipped_templates, load_shipped_notice_rules):
            load(session, datetime.now(UTC))
        name_issuer(session, Actor.system("admin"), bureau.id, name="江城区城市管理局", word="江综执")

    class Desk:
        pass

    desk = Desk()
    desk.officer, desk.supervisor, desk.unit = officer, supervisor, unit  # type: ignore[attr-defined]
    case = served.case(officer.person)
    handlers = [served.person(unit, "officer") for _ in range(2)]
    served.certify(*(each.id for each in handlers))
    desk.handlers, desk.at = handlers, f"/api/v1/cases/{case.id}"  # type: ignore[attr-defined]
    for each in handlers:
        officer.post(f"/api/v1/cases/{case.id}/officers", json={"person_id": str(each.id)})
    for stage in ("investigation", "decision"):
        assert officer.post(f"/api/v1/cases/{case.id}/stages", json={"stage": stage}).status_code == 201
    station = served.station(unit)

    def film() -> str:
        recording = served.seal(station, os.urandom(2000), "signed.mp4")
        served.link(recording, case, officer.person)
        return str(recording.id)

    desk.writer = NoticeWriter(officer, str(case.id), str(handlers[0].id), film)  # type: ignore[attr-defined]
    return desk


def missing(desk: Any) -> list[str]:
    (draft,) = desk.officer.get(f"{desk.at}/party-notices").json()["decisions"]
    return list(draft["missing"])


def test_told_served_heard_answered_and_nothing_is_missing(desk: Any, served: Any) -> None:
    decision = desk.officer.post(f"{desk.at}/decisions", json=SMALL).json()
    assert missing(desk) == ["untold"]
    notice = desk.writer.tell(decision)
    assert (notice["kind"], notice["days"], notice["counts_on"], notice["until"]) == ("penalty", 3, None, None)
    assert missing(desk) == ["notice_unserved"]
    desk.writer.serve(decision, notice)
    (shown,) = desk.officer.get(f"{desk.at}/party-notices").json()["notices"]
    assert shown["until"] > shown["counts_on"]
    said = desk.writer.hear(notice, "statement", content="是昨天才摆的")
    (reply,) = said["replies"]
    assert (reply["kind"], reply["awaits_answer"]) == ("statement", True)
    assert missing(desk) == ["statement_days", "unanswered"]
    given = {"outcome": "not_adopted", "reason": "录像显示占道已久"}
    answered = desk.officer.post(f"/api/v1/party-replies/{reply['id']}/answer", json=given)
    assert answered.status_code == 201, answered.text
    assert answered.json()["replies"][0]["answers"][0]["outcome"] == "not_adopted"
    again = desk.officer.post(f"/api/v1/party-replies/{reply['id']}/answer", json=given, headers=CHINESE)
    assert (refused(again), again.json()["detail"]) == (
        (409, "notice-settled"),
        "已有复核意见；如需更改，请先撤回",
    )
    desk.writer.hear(notice, "statement_waived", film=True)
    assert missing(desk) == []
    assert len(served.entries("case.party_told")) == 1
    page = desk.officer.get(desk.at.removeprefix("/api/v1"), headers=CHINESE).text
    for word in ("处罚前告知", "告知已完备", "是昨天才摆的", "不予采纳", "当事人已放弃"):
        assert word in page


def test_a_notice_that_says_something_else_is_refused(desk: Any) -> None:
    decision = desk.officer.post(f"{desk.at}/decisions", json=SMALL).json()
    paper = desk.writer.paper(decision, proposed="罚款一百元")
    form = {"kind": "penalty", "document_id": paper}
    other = desk.officer.post(f"/api/v1/decisions/{decision['id']}/party-notices", json=form, headers=CHINESE)
    assert refused(other) == (422, "notice")
    assert other.json()["detail"] == "告知书“拟作出的处罚”与拟作出的决定的内容不一致（须逐字相同），请更正其一"
    spoken = {"told_by": str(desk.handlers[0].id), "told_at": datetime.now(UTC).isoformat(), "place": "路边"}
    simple = desk.officer.post(f"/api/v1/decisions/{decision['id']}/party-notices", json=spoken, headers=CHINESE)
    assert simple.json()["detail"] == "只有简易程序可以当场口头告知，请制作并送达告知书"


def test_what_is_given_up_is_shown(desk: Any) -> None:
    decision = desk.officer.post(f"{desk.at}/decisions", json=SMALL).json()
    notice = desk.writer.tell(decision)
    early = desk.writer.try_hear(notice, "statement_waived", film=True)
    assert refused(early) == (422, "reply")
    desk.writer.serve(decision, notice)
    bare = desk.writer.try_hear(notice, "statement_waived")
    assert (refused(bare), "in writing or recorded" in bare.json()["detail"]) == ((422, "reply"), True)


def test_only_a_supervisor_withdraws_and_another_unit_sees_nothing(desk: Any, served: Any) -> None:
    decision = desk.officer.post(f"{desk.at}/decisions", json=SMALL).json()
    notice = desk.writer.tell(decision)
    at = f"/api/v1/party-notices/{notice['id']}/withdraw"
    assert desk.officer.post(at, json={"reason": "误登"}).status_code == 403
    gone = desk.supervisor.post(at, json={"reason": "误登"})
    assert (gone.status_code, gone.json()["withdraw_reason"]) == (200, "误登")
    assert missing(desk) == ["untold"]
    elsewhere = served.signed_in(served.unit(), "officer")
    assert elsewhere.get(f"{desk.at}/party-notices").status_code == 403
