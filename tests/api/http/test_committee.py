"""A disagreement over HTTP: the committee sits over it, advisers come from the pool, a suspicion of crime ends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from casework.review.scopes import load_shipped_scopes
from tests.api.http.test_decisions import CHINESE, SAID, WHOLE, answers, refused


@pytest.fixture
def desk(served: Any) -> Any:
    """A decision that a reviewer of the bureau found problems with, three of the bureau who may sit, and an adviser."""
    with served.database.transaction() as session:
        load_shipped_scopes(session, datetime.now(UTC))
    bureau = served.unit("江城区城市管理局")
    unit = served.unit("江城大队", bureau)

    class Desk:
        officer, supervisor = served.signed_in(unit, "officer"), served.signed_in(unit, "supervisor")
        reviewer = served.signed_in(bureau, "legal_reviewer")
        members = tuple(str(served.person(bureau, "supervisor").id) for _ in range(3))
        handlers = tuple(served.person(unit, "officer") for _ in range(2))
        case = served.case(officer.person)
        address = f"/api/v1/cases/{case.id}"

        def decide(self, **given: Any) -> dict[str, Any]:
            """Drafted, submitted, and reviewed with `given` answers: problems."""
            drafted = self.officer.post(f"{self.address}/decisions", json=SAID).json()
            self.version = drafted["versions"][-1]["id"]
            whole = {"version_id": self.version, **WHOLE}
            sent = self.officer.post(f"/api/v1/decisions/{drafted['id']}/submissions", json=whole).json()
            form = {"opinion": "problems", "statement": "裁量过重", "answers": answers(self.version, **given)}
            made = self.reviewer.post(f"/api/v1/submissions/{sent['submission_id']}/opinion", json=form)
            assert made.status_code == 201, made.text
            return made.json()  # type: ignore[no-any-return]

        def sitting(self, **other: Any) -> dict[str, Any]:
            facts = {
                "held_at": datetime.now(UTC).isoformat(),
                "place": "局三楼会议室",
                "presided_by": self.members[0],
                "members": self.members,
                "votes_for": 2,
                "votes_against": 1,
                "minutes": "多数认为裁量适当",
                "answers": answers(self.version),
                "statement": "同意",
            }
            return {**facts, **other}

    administrator = served.signed_in(bureau, "administrator")
    qualified = {"ground": "legal_profession", "number": "A20201101", "valid_from": "2020-03-01"}
    mine = f"/api/v1/people/{Desk.reviewer.person.id}/qualifications"
    assert administrator.post(mine, json=qualified).status_code == 201
    served.certify(*(each.id for each in Desk.handlers))
    for each in Desk.handlers:
        Desk.officer.post(f"{Desk.address}/officers", json={"person_id": str(each.id)})
    for stage in ("investigation", "decision"):
        assert Desk.officer.post(f"{Desk.address}/stages", json={"stage": stage}).status_code == 201
    return Desk()


def disagree(desk: Any, decision: dict[str, Any]) -> Any:
    (review,) = decision["versions"][-1]["reviews"]
    return desk.officer.post(f"/api/v1/opinions/{review['id']}/disagreement", json={"reason": "裁量符合基准"})


def test_the_committee_sits_and_what_most_are_for_is_issued(desk: Any) -> None:
    decision = desk.decide()
    assert (decision["state"], decision["versions"][-1]["reviews"][0]["disagreement"]) == ("problems", None)
    assert refused(desk.supervisor.post(f"/api/v1/decisions/{decision['id']}/issue", json={"version_id": desk.version}))
    stated = disagree(desk, decision)
    assert stated.status_code == 201
    dispute = stated.json()["versions"][-1]["reviews"][0]["disagreement"]
    assert (dispute["reason"], dispute["sitting"]) == ("裁量符合基准", None)
    adviser = desk.reviewer.post(
        "/api/v1/advisers", json={"kind": "counsel", "name": "周律师", "office": "重庆某律师事务所"}
    ).json()

    (queued,) = desk.reviewer.get("/api/v1/disagreements").json()["items"]
    assert (queued["disagreement"]["id"], queued["case"]["id"]) == (dispute["id"], str(desk.case.id))
    file = desk.reviewer.get(f"/api/v1/disagreements/{dispute['id']}").json()
    assert file["barred"] is None
    assert set(desk.members) <= {each["id"] for each in file["may_sit"]}
    involved = {str(desk.officer.person.id), *(str(each.id) for each in desk.handlers)}
    assert not involved & {each["id"] for each in file["may_sit"]}
    assert [each["name"] for each in file["may_advise"]] == ["周律师"]

    sitting = desk.sitting(advice={adviser["id"]: "建议维持原裁量"})
    kept = desk.reviewer.post(f"/api/v1/disagreements/{dispute['id']}/session", json=sitting)
    assert kept.status_code == 201, kept.text
    assert kept.json()["state"] == "agreed"
    held = kept.json()["versions"][-1]["reviews"][0]["disagreement"]["sitting"]
    assert (held["outcome"], held["votes_for"], held["votes_against"], held["abstentions"]) == ("agreed", 2, 1, 0)
    assert {each["id"] for each in held["members"]} == set(desk.members)
    assert [(each["name"], each["advice"]) for each in held["advice"]] == [("周律师", "建议维持原裁量")]
    assert desk.reviewer.get("/api/v1/disagreements").json()["items"] == []
    issued = desk.supervisor.post(f"/api/v1/decisions/{decision['id']}/issue", json={"version_id": desk.version})
    assert (issued.status_code, issued.json()["state"]) == (201, "issued")


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"votes_for": 3}, "票数之和须等于到会委员人数，请核对"),
        ({"held_at": "2019-01-01T09:00:00+08:00"}, "会议须在提出异议之后、现在之前举行，请更正时间"),
        ({"members": []}, "会议须有三名以上委员，不得重复"),
    ],
)
def test_a_session_that_cannot_have_been_is_refused(desk: Any, other: dict[str, Any], sentence: str) -> None:
    dispute = disagree(desk, desk.decide()).json()["versions"][-1]["reviews"][0]["disagreement"]
    address = f"/api/v1/disagreements/{dispute['id']}/session"
    answer = desk.reviewer.post(address, json=desk.sitting(**other), headers=CHINESE)
    assert (refused(answer), answer.json()["detail"]) == ((422, "committee"), sentence)
    assert desk.reviewer.post(address, json=desk.sitting()).status_code == 201
    assert refused(desk.reviewer.post(address, json=desk.sitting())) == (409, "review-settled")


def test_a_time_without_its_offset_is_no_time(desk: Any) -> None:
    dispute = disagree(desk, desk.decide()).json()["versions"][-1]["reviews"][0]["disagreement"]
    form = desk.sitting(held_at="2026-03-09T14:30:00")
    answer = desk.reviewer.post(f"/api/v1/disagreements/{dispute['id']}/session", json=form)
    assert (refused(answer), answer.json()["fields"]) == ((422, "input"), ["held_at"])


def test_whoever_handles_the_case_disagrees_and_only_a_reviewer_keeps_the_minutes(desk: Any, served: Any) -> None:
    decision = desk.decide()
    (review,) = decision["versions"][-1]["reviews"]
    address = f"/api/v1/opinions/{review['id']}/disagreement"
    assert refused(desk.reviewer.post(address, json={"reason": "不同意"})) == (403, "role")
    stranger = served.signed_in(served.unit("外区大队"), "officer")
    assert refused(stranger.post(address, json={"reason": "不同意"}))[0] in (403, 404)
    dispute = disagree(desk, decision).json()["versions"][-1]["reviews"][0]["disagreement"]
    assert refused(disagree(desk, decision)) == (409, "review-settled")
    for path in ("/api/v1/disagreements", f"/api/v1/disagreements/{dispute['id']}"):
        assert refused(desk.supervisor.get(path)) == (403, "role")
    kept = desk.supervisor.post(f"/api/v1/disagreements/{dispute['id']}/session", json=desk.sitting())
    assert refused(kept) == (403, "role")
    elsewhere = served.signed_in(served.unit("外区城市管理局"), "legal_reviewer")
    assert refused(elsewhere.get(f"/api/v1/disagreements/{dispute['id']}"))[0] in (403, 404)
    assert elsewhere.get("/api/v1/disagreements").json()["items"] == []


def test_an_adviser_with_a_conflict_stays_away_and_one_who_left_is_not_asked(desk: Any) -> None:
    dispute = disagree(desk, desk.decide()).json()["versions"][-1]["reviews"][0]["disagreement"]
    forms = [{"kind": "counsel", "name": name, "office": "某所"} for name in ("甲律师", "乙律师", "丙律师")]
    first, second, third = (desk.reviewer.post("/api/v1/advisers", json=form).json() for form in forms)
    conflict = {"case_id": str(desk.case.id), "reason": "曾代理当事人"}
    stated = desk.reviewer.post(f"/api/v1/advisers/{first['id']}/conflicts", json=conflict)
    assert (stated.status_code, stated.json()["adviser_id"]) == (201, first["id"])
    assert refused(desk.reviewer.post(f"/api/v1/advisers/{first['id']}/conflicts", json=conflict)) == (
        409,
        "review-settled",
    )
    ended = desk.reviewer.post(f"/api/v1/advisers/{second['id']}/end", json={"reason": "合同到期"})
    assert ended.json()["end_reason"] == "合同到期"
    file = desk.reviewer.get(f"/api/v1/disagreements/{dispute['id']}").json()
    assert [each["id"] for each in file["may_advise"]] == [third["id"]]
    for adviser in (first, second):
        form = desk.sitting(advice={adviser["id"]: "意见"})
        answer = desk.reviewer.post(f"/api/v1/disagreements/{dispute['id']}/session", json=form)
        assert refused(answer) == (422, "committee")
    listed = desk.reviewer.get("/api/v1/advisers").json()["items"]
    assert [(each["name"], each["ended_at"] is None) for each in listed][-1] == ("乙律师", False)
    assert refused(desk.officer.get("/api/v1/advisers")) == (403, "role")
    wrong = desk.reviewer.post("/api/v1/advisers", json={"kind": "friend", "name": "丁", "office": "某所"})
    assert wrong.status_code == 422


def test_a_suspicion_of_crime_waits_until_it_ends(desk: Any) -> None:
    crime = {"answer": "yes", "references": []}
    drafted = desk.officer.post(f"{desk.address}/decisions", json=SAID).json()
    desk.version = drafted["versions"][-1]["id"]
    crime["references"] = [f"version:{desk.version}"]
    sent = desk.officer.post(
        f"/api/v1/decisions/{drafted['id']}/submissions", json={"version_id": desk.version, **WHOLE}
    ).json()
    form = {"opinion": "problems", "statement": "涉嫌犯罪", "answers": answers(desk.version, crime=crime)}
    assert desk.reviewer.post(f"/api/v1/submissions/{sent['submission_id']}/opinion", json=form).status_code == 201
    (waiting,) = desk.supervisor.get("/api/v1/transfers").json()["items"]
    assert (waiting["case"]["id"], waiting["outcome"]) == (str(desk.case.id), None)
    assert refused(desk.officer.get("/api/v1/transfers")) == (403, "role")
    address = f"/api/v1/transfers/{waiting['id']}"
    nothing = {"export_id": waiting["id"], "receiver": "区公安分局", "note": "回执 3 号"}
    assert refused(desk.supervisor.post(f"{address}/hand-over", json=nothing))[0] == 404
    page = desk.supervisor.get("/transfers", headers={"Accept-Language": "zh"}).text
    assert "本案还没有在提出涉嫌犯罪以后导出完成的证据包" in page
    assert refused(desk.reviewer.post(f"{address}/no-crime", json={"reason": "数额未达"})) == (403, "role")
    ended = desk.supervisor.post(f"{address}/no-crime", json={"reason": "数额未达立案标准"})
    assert (ended.status_code, ended.json()["outcome"], ended.json()["note"]) == (200, "no_crime", "数额未达立案标准")
    assert refused(desk.supervisor.post(f"{address}/no-crime", json={"reason": "再次"})) == (409, "review-settled")
    assert desk.supervisor.get("/api/v1/transfers").json()["items"] == []


def test_over_a_withdrawn_opinion_nobody_sits_and_its_pass_opens_nothing(desk: Any) -> None:
    decision = desk.decide()
    stated = disagree(desk, decision).json()["versions"][-1]
    (review,) = stated["reviews"]
    address = f"/api/v1/disagreements/{review['disagreement']['id']}/session"
    assert (
        desk.reviewer.post(f"/api/v1/opinions/{review['id']}/withdraw", json={"reason": "重新审核"}).status_code == 200
    )
    answer = desk.reviewer.post(address, json=desk.sitting(votes_for=3, votes_against=0), headers=CHINESE)
    assert refused(answer) == (409, "review-settled")
    assert answer.json()["detail"] == "不能这样办理：有异议的审核意见已撤回或已有新的意见，委员会不再审议"
    assert refused(desk.supervisor.post(f"/api/v1/decisions/{decision['id']}/issue", json={"version_id": desk.version}))
    page = desk.officer.get(f"/cases/{desk.case.id}", headers={"Accept-Language": "zh"}).text
    assert "该审核意见已撤回，委员会不再审议。" in page
    assert "待法制审核委员会审议。" not in page


def test_what_the_committee_came_to_is_not_disputed_again(desk: Any) -> None:
    dispute = disagree(desk, desk.decide()).json()["versions"][-1]["reviews"][0]["disagreement"]
    lost = desk.sitting(votes_for=1, votes_against=2)
    kept = desk.reviewer.post(f"/api/v1/disagreements/{dispute['id']}/session", json=lost).json()
    opinion = next(each for each in kept["versions"][-1]["reviews"] if each["disagreement"] is None)
    form = {"reason": "另组会议"}
    answer = desk.officer.post(f"/api/v1/opinions/{opinion['id']}/disagreement", json=form, headers=CHINESE)
    assert refused(answer) == (409, "review-settled")
    assert answer.json()["detail"].endswith("该意见是委员会的审议结论，不能再次提出异议；请修改决定后重新送审")
