from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.checklists.checklists import load_shipped_checklists
from casework.procedure.acts import ActNow, add_act
from casework.procedure.stating import Stated
from storage.catalog.casework import Case
from storage.catalog.organisation import Person, Unit

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
START = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Team:
    """A unit with two officers, two supervisors and a case; 40 minutes of a seizure are its usual act."""

    session: Session
    archive: Any
    unit: Unit
    officer: Person
    second: Person
    supervisor: Person
    other_supervisor: Person
    case: Case

    def stated(self, kind: str = "seizure", minutes: float | None = 40, **more: Any) -> Stated:
        facts = {
            "kind": kind,
            "starts_at": START,
            "ends_at": None if minutes is None else START + minutes * MINUTE,
            "place": "观音桥步行街 12 号",
            "officers": (self.officer.id, self.second.id),
        }
        return Stated(**{**facts, **more})

    def act(self, kind: str = "seizure", minutes: float | None = 40, **more: Any) -> ActNow:
        return add_act(self.session, self.officer, self.case.id, self.stated(kind, minutes, **more), NOW)


@pytest.fixture
def team(session: Session, archive: Any) -> Team:
    return make_team(session, archive)


@pytest.fixture
def team_in() -> Any:
    """The team in a session of the test's choice, for what commits."""
    return make_team


def make_team(session: Session, archive: Any) -> Team:
    load_shipped_checklists(session, NOW)
    unit = archive.unit()
    people = [archive.person(unit, role) for role in ("officer", "officer", "supervisor", "supervisor")]
    return Team(session, archive, unit, *people, archive.case(people[0]))
