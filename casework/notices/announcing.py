"""Whether the party was told of the day of his hearing in time (处罚法 64), by the official calendar."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from casework.deadlines.calendar import Calendar
from casework.deadlines.counting import due_day
from casework.notices.days import NoticeDays
from casework.notices.rules import Owed
from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.deadlines import CaseEvent, CaseTerm
from storage.catalog.notices import PartyReply

LEAST_NOTICE_DAYS: Final = 7
"""Where a rule speaks of it, it says no less (处罚法 64, 85)."""
SHORT: Final = "hearing_short"


def is_heard_on_short_notice(
    session: Session, case: Case, replies: Iterable[PartyReply], owed: Owed, day: date, calendar: Calendar
) -> bool:
    """Whether a request stands for which hearings were held, and none of which he was told in time. `replies` are
    those that count; whether any was held at all, the database asks."""
    if not owed.hearing_notice_days:
        return False
    said = tuple(replies)
    hearings = _hearings(session, case, day)
    return any(_is_short(each, said, hearings, owed, calendar) for each in said if _is_open(each, said))


def _is_open(request: PartyReply, replies: tuple[PartyReply, ...]) -> bool:
    if request.kind != "hearing_requested":
        return False
    return not any(b.kind == "hearing_request_withdrawn" and b.said_at >= request.said_at for b in replies)


def _is_short(
    request: PartyReply,
    replies: tuple[PartyReply, ...],
    hearings: tuple[tuple[date, date | None], ...],
    owed: Owed,
    calendar: Calendar,
) -> bool:
    held = [(day, told) for day, told in hearings if day >= chinese_day(request.said_at)]
    agreed = [chinese_day(b.said_at) for b in replies if _agrees_to(request, b)]
    days = max(owed.hearing_notice_days, LEAST_NOTICE_DAYS)
    ahead = NoticeDays(days, "working_days", "before", moves_from_day_off=False)

    def is_fair(day: date, told_on: date | None) -> bool:
        in_time = told_on is not None and told_on <= due_day(ahead, day, calendar).day
        return in_time or any(each <= day for each in agreed)

    return bool(held) and not any(is_fair(*each) for each in held)


def _agrees_to(request: PartyReply, reply: PartyReply) -> bool:
    return reply.kind == "hearing_short_notice_agreed" and reply.said_at >= request.said_at


def _hearings(session: Session, case: Case, until: date) -> tuple[tuple[date, date | None], ...]:
    """The days of hearings that stand, each with the day on which the party was told of it."""
    term = and_(CaseTerm.event_id == CaseEvent.id, CaseTerm.kind == "hearing_notice")
    held = CaseEvent.case_id == case.id, CaseEvent.kind == "hearing_held", CaseEvent.withdrawn_at.is_(None)
    rows = session.execute(
        select(CaseEvent.day, CaseTerm.done_on).outerjoin(CaseTerm, term).where(*held, CaseEvent.day <= until)
    )
    return tuple((day, told_on) for day, told_on in rows)
