"""Decisions and reviews over HTTP: from the draft to the issue, and what is refused on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from casework.review.scopes import load_shipped_scopes
from storage.catalog.review import QUESTIONS

SAID = {
    "kind": "penalty",
    "measures": ["fine"],
    "level": "brigade",
    "field": "construction",
    "party": "某建筑公司",
    "party_kind": "organisation",
    "content": "罚款人民币六万元",
    "amount_fen": 6_000_000,
}
WHOLE = {"true": True, "accurate": True, "complete": True}
CHINESE = {"Accept-Language": "zh"}


@pytest.fixture
def desk(served: Any) -> Any:
    """A case that waits to be decided, its people, and a reviewer of the bureau above."""
    with served.database.transaction() as session:
        load_shipped_scopes(session, datetime.now(UTC))
    bureau = served.unit("江城区城市管理局")
    unit = served.unit("江城大队", bureau)

    class Desk:
        officer, supervisor = served.signed_in(unit, "officer"), served.signed_in(unit, "supervisor")
        reviewer = served.signed_in(bureau, "legal_reviewer")
        administrator = served.signed_in(bureau, "administrator")
        case = served.case(officer.person)
        address = f"/api/v1/cases/{case.id}"

    handlers = [served.person(unit, "officer") for _ in range(2)]
    served.certify(*(each.id for each in handlers))
    for each in handlers:
        Desk.officer.post(f"{Desk.address}/officers", json={"person_id": str(each.id)})
    for stage in ("investigation", "decision"):
        assert Desk.officer.post(f"{Desk.address}/stages", json={"stage": stage}).status_code == 201
    return Desk()


def answers(version_id: str, **other: Any) -> dict[str, Any]:
    given = {each: {"answer": "yes", "references": [f"version:{version_id}"]} for each in QUESTIONS}
    return {**given, "crime": {"answer": "no", "references": [f"version:{version_id}"]}, **other}


def refused(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["type"].rpartition(":")[2]


def test_a_decision_is_reviewed_and_issued_and_not_before(desk: Any, served: Any) -> None:
    made = desk.officer.post(f"{desk.address}/decisions", json=SAID)
    assert made.status_code == 201, made.text
    decision = made.json()
    (version,) = decision["versions"]
    assert (decision["state"], decision["refusals"], version["needs_review"]) == ("draft", ["no_pass"], True)
    assert [(each["code"], each["ground"]) for each in version["scope"]] == [("fine_organisation", "major_rights")]
    address, read = f"/api/v1/decisions/{decision['id']}", {"version_id": version["id"]}
    early = desk.supervisor.post(f"{address}/issue", json=read, headers=CHINESE)
    assert refused(early) == (409, "gate")
    assert early.json()["detail"] == "不能办理：属于法制审核范围，没有有效的审核通过意见，请送法制审核"
    event = {"kind": "penalty_decided", "day": datetime.now(UTC).date().isoformat()}
    assert refused(desk.supervisor.post(f"{desk.address}/events", json=event))[1] in ("gate", "event-day")
    assert refused(desk.supervisor.post(f"{desk.address}/stages", json={"stage": "execution"})) == (409, "gate")
    half = {**read, **WHOLE, "complete": False}
    assert refused(desk.officer.post(f"{address}/submissions", json=half)) == (422, "decision")
    submitted = desk.officer.post(f"{address}/submissions", json={**read, **WHOLE}).json()
    (waiting,) = desk.reviewer.get("/api/v1/reviews").json()["items"]
    assert waiting["submission_id"] == submitted["submission_id"]
    opinion = {"opinion": "agreed", "statement": "同意", "answers": answers(version["id"])}
    at = f"/api/v1/submissions/{submitted['submission_id']}"
    barred = desk.reviewer.post(f"{at}/opinion", json=opinion)
    assert refused(barred) == (403, "reviewer-barred")
    qualified = {"ground": "legal_profession", "number": "A20201101", "valid_from": "2020-03-01"}
    person = f"/api/v1/people/{desk.reviewer.person.id}/qualifications"
    assert desk.administrator.post(person, json=qualified).status_code == 201
    file = desk.reviewer.get(at).json()
    assert (file["barred"], len(file["references"])) == (None, 3 + 2 + 1)
    without = {**opinion, "answers": answers(version["id"], law={"answer": "yes"})}
    short = desk.reviewer.post(f"{at}/opinion", json=without, headers=CHINESE)
    assert (refused(short), short.json()["detail"]) == (
        (422, "review-answers"),
        "“法律适用与裁量基准”须至少引用一项案内材料",
    )
    given = desk.reviewer.post(f"{at}/opinion", json=opinion)
    assert (given.status_code, given.json()["state"], given.json()["refusals"]) == (201, "agreed", [])
    assert desk.reviewer.get("/api/v1/reviews").json()["items"] == []
    issued = desk.supervisor.post(f"{address}/issue", json=read)
    assert (issued.status_code, issued.json()["state"]) == (201, "issued")
    assert desk.supervisor.post(f"{desk.address}/stages", json={"stage": "execution"}).status_code == 201
    shown = desk.officer.get(f"{desk.address}/decisions").json()
    assert (shown["refusals"], shown["decisions"][0]["issued_by"]["id"]) == ([], str(desk.supervisor.person.id))
    assert len(served.entries("decision.issued")) == 1
    again = desk.supervisor.post(f"{address}/issue", json=read, headers=CHINESE)
    assert (refused(again), again.json()["detail"]) == (
        (409, "decision-settled"),
        "不能这样办理该决定：已经作出，不再更改",
    )


def test_a_change_needs_a_review_of_its_own(desk: Any) -> None:
    desk.administrator.post(
        f"/api/v1/people/{desk.reviewer.person.id}/qualifications",
        json={"ground": "reviewed_before", "number": "档2016-3", "valid_from": "2016-01-01"},
    )
    decision = desk.officer.post(f"{desk.address}/decisions", json=SAID).json()
    version, address = decision["versions"][0]["id"], f"/api/v1/decisions/{decision['id']}"
    submitted = desk.officer.post(f"{address}/submissions", json={"version_id": version, **WHOLE}).json()
    at = f"/api/v1/submissions/{submitted['submission_id']}"
    opinion = {"opinion": "agreed", "statement": "同意", "answers": answers(version)}
    given = desk.reviewer.post(f"{at}/opinion", json=opinion).json()
    changed = {**SAID, "amount_fen": 9_000_000, "reason": "加重", "former": version}
    later = desk.officer.post(f"{address}/versions", json=changed).json()
    assert (later["state"], later["refusals"]) == ("draft", ["no_pass"])
    stale = desk.supervisor.post(f"{address}/issue", json={"version_id": version})
    assert refused(stale) == (409, "decision-settled")
    now = {"version_id": later["versions"][-1]["id"]}
    assert refused(desk.supervisor.post(f"{address}/issue", json=now)) == (409, "gate")
    review = given["versions"][0]["reviews"][0]["id"]
    assert desk.officer.post(f"/api/v1/opinions/{review}/withdraw", json={"reason": "x"}).status_code == 403
    assert desk.reviewer.post(f"/api/v1/opinions/{review}/withdraw", json={"reason": "误"}).status_code == 200
    gone = desk.officer.post(f"{address}/withdraw", json={"reason": "不予处罚"}).json()
    assert (gone["state"], gone["refusals"]) == ("withdrawn", ["withdrawn"])


@pytest.mark.parametrize("role", ["officer", "supervisor", "auditor", "publisher", "administrator"])
def test_the_queue_is_the_reviewers(desk: Any, served: Any, role: str) -> None:
    caller = served.signed_in(served.unit(), role)
    assert caller.get("/api/v1/reviews").status_code == 403


def test_another_bureau_reviews_nothing_here(desk: Any, served: Any) -> None:
    decision = desk.officer.post(f"{desk.address}/decisions", json=SAID).json()
    read = {"version_id": decision["versions"][0]["id"], **WHOLE}
    submitted = desk.officer.post(f"/api/v1/decisions/{decision['id']}/submissions", json=read).json()
    stranger = served.signed_in(served.unit(), "legal_reviewer")
    assert stranger.get("/api/v1/reviews").json()["items"] == []
    assert refused(stranger.get(f"/api/v1/submissions/{submitted['submission_id']}")) == (403, "other-unit")
    qualified = {"ground": "legal_profession", "number": "A1", "valid_from": "2020-03-01"}
    mine = f"/api/v1/people/{desk.reviewer.person.id}/qualifications"
    for caller in (desk.reviewer, desk.supervisor, served.signed_in(served.unit(), "administrator")):
        assert caller.post(mine, json=qualified).status_code == 403
