"""Who is signed in."""

from __future__ import annotations

import uuid

from pydantic import Field

from api.http.schema.base import Answer, Form, ShortText


class SignIn(Form):
    sign_in_name: ShortText = Field(examples=["wangmin"])
    password: ShortText = Field(examples=["correct horse battery staple"])


class FirstAdministrator(Form):
    """What `liuhen up` asks for on an empty archive."""

    code: ShortText = Field(examples=["7KQ2M-9XHTD-PW4RN-C8VJB"])
    sign_in_name: ShortText = Field(examples=["admin"])
    name: ShortText = Field(examples=["李伟"])
    password: ShortText = Field(examples=["correct horse battery staple"])
    unit_name: ShortText = Field(examples=["江城区城市管理综合行政执法局"])


class UnitOfViewer(Answer):
    id: uuid.UUID
    name: str = Field(examples=["第三大队"])


class Viewing(Answer):
    """Who is asking. `csrf_token` goes into the header X-CSRF-Token of whatever changes something by cookie."""

    id: uuid.UUID
    name: str = Field(examples=["王敏"])
    sign_in_name: str = Field(examples=["wangmin"])
    role: str = Field(examples=["supervisor"])
    unit: UnitOfViewer
    via: str = Field(description="session: a browser; token: a program", examples=["session"])
    csrf_token: str | None = Field(examples=["c2VjcmV0"])
