"""How documents of a case were served."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pydantic import Field

from api.http.schema.base import Answer, Form, LongText, PersonRef, ShortText


class NewService(Form):
    """What was served is `document_id`, `decision_id`, or both, or the `document_number` of a paper. A document names
    its decision itself; of a paper from elsewhere `decision_id` says which it is of, where the case has several. Which
    of the rest is needed goes by the manner: docs/service.md."""

    method: ShortText = Field(
        description="in_person, left, mailed, entrusted, electronic, posted", examples=["in_person"]
    )
    served_at: datetime
    addressee: ShortText = Field(examples=["张某"])
    document_number: ShortText | None = Field(default=None, examples=["江综执罚决字〔2026〕第7号"])
    document_id: uuid.UUID | None = None
    decision_id: uuid.UUID | None = None
    receiver: ShortText | None = Field(default=None, examples=["张某，本人"])
    place: ShortText | None = Field(default=None, examples=["观音桥步行街 12 号"])
    carrier: ShortText | None = Field(default=None, examples=["EMS 1234567890"])
    ground: LongText | None = Field(default=None, examples=["当事人拒绝签收，未说明理由"])
    witnesses: ShortText | None = Field(default=None, examples=["社区代表 陈某"])
    act_id: uuid.UUID | None = None
    recording_id: uuid.UUID | None = None
    receipt_id: uuid.UUID | None = None


class ServiceItem(Answer):
    """`counts`: it stands, and is proven where it has to be; `counts_on`: the day on which it counts as served, that of
    a public notice its last."""

    id: uuid.UUID
    case_id: uuid.UUID
    method: str = Field(examples=["in_person"])
    served_at: datetime
    counts_on: date
    counts: bool
    decision_id: uuid.UUID | None
    version_id: uuid.UUID | None
    document_id: uuid.UUID | None
    document_number: str
    addressee: str
    receiver: str | None
    place: str | None
    carrier: str | None
    ground: str | None
    witnesses: str | None
    act_id: uuid.UUID | None
    recording_id: uuid.UUID | None
    receipt_id: uuid.UUID | None
    stated_by: PersonRef
    stated_at: datetime
    withdrawn_by: PersonRef | None
    withdrawn_at: datetime | None
    withdraw_reason: str | None


class ProofItem(Answer):
    """A recording of the case. `problem`: why it would not prove a service of this manner; null: it would."""

    recording_id: uuid.UUID
    original_name: str
    starts_at: datetime | None
    problem: str | None = Field(examples=["recorded_elsewhen"])
