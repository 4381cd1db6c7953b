"""Devices, who has them, and certificates. An officer is named by badge number, or by the name he signs in with."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pydantic import Field

from api.http.schema.base import Answer, Form, LongText, PersonRef, ShortText
from casework.register.reading import CertificateShown, DeviceNow, IssueShown
from storage.catalog.organisation import Person
from storage.catalog.rooms import Room

CODE = "AB00001"
BADGE = "000123"


class OfficerRef(PersonRef):
    """A person with the number he goes by."""

    badge_number: str | None = Field(examples=[BADGE])

    @classmethod
    def shown(cls, person: Person) -> OfficerRef:
        return cls(id=person.id, name=person.name, badge_number=person.badge_number)


class RoomRef(Answer):
    """A room in which a device is."""

    id: uuid.UUID
    name: str = Field(examples=["一号询问室"])

    @classmethod
    def maybe(cls, room: Room | None) -> RoomRef | None:
        return None if room is None else cls(id=room.id, name=room.name)


class NewDevice(Form):
    """`code` is what the device writes into its file names."""

    unit_id: uuid.UUID | None = Field(default=None, description="one's own unit when it is not named")
    code: ShortText = Field(examples=[CODE])
    serial: ShortText | None = Field(default=None, examples=["SN20260042"])
    model: ShortText | None = Field(default=None, examples=["DSJ-A9"])
    name: ShortText | None = Field(default=None, examples=["三大队一号机"])


class DeviceDescription(Form):
    """What is left out stays as it is."""

    serial: ShortText | None = None
    model: ShortText | None = None
    name: ShortText | None = None


class DeviceItem(Answer):
    """`holder` is null while the device is with nobody; `room` is where it is fixed."""

    id: uuid.UUID
    unit_id: uuid.UUID
    code: str = Field(examples=[CODE])
    serial: str | None
    model: str | None
    name: str | None
    created_at: datetime
    retired_at: datetime | None
    holder: OfficerRef | None
    room: RoomRef | None
    issue_id: uuid.UUID | None
    issued_from: datetime | None

    @classmethod
    def of(cls, shown: DeviceNow) -> DeviceItem:
        device, issue = shown.device, shown.issue
        kept = {name: getattr(device, name) for name in ("id", "unit_id", "code", "serial", "model", "name")}
        return cls(
            **kept,
            created_at=device.created_at,
            retired_at=device.retired_at,
            holder=None if shown.holder is None else OfficerRef.shown(shown.holder),
            room=RoomRef.maybe(shown.room),
            issue_id=None if issue is None else issue.id,
            issued_from=None if issue is None else issue.issued_from,
        )


class NewIssue(Form):
    """Name the device by `device_id` or `device`, its code. Without `issued_at`: now. `returned_at`: over already."""

    device_id: uuid.UUID | None = None
    device: ShortText | None = Field(default=None, examples=[CODE])
    officer: ShortText = Field(examples=[BADGE])
    issued_at: datetime | None = None
    returned_at: datetime | None = None


class Return(Form):
    """Without a time: now."""

    returned_at: datetime | None = None


class IssueCorrection(Form):
    """All of it anew, as it should have been said. `officer` left out: the same one, or the same room. `returned_at`
    null: it is there still."""

    officer: ShortText | None = Field(default=None, examples=[BADGE])
    issued_at: datetime
    returned_at: datetime | None = None
    reason: LongText = Field(examples=["选错了人"])


class IssueItem(Answer):
    """To an officer, or to a `room`. `returned_at` null: it is there still. `voided_at`: entered by mistake, and counts
    for nothing; `voided_by` null of such a one: the operator at the machine."""

    id: uuid.UUID
    unit_id: uuid.UUID
    device_id: uuid.UUID
    device: str = Field(examples=[CODE])
    officer: OfficerRef | None
    room: RoomRef | None
    issued_from: datetime
    returned_at: datetime | None
    voided_at: datetime | None
    voided_by: OfficerRef | None
    void_reason: str | None = Field(examples=["录错人员"])

    @classmethod
    def of(cls, shown: IssueShown) -> IssueItem:
        issue, voiding = shown.issue, shown.voiding
        by = None if voiding is None else voiding.by
        return cls(
            id=issue.id,
            unit_id=issue.unit_id,
            device_id=issue.device_id,
            device=shown.device.code,
            officer=None if shown.person is None else OfficerRef.shown(shown.person),
            room=RoomRef.maybe(shown.room),
            issued_from=issue.issued_from,
            returned_at=issue.returned_at,
            voided_at=issue.voided_at,
            voided_by=None if by is None else OfficerRef.shown(by),
            void_reason=None if voiding is None else voiding.reason,
        )


class NewCertificate(Form):
    """Valid on both days and between them; without `last_day` no end is known."""

    officer: ShortText = Field(examples=[BADGE])
    number: ShortText = Field(examples=["沪城管 0042"])
    valid_from: date
    last_day: date | None = None


class CertificateItem(Answer):
    id: uuid.UUID
    unit_id: uuid.UUID
    officer: OfficerRef
    number: str = Field(examples=["沪城管 0042"])
    valid_from: date
    last_day: date | None
    voided_at: datetime | None
    state: str = Field(description="valid, soon, expired, coming or voided", examples=["valid"])

    @classmethod
    def of(cls, shown: CertificateShown, state: str) -> CertificateItem:
        row = shown.certificate
        return cls(
            id=row.id,
            unit_id=row.unit_id,
            officer=OfficerRef.shown(shown.person),
            number=row.number,
            valid_from=row.valid_from,
            last_day=row.last_day,
            voided_at=row.voided_at,
            state=state,
        )
