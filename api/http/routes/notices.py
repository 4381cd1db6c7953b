"""What a party is told before a penalty (处罚前告知), what he says, and how it is answered."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.reading.notices import describe_case_notices, describe_notice
from api.http.schema.base import Reason
from api.http.schema.notices import CaseNotices, NewNotice, NewReply, NewReplyAnswer, NoticeItem
from api.http.sessions import SignedIn, TheArchive
from casework.cases import find_cleared_case
from casework.notices.errors import NoticeUnusable
from casework.notices.replies import Said, answer_reply, state_reply
from casework.notices.telling import Spoken, tell_by_document, tell_on_the_spot
from casework.notices.withdrawing import withdraw_answer, withdraw_notice, withdraw_reply
from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.notices import PartyNotice, PartyReply
from storage.catalog.organisation import Person

router = api_router(tags=["decisions"])


@router.get("/cases/{case_id}/party-notices", summary="处罚前告知 / What the party was told, and said")
def show_notices(case_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> CaseNotices:
    """The withdrawn among them; and what is missing before each draft may be issued."""
    with looking(archive, viewer) as session:
        case = find_cleared_case(session, viewer.person, case_id)
        return describe_case_notices(session, case, chinese_day(datetime.now(UTC)))


@router.post("/decisions/{decision_id}/party-notices", summary="登记告知 / The party is told", status_code=201)
def make_notice(decision_id: uuid.UUID, form: NewNotice, viewer: SignedIn, archive: TheArchive) -> NoticeItem:
    """Of what the draft says now. A document has to say the same party, penalty and amount."""
    with doing(archive, viewer) as session:
        return _item(session, _tell(session, viewer.person, decision_id, form))


@router.post("/party-notices/{notice_id}/withdraw", summary="撤回告知的登记 / Withdraw that he was told")
def take_notice_back(notice_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> NoticeItem:
    with doing(archive, viewer) as session:
        return _item(session, withdraw_notice(session, viewer.person, notice_id, form.reason))


@router.post("/party-notices/{notice_id}/replies", summary="登记当事人意见 / What the party said", status_code=201)
def make_reply(notice_id: uuid.UUID, form: NewReply, viewer: SignedIn, archive: TheArchive) -> NoticeItem:
    with doing(archive, viewer) as session:
        said = Said(**form.model_dump())
        return _item_of(session, state_reply(session, viewer.person, notice_id, said, datetime.now(UTC)))


@router.post("/party-replies/{reply_id}/withdraw", summary="撤回当事人意见的登记 / Withdraw what he said")
def take_reply_back(reply_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> NoticeItem:
    with doing(archive, viewer) as session:
        return _item_of(session, withdraw_reply(session, viewer.person, reply_id, form.reason))


@router.post("/party-replies/{reply_id}/answer", summary="复核陈述申辩 / Answer a statement", status_code=201)
def make_answer(reply_id: uuid.UUID, form: NewReplyAnswer, viewer: SignedIn, archive: TheArchive) -> NoticeItem:
    with doing(archive, viewer) as session:
        row = answer_reply(session, viewer.person, reply_id, outcome=form.outcome, reason=form.reason)
        return _item_of(session, session.get_one(PartyReply, row.reply_id))


@router.post("/reply-answers/{answer_id}/withdraw", summary="撤回复核意见 / Withdraw an answer")
def take_answer_back(answer_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> NoticeItem:
    with doing(archive, viewer) as session:
        row = withdraw_answer(session, viewer.person, answer_id, form.reason)
        return _item_of(session, session.get_one(PartyReply, row.reply_id))


def _tell(session: Session, by: Person, decision_id: uuid.UUID, form: NewNotice) -> PartyNotice:
    if form.document_id is not None:
        return tell_by_document(session, by, decision_id, form.kind, form.document_id)
    if form.told_by is None or form.told_at is None or form.kind != "penalty":
        raise NoticeUnusable("not_here")
    spoken = Spoken(form.told_by, form.told_at, form.place or "")
    return tell_on_the_spot(session, by, decision_id, spoken, datetime.now(UTC))


def _item_of(session: Session, reply: PartyReply) -> NoticeItem:
    return _item(session, session.get_one(PartyNotice, reply.notice_id))


def _item(session: Session, row: PartyNotice) -> NoticeItem:
    return describe_notice(session, session.get_one(Case, row.case_id), row.id, chinese_day(datetime.now(UTC)))
