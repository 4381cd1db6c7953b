"""The register of devices and certificates: who had which recorder when, and who was certified then.

What files say of device and officer are claims; this is what they are held against (casework/register/holding.py).
"""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from sqlalchemy import CheckConstraint, FetchedValue, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import DATERANGE, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, CreatedAt, Id, UnitId


class Device(Base):
    """执法记录仪: `code` is the number that it writes into its file names, `serial` the maker's."""

    __tablename__ = "device"
    __table_args__ = (UniqueConstraint("unit_id", "code"),)
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    code: Mapped[str]
    serial: Mapped[str | None]
    model: Mapped[str | None]
    name: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    retired_at: Mapped[datetime | None]


class DeviceIssue(Base):
    """配发: one device with one officer, or in one room, from the issue to the return, the end not included; open until
    it is returned.

    A device is with one officer, or in one room, at a time: spans that count do not overlap. One that was written down
    wrongly is voided, never changed.
    """

    __tablename__ = "device_issue"
    __table_args__ = (
        CheckConstraint("lower_inc(span) AND NOT lower_inf(span) AND NOT upper_inc(span)", name="span"),
        CheckConstraint("num_nonnulls(person_id, room_id) = 1", name="holder"),
        Index("ix_device_issue_room_id", "room_id", postgresql_where=text("room_id IS NOT NULL")),
        ExcludeConstraint(
            ("device_id", "="),
            ("span", "&&"),
            name="ex_device_issue_one_officer",
            using="gist",
            where=text("voided_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    device_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("device.id"))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    room_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("room.id"))
    span: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    created_at: Mapped[CreatedAt]
    voided_at: Mapped[datetime | None]

    @property
    def issued_from(self) -> datetime:
        assert self.span.lower is not None
        return self.span.lower

    @property
    def returned_at(self) -> datetime | None:
        return self.span.upper


class OfficerCertificate(Base):
    """执法证: its number and the days on which it is valid, the end not included.

    A number is one person's at a time where it is issued: in the tree of units below `jurisdiction_id`, the highest
    unit above the person's. The database itself says which that is.
    """

    __tablename__ = "officer_certificate"
    __table_args__ = (
        CheckConstraint("lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)", name="valid"),
        ExcludeConstraint(
            ("jurisdiction_id", "="),
            ("number", "="),
            ("valid", "&&"),
            name="ex_officer_certificate_one_person",
            using="gist",
            where=text("voided_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    jurisdiction_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("unit.id"), index=True, server_default=FetchedValue())
    number: Mapped[str]
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    created_at: Mapped[CreatedAt]
    voided_at: Mapped[datetime | None]

    @property
    def valid_from(self) -> date:
        assert self.valid.lower is not None
        return self.valid.lower

    @property
    def last_day(self) -> date | None:
        """The last day on which it is valid, as it is printed on it; None while no end is known."""
        return None if self.valid.upper is None else self.valid.upper - timedelta(days=1)
