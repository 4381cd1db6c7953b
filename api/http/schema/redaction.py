"""What is hidden in copies that leave, who checked it, and these copies."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import Field

from api.http.schema.base import Answer, Form, LongText, PersonRef, ShortText


class BoxForm(Form):
    """Parts of the upright picture, from its upper left corner; seconds of the recording's own time line."""

    left: float = Field(examples=[0.1], description="0 to 1")
    top: float = Field(examples=[0.2], description="0 to 1")
    width: float = Field(examples=[0.3], description="0 to 1")
    height: float = Field(examples=[0.2], description="0 to 1")
    from_seconds: float = Field(default=0.0, examples=[1.5])
    to_seconds: float | None = Field(default=None, examples=[4], description="left out: to the end")
    style: ShortText = Field(default="black", description="black or blur", examples=["black"])


class MuteForm(Form):
    from_seconds: float = Field(default=0.0, examples=[10])
    to_seconds: float | None = Field(default=None, examples=[12.5], description="left out: to the end")


class NewRedaction(Form):
    """All that is to be hidden: it takes the place of what was stated before. Nothing at all: that somebody looked."""

    boxes: list[BoxForm] = Field(default=[], max_length=1000)
    mutes: list[MuteForm] = Field(default=[], max_length=1000)
    reason: LongText = Field(examples=["遮蔽未成年人面部和车牌"])


class NewCheck(Form):
    verdict: ShortText = Field(description="passed or returned", examples=["passed"])
    reason: LongText | None = Field(default=None, description="needed where it is returned")


class CheckItem(Answer):
    id: uuid.UUID
    verdict: str = Field(examples=["passed"])
    reason: str | None
    checked_by: PersonRef
    checked_at: datetime


class RedactionItem(Answer):
    """`check` is null until a second person has looked at it."""

    id: uuid.UUID
    recording_id: uuid.UUID
    ordinal: int
    boxes: list[BoxForm]
    mutes: list[MuteForm]
    spans_sha256: str = Field(description="of boxes and mutes as canonical JSON, as the ledger has it")
    reason: str
    stated_by: PersonRef
    stated_at: datetime
    check: CheckItem | None


class NewCopies(Form):
    grant_id: uuid.UUID = Field(description="a grant to copy, for this very case")
    recordings: list[uuid.UUID] | None = Field(default=None, max_length=1000, description="left out: all of the case")


class CopyItem(Answer):
    """`state`: due (waits for a media worker, or, `being_made`, is with one), done, outdated (something else is
    to be hidden by now: it is not sent), failed. `outcome`, why it failed, and `settings` are told whoever asked for
    it and auditors; null to others."""

    id: uuid.UUID
    recording_id: uuid.UUID
    redaction_id: uuid.UUID
    grant_id: uuid.UUID
    state: str = Field(examples=["done"])
    being_made: bool
    outcome: str | None
    asked_by: PersonRef
    asked_at: datetime
    made_at: datetime | None
    media_type: str | None = Field(examples=["video/mp4"])
    size_bytes: int | None
    sha256: str | None
    parent_sha256: str | None = Field(description="of the original that it was made of")
    tool: str | None = Field(examples=["ffmpeg"])
    tool_version: str | None = Field(examples=["7.1.5"])
    settings: list[str] | None
    file: str | None = Field(description="where whoever asked for it can fetch it", examples=["/api/v1/copies/…/file"])
