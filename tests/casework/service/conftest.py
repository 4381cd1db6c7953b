from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.engines.roles import DatabaseAddresses
from casework.deadlines.events import enter_event
from casework.deadlines.loading import load_shipped_terms
from casework.procedure.judgement import judge_case
from casework.service.serving import Served, state_service
from storage.catalog.deadlines import CaseTerm
from storage.catalog.recordings import Recording
from storage.catalog.service import CaseService
from storage.database import Database
from tests.casework.procedure.conftest import Team, make_team
from tests.databases import MigratedServer, let_cases_be_of_before, rolled_back

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
START = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = date(2026, 3, 9)
SECRETS = ("江综执罚决〔2026〕7号", "张某某", "拒绝开门", "社区代表")
PLACE = {"latitude": 29.56, "longitude": 106.57, "place_source": "exif:gps"}


@dataclass
class Round:
    """A team that serves documents of its case; 40 minutes of leaving one from START on, and a photograph of it."""

    team: Team

    @property
    def session(self) -> Session:
        return self.team.session

    def photograph(self, **more: Any) -> Recording:
        team = self.team
        facts = {"started_at": START + 10 * MINUTE, "duration_seconds": None, "kind": "still", **PLACE}
        recording: Recording = team.archive.recording(team.unit, **{**facts, **more})
        team.archive.link(recording, team.case, team.officer)
        return recording

    def left(self, act: Any, recording: Recording, **more: Any) -> Served:
        facts: dict[str, Any] = {
            "method": "left",
            "served_at": START + 20 * MINUTE,
            "document_number": SECRETS[0],
            "addressee": SECRETS[1],
            "place": "观音桥步行街 12 号",
            "ground": SECRETS[2],
            "witnesses": "社区代表 陈某",
            "act_id": act.act.id,
            "recording_id": recording.id,
        }
        return Served(**{**facts, **more})

    def in_person(self, at: datetime = START, **more: Any) -> Served:
        """As a photograph of the receipt shows."""
        facts: dict[str, Any] = {"document_number": SECRETS[0], "receiver": "张某某，本人"}
        if "recording_id" not in more:
            facts["recording_id"] = self.photograph(started_at=START + 20 * timedelta(hours=1)).id
        return Served("in_person", at, SECRETS[1], **{**facts, **more})

    def posted(self, at: datetime = START, **more: Any) -> Served:
        facts = {"document_number": SECRETS[0], "carrier": "本局公告栏", "ground": "下落不明，邮寄退回"}
        return Served("posted", at, SECRETS[1], **{**facts, **more})

    def serve(self, served: Served, now: datetime = NOW) -> CaseService:
        return state_service(self.session, self.team.officer, self.team.case.id, served, (), now)

    def term(self) -> CaseTerm:
        """Of service, of a penalty that was decided on DAY."""
        team = self.team
        event = enter_event(self.session, team.officer, team.case.id, "penalty_decided", DAY, NOW)
        of_event = select(CaseTerm).where(CaseTerm.event_id == event.id, CaseTerm.kind == "service")
        return self.session.scalars(of_event).one()

    def forbids(self) -> str | None:
        (judged,) = judge_case(self.session, self.team.case.id, NOW)
        return judged.forbids_closing


@pytest.fixture
def addresses(server: MigratedServer, template: str) -> Iterator[DatabaseAddresses]:
    """Nothing was decided here that anybody could review: cases are of before. Decisions: tests/casework/review."""
    with server.copy_of(template) as addresses:
        let_cases_be_of_before(addresses)
        yield addresses


@pytest.fixture
def session(of_before: Database) -> Iterator[Session]:
    """Work of the application's role that is rolled back."""
    with rolled_back(of_before) as session:
        yield session


@pytest.fixture
def round_(session: Session, archive: Any) -> Round:
    load_shipped_terms(session, NOW)
    return Round(make_team(session, archive))
