"""Which case a recording belongs to: said by a person, or found by officer, device, time and place. Never guessed.

The linker looks at a recording once, and again when new facts touch it. Only a clear single case is linked, the rest is
asked. Where a person has said something about a recording (linked it, unlinked it, answered a question), the linker
keeps out; and it never ends a link, its own neither: a hold, a grant, a retention may hang on it (decisions/0008).
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from casework.candidates import clear_one, find_candidates
from casework.clock_news import ask_about_shifts
from casework.errors import AlreadyAnswered, LinkEnded
from casework.link_rows import (
    add_hand_link,
    add_window_link,
    ask_which_case,
    end_link,
    find_open_question,
    live_links,
    note_outcome,
    note_outcomes,
    settle_question,
    withdraw_question,
)
from casework.linking_locks import join_devices, join_linking
from casework.looks import AGAIN, BY_PERSON, LINKED, NO_CASE, NO_DATA, QUESTION
from casework.observation import observe, reach_of
from casework.permission import require
from casework.surroundings import Decided, Surroundings, look_around
from casework.wording import known_word, required_text
from retention.paging import Cursor, Page, newest_first, take_page
from retention.subjects import row_in_unit
from storage.catalog.casework import STAGES, Case, CaseLink, LinkingDone, LinkQuestion
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording


@dataclass(frozen=True)
class Unlinked:
    """A recording in no case; `outcome` is what the linker made of it (None: not looked at yet)."""

    recording: Recording
    outcome: str | None
    question_id: uuid.UUID | None


def link_by_hand(
    session: Session, by: Person, *, recording_id: uuid.UUID, case_id: uuid.UUID, stage: str, reason: str
) -> CaseLink:
    """Put a recording into a case; also into a closed one, because footage comes late. Settles an open question.

    Raises AlreadyLinked, WordUnknown for the stage, TextUnusable, UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    require(by, "link_recordings")
    known_word("stage", stage, STAGES)
    reason = required_text("reason", reason)
    recording = row_in_unit(session, by, Recording, recording_id, lock=True)
    case = row_in_unit(session, by, Case, case_id)
    link = add_hand_link(session, by, recording, case.id, stage, reason)
    question = find_open_question(session, recording.id)
    if question is not None:
        settle_question(session, by, question, case.id)
    note_outcome(session, recording, BY_PERSON)
    return link


def unlink(session: Session, by: Person, link_id: uuid.UUID, reason: str) -> CaseLink:
    """Take a recording out of a case. The link's row stays, with who ended it and why.

    Raises LinkEnded, TextUnusable, UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    require(by, "link_recordings")
    reason = required_text("reason", reason)
    link = row_in_unit(session, by, CaseLink, link_id)
    # The recording first, as everywhere: two deeds on one recording then wait for, and never block, each other.
    recording = row_in_unit(session, by, Recording, link.recording_id, lock=True)
    link = row_in_unit(session, by, CaseLink, link_id, lock=True)
    if link.ended_at is not None:
        raise LinkEnded(link.id, link.ended_at)
    end_link(session, by, link, reason)
    note_outcome(session, recording, BY_PERSON)
    return link


def answer_question(
    session: Session, by: Person, question_id: uuid.UUID, case_id: uuid.UUID | None, stage: str | None = None
) -> CaseLink | None:
    """Say which case a recording belongs to, or none of them (`case_id` None). Returns the link that now stands.

    Any case of the unit may be named. Links the linker made to other cases end. Without `stage` the candidate's
    counts, else the case's present one.
    Raises AlreadyAnswered, WordUnknown, UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    require(by, "link_recordings")
    asked = row_in_unit(session, by, LinkQuestion, question_id)
    recording = row_in_unit(session, by, Recording, asked.recording_id, lock=True)
    question = row_in_unit(session, by, LinkQuestion, question_id, lock=True)
    if question.answered_at is not None:
        raise AlreadyAnswered(question.id, question.answered_at)
    case = None if case_id is None else row_in_unit(session, by, Case, case_id)
    settle_question(session, by, question, case_id)
    standing = _end_other_windows(session, by, question, case_id)
    note_outcome(session, recording, BY_PERSON)
    if case is None or standing is not None:
        return standing
    place = known_word("stage", stage or _stage_asked_about(question, case), STAGES)
    return add_hand_link(session, by, recording, case.id, place, f"answer to question {question.id}")


def link_by_window(session: Session, recording_id: uuid.UUID) -> str:
    """Look for the recording's case among the assignments of its unit; returns and keeps the outcome.

    A clear single case: linked. Otherwise a question, no link. A recording that was looked at is left as it is, unless
    new facts have made it due again. Safe to run twice at once.
    """
    statement = select(Recording).where(Recording.id == recording_id).with_for_update(key_share=True)
    return _look_at(session, [session.scalars(statement).one()])[0]


