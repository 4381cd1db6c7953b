"""What a party says to a notice (陈述、申辩、听证要求), who heard it, and how it is answered (复核). Rows only end."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from casework.notices.errors import NoticeSettled, ReplyUnusable
from casework.open_cases import lock_cleared_case, record_case_change
from casework.permission import require
from casework.procedure.footage import as_footage
from casework.rows import unique
from casework.wording import known_word, optional_text, required_text
from integrity.fields import format_instant
from retention.subjects import row_in_unit
from storage.catalog.casework import Case, CaseLink
from storage.catalog.documents import Document, DocumentSignature, FinalDocument
from storage.catalog.notices import OUTCOMES, REPLY_KINDS, TAKEN_BACK_BY_TWO, PartyNotice, PartyReply, ReplyAnswer
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.catalog.service import CaseService

GIVES_UP: Final = ("statement_waived", "hearing_waived", "hearing_request_withdrawn", "hearing_short_notice_agreed")
NO_PROOF: Final = ("penalty_notice", "hearing_rights_notice", "service_receipt")
"""What a party signs there says that he got the notice, and no more."""


@dataclass(frozen=True)
class Said:
    """What the party said. `content`: of a statement in full, of others what else there is to say."""

    kind: str
    said_at: datetime
    heard_by: uuid.UUID
    content: str | None = None
    document_id: uuid.UUID | None = None
    recording_id: uuid.UUID | None = None


def state_reply(session: Session, by: Person, notice_id: uuid.UUID, said: Said, now: datetime) -> PartyReply:
    """The party said this to a notice that it was given. Nobody refuses to hear it (处罚法 45, 62): late ones too.

    Raises ReplyUnusable, NoticeSettled, WordUnknown, TextUnusable, CaseClosed, AccessRefused, RoleNotAllowed,
    UnknownSubject, OutsideUnit.
    """
    require(by, "work_on_cases")
    known_word("kind", said.kind, REPLY_KINDS)
    content = optional_text("content", said.content)
    notice = row_in_unit(session, by, PartyNotice, notice_id)
    case = lock_cleared_case(session, by, notice.case_id)
    session.refresh(notice)
    if notice.withdrawn_at is not None:
        raise NoticeSettled(notice.id, "withdrawn")
    if said.kind == "statement" and content is None:
        raise ReplyUnusable("no_content")
    heard_by = row_in_unit(session, by, Person, said.heard_by)
    _refuse_kind(notice, said)
    _refuse_time(session, notice, said.said_at, now)
    _refuse_proof(session, case, notice, said)
    row = PartyReply(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        notice_id=notice.id,
        **{**vars(said), "content": content, "heard_by": heard_by.id},
        stated_by=by.id,
        stated_at=max(datetime.now(UTC), said.said_at),
    )
    session.add(row)
    session.flush()
    record_case_change(session, by, case, "case.party_replied", _facts(row), _private(row))
    return row


def answer_reply(session: Session, by: Person, reply_id: uuid.UUID, *, outcome: str, reason: str) -> ReplyAnswer:
    """A statement was looked into: adopted, in part, or not, and why (处罚法 45). Of one that somebody else withdrew,
    as of a request to be heard: that it had been entered wrongly.

    Raises ReplyUnusable, NoticeSettled, WordUnknown, TextUnusable, CaseClosed, AccessRefused, RoleNotAllowed,
    UnknownSubject, OutsideUnit.
    """
    require(by, "work_on_cases")
    known_word("outcome", outcome, OUTCOMES)
    reason = required_text("reason", reason)
    reply = row_in_unit(session, by, PartyReply, reply_id)
    case = lock_cleared_case(session, by, reply.case_id)
    session.refresh(reply)
    _refuse_outcome(by, reply, outcome)
    of = {"unit_id": case.unit_id, "case_id": case.id, "reply_id": reply.id}
    by_whom = {"answered_by": by.id, "answered_at": datetime.now(UTC)}
    row = ReplyAnswer(id=uuid.uuid4(), **of, outcome=outcome, reason=reason, **by_whom)
    with unique(session, {"uq_reply_answer_standing": NoticeSettled(reply.id, "answered")}):
        session.add(row)
    data = {"answer_id": str(row.id), "reply_id": str(reply.id), "outcome": outcome}
    record_case_change(session, by, case, "case.reply_answered", data, {"reason": reason})
    return row


def _refuse_outcome(by: Person, reply: PartyReply, outcome: str) -> None:
    """What was withdrawn is looked into by another person, for nothing but whether it had been entered wrongly."""
    withdrawn, wrongly = reply.withdrawn_at is not None, outcome == "entered_wrongly"
    if reply.kind not in (TAKEN_BACK_BY_TWO if withdrawn else ("statement",)):
        raise ReplyUnusable("not_statement")
    if withdrawn != wrongly:
        raise ReplyUnusable("not_withdrawn" if wrongly else "was_withdrawn")
    if wrongly and reply.withdrawn_by == by.id:
        raise ReplyUnusable("same_person")


def _refuse_kind(notice: PartyNotice, said: Said) -> None:
    of_hearing = said.kind.startswith("hearing")
    needs = "hearing" if of_hearing else "penalty" if said.kind == "statement_waived" else notice.kind
    if notice.kind != needs:
        raise ReplyUnusable("other_notice")


def _refuse_time(session: Session, notice: PartyNotice, said_at: datetime, now: datetime) -> None:
    if said_at.tzinfo is None:
        raise ReplyUnusable("without_zone")
    if said_at > now:
        raise ReplyUnusable("in_the_future")
    given_at = _given_at(session, notice)
    if given_at is None or said_at < given_at:
        raise ReplyUnusable("not_given")


def _given_at(session: Session, notice: PartyNotice) -> datetime | None:
    """The minute in which it was: people write minutes, and what was said in that one was said to it."""
    served = CaseService.document_id == notice.document_id, CaseService.withdrawn_at.is_(None)
    given_at = notice.told_at or session.scalar(select(func.min(CaseService.served_at)).where(*served))
    return None if given_at is None else given_at.replace(second=0, microsecond=0)


def _refuse_proof(session: Session, case: Case, notice: PartyNotice, said: Said) -> None:
    if said.document_id is not None and not _is_signed_since(session, notice, said.document_id):
        raise ReplyUnusable("other_document")
    if said.recording_id is not None:
        _refuse_recording(session, case, notice, said.recording_id)
    if said.kind in GIVES_UP and notice.document_id is not None and not (said.document_id or said.recording_id):
        raise ReplyUnusable("no_proof")


def _refuse_recording(session: Session, case: Case, notice: PartyNotice, recording_id: uuid.UUID) -> None:
    """What was surely filmed before he was told shows nothing; of what nobody can say when, its arrival says it."""
    link = CaseLink.case_id == case.id, CaseLink.recording_id == recording_id, CaseLink.ended_at.is_(None)
    if not session.scalar(select(exists().where(*link))):
        raise ReplyUnusable("not_in_case")
    since = _given_at(session, notice)
    if since is None or not is_filmed_since(session, session.get_one(Recording, recording_id), since):
        raise ReplyUnusable("recorded_before")


def is_filmed_since(session: Session, recording: Recording, since: datetime) -> bool:
    """Whether it may have been made then or later, for some error of its clock. People's answers go before it."""
    (footage,) = as_footage(session, [recording])
    if recording.received_at < since or footage.starts_at is None:
        return recording.received_at >= since
    return footage.may_touch(since, datetime.max.replace(tzinfo=UTC))


