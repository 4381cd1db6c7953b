"""What a party was told, said and was answered, as a copy of the case says it: also what was withdrawn."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from integrity.canonical import Json
from integrity.fields import format_instant
from storage.catalog.notices import PartyNotice, PartyReply, ReplyAnswer


def notices_told(session: Session, case_id: uuid.UUID) -> list[Json]:
    """Every notice of a case by when it was stated, with its replies, and theirs with their answers."""
    answers: dict[uuid.UUID, list[Json]] = defaultdict(list)
    given = select(ReplyAnswer).where(ReplyAnswer.case_id == case_id)
    for answer in session.scalars(given.order_by(ReplyAnswer.answered_at, ReplyAnswer.id)):
        answers[answer.reply_id].append(_answer(answer))
    replies: dict[uuid.UUID, list[Json]] = defaultdict(list)
    said = select(PartyReply).where(PartyReply.case_id == case_id).order_by(PartyReply.said_at, PartyReply.id)
    for reply in session.scalars(said):
        replies[reply.notice_id].append({**_reply(reply), "answers": answers[reply.id]})
    told = select(PartyNotice).where(PartyNotice.case_id == case_id)
    rows = session.scalars(told.order_by(PartyNotice.stated_at, PartyNotice.id))
    return [{**_notice(row), "replies": replies[row.id]} for row in rows]


def _notice(row: PartyNotice) -> dict[str, Json]:
    ids = _ids(row, "id", "decision_id", "version_id", "document_id", "told_by", "stated_by")
    said = {"kind": row.kind, "days": row.days, "told_at": _instant(row.told_at), "place": row.place}
    return {**ids, **said, "stated_at": _instant(row.stated_at), **_withdrawn(row)}


def _reply(row: PartyReply) -> dict[str, Json]:
    ids = _ids(row, "id", "document_id", "recording_id", "heard_by", "stated_by")
    said = {"kind": row.kind, "said_at": _instant(row.said_at), "content": row.content}
    return {**ids, **said, "stated_at": _instant(row.stated_at), **_withdrawn(row)}


def _answer(row: ReplyAnswer) -> dict[str, Json]:
    said = {"outcome": row.outcome, "reason": row.reason, "answered_at": _instant(row.answered_at)}
    return {**_ids(row, "id", "answered_by"), **said, **_withdrawn(row)}


def _withdrawn(row: PartyNotice | PartyReply | ReplyAnswer) -> dict[str, Json]:
    return {"withdrawn_at": _instant(row.withdrawn_at), "withdraw_reason": row.withdraw_reason}


def _ids(row: Any, *names: str) -> dict[str, Json]:
    return {name: None if getattr(row, name) is None else str(getattr(row, name)) for name in names}


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)
