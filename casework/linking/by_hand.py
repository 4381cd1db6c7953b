"""A recording's place in a case, as a person says it: linked, unlinked, or answered when the linker asked.

Where a person has spoken the linker keeps out. But what he said of one recording is news of its act and of its shift.
"""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from casework.linking.errors import AlreadyAnswered, InSeveralCases, LinkEnded, NotAsOffered
from casework.linking.looks import BY_PERSON
from casework.linking.person_news import ask_about_neighbours
from casework.linking.rows import (
    add_hand_link,
    end_link,
    find_open_question,
    live_links,
    note_outcome,
    settle_question,
)
from casework.permission import require
from casework.wording import known_word, optional_text, required_text
from retention.subjects import row_in_unit
from storage.catalog.casework import STAGES, Case, CaseLink, LinkQuestion
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording


def link_by_hand(
    session: Session, by: Person, *, recording_id: uuid.UUID, case_id: uuid.UUID, stage: str | None = None, reason: str
) -> CaseLink:
    """Put a recording into a case; also into a closed one, because footage comes late. Settles an open question.

    Without a stage, into the one in which the case is.
    Raises AlreadyLinked, CaseArchived, WordUnknown for the stage, TextUnusable, UnknownSubject, OutsideUnit,
    RoleNotAllowed.
    """
    require(by, "link_recordings")
    if stage is not None:
        known_word("stage", stage, STAGES)
    reason = required_text("reason", reason)
    recording = row_in_unit(session, by, Recording, recording_id, lock=True)
    case = row_in_unit(session, by, Case, case_id)
    return place_by_hand(session, by, recording, case, stage or case.stage, reason)


def place_by_hand(
    session: Session,
    by: Person,
    recording: Recording,
    case: Case,
    stage: str,
    reason: str,
    *,
    supplements: bool = False,
) -> CaseLink:
    """Of a recording whose row is locked; `supplements` an archived case. Raises AlreadyLinked, CaseArchived."""
    link = add_hand_link(session, by, recording, case.id, stage, reason, supplements=supplements)
    question = find_open_question(session, recording.id)
    if question is not None:
        settle_question(session, by, question, case.id, reason)
    _spoken_of(session, recording)
    return link


def unlink(session: Session, by: Person, link_id: uuid.UUID, reason: str) -> CaseLink:
    """Take a recording out of a case. The link's row stays, with who ended it and why.

    Raises LinkEnded, CaseArchived, TextUnusable, UnknownSubject, OutsideUnit, RoleNotAllowed.
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
    _spoken_of(session, recording)
    return link


def answer_question(
    session: Session,
    by: Person,
    question_id: uuid.UUID,
    case_id: uuid.UUID | None,
    stage: str | None = None,
    reason: str | None = None,
) -> CaseLink | None:
    """Say which case a recording belongs to, or none of them (`case_id` None). Returns the link that now stands.

    Any case of the unit may be named. Links the linker made to other cases end. Without `stage` the candidate's
    counts, else the case's present one. `reason` is kept with the question, with the link that is made and with
    those that end; only the choice of a case that was offered, or in which the recording stands, may go without.
    Raises AlreadyAnswered, NotAsOffered, CaseArchived, TextUnusable, WordUnknown, UnknownSubject, OutsideUnit,
    RoleNotAllowed.
    """
    require(by, "link_recordings")
    reason = optional_text("reason", reason)
    asked = row_in_unit(session, by, LinkQuestion, question_id)
    recording = row_in_unit(session, by, Recording, asked.recording_id, lock=True)
    question = row_in_unit(session, by, LinkQuestion, question_id, lock=True)
    if question.answered_at is not None:
        raise AlreadyAnswered(question.id, question.answered_at)
    if reason is None and case_id not in _cases_offered(session, question):
        raise NotAsOffered(question.id, case_id is None)
    case = None if case_id is None else row_in_unit(session, by, Case, case_id)
    settle_question(session, by, question, case_id, reason)
    why = reason or f"answer to question {question.id}"
    standing = _end_other_windows(session, by, question, case_id, why)
    if case is not None and standing is None:
        place = known_word("stage", stage or _stage_asked_about(question, case), STAGES)
        standing = add_hand_link(session, by, recording, case.id, place, why)
    _spoken_of(session, recording)
    return standing


def correct_by_hand(
    session: Session, by: Person, *, recording_id: uuid.UUID, case_id: uuid.UUID | None, reason: str
) -> CaseLink | None:
    """Say which case a recording belongs to instead of the one it stands in, or to none: the link to that one ends.

    Both with the same reason, and each with its entry. Returns the link that now stands. Raises InSeveralCases, because
    nobody can tell which of them is meant; CaseArchived, TextUnusable, UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    require(by, "link_recordings")
    reason = required_text("reason", reason)
    recording = row_in_unit(session, by, Recording, recording_id, lock=True)
    case = None if case_id is None else row_in_unit(session, by, Case, case_id)
    links = live_links(session, recording.id)
    if len(links) > 1:
        raise InSeveralCases(recording.id)
    standing = next((link for link in links if link.case_id == case_id), None)
    for link in links:
        if link is not standing:
            end_link(session, by, link, reason)
    if case is not None and standing is None:
        standing = add_hand_link(session, by, recording, case.id, case.stage, reason)
    _spoken_of(session, recording)
    return standing


def _spoken_of(session: Session, recording: Recording) -> None:
    note_outcome(session, recording, BY_PERSON)
    ask_about_neighbours(session, recording)


def _end_other_windows(
    session: Session, by: Person, question: LinkQuestion, case_id: uuid.UUID | None, why: str
) -> CaseLink | None:
    """End what the linker had linked elsewhere; returns the link to the named case when there is one already."""
    standing = None
    for link in live_links(session, question.recording_id):
        if link.case_id == case_id:
            standing = link
        elif link.made_by == "window":
            end_link(session, by, link, why)
    return standing


def _cases_offered(session: Session, question: LinkQuestion) -> set[uuid.UUID]:
    offered = {uuid.UUID(str(candidate["case_id"])) for candidate in question.candidates}
    return offered | {link.case_id for link in live_links(session, question.recording_id)}


def _stage_asked_about(question: LinkQuestion, case: Case) -> str:
    stages = {candidate["case_id"]: str(candidate["stage"]) for candidate in question.candidates}
    return stages.get(str(case.id), case.stage)
