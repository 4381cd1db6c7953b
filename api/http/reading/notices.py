"""What a party was told and said, as answers say it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from sqlalchemy.orm import Session

from api.http.reading.names import people_named
from api.http.schema.base import PersonRef
from api.http.schema.notices import CaseNotices, MissingItem, NoticeItem, ReplyAnswerItem, ReplyItem
from casework.notices.standing import NoticeNow, ReplyNow, drafts_told_of, notices_of_case
from storage.catalog.casework import Case

Names = Mapping[uuid.UUID, str]
_NOTICE = ("id", "decision_id", "version_id", "kind", "document_id", "days", "told_at", "place")
_REPLY = ("id", "kind", "said_at", "content", "document_id", "recording_id")
_STATED = ("stated_at", "withdrawn_at", "withdraw_reason")


def describe_case_notices(session: Session, case: Case, today: date) -> CaseNotices:
    found = notices_of_case(session, case, today)
    names = people_named(session, *people_of(found))
    missing = [
        MissingItem(decision_id=version.decision_id, version_id=version.id, missing=list(words))
        for version, words in drafts_told_of(session, case.id)
    ]
    return CaseNotices(notices=[_notice(each, names) for each in found], decisions=missing)


def describe_notice(session: Session, case: Case, notice_id: uuid.UUID, today: date) -> NoticeItem:
    notices = describe_case_notices(session, case, today).notices
    return next(each for each in notices if each.id == notice_id)


def people_of(found: Iterable[NoticeNow]) -> Iterator[uuid.UUID | None]:
    for notice in found:
        yield from (notice.row.told_by, notice.row.stated_by)
        for reply in notice.replies:
            yield from (reply.row.heard_by, reply.row.stated_by)
            yield from (answer.answered_by for answer in reply.answers)


def _notice(now: NoticeNow, names: Names) -> NoticeItem:
    row, until = now.row, now.until
    return NoticeItem(
        **{name: getattr(row, name) for name in (*_NOTICE, *_STATED)},
        told_by=PersonRef.maybe(row.told_by, names),
        stated_by=PersonRef.of(row.stated_by, names),
        counts_on=now.counts_on,
        until=None if until is None else until.day,
        estimated=until is not None and bool(until.unannounced),
        given_up=now.given_up,
        replies=[_reply(each, names) for each in now.replies],
    )


def _reply(now: ReplyNow, names: Names) -> ReplyItem:
    return ReplyItem(
        **{name: getattr(now.row, name) for name in (*_REPLY, *_STATED)},
        heard_by=PersonRef.of(now.row.heard_by, names),
        stated_by=PersonRef.of(now.row.stated_by, names),
        awaits_answer=now.awaits_answer,
        awaits_confirmation=now.awaits_confirmation,
        answers=[
            ReplyAnswerItem(
                id=each.id,
                outcome=each.outcome,
                reason=each.reason,
                answered_by=PersonRef.of(each.answered_by, names),
                answered_at=each.answered_at,
                withdrawn_at=each.withdrawn_at,
                withdraw_reason=each.withdraw_reason,
            )
            for each in now.answers
        ],
    )