def _is_signed_since(session: Session, notice: PartyNotice, document_id: uuid.UUID) -> bool:
    """What the party signed before he was told gives nothing up."""
    since = _given_at(session, notice)
    return since is not None and document_id in {each.id for each in signed_papers(session, notice.case_id, since)}


def signed_papers(session: Session, case_id: uuid.UUID, since: datetime | None = None) -> tuple[Document, ...]:
    """Final documents of the case that the party signed, since then, and that may so show what he gave up."""
    late = () if since is None else (DocumentSignature.signed_at >= since,)
    signed = exists().where(
        FinalDocument.document_id == Document.id,
        DocumentSignature.text_id == FinalDocument.text_id,
        DocumentSignature.role == "party",
        DocumentSignature.outcome == "signed",
        *late,
    )
    mine = Document.case_id == case_id, Document.withdrawn_at.is_(None), Document.kind.not_in(NO_PROOF)
    return tuple(session.scalars(select(Document).where(*mine, signed).order_by(Document.begun_at, Document.id)))


def _facts(row: PartyReply) -> dict[str, Any]:
    ids = ("notice_id", "heard_by", "document_id", "recording_id")
    named = {name: None if getattr(row, name) is None else str(getattr(row, name)) for name in ids}
    return {"reply_id": str(row.id), "kind": row.kind, "said_at": format_instant(row.said_at), **named}


def _private(row: PartyReply) -> dict[str, str]:
    return {} if row.content is None else {"content": row.content}
