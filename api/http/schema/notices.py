"""What a party is told before a penalty, what he said, and what is missing before the decision."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pydantic import Field

from api.http.schema.base import Answer, Form, LongText, PersonRef, ShortText


class NewNotice(Form):
    """By a final document (`document_id`), or, in the simple procedure, on the spot: `told_by`, `told_at`, `place`."""

    kind: ShortText = Field(default="penalty", description="penalty, hearing", examples=["penalty"])
    document_id: uuid.UUID | None = None
    told_by: uuid.UUID | None = None
    told_at: datetime | None = None
    place: ShortText | None = Field(default=None, examples=["观音桥步行街 12 号"])


class NewReply(Form):
    """What the party said. What gives something up is shown by a paper that he signed, or by a recording of the case;
    on the spot, by nothing but this entry."""

    kind: ShortText = Field(
        description="statement, statement_waived, hearing_requested, hearing_request_withdrawn, hearing_waived, "
        "hearing_short_notice_agreed",
        examples=["statement"],
    )
    said_at: datetime
    heard_by: uuid.UUID
    content: LongText | None = Field(default=None, examples=["摊位是昨天才摆的，请求从轻"])
    document_id: uuid.UUID | None = None
    recording_id: uuid.UUID | None = None


class NewReplyAnswer(Form):
    outcome: ShortText = Field(
        description="adopted, partly_adopted, not_adopted; entered_wrongly, of what somebody else withdrew",
        examples=["not_adopted"],
    )
    reason: LongText = Field(examples=["现场照片显示占道已满十日，不予采纳"])


class ReplyAnswerItem(Answer):
    id: uuid.UUID
    outcome: str = Field(examples=["not_adopted"])
    reason: str
    answered_by: PersonRef
    answered_at: datetime
    withdrawn_at: datetime | None
    withdraw_reason: str | None


class ReplyItem(Answer):
    """`awaits_answer`: a statement that stands and was not looked into yet; `awaits_confirmation`: what one person
    withdrew, and nobody else has found to be entered wrongly."""

    id: uuid.UUID
    kind: str = Field(examples=["statement"])
    said_at: datetime
    heard_by: PersonRef
    content: str | None
    document_id: uuid.UUID | None
    recording_id: uuid.UUID | None
    stated_by: PersonRef
    stated_at: datetime
    withdrawn_at: datetime | None
    withdraw_reason: str | None
    awaits_answer: bool
    awaits_confirmation: bool
    answers: list[ReplyAnswerItem]


class NoticeItem(Answer):
    """`counts_on`: from when it counts as served; `until`: the last of the party's days, where they run; `estimated`:
    by a year whose days off are not announced; `given_up`: they need not run out."""

    id: uuid.UUID
    decision_id: uuid.UUID
    version_id: uuid.UUID
    kind: str = Field(examples=["penalty"])
    document_id: uuid.UUID | None
    days: int | None
    told_by: PersonRef | None
    told_at: datetime | None
    place: str | None
    stated_by: PersonRef
    stated_at: datetime
    withdrawn_at: datetime | None
    withdraw_reason: str | None
    counts_on: date | None
    until: date | None
    estimated: bool
    given_up: bool
    replies: list[ReplyItem]


class MissingItem(Answer):
    """What is missing before this draft may be issued, for what the party is told: words; none: nothing is."""

    decision_id: uuid.UUID
    version_id: uuid.UUID
    missing: list[str] = Field(examples=[["untold"]])


class CaseNotices(Answer):
    notices: list[NoticeItem]
    decisions: list[MissingItem]
