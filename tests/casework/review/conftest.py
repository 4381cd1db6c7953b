from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.cases import open_case
from casework.review.decisions import Said, draft_decision
from casework.review.issuing import issue_decision
from casework.review.reviewing import Answer, give_opinion
from casework.review.scopes import load_shipped_scopes
from casework.review.submitting import submit_decision
from casework.stages import enter_stage
from storage.catalog.casework import Case
from storage.catalog.decisions import DecisionIssue, DecisionVersion
from storage.catalog.organisation import Person, Unit
from storage.catalog.review import QUESTIONS, DecisionReview, DecisionSubmission
from tests.casework.review.words import words_of
from tests.casework.sample_archive import REVIEW_KEYS, REVIEW_SIGNER

_numbers = itertools.count(1)


@dataclass
class Bench:
    """A bureau with a reviewer, a brigade below it with officers, a supervisor and a case that waits to be decided."""

    session: Session
    archive: Any
    bureau: Unit
    unit: Unit
    officer: Person
    supervisor: Person
    reviewer: Person
    handlers: tuple[Person, Person]
    case: Case

    def said(self, **other: Any) -> Said:
        """A fine of 60,000 yuan from an organisation: one that needs a review."""
        facts: dict[str, Any] = {
            "kind": self.case.kind,
            "measures": ("fine",),
            "level": "brigade",
            "field": "city_appearance",
            "party": "重庆某建筑公司",
            "party_kind": "organisation",
            "amount_fen": 6_000_000,
        }
        facts |= other
        return Said(**{"content": words_of(facts["measures"], facts["amount_fen"]), **facts})

    def small(self, **other: Any) -> Said:
        return self.said(**{"amount_fen": 20_000, **other})

    def draft(self, said: Said | None = None, case: Case | None = None) -> DecisionVersion:
        return draft_decision(self.session, self.officer, (case or self.case).id, said or self.said())

    def submit(self, version: DecisionVersion, by: Person | None = None) -> DecisionSubmission:
        whole = {"true": True, "accurate": True, "complete": True}
        return submit_decision(self.session, by or self.officer, version.decision_id, version_id=version.id, **whole)

    def tell(self, version: DecisionVersion) -> None:
        """The party is told and gives everything up, where rules of notices are loaded: without any nothing is owed."""
        from tests.casework.notices.told import tell_whatever_is_owed

        tell_whatever_is_owed(self, version)

    def answers(self, version: DecisionVersion, **other: Answer) -> Mapping[str, Answer]:
        whole = {question: Answer("yes", (f"version:{version.id}",)) for question in QUESTIONS}
        return {**whole, "crime": Answer("no", (f"version:{version.id}",)), **other}

    def review(
        self, version: DecisionVersion, opinion: str = "agreed", by: Person | None = None, **answers: Answer
    ) -> DecisionReview:
        """Submitted, if it was not yet, and reviewed."""
        from casework.review.submitting import standing_submissions

        submission = standing_submissions(self.session, [version.id]).get(version.id) or self.submit(version)
        return give_opinion(
            self.session,
            by or self.reviewer,
            submission.id,
            opinion=opinion,
            answers=self.answers(version, **answers),
            statement="事实清楚，同意" if opinion == "agreed" else "裁量过重",
            signer=REVIEW_SIGNER,
        )

    def issue(self, version: DecisionVersion, by: Person | None = None, now: datetime | None = None) -> DecisionIssue:
        return issue_decision(
            self.session,
            by or self.supervisor,
            version.decision_id,
            REVIEW_KEYS,
            now or datetime.now(UTC),
            version_id=version.id,
        )

    def another_case(self, procedure: str = "ordinary_penalty", stage: str = "decision") -> Case:
        case = open_case(
            self.session, self.officer, number=f"另{next(_numbers)}", title="占道经营", procedure=procedure
        )
        self.archive.handlers(case, self.officer)
        for each in ("investigation", "decision"):
            enter_stage(self.session, self.officer, case.id, each)
            if each == stage:
                break
        return case


def make_bench(session: Session, archive: Any) -> Bench:
    load_shipped_scopes(session, datetime.now(UTC))
    bureau = archive.unit()
    unit = archive.unit(bureau)
    officer, supervisor = archive.person(unit, "officer"), archive.person(unit, "supervisor")
    case = archive.case(officer)
    handlers = archive.handlers(case, officer)
    for stage in ("investigation", "decision"):
        enter_stage(session, officer, case.id, stage)
    return Bench(session, archive, bureau, unit, officer, supervisor, archive.reviewer(bureau), handlers, case)


@pytest.fixture
def bench(session: Session, archive: Any) -> Bench:
    return make_bench(session, archive)


@pytest.fixture
def bench_in() -> Any:
    """The bench in a session of the test's choice, for what commits."""
    return make_bench
