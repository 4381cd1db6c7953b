"""What was entered wrongly of a notice, of what was said to it, or of the answer: withdrawn, and the row stays."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from casework.notices.errors import NoticeSettled
from casework.open_cases import lock_cleared_case, record_case_change
from casework.permission import require
from casework.wording import required_text
from retention.subjects import row_in_unit
from storage.catalog.notices import PartyNotice, PartyReply, ReplyAnswer
from storage.catalog.organisation import Person

Row = TypeVar("Row", PartyNotice, PartyReply, ReplyAnswer)


def withdraw_notice(session: Session, by: Person, notice_id: uuid.UUID, reason: str) -> PartyNotice:
    """Raises NoticeSettled, TextUnusable, CaseClosed, AccessRefused, RoleNotAllowed, UnknownSubject, OutsideUnit."""
    return _withdraw(session, by, PartyNotice, notice_id, reason, "notice")


def withdraw_reply(session: Session, by: Person, reply_id: uuid.UUID, reason: str) -> PartyReply:
    """Raises NoticeSettled, TextUnusable, CaseClosed, AccessRefused, RoleNotAllowed, UnknownSubject, OutsideUnit."""
    return _withdraw(session, by, PartyReply, reply_id, reason, "reply")


def withdraw_answer(session: Session, by: Person, answer_id: uuid.UUID, reason: str) -> ReplyAnswer:
    """So that it is looked into again. Raises NoticeSettled, TextUnusable, CaseClosed, AccessRefused, RoleNotAllowed,
    UnknownSubject, OutsideUnit."""
    return _withdraw(session, by, ReplyAnswer, answer_id, reason, "answer")


def _withdraw(session: Session, by: Person, table: type[Row], row_id: uuid.UUID, reason: str, word: str) -> Row:
    require(by, "withdraw_acts")
    reason = required_text("reason", reason)
    row = row_in_unit(session, by, table, row_id)
    case = lock_cleared_case(session, by, row.case_id)
    session.refresh(row)
    if row.withdrawn_at is not None:
        raise NoticeSettled(row.id, "withdrawn")
    row.withdrawn_at, row.withdrawn_by, row.withdraw_reason = datetime.now(UTC), by.id, reason
    session.flush()
    record_case_change(session, by, case, f"case.{word}_withdrawn", {f"{word}_id": str(row.id)}, {"reason": reason})
    return row
