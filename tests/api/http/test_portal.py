"""The public's pages and feeds: what is published and nothing else, to everybody, and never a person's data."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from api.http.kept_answers import KEPT_SECONDS
from retention.paging import Cursor
from tests.api.http.publishing import SAID, PublishingDesk, make_publishing_desk

CHINESE = {"Accept-Language": "zh"}
ATOM = {"a": "http://www.w3.org/2005/Atom", "at": "http://purl.org/atompub/tombstones/1.0"}
SHOP = {
    "party": "江北区好味餐饮店",
    "party_kind": "organisation",
    "content": "责令改正，罚款二百元",
    "amount_fen": 20_000,
}


@pytest.fixture
def desk(served: Any) -> PublishingDesk:
    return make_publishing_desk(served)


@pytest.fixture
def anybody(served: Any) -> Any:
    """Without cookie or token."""
    return served.caller(**CHINESE)


def fresh(anybody: Any, path: str = "/portal", **fields: str) -> str:
    """As it is after the moment for which answers are kept."""
    time.sleep(KEPT_SECONDS + 0.1)
    answer = anybody.get(path, params=fields)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_what_is_published_is_there_for_everybody_and_not_before(desk: PublishingDesk, anybody: Any) -> None:
    assert "还没有公示信息。" in fresh(anybody)
    event = desk.decide(**SHOP)
    made = desk.officer.post(
        f"/api/v1/events/{event}/publication", json={"document_number": "江综罚〔2026〕7号"}
    ).json()
    here = f"/portal/{made['id']}"
    assert anybody.get(here).status_code == 404
    public = desk.go_through(made)
    page = fresh(anybody)
    for said in ("江北区好味餐饮店", "责令改正，罚款二百元", "江综罚〔2026〕7号", "江城大队", here):
        assert said in page
    item = anybody.get(here).text
    assert "公示历史" in item
    assert desk.today.isoformat() in item
    (entry,) = ElementTree.fromstring(anybody.get("/portal/feed.atom").content).findall("a:entry", ATOM)
    assert entry.findtext("a:title", None, ATOM) == "行政处罚：江北区好味餐饮店"
    assert entry.findtext("a:id", None, ATOM) == f"urn:uuid:{public['id']}"
    (told,) = anybody.get("/portal/feed.json").json()["items"]
    assert (told["_liuhen"]["party"], told["_liuhen"]["state"]) == ("江北区好味餐饮店", "published")
    (listed,) = anybody.get("/portal/items.json").json()["items"]
    assert "ordinal" not in {*listed, *told["_liuhen"]}
    assert (listed["authority"], listed["conclusion"], listed["version"]) == ("江城大队", "责令改正，罚款二百元", 1)
    english = anybody.get(here, headers={"Accept-Language": "en"}).text
    assert "Publication history" in english


def test_it_is_searched_and_narrowed(desk: PublishingDesk, anybody: Any) -> None:
    desk.publish(desk.decide(**SHOP))
    desk.publish(desk.decide())
    found = [
        ("好味", 1),
        ("罚款", 2),
        ("张某某", 1),
        ("张三丰", 0),
        ("%", 0),
        ("江城大队", 2),
    ]
    for query, count in found:
        assert len(anybody.get("/portal/items.json", params={"q": query}).json()["items"]) == count, query
    day = desk.today.isoformat()
    for fields, count in (
        ({"kind": "inspection"}, 0),
        ({"kind": "penalty", "from": day, "until": day}, 2),
        ({"until": "2020-01-01"}, 0),
        ({"unit": str(desk.unit.id)}, 2),
        ({"unit": str(desk.stranger.person.unit_id)}, 0),
        ({"from": "nonsense", "kind": "nonsense", "unit": "nonsense"}, 2),
    ):
        assert len(anybody.get("/portal/items.json", params=fields).json()["items"]) == count, fields
    assert anybody.get("/portal", params={"after": "nonsense"}).status_code == 422
    foreign = Cursor(datetime.now(UTC), "no id").to_text()
    assert anybody.get("/portal", params={"after": foreign}).status_code == 422
    assert anybody.get("/portal/items.json", params={"after": foreign}).status_code == 422


def test_an_answer_is_told_to_be_the_same_and_is_the_same_for_all(desk: PublishingDesk, anybody: Any) -> None:
    desk.publish(desk.decide(**SHOP))
    for path in ("/portal", "/portal/feed.atom", "/portal/feed.json", "/portal/items.json"):
        first = anybody.get(path)
        assert first.headers["cache-control"] == "public, no-cache"
        again = anybody.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert desk.publisher.get(path, headers=CHINESE).content == first.content
    assert "退出" not in desk.publisher.get("/portal", headers=CHINESE).text


def test_what_was_taken_down_is_gone_with_its_reason(desk: PublishingDesk, anybody: Any) -> None:
    public = desk.publish(desk.decide(**SHOP))
    desk.take_down(public, "revoked", "复议机关决定撤销")
    assert "好味" not in fresh(anybody)
    item = anybody.get(f"/portal/{public['id']}").text
    assert "该信息已不再公示" in item
    assert "复议机关决定撤销" in item
    feed = ElementTree.fromstring(anybody.get("/portal/feed.atom").content)
    (gone,) = feed.findall("at:deleted-entry", ATOM)
    assert (gone.get("ref"), gone.findtext("at:comment", None, ATOM)) == (
        f"urn:uuid:{public['id']}",
        "复议机关决定撤销",
    )
    (told,) = anybody.get("/portal/feed.json").json()["items"]
    assert told["_liuhen"] == {"state": "taken_down", "ground": "revoked", "reason": "复议机关决定撤销"}
    for text in (item, anybody.get("/portal/feed.json").text, anybody.get("/portal/feed.atom").text):
        assert "好味" not in text
        assert "二百元" not in text


def test_a_correction_has_its_history_or_hides_it(desk: PublishingDesk, anybody: Any) -> None:
    public = desk.publish(desk.decide(**SHOP))
    public = desk.restate(public, conclusion="责令改正，罚款贰佰元", reason="金额大写")
    item = fresh(anybody, f"/portal/{public['id']}")
    for said in ("罚款贰佰元", "罚款二百元", "金额大写", "更正"):
        assert said in item
    desk.restate(public, conclusion="责令改正", reason="误公开金额", hides_former=True)
    item = fresh(anybody, f"/portal/{public['id']}")
    assert "当时的内容不再显示" in item
    assert "罚款贰佰元" not in item
    assert "罚款二百元" not in item


def public_answers(anybody: Any, ids: list[str]) -> Iterator[tuple[str, str]]:
    paths = ["/portal", "/portal?q=罚款", "/portal/feed.atom", "/portal/feed.json", "/portal/items.json"]
    for path in (*paths, *(f"/portal/{each}" for each in ids)):
        for language in ("zh", "en"):
            answer = anybody.get(path, headers={"Accept-Language": language})
            yield f"{path} {language}", answer.text


def test_nothing_that_is_a_persons_is_in_any_public_answer(desk: PublishingDesk, anybody: Any, served: Any) -> None:
    """One that is public, one on its way, one not published, one corrected, one taken down: with all they hold."""
    secret = {"content": "对张三丰（身份证500105199001011234，电话13800138000，住建新东路88号）及李四罚款五十元"}
    public = desk.publish(desk.decide(**secret), names=["李四"])
    first_case = desk.case
    waiting = desk.officer.post(f"/api/v1/events/{desk.decide(**secret)}/publication", json={"names": ["李四"]}).json()
    corrected = desk.publish(desk.decide(**secret), names=["李四"], conclusion="罚款五十元")
    desk.restate(corrected, names=["李四"], conclusion="罚款伍拾元", reason="大写", hides_former=True)
    down = desk.publish(desk.decide(**secret), names=["李四"])
    desk.take_down(down, "privacy", "须再处理")
    withheld = {"withhold_ground": "minor", "withhold_reason": "张三丰未满十八周岁"}
    not_public = desk.officer.post(f"/api/v1/events/{desk.decide(**secret)}/publication", json=withheld).json()
    time.sleep(KEPT_SECONDS + 0.1)
    ids = [each["id"] for each in (public, waiting, corrected, down, not_public)]
    people = [each.person.name for each in (desk.officer, desk.supervisor, *desk.reviewers, desk.publisher)]
    assert first_case is not None
    hidden = ["张三丰", "三丰", "李四", "500105199001011234", "13800138000", "88号", "未满十八", first_case.number]
    answers = dict(public_answers(anybody, ids))
    assert "张某某" in answers["/portal zh"]
    for path, text in answers.items():
        for each in (*hidden, *people, str(first_case.id)):
            assert each not in text, (path, each)
    assert SAID["party"] == "张三丰"
