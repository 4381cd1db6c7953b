"""A unit at work under the shipped policies: whom and what the tests of required elements judge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.elements.policies import load_shipped_policies
from casework.register.devices import add_device
from casework.register.issues import issue_device
from ingest.metadata.claims import Claim
from storage.catalog.elements import ElementQuestion, RecordingJudgement
from storage.catalog.recordings import Recording
from storage.ledger.append import Actor
from tests.casework.elements.due import judge_due_recordings
from tests.casework.linking.due import link_due_recordings

OPERATOR = Actor.system("admin")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
FILMED = NOW - timedelta(days=1)


class Team:
    """A unit below a bureau, its officers, a recorder that the first of them has, and the shipped policies."""

    def __init__(self, session: Session, archive: Any) -> None:
        self.session, self.archive = session, archive
        load_shipped_policies(session, NOW)
        self.bureau = archive.unit()
        self.unit = archive.unit(self.bureau)
        self.officer, self.other = (archive.person(self.unit, "officer") for _ in range(2))
        self.device = self.new_device("AB00001")
        self.issue = self.give(self.device, self.officer)

    def new_device(self, code: str, unit: Any = None) -> Any:
        return add_device(self.session, OPERATOR, unit_id=(unit or self.unit).id, code=code)

    def give(self, device: Any, officer: Any, since: datetime = FILMED - timedelta(days=3)) -> Any:
        return issue_device(self.session, OPERATOR, device.id, officer.id, now=NOW, issued_at=since)

    def recording(self, **facts: Any) -> Recording:
        named = {"officer": self.officer.badge_number, "claims": [Claim("act", "questioning", "station", "stated")]}
        return self.archive.recording(self.unit, **{**named, **facts})

    def judge(self) -> None:
        while any(link_due_recordings(self.session).values()):
            pass
        while judge_due_recordings(self.session):
            pass

    def open(self, recording: Recording) -> dict[str, list[str]]:
        """What is asked about it, by element, the case left out."""
        self.judge()
        rows = self.session.scalars(select(ElementQuestion).where(ElementQuestion.recording_id == recording.id))
        return {row.element: row.codes for row in rows if row.element != "case"}

    def element(self, recording: Recording, name: str) -> dict[str, Any]:
        self.judge()
        return self.session.get_one(RecordingJudgement, recording.id, populate_existing=True).elements[name]
