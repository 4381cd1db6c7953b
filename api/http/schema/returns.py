"""Returns to superiors: what is owed, its versions, how each was sent."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pydantic import Field

from api.http.schema.base import Answer, Form, LongText, PersonRef, Sha256Hex, ShortText


class NewReturn(Form):
    """Of one's own unit, unless `unit_id` names one that was merged into it.

    `reason`: why it is drawn up again; without one for the first version.
    """

    code: ShortText = Field(examples=["annual"])
    period: ShortText = Field(description="2026, 2026-H1, 2026-Q1 or 2026-01, as the list has it", examples=["2026-Q1"])
    reason: LongText | None = None
    unit_id: uuid.UUID | None = None


class NewSending(Form):
    """`proof`: which way it went, and under which number."""

    recipient: ShortText = Field(examples=["上级城市管理部门"])
    sent_on: date
    proof: LongText = Field(examples=["公文系统，江城管报〔2027〕3号"])


class ReceiptItem(Answer):
    id: uuid.UUID
    name: str
    media_type: str
    sha256: Sha256Hex
    filed_by: PersonRef
    filed_at: datetime


class SendingItem(Answer):
    id: uuid.UUID
    recipient: str
    sent_on: date
    proof: str
    sent_by: PersonRef
    sent_at: datetime
    receipts: list[ReceiptItem]


class ReturnVersionItem(Answer):
    """`step`: drawn_up, checked, set_aside, partly_sent or sent; `waiting`: recipients it was not sent to yet."""

    id: uuid.UUID
    ordinal: int
    reason: str | None
    step: str = Field(examples=["checked"])
    checkpoint_size: int
    checkpoint_root: Sha256Hex
    drawn_up_by: PersonRef
    drawn_up_at: datetime
    checked_by: PersonRef | None
    checked_at: datetime | None
    set_aside_by: PersonRef | None
    set_aside_at: datetime | None
    set_aside_reason: str | None
    sent_on: date | None
    waiting: list[str]
    sendings: list[SendingItem]


class ReturnItem(Answer):
    """A return that a unit owes for a period. `state`: going_on (the period goes on), open, soon, due_today, overdue,
    sent or sent_late; `unannounced`: years whose calendar is not announced, so that `due_on` is a guess; `days_left`:
    working days, less than 0 where its day has passed; `corrections`: how many versions were sent after the first."""

    id: uuid.UUID | None = Field(description="of the last version; null while nothing is drawn up")
    unit_id: uuid.UUID
    unit: str
    code: str
    name: str = Field(examples=["城市管理执法总体情况年报"])
    period: str = Field(examples=["2026-Q1"])
    first_day: date
    last_day: date
    due_on: date
    unannounced: list[int]
    state: str = Field(examples=["soon"])
    days_left: int
    sent_on: date | None
    corrections: int
    recipients: list[str]
    law: list[str]
    rule: str = Field(examples=["CN 1"])
    versions: list[ReturnVersionItem]


class ReturnUnitFigures(Answer):
    unit_id: uuid.UUID
    name: str
    depth: int
    figures: dict[str, int]


class ReturnFigures(Answer):
    """One version with its figures; amounts (`…_fen`) are in fen."""

    item: ReturnItem
    version: ReturnVersionItem
    total: dict[str, int]
    units: list[ReturnUnitFigures]
