from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.engines.roles import DatabaseAddresses
from casework.deadlines.events import enter_event
from casework.deadlines.loading import load_shipped_terms
from casework.service.serving import Served, state_service
from integrity.local_time import CHINA
from storage.catalog.casework import Case
from storage.catalog.deadlines import CaseEvent, CaseTerm, TermAnswer
from storage.catalog.organisation import Person, Unit
from storage.catalog.service import CaseService
from storage.database import Database
from tests.databases import MigratedServer, let_cases_be_of_before, rolled_back

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
TODAY = date(2026, 3, 10)


@dataclass
class Desk:
    """A unit with an officer and a supervisor, a case of theirs, and the shipped terms."""

    session: Session
    archive: Any
    unit: Unit
    officer: Person
    supervisor: Person
    case: Case

    def enter(self, kind: str, day: date, now: datetime = NOW, by: Person | None = None) -> CaseEvent:
        return enter_event(self.session, by or self.officer, self.case.id, kind, day, now)

    def terms(self, event: CaseEvent) -> dict[str, CaseTerm]:
        return {row.kind: row for row in self.session.scalars(select(CaseTerm).where(CaseTerm.event_id == event.id))}

    def serve(self, day: date, now: datetime = NOW) -> CaseService:
        """In person at noon of that Chinese day, as a photograph of the signed receipt shows."""
        receipt = self.archive.recording(self.unit, kind="still", started_at=now, duration_seconds=None)
        self.archive.link(receipt, self.case, self.officer)
        served_at = datetime.combine(day, time(12), CHINA)
        said = {"document_number": "江综执罚决〔2026〕7号", "receiver": "张某，本人", "recording_id": receipt.id}
        return state_service(
            self.session, self.officer, self.case.id, Served("in_person", served_at, "张某", **said), (), now
        )

    def answers(self, event: CaseEvent, kind: str) -> list[TermAnswer]:
        statement = select(TermAnswer).where(TermAnswer.term_id == self.terms(event)[kind].id)
        return list(self.session.scalars(statement.order_by(TermAnswer.ordinal)))


@pytest.fixture
def addresses(server: MigratedServer, template: str) -> Iterator[DatabaseAddresses]:
    """Days of all years are tried here, on which nothing was decided that anybody could review: cases are of before."""
    with server.copy_of(template) as addresses:
        let_cases_be_of_before(addresses)
        yield addresses


@pytest.fixture
def session(of_before: Database) -> Iterator[Session]:
    """Work of the application's role that is rolled back."""
    with rolled_back(of_before) as session:
        yield session


@pytest.fixture
def desk(session: Session, archive: Any) -> Desk:
    return make_desk(session, archive)


@pytest.fixture
def desk_in() -> Any:
    """The desk in a session of the test's choice, for what commits."""
    return make_desk


def make_desk(session: Session, archive: Any) -> Desk:
    load_shipped_terms(session, NOW)
    unit = archive.unit()
    officer, supervisor = archive.person(unit, "officer"), archive.person(unit, "supervisor")
    return Desk(session, archive, unit, officer, supervisor, archive.case(officer))
