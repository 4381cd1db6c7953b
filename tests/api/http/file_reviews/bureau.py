"""A bureau with a brigade whose case files are reviewed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DatabaseError

from casework.archiving.secrecy import state_secrecy
from storage.catalog.file_review import FileReview
from storage.ledger.append import Actor, Change, record_change

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
