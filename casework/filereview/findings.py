"""What is wrong with a case file (问题): to be put right by a day, answered by its unit (整改), ended by a reviewer."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.errors import Unknown
from casework.filereview.errors import DueDayPassed, FindingEnded, NotAnswered, OwnAnswer
from casework.filereview.rounds import find_review, record_review_change
from casework.filereview.scoring import SCORING, lock_drawn_case, refuse_kept, refuse_takers_part
from casework.filereview.sheet_file import items_of
from casework.permission import require
from casework.register.calendar import is_usable
from casework.wording import known_word, required_text
from integrity.local_time import chinese_day
from retention.errors import OutsideUnit
from retention.own_units import is_own
from storage.catalog.file_review import OUTCOMES, FileReviewAnswer, FileReviewFinding, ScoreSheetRule
from storage.catalog.organisation import Person

ANSWERING = "answer_file_reviews"


def state_finding(
    session: Session,
    by: Person,
    round_id: uuid.UUID,
    case_id: uuid.UUID,
    *,
    item: str,
    problem: str,
    due_on: date,
    now: datetime,
) -> FileReviewFinding:
    """Of an item of the sheet, in a drawn case; its unit has until the end of `due_on`.

    Raises DueDayPassed, WordUnknown, TextUnusable, and what `lock_drawn_case` does.
    """
    review, case = lock_drawn_case(session, by, round_id, case_id)
    known = tuple(each.code for each in items_of(session.get_one(ScoreSheetRule, review.rule_id).rules))
    if due_on < chinese_day(now) or not is_usable(due_on):
        raise DueDayPassed(due_on)
    row = FileReviewFinding(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        round_id=review.id,
        case_id=case.id,
        item=known_word("item", item, known),
        problem=required_text("problem", problem),
        due_on=due_on,
        found_by=by.id,
        found_at=now,
    )
    session.add(row)
    session.flush()
    data: dict[str, object] = {"finding_id": str(row.id), "case_id": str(case.id), "item": row.item}
    data["due_on"] = due_on.isoformat()
    record_review_change(session, by, review.id, case.unit_id, "found", data, {"problem": row.problem})
    return row


def answer_finding(session: Session, by: Person, finding_id: uuid.UUID, answer: str, now: datetime) -> FileReviewAnswer:
    """What the unit that handled the case did about it; as often as there is something to say.

    Raises FindingEnded, TextUnusable, AccessRefused (secrecy), RoleNotAllowed, Unknown, OutsideUnit.
    """
    require(by, ANSWERING)
    finding = _lock_finding(session, finding_id)
    if not is_own(by, finding.unit_id):
        raise OutsideUnit("file_review_finding", finding_id)
    refuse_kept(session, by, finding.case_id)
    _refuse_ended(finding)
    row = FileReviewAnswer(
        id=uuid.uuid4(),
        unit_id=finding.unit_id,
        finding_id=finding.id,
        ordinal=1 + len(answers_of(session, finding.id)),
        answer=required_text("answer", answer),
        answered_by=by.id,
        answered_at=now,
    )
    session.add(row)
    session.flush()
    data: dict[str, object] = {"answer_id": str(row.id), "finding_id": str(finding.id), "ordinal": row.ordinal}
    record_review_change(session, by, finding.round_id, row.unit_id, "answered", data, {"answer": row.answer})
    return row


def end_finding(
    session: Session, by: Person, finding_id: uuid.UUID, outcome: str, note: str, now: datetime
) -> FileReviewFinding:
    """Rectified, once its unit said so; or unfounded. Never by whoever answered it.

    Raises FindingEnded, NotAnswered, OwnAnswer, TookPart, WordUnknown, TextUnusable, AccessRefused (secrecy),
    RoleNotAllowed, Unknown, OutsideUnit.
    """
    finding = _lock_finding(session, finding_id)
    find_review(session, by, finding.round_id, SCORING)
    refuse_takers_part(session, by, finding.case_id)
    _refuse_ended(finding)
    outcome, note = known_word("outcome", outcome, OUTCOMES), required_text("note", note)
    answers = answers_of(session, finding.id)
    if outcome == "rectified" and not answers:
        raise NotAnswered(finding.id)
    if any(each.answered_by == by.id for each in answers):
        raise OwnAnswer(finding.id)
    finding.outcome, finding.ended_at, finding.ended_by, finding.end_note = outcome, now, by.id, note
    session.flush()
    data: dict[str, object] = {"finding_id": str(finding.id), "outcome": outcome}
    record_review_change(session, by, finding.round_id, finding.unit_id, "finding_ended", data, {"note": note})
    return finding


def answers_of(session: Session, finding_id: uuid.UUID) -> tuple[FileReviewAnswer, ...]:
    """In the order they were given."""
    statement = select(FileReviewAnswer).where(FileReviewAnswer.finding_id == finding_id)
    return tuple(session.scalars(statement.order_by(FileReviewAnswer.ordinal)))


def _lock_finding(session: Session, finding_id: uuid.UUID) -> FileReviewFinding:
    statement = select(FileReviewFinding).where(FileReviewFinding.id == finding_id).with_for_update()
    finding = session.scalars(statement.execution_options(populate_existing=True)).first()
    if finding is None:
        raise Unknown("file_review_finding", finding_id)
    return finding


def _refuse_ended(finding: FileReviewFinding) -> None:
    if finding.ended_at is not None:
        raise FindingEnded(finding.id, finding.ended_at)
