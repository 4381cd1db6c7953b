"""Units, people, stations, tokens."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pydantic import Field

from api.http.schema.base import Answer, Form, LongText, ShortText


class NewUnit(Form):
    """Without `parent_id`: below one's own."""

    name: ShortText = Field(examples=["第三大队"])
    code: ShortText = Field(examples=["JC-03"])
    parent_id: uuid.UUID | None = None


class UnitItem(Answer):
    id: uuid.UUID
    parent_id: uuid.UUID | None
    name: str = Field(examples=["第三大队"])
    code: str = Field(examples=["JC-03"])
    created_at: datetime
    ended_on: date | None = Field(description="the day it was merged into `ended_into`: nothing new begins in it")
    ended_into: uuid.UUID | None


class NewPerson(Form):
    """Without a password nobody can sign in under the name yet."""

    unit_id: uuid.UUID | None = Field(default=None, description="one's own unit when it is not named")
    name: ShortText = Field(examples=["王敏"])
    sign_in_name: ShortText = Field(examples=["wangmin"])
    role: ShortText = Field(examples=["supervisor"])
    badge_number: ShortText | None = Field(default=None, examples=["000123"])
    password: ShortText | None = None


class NewRole(Form):
    role: ShortText = Field(examples=["legal_reviewer"])


class NewPassword(Form):
    """One's own takes the former one too."""

    password: ShortText
    former_password: ShortText | None = None


class Deactivation(Form):
    reason: LongText = Field(examples=["调离本单位"])


class PersonItem(Answer):
    id: uuid.UUID
    unit_id: uuid.UUID
    name: str = Field(examples=["王敏"])
    sign_in_name: str = Field(examples=["wangmin"])
    badge_number: str | None = Field(examples=["000123"])
    role: str = Field(examples=["supervisor"])
    active: bool
    can_sign_in: bool
    created_at: datetime


class NewToken(Form):
    """A token that acts as the person, for a program."""

    label: ShortText = Field(examples=["案管系统"])
    expires_at: datetime | None = None


class IssuedToken(Answer):
    id: uuid.UUID
    token: str = Field(description="shown here and never again", examples=["lha1.…"])


class TokenItem(Answer):
    id: uuid.UUID
    person_id: uuid.UUID
    label: str = Field(examples=["案管系统"])
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
