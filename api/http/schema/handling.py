"""Who handles a case, and who showed his certificate."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import Field

from api.http.schema.base import Answer, Form, PersonRef, ShortText


class NewHandler(Form):
    person_id: uuid.UUID


class NewIdentityShown(Form):
    """`act_id`: in which act of the case, where it was in one."""

    person_id: uuid.UUID
    shown_at: datetime
    act_id: uuid.UUID | None = None


class NewNotice(Form):
    """The reasons, the legal grounds, and the rights and duties were told. `act_id`: in which act of the case;
    `document_number`: by which document, where there was one."""

    person_id: uuid.UUID
    given_at: datetime
    act_id: uuid.UUID | None = None
    document_number: ShortText | None = Field(default=None, examples=["江综执告〔2026〕7号"])


class HandlerItem(Answer):
    """`problem`: null, or left, uncertified_then, uncertified_in_act, uncertified_now."""

    id: uuid.UUID
    person: PersonRef
    named_at: datetime
    problem: str | None = Field(examples=["uncertified_now"])


class IdentityItem(Answer):
    id: uuid.UUID
    person: PersonRef
    shown_at: datetime
    act_id: uuid.UUID | None


class NoticeItem(Answer):
    id: uuid.UUID
    person: PersonRef
    given_at: datetime
    act_id: uuid.UUID | None
    document_number: str | None


class Handling(Answer):
    """`needed`: how many officers without a problem the decision takes."""

    needed: int = Field(examples=[2])
    officers: list[HandlerItem]
    identity_shown: list[IdentityItem]
    notices: list[NoticeItem]
