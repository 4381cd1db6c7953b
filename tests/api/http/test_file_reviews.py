"""A review of case files over HTTP: announced, drawn by a seed nobody could choose, scored, followed to its end."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from casework.archiving.secrecy import state_secrecy
from casework.errors import AccessRefused
from casework.filereview.findings import answer_finding
from casework.filereview.listing import show_round
from casework.filereview.sheets import load_shipped_score_sheets
from casework.permission import OPEN_TO, Clearance
from storage.catalog.file_review import FileReview
from storage.ledger.append import Actor, Change, record_change
from tests.api.pages.test_every_page import check_markup

TODAY = (datetime.now(UTC) + timedelta(hours=8)).date()
FIRST, LAST = TODAY - timedelta(days=9), TODAY - timedelta(days=1)
CHINESE = {"Accept-Language": "zh-CN"}
FULL = {
    "subject": 10,
    "evidence": 25,
    "procedure": 20,
    "law": 15,
    "documents": 10,
    "recording": 10,
    "archiving": 10,
}


@dataclass
class Bureau:
    """A bureau with a brigade; nine of the brigade's cases closed in the period, one before, one open."""

    served: Any
    unit: Any
    brigade: Any
    chief: Any
    legal: Any
    administrator: Any
    brigadier: Any
    officer: Any
    cases: list[Any]
    outside: list[Any]

    def announce(self, size: int = 4, **more: Any) -> Any:
        form = {"title": "三月案卷评查", "first_day": str(FIRST), "last_day": str(LAST), "sample_size": size, **more}
        return self.chief.post("/api/v1/file-reviews", json=form)

    def draw(self, review: str) -> Any:
        self.await_seed(review)
        return self.chief.post(f"/api/v1/file-reviews/{review}/draw", json={})

    def await_seed(self, review: str) -> None:
        """A checkpoint covers the announcement."""
        with self.served.database.reading() as session:
            entry_id = session.get_one(FileReview, uuid.UUID(review)).entry_id
        assert self.served.archive.ledger.await_inclusion(entry_id, 20) is not None

    def await_another_checkpoint(self) -> None:
        with self.served.database.transaction() as session:
            entry = record_change(session, Actor.system("admin"), Change("test.happened", "test", "1", None))
        assert self.served.archive.ledger.await_inclusion(entry.id, 20) is not None

    def drawn(self, size: int = 4) -> Any:
        answer = self.draw(self.announce(size).json()["id"])
        assert answer.status_code == 201, answer.text
        return answer.json()

    def sheet(self, case: str, **lost: int) -> dict[str, Any]:
        scores = {
            code: {"points": points - lost.get(code, 0), **({"note": "有瑕疵"} if code in lost else {})}
            for code, points in FULL.items()
        }
        return {"case_id": case, "scores": scores}

    def classify(self, case: str, secrecy_class: str) -> None:
        with self.served.database.transaction() as session:
            state_secrecy(session, self.brigadier.person, uuid.UUID(case), secrecy_class, None, licensed=True)

    def found_wanting(self, review: Any, case: str) -> str:
        """A sheet with notes, and a finding that was answered, by supervisors; the finding's id."""
        at, due = f"/api/v1/file-reviews/{review['id']}", str(TODAY)
        assert self.chief.post(f"{at}/scores", json=self.sheet(case, law=2)).status_code == 201
        form = {"case_id": case, "item": "law", "problem": "告知书缺少日期", "due_on": due}
        finding = str(self.chief.post(f"{at}/findings", json=form).json()["id"])
        answers = f"/api/v1/file-review-findings/{finding}/answers"
        assert self.brigadier.post(answers, json={"answer": "已补正并入卷"}).status_code == 201
        return finding

    def sql(self, statement: str) -> None:
        """As the application's role, and committed if the database lets it."""
        with self.served.database.transaction() as session:
            session.connection().exec_driver_sql(statement)

    def refused(self, said: str) -> Any:
        """By the database itself, in these words."""
        return pytest.raises(DatabaseError, match=said)


def in_chinese(answer: Any) -> str:
    return str(answer.json()["sentences"]["zh-CN"])


