"""Disagreements and the committee that settles them; advisers; suspicions of crime and how they end."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import AwareDatetime, Field

from api.http.schema.base import Answer, CaseRef, Form, LongText, PersonRef, ShortText
from api.http.schema.decisions import DecisionItem, DisagreementItem, GivenAnswer, ReferenceItem, Word


class NewSitting(Form):
    """The minutes of a session: each member has one vote; `advice` by adviser; the answers are the outcome's own."""

    held_at: AwareDatetime = Field(examples=["2026-03-09T14:30:00+08:00"])
    place: ShortText = Field(examples=["局三楼会议室"])
    presided_by: uuid.UUID
    members: list[uuid.UUID] = Field(max_length=50)
    votes_for: int
    votes_against: int
    abstentions: int = 0
    advice: dict[uuid.UUID, LongText] = Field(default_factory=dict, max_length=50)
    minutes: LongText
    answers: dict[Word, GivenAnswer] = Field(max_length=7)
    statement: LongText


class QueuedDisagreement(Answer):
    """A disagreement with the decision it is about."""

    disagreement: DisagreementItem
    case: CaseRef
    decision: DecisionItem


class CommitteeFile(QueuedDisagreement):
    """What there is to deliberate on: what an answer may refer to, who may sit and who may advise."""

    references: list[ReferenceItem]
    may_sit: list[PersonRef]
    may_advise: list[AdviserItem]
    barred: str | None = Field(description="Why this reviewer may not keep its minutes", examples=["involved"])


class NewAdviser(Form):
    """`kind`: counsel (法律顾问), public_lawyer (公职律师), resident_lawyer (驻队律师) or expert (行业专家)."""

    kind: Word = Field(examples=["counsel"])
    name: ShortText = Field(examples=["周律师"])
    office: ShortText = Field(examples=["重庆某律师事务所"])
    number: ShortText | None = Field(default=None, examples=["15001201910000001"])


class NewConflict(Form):
    """利益冲突: in which case, and why."""

    case_id: uuid.UUID
    reason: LongText


class AdviserItem(Answer):
    """Somebody of the pool that a unit and those below it draw from."""

    id: uuid.UUID
    unit_id: uuid.UUID
    kind: str
    name: str
    office: str
    number: str | None
    added_at: datetime
    ended_at: datetime | None
    end_reason: str | None


class ConflictItem(Answer):
    """An adviser's conflict of interest in a case."""

    id: uuid.UUID
    adviser_id: uuid.UUID
    case_id: uuid.UUID
    reason: str
    stated_at: datetime


class HandedOver(Form):
    """`export_id`: the package that went; `note`: the number of the organ's receipt."""

    export_id: uuid.UUID
    receiver: ShortText = Field(examples=["江城区公安分局"])
    note: LongText = Field(examples=["回执〔2026〕3号"])


class TransferItem(Answer):
    """移送司法: open until `outcome` is transferred or no_crime."""

    id: uuid.UUID
    case: CaseRef
    review_id: uuid.UUID
    opened_by: PersonRef
    opened_at: datetime
    outcome: str | None
    export_id: uuid.UUID | None
    receiver: str | None
    note: str | None
    ended_by: PersonRef | None
    ended_at: datetime | None


CommitteeFile.model_rebuild()
