"""What a review says of a case that its class of secrecy keeps from somebody."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from casework.errors import AccessRefused
from casework.filereview.findings import answer_finding
from casework.filereview.listing import show_round
from casework.permission import OPEN_TO, Clearance
from tests.api.http.file_reviews.bureau import CHINESE, TODAY, Bureau
from tests.api.pages.test_every_page import check_markup

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
