"""Rooms with recorders of their own, and their sessions."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import Field

from api.http.schema.base import Answer, CaseRef, Form, PersonRef, ShortText
from api.http.schema.procedure import StretchItem
from api.http.schema.register import CODE, RoomRef


class NewRoom(Form):
    """Without `in_use_from`: from now on. Without `unit_id`: of one's own unit."""

    unit_id: uuid.UUID | None = None
    kind: ShortText = Field(description="questioning 询问室 or hearing_room 听证室", examples=["questioning"])
    name: ShortText = Field(examples=["一号询问室"])
    in_use_from: datetime | None = None


class NewFixture(Form):
    """A device that comes into a room: by `device_id`, or by its code. Without `issued_at`: now."""

    device_id: uuid.UUID | None = None
    device: ShortText | None = Field(default=None, examples=[CODE])
    issued_at: datetime | None = None
    returned_at: datetime | None = None


class NewSession(Form):
    """`ends_at` is left out while it is going on, `case_id` while nobody knows for which case it is."""

    starts_at: datetime
    ends_at: datetime | None = None
    officer_id: uuid.UUID
    second_officer_id: uuid.UUID | None = None
    case_id: uuid.UUID | None = None


class SessionEnd(Form):
    ends_at: datetime


class SessionCase(Form):
    case_id: uuid.UUID


class FixtureItem(Answer):
    """A device that is in the room now."""

    issue_id: uuid.UUID
    device_id: uuid.UUID
    device: str = Field(examples=[CODE])
    since: datetime


class RoomItem(Answer):
    """`using`: the session that is going on in it."""

    id: uuid.UUID
    unit_id: uuid.UUID
    kind: str = Field(examples=["questioning"])
    name: str = Field(examples=["一号询问室"])
    in_use_from: datetime
    closed_at: datetime | None
    devices: list[FixtureItem]
    using: uuid.UUID | None


class SessionItem(Answer):
    """`ends_at` null: it is going on. With a case it is its `act_id`. `withdrawn_at`: it did not take place."""

    id: uuid.UUID
    unit_id: uuid.UUID
    room: RoomRef
    starts_at: datetime
    ends_at: datetime | None
    officers: list[PersonRef]
    case: CaseRef | None
    act_id: uuid.UUID | None
    withdrawn_at: datetime | None
    withdraw_reason: str | None


class CaselessItem(Answer):
    """A session that nobody said the case of, and what the room's devices recorded of it."""

    session: SessionItem
    verdict: str = Field(examples=["incomplete"])
    stretches: list[StretchItem]