@pytest.fixture
def bureau(served: Any) -> Bureau:
    with served.database.transaction() as session:
        load_shipped_score_sheets(session, datetime.now(UTC))
    unit = served.unit()
    brigade = served.unit("一大队", parent=unit)
    chief, legal, administrator = (
        served.signed_in(unit, role) for role in ("supervisor", "legal_reviewer", "administrator")
    )
    brigadier, officer = served.signed_in(brigade, "supervisor"), served.signed_in(brigade, "officer")
    cases = [served.case(officer.person) for _ in range(8)]
    cases.append(served.case(brigadier.person))
    outside = [served.case(officer.person), served.case(officer.person)]
    for case, days in [*((each, 2) for each in cases), (outside[0], 40)]:
        served.as_owner('UPDATE "case" SET closed_at = now() - make_interval(days => %s) WHERE id = %s', days, case.id)
    return Bureau(served, unit, brigade, chief, legal, administrator, brigadier, officer, cases, outside)


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


TOLD = ("有瑕疵", "告知书缺少日期", "已补正并入卷")


@pytest.mark.parametrize(
    ("secrecy_class", "kept_from"),
    [
        ("privacy", {"administrator"}),
        ("business_secret", {"administrator", "auditor"}),
        ("state_secret", {"administrator", "auditor", "legal"}),
    ],
)
def test_what_is_said_of_a_classified_case_is_for_those_whom_its_class_lets_in(
    bureau: Bureau, secrecy_class: str, kept_from: set[str]
) -> None:
    review = bureau.drawn(2)
    secret, other = review["draw"]["drawn"]
    bureau.classify(secret, secrecy_class)
    title = "某某酒店占道堆放"
    bureau.served.as_owner('UPDATE "case" SET title = %s WHERE id = %s', title, secret)
    for case in (secret, other):
        bureau.found_wanting(review, case)
    readers = {
        "administrator": bureau.administrator,
        "auditor": bureau.served.signed_in(bureau.unit, "auditor"),
        "legal": bureau.legal,
        "chief": bureau.chief,
        "brigadier": bureau.brigadier,
    }
    for name, reader in readers.items():
        kept = name in kept_from
        shown = reader.get(f"/api/v1/file-reviews/{review['id']}")
        (listed,) = reader.get("/api/v1/file-reviews").json()["items"]
        assert listed["cases"] == shown.json()["cases"]
        own, open_one = shown.json()["cases"]
        assert (own["case"]["id"], own["place"], own["kept"]) == (secret, 1, kept), name
        assert (own["case"]["title"], title in shown.text) == ((None, False) if kept else (title, True)), name
        assert (len(own["scores"]), len(own["findings"])) == ((0, 0) if kept else (1, 1)), name
        assert (open_one["kept"], len(open_one["scores"]), len(open_one["findings"])) == (False, 1, 1), name
        page = reader.get(f"/file-reviews/{review['id']}", headers=CHINESE).text
        check_markup(page)
        assert (title in page) != kept, name
        for said in TOLD:
            assert shown.text.count(said) == (1 if kept else 2), (name, said)
            assert page.count(f'<td data-label="说明">{said}' if said == TOLD[0] else said) == (1 if kept else 2), name
        assert ("本案密级不允许您查看其案由" in page) == kept, name
        counted = "1 / 1" if kept else "2 / 2"
        assert counted in reader.get("/file-reviews", headers=CHINESE).text, name


def test_whoever_is_kept_from_an_unfinished_case_is_not_offered_to_end_the_review(bureau: Bureau) -> None:
    review = bureau.drawn(1)
    (case,) = review["draw"]["drawn"]
    bureau.classify(case, "privacy")
    at = f"file-reviews/{review['id']}"

    def offered() -> str:
        page = bureau.administrator.get(f"/{at}", headers=CHINESE).text
        check_markup(page)
        return page.split(f'data-action="/api/v1/{at}/end"')[1].split("</form>")[0]

    left = offered()
    assert ("disabled" in left, "尚有 1 件未评分、0 个问题未销号（含因密级未向您显示的）" in left) == (True, True)
    assert bureau.administrator.post(f"/api/v1/{at}/end", json={}).json()["type"].endswith("review-unfinished")
    assert bureau.chief.post(f"/api/v1/{at}/scores", json=bureau.sheet(case)).status_code == 201
    assert "disabled" not in offered()
    assert bureau.administrator.post(f"/api/v1/{at}/end", json={}).json()["state"] == "ended"


