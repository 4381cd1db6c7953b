"""Links and questions as rows, each change with its entry. The caller holds the recording's row locked."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from casework.candidates import Candidate
from casework.errors import AlreadyLinked
from casework.rows import unique
from storage.catalog.casework import CaseLink, LinkingDone, LinkQuestion
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.ledger.append import Actor, Change, record_change

LINKER = Actor.system("linker")


def live_links(session: Session, recording_id: uuid.UUID) -> tuple[CaseLink, ...]:
    """The recording's place in each case it belongs to."""
    statement = select(CaseLink).where(CaseLink.recording_id == recording_id, CaseLink.ended_at.is_(None))
    return tuple(session.scalars(statement.order_by(CaseLink.created_at, CaseLink.id)))


def person_has_spoken(session: Session, recording_id: uuid.UUID) -> bool:
    """Whether somebody linked, unlinked or answered a question about this recording before."""
    by_hand = or_(CaseLink.made_by == "person", CaseLink.ended_by.is_not(None))
    linked = exists().where(CaseLink.recording_id == recording_id, by_hand)
    answered = exists().where(LinkQuestion.recording_id == recording_id, LinkQuestion.answered_at.is_not(None))
    return bool(session.scalar(select(or_(linked, answered))))


def find_open_question(session: Session, recording_id: uuid.UUID) -> LinkQuestion | None:
    statement = select(LinkQuestion).where(
        LinkQuestion.recording_id == recording_id, LinkQuestion.answered_at.is_(None)
    )
    return session.scalars(statement).first()


def add_hand_link(
    session: Session, by: Person, recording: Recording, case_id: uuid.UUID, stage: str, reason: str
) -> CaseLink:
    """Raises AlreadyLinked."""
    link = _insert_link(session, recording, case_id, stage, made_by="person", person_id=by.id, reason=reason)
    data = {"link_id": str(link.id), "case_id": str(case_id), "stage": stage, "made_by": "person"}
    _record(session, Actor.person(by.id), recording, "recording.linked", data, {"reason": reason})
    return link


def add_window_link(session: Session, recording: Recording, candidate: Candidate) -> CaseLink:
    """The linker's own link; its reasons are codes and ids. Raises AlreadyLinked."""
    link = _insert_link(
        session,
        recording,
        candidate.case_id,
        candidate.stage,
        made_by="window",
        person_id=None,
        reason=", ".join(candidate.matched),
    )
    _record(
        session,
        LINKER,
        recording,
        "recording.linked",
        {"link_id": str(link.id), "made_by": "window", **candidate.as_json()},
    )
    return link


def end_link(session: Session, by: Person, link: CaseLink, reason: str) -> None:
    link.ended_at, link.ended_by, link.end_reason = datetime.now(UTC), by.id, reason
    session.flush()
    data = {"link_id": str(link.id), "case_id": str(link.case_id)}
    subject = str(link.recording_id)
    change = Change("recording.unlinked", "recording", subject, link.unit_id, data, {"reason": reason})
    record_change(session, Actor.person(by.id), change)


def ask_which_case(
    session: Session, recording: Recording, candidates: Sequence[Candidate], standing: Sequence[CaseLink]
) -> LinkQuestion:
    """Queue the choice for a person. A case it stands in is one of the choices, though nothing may match it now."""
    question = find_open_question(session, recording.id)
    if question is not None:
        return question
    known = {candidate.case_id for candidate in candidates}
    choices = [
        *candidates,
        *(Candidate(link.case_id, link.stage, (), ()) for link in standing if link.case_id not in known),
    ]
    question = LinkQuestion(
        id=uuid.uuid4(),
        unit_id=recording.unit_id,
        recording_id=recording.id,
        candidates=[candidate.as_json() for candidate in choices],
    )
    session.add(question)
    session.flush()
    data = {"question_id": str(question.id), "cases": [str(candidate.case_id) for candidate in choices]}
    _record(session, LINKER, recording, "recording.link_queued", data)
    return question


def settle_question(session: Session, by: Person, question: LinkQuestion, case_id: uuid.UUID | None) -> None:
    question.answered_at, question.answered_by, question.chosen_case_id = datetime.now(UTC), by.id, case_id
    session.flush()
    data = {"question_id": str(question.id), "case_id": None if case_id is None else str(case_id)}
    change = Change("recording.link_answered", "recording", str(question.recording_id), question.unit_id, data)
    record_change(session, Actor.person(by.id), change)


def note_outcome(session: Session, recording: Recording, outcome: str) -> None:
    """What became of looking at it, or that nobody needs to look any more."""
    values = {"recording_id": recording.id, "unit_id": recording.unit_id, "outcome": outcome}
    changed = {"outcome": outcome, "looked_at": func.now()}
    session.execute(
        insert(LinkingDone).values(values).on_conflict_do_update(index_elements=["recording_id"], set_=changed)
    )


def _insert_link(
    session: Session,
    recording: Recording,
    case_id: uuid.UUID,
    stage: str,
    *,
    made_by: str,
    person_id: uuid.UUID | None,
    reason: str,
) -> CaseLink:
    link = CaseLink(
        id=uuid.uuid4(),
        unit_id=recording.unit_id,
        case_id=case_id,
        recording_id=recording.id,
        stage=stage,
        made_by=made_by,
        person_id=person_id,
        reason=reason,
    )
    with unique(session, {"uq_case_link_live": AlreadyLinked(case_id, recording.id)}):
        session.add(link)
    return link


def _record(
    session: Session,
    actor: Actor,
    recording: Recording,
    action: str,
    data: Mapping[str, str | Sequence[str]],
    private: dict[str, str] | None = None,
) -> None:
    record_change(
        session, actor, Change(action, "recording", str(recording.id), recording.unit_id, data, private or {})
    )
