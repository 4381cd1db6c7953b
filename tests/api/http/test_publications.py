"""Publication over HTTP: from the event to the channels, each by whoever has the duty, in the unit alone."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.api.http.publishing import SAID, PublishingDesk, make_publishing_desk

CHINESE = {"Accept-Language": "zh"}
COMPANY = {"party": "某运输有限公司", "party_kind": "organisation", "content": "罚款人民币五十元"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(2 << 20)


@pytest.fixture
def desk(served: Any) -> PublishingDesk:
    """A decision that was issued today, and everybody with his duty; an administrator above, and another unit."""
    desk = make_publishing_desk(served)
    desk.decide()
    return desk


def refused(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["type"].rpartition(":")[2]


def test_a_citizens_penalty_goes_its_way_to_the_public_and_off_every_channel(desk: Any) -> None:
    (due,) = desk.publisher.get("/api/v1/publications/due").json()["items"]
    assert (due["term"], due["next_duty"], due["publication_id"]) == ("publish_penalty", "collect", None)
    at = f"/api/v1/events/{desk.event}/publication"
    unmasked = desk.officer.post(at, json={"conclusion": "对张三丰罚款五十元"}, headers=CHINESE)
    assert refused(unmasked) == (422, "masking-needed")
    assert unmasked.json()["detail"].startswith("“执法结论”中仍有不应公开的内容（自然人姓名“张三丰”）")
    assert refused(desk.publisher.post(at, json={})) == (403, "duty-lacking")
    made = desk.officer.post(at, json={"document_number": "江综罚〔2026〕1号"})
    assert made.status_code == 201, made.text
    publication = made.json()
    (text,) = publication["versions"]
    assert (text["party"], text["needs_second"]) == ("张某某", True)
    assert text["conclusion"] == "对张某某（身份证******************）罚款五十元"
    here, read = f"/api/v1/publications/{publication['id']}", {"version_id": text["id"]}
    assert refused(desk.publisher.post(f"{here}/publish", json=read)) == (409, "publication-step")
    assert desk.officer.post(f"{here}/transmission", json=read).json()["state"] == "transmitted"
    assert desk.reviewers[0].post(f"{here}/pass", json=read).json()["state"] == "passed_once"
    assert refused(desk.reviewers[0].post(f"{here}/pass", json=read)) == (409, "publication-step")
    assert desk.reviewers[1].post(f"{here}/pass", json=read).json()["state"] == "passed"
    assert refused(desk.reviewers[1].post(f"{here}/publish", json=read)) == (403, "duty-lacking")
    public = desk.publisher.post(f"{here}/publish", json=read).json()
    assert (public["state"], public["shown_version_id"]) == ("published", text["id"])
    assert desk.publisher.get("/api/v1/publications/due").json()["items"] == []
    posted = {"channel": "website", "place": "https://www.example.gov.cn/1", "posted_on": desk.today.isoformat()}
    (posting,) = desk.publisher.post(f"{here}/postings", json=posted).json()["postings"]
    proof = f"/api/v1/postings/{posting['id']}/evidence?name=截图.png"
    filed = desk.publisher.post(proof, content=PNG, headers={"Content-Type": "image/png"})
    assert filed.status_code == 201, filed.text
    (evidence,) = filed.json()["postings"][0]["evidence"]
    shown = desk.auditor.get(f"/api/v1/posting-evidence/{evidence['id']}")
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    revoked = {"kind": "decision_revoked", "day": desk.today.isoformat()}
    assert desk.supervisor.post(f"/api/v1/cases/{desk.case.id}/events", json=revoked).status_code == 201
    down = {"ground": "revoked", "reason": "复议机关决定撤销"}
    assert desk.publisher.post(f"{here}/taking-down", json=down).json()["shown_version_id"] is None
    (due,) = desk.publisher.get("/api/v1/publications/due").json()["items"]
    assert (due["term"], due["days_left"]) == ("withdraw", 3)
    desk.publisher.post(f"/api/v1/postings/{posting['id']}/removal", json={"removal": "已删除"})
    assert desk.publisher.get("/api/v1/publications/due").json()["items"] == []


def test_of_two_decisions_of_one_day_each_event_names_its_own(desk: Any) -> None:
    at = f"/api/v1/cases/{desk.case.id}"
    drafted = desk.officer.post(f"{at}/decisions", json={**SAID, **COMPANY}).json()
    read = {"version_id": drafted["versions"][0]["id"]}
    assert desk.supervisor.post(f"/api/v1/decisions/{drafted['id']}/issue", json=read).status_code == 201
    events = desk.officer.get(f"{at}/deadlines").json()["events"]
    decided = {each["decision_id"]: each["id"] for each in events if each["kind"] == "penalty_decided"}
    assert (len(decided), decided[drafted["id"]] == desk.event) == (2, False)
    page = desk.officer.get(f"/cases/{desk.case.id}").text
    assert page.count("某运输有限公司") > 1
    assert 'name="decision_id"' in page
    texts = {desk.publish(event)["versions"][-1]["party"] for event in decided.values()}
    assert len(texts) == 2
    revoked = {"kind": "decision_revoked", "day": desk.today.isoformat()}
    unclear = desk.officer.post(f"{at}/events", json=revoked, headers={"Accept-Language": "zh-CN"})
    assert refused(unclear) == (422, "decision-unclear")
    assert "本案有 2 项处罚决定" in unclear.json()["detail"]
    foreign = desk.officer.post(f"{at}/events", json={**revoked, "decision_id": str(uuid.uuid4())})
    assert refused(foreign) == (422, "decision-unfit")
    named = desk.officer.post(f"{at}/events", json={**revoked, "decision_id": drafted["id"]})
    assert (named.status_code, named.json()["decision_id"]) == (201, drafted["id"])
    (due,) = desk.publisher.get("/api/v1/publications/due").json()["items"]
    assert due["term"] == "withdraw"


def test_who_may_do_what(desk: Any, served: Any) -> None:
    publication = desk.officer.post(f"/api/v1/events/{desk.event}/publication", json={}).json()
    here, read = f"/api/v1/publications/{publication['id']}", {"version_id": publication["versions"][0]["id"]}
    deeds = {
        "transmission": read,
        "pass": read,
        "return": {**read, "reason": "不准确"},
        "publish": read,
        "withhold": read,
        "taking-down": {"ground": "revoked", "reason": "撤销"},
        "postings": {"channel": "website", "place": "x", "posted_on": desk.today.isoformat()},
        "versions": {"former": read["version_id"], "reason": "更正"},
    }
    for deed, form in deeds.items():
        assert refused(desk.auditor.post(f"{here}/{deed}", json=form)) == (403, "duty-lacking"), deed
        outside = refused(desk.stranger.post(f"{here}/{deed}", json=form))
        assert outside in ((403, "duty-lacking"), (403, "other-unit"), (404, "unknown")), (deed, outside)
        assert refused(served.caller().post(f"{here}/{deed}", json=form)) == (401, "sign-in-needed"), deed
    assert desk.auditor.get(here).status_code == 200
    assert desk.stranger.get(here).status_code in (403, 404)
    assert desk.stranger.get("/api/v1/publications").json()["items"] == []
    duty = {"duty": "publish"}
    assert (
        desk.publisher.post(f"/api/v1/people/{desk.officer.person.id}/publication-duties", json=duty).status_code == 403
    )
    at = f"/api/v1/people/{desk.auditor.person.id}/publication-duties"
    assert refused(desk.administrator.post(at, json=duty)) == (422, "duty-unfit")
    held = desk.administrator.get("/api/v1/publication-duties").json()["items"]
    assert len(held) == 6
    ended = desk.administrator.post(f"/api/v1/publication-duties/{held[0]['id']}/end", json={"reason": "调离"})
    assert ended.json()["ended_at"] is not None


def test_what_is_overdue_is_reported_as_a_table(desk: Any, served: Any) -> None:
    def reported() -> list[list[str]]:
        table = desk.publisher.get("/api/v1/publications/overdue.csv")
        assert table.headers["content-type"] == "text/csv; charset=utf-8"
        return list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))

    heading = ["案号", "案由", "事项", "起算日", "到期日", "逾期工作日", "公示状态", "待办职责"]
    assert reported() == [heading], "nothing is, of what was decided today"
    served.as_owner("UPDATE term_answer SET due_on = %s", desk.today - timedelta(days=30))
    (_, line) = reported()
    said = dict(zip(heading, line, strict=True))
    assert (said["案号"], said["起算日"]) == (desk.case.number, desk.today.isoformat())
    assert said["到期日"] == (desk.today - timedelta(days=30)).isoformat()
    assert int(said["逾期工作日"]) > 10
    assert (said["公示状态"], said["待办职责"]) == ("未采集", "采集")


def test_pages_of_publication_say_where_it_stands(desk: Any) -> None:
    case = desk.officer.get(f"/cases/{desk.case.id}", headers=CHINESE).text
    assert "采集公示信息" in case
    assert "对张某某（身份证******************）罚款五十元" in case
    publication = desk.officer.post(f"/api/v1/events/{desk.event}/publication", json={}).json()
    page = desk.officer.get(f"/publications/{publication['id']}", headers=CHINESE)
    assert page.status_code == 200
    assert "传递给审核人" in page.text
    listed = desk.reviewers[0].get("/publications", headers=CHINESE).text
    assert "已采集，待传递" in listed
    desk.officer.post(
        f"/api/v1/publications/{publication['id']}/transmission", json={"version_id": publication["versions"][0]["id"]}
    )
    assert "等您办理" in desk.reviewers[0].get("/publications", headers=CHINESE).text
    english = desk.reviewers[0].get(f"/publications/{publication['id']}").text
    assert "a second reviewer looks at it" in english