def link_due_recordings(session: Session, limit: int = 100) -> dict[str, int]:
    """The housekeeping step: look at up to `limit` recordings that are due, and count the outcomes.

    Recordings that another worker is looking at are skipped. Nothing is due when the counts are empty.
    """
    statement = (
        select(Recording)
        .outerjoin(LinkingDone, LinkingDone.recording_id == Recording.id)
        .where(or_(LinkingDone.recording_id.is_(None), LinkingDone.outcome == AGAIN))
        .order_by(Recording.sealed_at, Recording.id)
        .limit(limit)
        .with_for_update(of=Recording, skip_locked=True, key_share=True)
    )
    return dict(Counter(_look_at(session, session.scalars(statement).all())))


def list_unlinked(
    session: Session, unit_id: uuid.UUID, *, after: Cursor | None = None, limit: int = 50
) -> Page[Unlinked]:
    """The unit's recordings that stand in no case, the latest sealed first."""
    linked = select(CaseLink.id).where(CaseLink.recording_id == Recording.id, CaseLink.ended_at.is_(None)).exists()
    open_question = (LinkQuestion.recording_id == Recording.id) & LinkQuestion.answered_at.is_(None)
    statement = (
        select(Recording, LinkingDone.outcome, LinkQuestion.id)
        .outerjoin(LinkingDone, LinkingDone.recording_id == Recording.id)
        .outerjoin(LinkQuestion, open_question)
        .where(Recording.unit_id == unit_id, ~linked)
    )
    rows = session.execute(newest_first(statement, Recording.sealed_at, Recording.id, after, limit)).all()
    found = [Unlinked(recording, outcome, question_id) for recording, outcome, question_id in rows]
    return take_page(found, limit, lambda row: Cursor(row.recording.sealed_at, str(row.recording.id)))


def list_questions(
    session: Session, unit_id: uuid.UUID, *, after: Cursor | None = None, limit: int = 50
) -> Page[LinkQuestion]:
    """The unit's open questions, the latest first; `candidates` holds what spoke for each case."""
    statement = select(LinkQuestion).where(LinkQuestion.unit_id == unit_id, LinkQuestion.answered_at.is_(None))
    rows = session.scalars(newest_first(statement, LinkQuestion.created_at, LinkQuestion.id, after, limit)).all()
    return take_page(rows, limit, lambda question: Cursor(question.created_at, str(question.id)))


def _look_at(session: Session, recordings: Sequence[Recording]) -> list[str]:
    """The outcome of each. Their rows are locked; what they are judged by is fetched once nobody can change it."""
    join_devices(session, recordings)
    join_linking(session, {recording.unit_id for recording in recordings})
    around = look_around(session, recordings, reach_of)
    outcomes = [_outcome(session, recording, around) for recording in recordings]
    note_outcomes(session, list(zip(recordings, outcomes, strict=True)))
    new = [recording for recording in recordings if around.decided[recording.id].outcome is None]
    ask_about_shifts(session, new, around)
    return outcomes


def _outcome(session: Session, recording: Recording, around: Surroundings) -> str:
    decided = around.decided[recording.id]
    # Whoever held the locks may have finished this very recording meanwhile.
    due = decided.outcome is None or decided.outcome == AGAIN
    return _look(session, recording, around, decided) if due else str(decided.outcome)


def _look(session: Session, recording: Recording, around: Surroundings, decided: Decided) -> str:
    if decided.by_person:
        return BY_PERSON
    observed = observe(recording, around)
    if observed is None:
        return NO_DATA
    standing = {link.case_id for link in decided.links}
    candidates = find_candidates(observed, around.works.get(recording.unit_id, ()), standing)
    clear = clear_one(candidates)
    if (clear is None and candidates) or (clear is not None and standing - {clear.case_id}):
        ask_which_case(session, recording, candidates, decided.links, decided.question)
        return QUESTION
    if decided.question is not None:
        withdraw_question(session, decided.question)
    if clear is not None and not standing:
        add_window_link(session, recording, clear)
    return LINKED if clear is not None or standing else NO_CASE


def _end_other_windows(
    session: Session, by: Person, question: LinkQuestion, case_id: uuid.UUID | None
) -> CaseLink | None:
    """End what the linker had linked elsewhere; returns the link to the named case when there is one already."""
    standing = None
    for link in live_links(session, question.recording_id):
        if link.case_id == case_id:
            standing = link
        elif link.made_by == "window":
            end_link(session, by, link, f"answer to question {question.id}")
    return standing


def _stage_asked_about(question: LinkQuestion, case: Case) -> str:
    stages = {candidate["case_id"]: str(candidate["stage"]) for candidate in question.candidates}
    return stages.get(str(case.id), case.stage)
