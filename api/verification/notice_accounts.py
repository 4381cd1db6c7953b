"""What the ledger says of notices before a penalty: what a party was told, what he said, how it was answered."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.steps import Facts, Step, Subject, as_stated, ended, made_at, pledged, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.notices import PartyNotice, PartyReply, ReplyAnswer

_STANDING: Facts = {"withdrawn": None, "withdrawn_by": None, "withdraw_reason": None}
_WITHDRAWN = ended("withdrawn", "withdrawn_by", "withdraw_reason")
_TOLD = ("kind", "days", "told_at", "decision_id", "version_id", "document_id", "told_by")
_SAID = ("kind", "said_at", "notice_id", "heard_by", "document_id", "recording_id")


def _of_case(entry: LedgerEntry) -> Facts:
    return {**_STANDING, "unit_id": unit_of(entry), "case_id": entry.subject_id}


def _notice(entry: LedgerEntry) -> Facts:
    said: Facts = {"place": None, **as_stated(entry, *_TOLD), **pledged(entry, "place")}
    return {**_of_case(entry), **said, "stated_by": entry.actor_id, **made_at(entry, "stated_at")}


def _reply(entry: LedgerEntry) -> Facts:
    said: Facts = {"content": None, **as_stated(entry, *_SAID), **pledged(entry, "content")}
    return {**_of_case(entry), **said, "stated_by": entry.actor_id, **made_at(entry, "stated_at")}


def _answer(entry: LedgerEntry) -> Facts:
    said: Facts = {**as_stated(entry, "reply_id", "outcome"), **pledged(entry, "reason")}
    return {**_of_case(entry), **said, "answered_by": entry.actor_id, **made_at(entry, "answered_at")}


NOTICE_SUBJECTS: Sequence[Subject] = (
    Subject(
        PartyNotice,
        (
            Step("case.party_told", _notice, "notice_id", makes=True),
            Step("case.notice_withdrawn", _WITHDRAWN, "notice_id"),
        ),
    ),
    Subject(
        PartyReply,
        (
            Step("case.party_replied", _reply, "reply_id", makes=True),
            Step("case.reply_withdrawn", _WITHDRAWN, "reply_id"),
        ),
    ),
    Subject(
        ReplyAnswer,
        (
            Step("case.reply_answered", _answer, "answer_id", makes=True),
            Step("case.answer_withdrawn", _WITHDRAWN, "answer_id"),
        ),
    ),
)
