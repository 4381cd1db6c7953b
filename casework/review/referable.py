"""Everything in a case that an answer of a review can refer to, each with a line of what it is."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.procedure.acts import acts_of_case
from storage.catalog.casework import CaseLink, CaseStage
from storage.catalog.deadlines import CaseEvent
from storage.catalog.decisions import DecisionVersion
from storage.catalog.handling import CaseOfficer, IdentityShown
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording


@dataclass(frozen=True)
class Referable:
    """`reference` is what an answer states; `kind` its first word, `detail` a word or a name of what it is."""

    kind: str
    id: uuid.UUID
    detail: str

    @property
    def reference(self) -> str:
        return f"{self.kind}:{self.id}"


def referable_in(session: Session, case_id: uuid.UUID) -> tuple[Referable, ...]:
    """Recordings that stand in the case, its acts, events, stages, officers, and what its decisions say."""
    return tuple(_all(session, case_id))


def _all(session: Session, case_id: uuid.UUID) -> Iterator[Referable]:
    linked = select(Recording.id, Recording.original_name).join(CaseLink, CaseLink.recording_id == Recording.id)
    standing = linked.where(CaseLink.case_id == case_id, CaseLink.ended_at.is_(None)).order_by(Recording.original_name)
    yield from (Referable("recording", row.id, row.original_name) for row in session.execute(standing))
    yield from (Referable("act", act.act.id, act.said.kind) for act in acts_of_case(session, case_id))
    events = select(CaseEvent).where(CaseEvent.case_id == case_id, CaseEvent.withdrawn_at.is_(None))
    yield from (Referable("event", row.id, row.kind) for row in session.scalars(events.order_by(CaseEvent.day)))
    stages = select(CaseStage).where(CaseStage.case_id == case_id).order_by(CaseStage.ordinal)
    yield from (Referable("stage", row.id, row.stage) for row in session.scalars(stages))
    officers = select(CaseOfficer.id, Person.name).join(Person, Person.id == CaseOfficer.person_id)
    of_case = officers.where(CaseOfficer.case_id == case_id, CaseOfficer.ended_at.is_(None))
    yield from (Referable("officer", row.id, row.name) for row in session.execute(of_case))
    shown = select(IdentityShown.id, Person.name).join(Person, Person.id == IdentityShown.person_id)
    yield from (
        Referable("identity", row.id, row.name)
        for row in session.execute(shown.where(IdentityShown.case_id == case_id))
    )
    versions = select(DecisionVersion).where(DecisionVersion.case_id == case_id)
    yield from (
        Referable("version", row.id, str(row.ordinal))
        for row in session.scalars(versions.order_by(DecisionVersion.stated_at))
    )
