"""A review of case files over HTTP: announced, drawn by a seed nobody could choose, scored, followed to its end."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from casework.merging import merge_unit
from integrity.local_time import chinese_day
from storage.ledger.append import Actor
from tests.api.http.file_reviews.bureau import CHINESE, FIRST, LAST, TODAY, Bureau, in_chinese
from tests.api.pages.test_every_page import check_markup


def test_whoever_has_the_ledger_draws_the_same_cases(bureau: Bureau) -> None:
    review = bureau.drawn()
    eligible = sorted(str(each.id) for each in bureau.cases)
    assert bureau.legal.get(f"/api/v1/file-reviews/{review['id']}/eligible").json()["items"] == eligible
    # From here on with nothing but what the ledger holds: entries in order, checkpoints, and SHA-256.
    with bureau.served.database.reading() as session:
        entries = session.execute(
            text("SELECT s.index, e.entry FROM ledger_sequence s JOIN ledger_entry e ON e.id = s.entry_id ORDER BY 1")
        ).all()
        heads = session.execute(text("SELECT size, root FROM ledger_checkpoint ORDER BY size")).all()
    said = [(index, json.loads(bytes(entry))) for index, entry in entries]
    announced = next((index, each) for index, each in said if each["action"] == "file_review.announced")
    (drawn,) = bureau.served.entries("file_review.drawn")
    size, root = next((size, bytes(root)) for size, root in heads if size > announced[0])
    assert (review["draw"]["checkpoint_size"], review["draw"]["root"]) == (size, root.hex())
    seed = root + uuid.UUID(announced[1]["subject"]["id"]).bytes
    ranks = sorted((hashlib.sha256(seed + uuid.UUID(each).bytes).hexdigest(), each) for each in eligible)
    assert review["draw"]["drawn"] == [each for _, each in ranks[:4]]
    listed = hashlib.sha256("".join(f"{each}\n" for each in eligible).encode()).hexdigest()
    assert (announced[1]["data"]["eligible_count"], announced[1]["data"]["eligible_sha256"]) == (9, listed)
    stated = {"checkpoint_size": size, "root": root.hex(), "eligible_count": 9, "eligible_sha256": listed}
    assert drawn.data == {**stated, "draw_id": drawn.data["draw_id"], "drawn": review["draw"]["drawn"]}


def test_a_review_goes_from_its_announcement_to_its_end(bureau: Bureau) -> None:
    review = bureau.drawn()
    at, cases = f"/api/v1/file-reviews/{review['id']}", review["draw"]["drawn"]
    check_markup(bureau.chief.get(f"/file-reviews/{review['id']}").text)
    again = bureau.chief.post(f"{at}/draw", json={})
    assert (again.status_code, again.json()["type"]) == (409, "urn:liuhen:problem:already-drawn")
    for case in cases:
        scored = bureau.legal.post(f"{at}/scores", json=bureau.sheet(case, procedure=3))
        assert (scored.status_code, scored.json()["total"]) == (201, 97), scored.text
    unexplained = bureau.legal.post(f"{at}/scores", json=bureau.sheet(cases[0]))
    assert (unexplained.status_code, "理由" in in_chinese(unexplained)) == (422, True)
    better = bureau.chief.post(f"{at}/scores", json={**bureau.sheet(cases[0]), "reason": "误扣"})
    assert (better.json()["ordinal"], better.json()["total"]) == (2, 100)
    due = str(TODAY + timedelta(days=7))
    form = {"case_id": cases[0], "item": "procedure", "problem": "告知书缺少日期", "due_on": due}
    found = bureau.legal.post(f"{at}/findings", json=form)
    assert found.status_code == 201, found.text
    finding = f"/api/v1/file-review-findings/{found.json()['id']}"
    early = bureau.legal.post(f"{finding}/end", json={"outcome": "rectified", "note": "已核对"})
    assert early.json()["type"] == "urn:liuhen:problem:not-answered"
    unfinished = bureau.chief.post(f"{at}/end", json={})
    assert (unfinished.status_code, "1 个问题未销号" in in_chinese(unfinished)) == (409, True)
    foreign = bureau.chief.post(f"{finding}/answers", json={"answer": "已补正"})
    assert foreign.status_code == 403
    answered = bureau.brigadier.post(f"{finding}/answers", json={"answer": "已补正并入卷"})
    assert [each["answer"] for each in answered.json()["answers"]] == ["已补正并入卷"]
    ended = bureau.legal.post(f"{finding}/end", json={"outcome": "rectified", "note": "已核对"})
    assert (ended.status_code, ended.json()["outcome"]) == (200, "rectified")
    late = bureau.brigadier.post(f"{finding}/answers", json={"answer": "补充"})
    assert late.json()["type"] == "urn:liuhen:problem:finding-ended"
    assert bureau.chief.post(f"{at}/end", json={}).json()["state"] == "ended"
    closed = bureau.legal.post(f"{at}/findings", json=form)
    assert closed.json()["type"] == "urn:liuhen:problem:review-ended"
    deeds = ("announced", "drawn", "scored", "found", "answered", "finding_ended", "ended")
    assert [len(bureau.served.entries(f"file_review.{each}")) for each in deeds] == [1, 1, 5, 1, 1, 1, 1]
    (listed,) = bureau.brigadier.get("/api/v1/file-reviews").json()["items"]
    assert [each["scores"][-1]["total"] for each in listed["cases"]] == [100, 97, 97, 97]
    for caller in (bureau.chief, bureau.legal, bureau.brigadier, bureau.administrator):
        page = caller.get(f"/file-reviews/{review['id']}")
        assert (page.status_code, "告知书缺少日期" in page.text) == (200, True)
        check_markup(page.text)


def test_a_finding_in_a_merged_units_case_is_answered_on_the_page_by_the_successors_people(bureau: Bureau) -> None:
    served, review = bureau.served, bureau.drawn(9)
    at, case = f"/api/v1/file-reviews/{review['id']}", str(bureau.cases[0].id)
    form = {"case_id": case, "item": "law", "problem": "告知书缺少日期", "due_on": str(TODAY)}
    assert bureau.chief.post(f"{at}/scores", json=bureau.sheet(case, law=2)).status_code == 201
    finding = bureau.legal.post(f"{at}/findings", json=form).json()["id"]
    successor, now = served.unit("二大队", parent=bureau.unit), datetime.now(UTC)
    with served.database.transaction() as session:
        said = {"on": chinese_day(now), "ground": "江机编〔2026〕8号", "now": now}
        merge_unit(session, Actor.system("admin"), bureau.brigade.id, successor.id, **said)
    theirs = served.signed_in(successor, "supervisor")
    answers = f"/api/v1/file-review-findings/{finding}/answers"
    assert f'data-action="{answers}"' in theirs.get(f"/file-reviews/{review['id']}").text
    assert f'data-action="{answers}"' not in bureau.chief.get(f"/file-reviews/{review['id']}").text
    assert theirs.post(answers, json={"answer": "已补正并入卷"}).status_code == 201


def test_a_finding_that_falls_due_is_on_the_pages_of_the_day(bureau: Bureau) -> None:
    review = bureau.drawn(9)
    at, case = f"/api/v1/file-reviews/{review['id']}", str(bureau.cases[0].id)
    readers = {"officer": bureau.officer, "brigadier": bureau.brigadier, "chief": bureau.chief}
    assert bureau.chief.post(f"{at}/scores", json=bureau.sheet(case, law=2)).status_code == 201
    form = {"case_id": case, "item": "law", "problem": "告知书缺少日期", "due_on": str(TODAY)}
    finding = bureau.legal.post(f"{at}/findings", json=form).json()["id"]
    later = {**form, "problem": "装订不齐", "due_on": str(TODAY + timedelta(days=60))}
    assert bureau.legal.post(f"{at}/findings", json=later).status_code == 201

    def waits() -> dict[str, list[tuple[str, bool]]]:
        found = {}
        for name, reader in readers.items():
            part = "today" if name == "officer" else "shift"
            told = reader.get(f"/api/v1/{part}").json()["findings"]
            page = reader.get(f"/{part}", headers=CHINESE).text
            check_markup(page)
            assert ("告知书缺少日期" in page, "装订不齐" in page) == (bool(told), False), name
            assert {each["id"] for each in told} <= {finding}
            found[name] = [(each["state"], each["answered"]) for each in told]
        return found

    now = [("due_today", False)]
    assert waits() == {"officer": now, "brigadier": now, "chief": []}
    colleague = bureau.served.signed_in(bureau.brigade, "officer")
    assert colleague.get("/api/v1/today").json()["findings"] == []
    bureau.served.as_owner("UPDATE file_review_finding SET due_on = due_on - 9 WHERE id = %s", finding)
    late = [("overdue", False)]
    assert waits() == {"officer": late, "brigadier": late, "chief": late}
    answers = f"/api/v1/file-review-findings/{finding}/answers"
    assert bureau.brigadier.post(answers, json={"answer": "已补正并入卷"}).status_code == 201
    to_check = [("overdue", True)]
    assert waits() == {"officer": [], "brigadier": to_check, "chief": to_check}
    ended = {"outcome": "rectified", "note": "已核对"}
    assert bureau.legal.post(f"/api/v1/file-review-findings/{finding}/end", json=ended).status_code == 200
    assert waits() == {"officer": [], "brigadier": [], "chief": []}


def test_what_cannot_be_announced_is_told(bureau: Bureau) -> None:
    attempts = {
        "sample-too-large": bureau.announce(10),
        "period": bureau.announce(last_day=str(TODAY)),
    }
    for problem, answer in attempts.items():
        assert (answer.status_code, answer.json()["type"]) == (422, f"urn:liuhen:problem:{problem}"), answer.text
    assert bureau.announce(0).status_code == 422
    assert bureau.announce(first_day=str(LAST), last_day=str(FIRST)).status_code == 422
    form = {"title": "x", "first_day": str(FIRST), "last_day": str(LAST), "sample_size": 1}
    for caller in (bureau.legal, bureau.officer):
        assert caller.post("/api/v1/file-reviews", json=form).status_code == 403
    above = {**form, "unit_id": str(bureau.unit.id)}
    assert bureau.brigadier.post("/api/v1/file-reviews", json=above).status_code == 403
    assert bureau.served.entries("file_review.announced") == []


def test_whoever_took_part_in_a_case_neither_scores_it_nor_finds_anything(bureau: Bureau) -> None:
    review = bureau.brigadier.post(
        "/api/v1/file-reviews",
        json={"title": "自查", "first_day": str(FIRST), "last_day": str(LAST), "sample_size": 9},
    ).json()
    assert bureau.draw(review["id"]).status_code == 201
    at, own, other = f"/api/v1/file-reviews/{review['id']}", str(bureau.cases[-1].id), str(bureau.cases[0].id)
    refused = bureau.brigadier.post(f"{at}/scores", json=bureau.sheet(own))
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:liuhen:problem:took-part")
    form = {"case_id": own, "item": "law", "problem": "x", "due_on": str(TODAY)}
    assert bureau.brigadier.post(f"{at}/findings", json=form).status_code == 403
    assert bureau.brigadier.post(f"{at}/scores", json=bureau.sheet(other)).status_code == 201
    assert "您参与过本案，不能评查" in bureau.brigadier.get(f"/file-reviews/{review['id']}", headers=CHINESE).text
    assert bureau.chief.post(f"{at}/scores", json=bureau.sheet(own)).status_code == 201
    outside = bureau.chief.post(f"{at}/scores", json=bureau.sheet(str(bureau.outside[0].id)))
    assert outside.json()["type"] == "urn:liuhen:problem:not-in-sample"


def test_nothing_is_drawn_before_a_checkpoint_covers_the_announcement(bureau: Bureau) -> None:
    bureau.served.sequencing.stop()
    review = bureau.announce().json()["id"]
    early = bureau.chief.post(f"/api/v1/file-reviews/{review}/draw", json={})
    assert (early.status_code, early.json()["type"]) == (409, "urn:liuhen:problem:not-covered-yet")
    assert "待抽取" in bureau.chief.get("/file-reviews", headers=CHINESE).text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"law": None}, "没有评分"),
        ({"law": {"points": 16}}, "分值之间"),
        ({"law": {"points": -1, "note": "x"}}, "分值之间"),
        ({"law": {"points": 14}}, "写明扣分理由"),
        ({"beauty": {"points": 1}}, "不是本次评分表的项目"),
    ],
)
def test_a_sheet_is_scored_whole_and_within_its_points(bureau: Bureau, change: dict[str, Any], said: str) -> None:
    review = bureau.drawn(1)
    form = bureau.sheet(review["draw"]["drawn"][0])
    form["scores"] = {code: each for code, each in {**form["scores"], **change}.items() if each is not None}
    answer = bureau.legal.post(f"/api/v1/file-reviews/{review['id']}/scores", json=form)
    assert (answer.status_code, said in in_chinese(answer)) == (422, True), answer.text
