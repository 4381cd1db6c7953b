"""Links and questions as rows, each change with its entry. The caller holds the recording's row locked."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from casework.archived import refuse_archived
from casework.elements.again import ask_for_another_judgement
from casework.linking.candidates import Candidate
from casework.linking.errors import AlreadyLinked
from casework.rows import unique
from integrity.canonical import canonical_json
from storage.catalog.casework import CaseLink, LinkingDone, LinkQuestion
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.ledger.append import Actor, Change, record_change

LINKER = Actor.system("linker")


def live_links(session: Session, recording_id: uuid.UUID) -> tuple[CaseLink, ...]:
    """The recording's place in each case it belongs to."""
    statement = select(CaseLink).where(CaseLink.recording_id == recording_id, CaseLink.ended_at.is_(None))
    return tuple(session.scalars(statement.order_by(CaseLink.created_at, CaseLink.id)))


def find_open_question(session: Session, recording_id: uuid.UUID) -> LinkQuestion | None:
    statement = select(LinkQuestion).where(
        LinkQuestion.recording_id == recording_id, LinkQuestion.answered_at.is_(None)
    )
    return session.scalars(statement).first()


def add_hand_link(
    session: Session,
    by: Person,
    recording: Recording,
    case_id: uuid.UUID,
    stage: str,
    reason: str,
    *,
    supplements: bool = False,
) -> CaseLink:
    """`supplements`: of an archived case, whose catalogue says so already. Raises AlreadyLinked, CaseArchived."""
    if not supplements:
        refuse_archived(session, case_id)
    link = _make_link(recording, case_id, stage, "person", by.id, reason)
    with unique(session, {"uq_case_link_live": AlreadyLinked(case_id, recording.id)}):
        session.add(link)
    data = {"link_id": str(link.id), "case_id": str(case_id), "stage": stage, "made_by": "person"}
    _record(session, Actor.person(by.id), recording, "recording.linked", data, {"reason": reason})
    return link


def add_window_link(session: Session, recording: Recording, candidate: Candidate) -> CaseLink:
    """The linker's own link, with its score; its reasons are codes and whole numbers.

    No look whether it stands there already: the linker has the recording's row, and has looked.
    """
    link = _make_link(recording, candidate.case_id, candidate.stage, "window", None, ", ".join(candidate.matched))
    link.score, link.reasons = candidate.score, candidate.reasons_as_json()
    session.add(link)
    _record(
        session,
        LINKER,
        recording,
        "recording.linked",
        {"link_id": str(link.id), "made_by": "window", **candidate.as_json()},
    )
    return link


def end_link(session: Session, by: Person, link: CaseLink, reason: str) -> None:
    """Raises CaseArchived."""
    refuse_archived(session, link.case_id)
    link.ended_at, link.ended_by, link.end_reason = datetime.now(UTC), by.id, reason
    session.flush()
    data = {"link_id": str(link.id), "case_id": str(link.case_id)}
    subject = str(link.recording_id)
    change = Change("recording.unlinked", "recording", subject, link.unit_id, data, {"reason": reason})
    record_change(session, Actor.person(by.id), change)


def ask_which_case(
    session: Session,
    recording: Recording,
    candidates: Sequence[Candidate],
    standing: Sequence[CaseLink],
    question: LinkQuestion | None,
) -> LinkQuestion:
    """Queue the choice for a person. A case it stands in is one of the choices, though nothing may match it now.

    `question` is the one that is open. If it offers other cases, or one for an assignment that speaks for it no more,
    it is withdrawn: nobody should choose among what is no longer so.
    """
    known = {candidate.case_id for candidate in candidates}
    choices = [
        *candidates,
        *(Candidate(link.case_id, link.stage) for link in standing if link.case_id not in known),
    ]
    if question is not None:
        if _still_offers(question, choices):
            return question
        withdraw_question(session, question)
    question = LinkQuestion(
        id=uuid.uuid4(),
        unit_id=recording.unit_id,
        recording_id=recording.id,
        created_at=datetime.now(UTC),
        candidates=[candidate.as_json() for candidate in choices],
    )
    session.add(question)
    data = {
        "question_id": str(question.id),
        "cases": [str(candidate.case_id) for candidate in choices],
        "candidates_sha256": digest_candidates(question.candidates),
    }
    _record(session, LINKER, recording, "recording.link_queued", data)
    return question


def digest_candidates(candidates: Sequence[Any]) -> str:
    """SHA-256, in hex, of what was offered, with its scores and reasons: the entry states it, as it has no bound."""
    return hashlib.sha256(canonical_json(candidates, "candidates")).hexdigest()


def _still_offers(question: LinkQuestion, choices: Sequence[Candidate]) -> bool:
    """The same cases in the same stages, none for an assignment that is gone; one more makes no other question."""
    offered = {(str(choice["case_id"]), str(choice["stage"])): choice for choice in question.candidates}
    now = {(str(choice.case_id), choice.stage): set(map(str, choice.assignment_ids)) for choice in choices}
    return offered.keys() == now.keys() and all(
        now[key].issuperset(choice.get("assignments", ())) for key, choice in offered.items()
    )


def withdraw_question(session: Session, question: LinkQuestion) -> None:
    """The linker takes its question back: new facts have answered or changed it. No person has spoken by that."""
    question.answered_at = datetime.now(UTC)
    session.flush()
    data = {"question_id": str(question.id)}
    change = Change("recording.link_withdrawn", "recording", str(question.recording_id), question.unit_id, data)
    record_change(session, LINKER, change)


def settle_question(
    session: Session, by: Person, question: LinkQuestion, case_id: uuid.UUID | None, reason: str | None
) -> None:
    """`reason` is kept with the question: an answer that names no case makes no link that could keep it."""
    question.answered_at, question.answered_by, question.chosen_case_id = datetime.now(UTC), by.id, case_id
    question.reason = reason
    session.flush()
    data = {"question_id": str(question.id), "case_id": None if case_id is None else str(case_id)}
    private = {} if reason is None else {"reason": reason}
    subject = str(question.recording_id)
    change = Change("recording.link_answered", "recording", subject, question.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)


def note_outcome(session: Session, recording: Recording, outcome: str) -> None:
    """What became of looking at it, or that nobody needs to look any more."""
    note_outcomes(session, [(recording, outcome)])


def note_outcomes(session: Session, outcomes: Sequence[tuple[Recording, str]]) -> None:
    rows = [{"recording_id": row.id, "unit_id": row.unit_id, "outcome": outcome} for row, outcome in outcomes]
    if not rows:
        return
    statement = insert(LinkingDone).values(rows)
    changed = {"outcome": statement.excluded.outcome, "looked_at": func.now()}
    session.execute(statement.on_conflict_do_update(index_elements=["recording_id"], set_=changed))
    ask_for_another_judgement(session, [row for row, _ in outcomes])


def _make_link(
    recording: Recording, case_id: uuid.UUID, stage: str, made_by: str, person_id: uuid.UUID | None, reason: str
) -> CaseLink:
    return CaseLink(
        id=uuid.uuid4(),
        unit_id=recording.unit_id,
        case_id=case_id,
        recording_id=recording.id,
        stage=stage,
        made_by=made_by,
        person_id=person_id,
        reason=reason,
    )


def _record(
    session: Session,
    actor: Actor,
    recording: Recording,
    action: str,
    data: Mapping[str, Any],
    private: dict[str, str] | None = None,
) -> None:
    record_change(
        session, actor, Change(action, "recording", str(recording.id), recording.unit_id, data, private or {})
    )
