"""The register of devices and certificates: who had which recorder when, and who was certified then.

What files say of device and officer are claims; this is what they are held against.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from sqlalchemy import CheckConstraint, FetchedValue, ForeignKey, UniqueConstraint, func, literal, select, text
from sqlalchemy.dialects.postgresql import DATERANGE, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.catalog.base import Base, CreatedAt, Id, UnitId
from storage.catalog.organisation import Person, Unit

# Certificates name days, and days are Chinese ones.
CHINA = timezone(timedelta(hours=8))
# A ring of parents, should there ever be one, ends the walk up.
_HIGHEST_TREE = 20


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
    """配发: one device with one officer, from the issue to the return, the end not included; open until it is returned.

    A device is with one officer at a time: spans that count do not overlap. One that was written down wrongly is
    voided, never changed.
    """

    __tablename__ = "device_issue"
    __table_args__ = (
        CheckConstraint("lower_inc(span) AND NOT lower_inf(span) AND NOT upper_inc(span)", name="span"),
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
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
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


@dataclass(frozen=True)
class IssueAt:
    """What the register says of a device at one instant.

    `device_id` None: it is not in the register. `person_id` None: it was with nobody. `certified`: whether that person
    had a valid certificate then; None when the register has none of his at all.
    """

    device_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    badge_number: str | None = None
    name: str | None = None
    certified: bool | None = None


def chinese_day(instant: datetime) -> date:
    """The day on which an instant falls in China."""
    return instant.astimezone(CHINA).date()


def issued_to(session: Session, unit_id: uuid.UUID, device_code: str, instant: datetime) -> IssueAt:
    """Who had the device that a recording of this unit names, at that instant (aware).

    The unit's own register is asked first, then those above it, the nearest first: a bureau may keep one for all.
    """
    device_id = _registered(session, unit_id, device_code)
    if device_id is None:
        return IssueAt()
    holder = session.execute(
        select(Person.id, Person.badge_number, Person.name)
        .join(DeviceIssue, DeviceIssue.person_id == Person.id)
        .where(DeviceIssue.device_id == device_id, DeviceIssue.span.contains(instant), DeviceIssue.voided_at.is_(None))
    ).one_or_none()
    if holder is None:
        return IssueAt(device_id)
    return IssueAt(device_id, holder.id, holder.badge_number, holder.name, _certified(session, holder.id, instant))


def _registered(session: Session, unit_id: uuid.UUID, device_code: str) -> uuid.UUID | None:
    own = select(Unit.id, Unit.parent_id, literal(0).label("distance")).where(Unit.id == unit_id)
    line = own.cte("line", recursive=True)
    above = select(Unit.id, Unit.parent_id, line.c.distance + 1).join(line, Unit.id == line.c.parent_id)
    line = line.union_all(above.where(line.c.distance < _HIGHEST_TREE))
    statement = select(Device.id).join(line, Device.unit_id == line.c.id).where(Device.code == device_code)
    return session.scalars(statement.order_by(line.c.distance).limit(1)).first()


def _certified(session: Session, person_id: uuid.UUID, instant: datetime) -> bool | None:
    day = chinese_day(instant)
    of_person = (OfficerCertificate.person_id == person_id, OfficerCertificate.voided_at.is_(None))
    return session.scalar(select(func.bool_or(OfficerCertificate.valid.contains(day))).where(*of_person))