def test_nobody_answers_of_a_case_that_its_class_keeps_from_him(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every class lets supervisors in, and they alone answer: here one does not, as other rules might have it."""
    review = bureau.drawn(1)
    (case,) = review["draw"]["drawn"]
    bureau.classify(case, "state_secret")
    finding = bureau.found_wanting(review, case)
    monkeypatch.setitem(OPEN_TO, "state_secret", Clearance((), copied=False))  # type: ignore[arg-type]
    refused = bureau.brigadier.post(f"/api/v1/file-review-findings/{finding}/answers", json={"answer": "再次补正"})
    assert (refused.status_code, refused.json()["reason"]) == (403, "secrecy")
    person = bureau.brigadier.person
    with bureau.served.database.transaction() as session, pytest.raises(AccessRefused):
        answer_finding(session, person, uuid.UUID(finding), "再次补正", datetime.now(UTC))
    with bureau.served.database.reading() as session:
        (told,) = show_round(session, person, uuid.UUID(review["id"]), TODAY).cases
    assert (told.kept, told.scores, told.findings) == (True, (), ())
    assert len(bureau.served.entries("file_review.answered")) == 1


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


DRAW = """
    INSERT INTO file_review_draw
    SELECT gen_random_uuid(), r.unit_id, r.id, c.size, c.root, {0}, r.announced_by, now()
    FROM file_review r, ledger_checkpoint c WHERE r.id = '{review}' AND c.size = {1}
"""
CHOSEN = "(SELECT jsonb_agg(e) FROM (SELECT e FROM jsonb_array_elements(r.eligible) e ORDER BY e LIMIT 4) a)"
FAIR = "file_review_sample(r, c.root)"
FIRST_COVERING = """(
    SELECT min(k.size) FROM ledger_sequence s JOIN ledger_checkpoint k ON k.size > s.index WHERE s.entry_id = r.entry_id
)"""
ANNOUNCE = """
    INSERT INTO file_review
    SELECT {2}, unit_id, title, first_day, {0}, 1, rule_id, {1}, entry_id, announced_by, now()
    FROM file_review WHERE id = '{review}'
"""
SCORE = """
    INSERT INTO file_review_score
    SELECT gen_random_uuid(), c.unit_id, '{review}', c.id, 1, '{0}', 100, NULL, {1}, now() FROM "case" c
    WHERE c.id = '{case}'
"""
FINDING = """
    INSERT INTO file_review_finding
    SELECT gen_random_uuid(), c.unit_id, '{review}', c.id, '{0}', 'x', '2199-01-01', {1}, now() FROM "case" c
    WHERE c.id = '{case}'
"""
ANSWER = """
    INSERT INTO file_review_answer SELECT gen_random_uuid(), unit_id, id, 1, 'x', {0}, now() FROM file_review_finding
"""
END = "UPDATE file_review_finding SET outcome = '{0}', ended_at = now(), ended_by = {1}, end_note = 'x'"
WHOLE = json.dumps({code: {"points": points, "note": ""} for code, points in FULL.items()})
HALF = json.dumps({"law": {"points": 100, "note": ""}})


def test_the_database_draws_by_one_checkpoint_and_only_what_that_draws(bureau: Bureau) -> None:
    review = bureau.announce().json()["id"]
    bureau.await_seed(review)
    bureau.await_another_checkpoint()
    for drawn, size, said in (
        (CHOSEN, FIRST_COVERING, "not those that the checkpoint draws"),
        (FAIR, "(SELECT min(size) FROM ledger_checkpoint)", "by the first checkpoint"),
        (FAIR, "(SELECT max(size) FROM ledger_checkpoint)", "by the first checkpoint"),
    ):
        with bureau.refused(said):
            bureau.sql(DRAW.format(drawn, size, review=review))
    assert bureau.draw(review).status_code == 201
    for statement, said in (
        (ANNOUNCE.format("last_day", "eligible - 0", "gen_random_uuid()", review=review), "all cases of its unit"),
        (ANNOUNCE.format("chinese_day(now())", "eligible", "gen_random_uuid()", review=review), "days that are over"),
        (ANNOUNCE.format("last_day", "eligible", "gen_random_uuid()", review=review), "in its own transaction"),
        (f"UPDATE file_review SET ended_at = now(), ended_by = announced_by WHERE id = '{review}'", "its end"),
        ("UPDATE file_review SET sample_size = 1", "permission denied"),
        ("UPDATE file_review_draw SET drawn = '[]'", "permission denied"),
        ("DELETE FROM file_review_draw", "permission denied"),
        ("DELETE FROM file_review", "permission denied"),
    ):
        with bureau.refused(said):
            bureau.sql(statement)


def test_the_database_ends_a_round_when_all_is_done_and_lets_nothing_in_afterwards(bureau: Bureau) -> None:
    review = bureau.announce(1).json()["id"]
    over = f"UPDATE file_review SET ended_at = now(), ended_by = announced_by WHERE id = '{review}'"
    with bureau.refused("its end"):
        bureau.sql(over)
    (case,) = bureau.draw(review).json()["draw"]["drawn"]
    with bureau.refused("its end"):
        bureau.sql(over)
    at, legal = {"review": review, "case": case}, f"'{bureau.legal.person.id}'::uuid"
    bureau.sql(SCORE.format(WHOLE, legal, **at))
    bureau.sql(FINDING.format("law", legal, **at))
    with bureau.refused("its end"):
        bureau.sql(over)
    bureau.sql(END.format("unfounded", legal))
    bureau.sql(over)
    for statement in (FINDING.format("law", legal, **at), SCORE.format(WHOLE, legal, **at)):
        with bureau.refused("has ended"):
            bureau.sql(statement)
    with bureau.refused("was set and stays"):
        bureau.sql("UPDATE file_review SET ended_at = NULL, ended_by = NULL")


def test_the_database_scores_and_ends_by_the_same_rules(bureau: Bureau) -> None:
    review = bureau.drawn()
    case, legal = review["draw"]["drawn"][0], f"'{bureau.legal.person.id}'::uuid"
    at = {"review": review["id"], "case": case}
    elsewhere = {**at, "case": bureau.outside[1].id}
    chief = f"'{bureau.chief.person.id}'::uuid"
    brigadier = f"'{bureau.brigadier.person.id}'::uuid"
    for statement, said in (
        (SCORE.format(HALF, legal, **at), "item by item"),
        (SCORE.format(WHOLE, "c.opened_by", **at), "took part"),
        (SCORE.format(WHOLE, legal, **elsewhere), "was not drawn"),
        (FINDING.format("law", "c.opened_by", **at), "took part"),
        (FINDING.format("beauty", legal, **at), "of an item"),
    ):
        with bureau.refused(said):
            bureau.sql(statement)
    bureau.sql(SCORE.format(WHOLE, legal, **at))
    bureau.sql(FINDING.format("law", legal, **at))
    for statement, said in (
        (SCORE.format(WHOLE, legal, **at), "one by one"),
        ("UPDATE file_review_score SET total = 0", "permission denied"),
        (END.format("rectified", legal), "nobody answered"),
        (END.format("unfounded", '(SELECT opened_by FROM "case" c WHERE c.id = case_id)'), "took part"),
        ("UPDATE file_review_finding SET problem = 'y'", "permission denied"),
        (ANSWER.format(chief), "that handled the case"),
    ):
        with bureau.refused(said):
            bureau.sql(statement)
    bureau.sql(ANSWER.format(brigadier))
    for statement, said in (
        (END.format("rectified", brigadier), "ends what he answered|took part"),
        ("UPDATE file_review_answer SET answer = 'y'", "permission denied"),
    ):
        with bureau.refused(said):
            bureau.sql(statement)
    bureau.sql(END.format("rectified", legal))
    with bureau.refused("has ended"):
        bureau.sql(ANSWER.format(brigadier))
    for change in ("outcome = 'unfounded'", "end_note = 'y'", "ended_at = now() - interval '1 s'"):
        with bureau.refused("was set and stays"):
            bureau.sql(f"UPDATE file_review_finding SET {change}")
