"""Reviews of case files against the ledger: a case that was swapped is named, whatever its entry says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from casework.cases import open_case
from casework.filereview.errors import NotCoveredYet
from casework.filereview.findings import answer_finding, end_finding, state_finding
from casework.filereview.rounds import Wanted, announce_review, draw_review, end_review
from casework.filereview.scoring import Points, score_case
from casework.filereview.sheets import load_shipped_score_sheets
from integrity.local_time import chinese_day
from tests.api.tampering import as_superuser, found_in, put_back, set_aside

FULL = {"subject": 10, "evidence": 25, "procedure": 20, "law": 15, "documents": 10, "recording": 10, "archiving": 10}
OTHERS = (
    "(SELECT jsonb_build_array(e) FROM file_review r, jsonb_array_elements(r.eligible) e WHERE NOT drawn @> e LIMIT 1)"
)
TAMPERED = (
    (f"UPDATE file_review_draw SET drawn = {OTHERS}", "drawn"),
    (f"UPDATE file_review_draw SET drawn = {OTHERS}", "cases"),
    ("UPDATE file_review_draw SET root = sha256('x')", "seed"),
    ("UPDATE file_review SET eligible = eligible - 0", "eligible_sha256"),
    ("UPDATE file_review SET eligible = eligible - 0", "eligible"),
    ("UPDATE file_review SET sample_size = 2", "sample_size"),
    ("UPDATE file_review SET title = '另一次'", "title"),
    ("UPDATE file_review SET ended_at = NULL, ended_by = NULL", "ended"),
    ("UPDATE file_review_score SET total = 100", "total"),
    ("UPDATE file_review_score SET scores = jsonb_set(scores, '{law,points}', '15')", "scores_sha256"),
    ("UPDATE file_review_finding SET problem = '没有问题'", "problem"),
    ("UPDATE file_review_finding SET outcome = 'unfounded'", "outcome"),
    ("UPDATE file_review_finding SET due_on = due_on + 30", "due_on"),
    ("UPDATE file_review_answer SET answer = '不改'", "answer"),
    ("DELETE FROM file_review_answer", "logged_row_missing"),
    ("DELETE FROM file_review_score", "logged_row_missing"),
    ("UPDATE score_sheet_rule SET rules = '{\"items\": []}'", "of_its_source"),
)
TABLES = (
    "file_review_answer",
    "file_review_finding",
    "file_review_score",
    "file_review_draw",
    "file_review",
    "score_sheet_rule",
)


@pytest.fixture
def kept(sealing: Any) -> Any:
    """A round of three cases, one of them drawn, scored with a finding, answered and ended."""
    database, people = sealing.archive.database, sealing.people
    now = datetime.now(UTC)
    with database.transaction() as session:
        load_shipped_score_sheets(session, now)
        for number in (2, 3):
            facts = {"number": f"江城罚〔2026〕{number}号", "title": "占道经营", "procedure": "ordinary_penalty"}
            open_case(session, people["officer"], **facts)
    with database.transaction() as session:
        session.execute(text("UPDATE \"case\" SET closed_at = now() - interval '2 days'"))
    yesterday = chinese_day(now) - timedelta(days=1)
    with database.transaction() as session:
        wanted = Wanted("三月评查", yesterday - timedelta(days=5), yesterday, 1)
        review = announce_review(session, people["supervisor"], sealing.unit.id, wanted, now)
    (case_id,) = draw(sealing, review.id).cases
    with database.transaction() as session:
        scores = {code: Points(points) for code, points in FULL.items()} | {"law": Points(12, "条款不全")}
        score_case(session, people["legal"], review.id, case_id, scores, now)
        said: dict[str, Any] = {"item": "law", "problem": "条款不全", "due_on": date(2199, 1, 1), "now": now}
        finding = state_finding(session, people["legal"], review.id, case_id, **said)
        answer_finding(session, people["other"], finding.id, "已补正", now)
        end_finding(session, people["legal"], finding.id, "rectified", "已核对", now)
        end_review(session, people["supervisor"], review.id, now)
    sealing.settle()
    return sealing


def draw(sealing: Any, review_id: Any) -> Any:
    for _ in range(200):
        try:
            with sealing.archive.database.transaction() as session:
                return draw_review(session, sealing.people["supervisor"], review_id, datetime.now(UTC))
        except NotCoveredYet:
            time.sleep(0.05)
    raise AssertionError("no checkpoint came")


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off."""
    with as_superuser(server, addresses, autocommit=False) as connection:
        yield connection


def test_whatever_is_changed_of_a_review_is_named(kept: Any, superuser: psycopg.Connection[Any]) -> None:
    """The cases were closed in the past by the test itself, which is named too: whatever comes on top is looked at."""
    before = found_in(kept)
    assert {subject.rpartition(": ")[2] for _, subject in before} == {"closed"}
    for table in TABLES:
        set_aside(superuser, table)
    for statement, named in TAMPERED:
        superuser.execute(statement.encode())
        superuser.commit()
        found = found_in(kept) - before
        assert any(named in (code, subject.rpartition(": ")[2]) for code, subject in found), (statement, found)
        for table in TABLES:
            put_back(superuser, table)
        superuser.commit()
    assert found_in(kept) == before
