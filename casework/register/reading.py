"""The register as lists: the devices and who has them, what was issued when, who is certified until when."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Date, Select, and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from casework.errors import Unknown
from casework.permission import require
from casework.register.voids import Voiding, voidings_of
from casework.units import Doer, in_reach, require_over
from retention.paging import Cursor, Page, newest_first, page_rows, take_page
from storage.catalog.devices import Device, DeviceIssue, OfficerCertificate
from storage.catalog.organisation import Person
from storage.catalog.rooms import Room

LISTING = "list_devices"
OFFICER_ROLES = ("officer", "supervisor")
WHEREABOUTS = ("out", "in", "retired")


@dataclass(frozen=True)
class DeviceNow:
    """A device, and with whom or in which room it is; all None while it is with nobody."""

    device: Device
    issue: DeviceIssue | None
    holder: Person | None
    room: Room | None


@dataclass(frozen=True)
class IssueShown:
    """To a person, or to a room. `voiding`: by whom and why, of one that was voided."""

    issue: DeviceIssue
    device: Device
    person: Person | None
    room: Room | None
    voiding: Voiding | None = None


@dataclass(frozen=True)
class CertificateShown:
    certificate: OfficerCertificate
    person: Person


@dataclass(frozen=True)
class OfficerShown:
    """Somebody who may be issued devices, with what counts of his: certificates and devices he has now."""

    person: Person
    certificates: tuple[OfficerCertificate, ...]
    devices: tuple[Device, ...]


def list_devices(
    session: Session,
    by: Doer,
    *,
    find: str = "",
    whereabouts: str | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[DeviceNow]:
    """By code. `find`: part of code, serial, model or name; `whereabouts`: a word of WHEREABOUTS."""
    _require(by)
    statement = _devices_now(in_reach(by, Device.unit_id))
    if find:
        columns = (Device.code, Device.serial, Device.model, Device.name)
        statement = statement.where(or_(*(column.icontains(find, autoescape=True) for column in columns)))
    if whereabouts is not None:
        statement = statement.where(_is(whereabouts))
    if after is not None:
        last = select(Device.code).where(Device.id == after.id).scalar_subquery()
        statement = statement.where(tuple_(Device.code, Device.id) > tuple_(last, after.id))
    rows = session.execute(statement.order_by(Device.code, Device.id).limit(page_rows(limit) + 1)).all()
    shown = [DeviceNow(*row) for row in rows]
    return take_page(shown, limit, lambda each: Cursor(each.device.created_at, str(each.device.id)))


def device_now(session: Session, by: Doer, device_id: uuid.UUID) -> DeviceNow:
    """One device. Raises Unknown, OutsideUnit, RoleNotAllowed."""
    row = session.execute(_devices_now(Device.id == device_id)).first()
    if row is None:
        raise Unknown("device", device_id)
    shown = DeviceNow(*row)
    require_over(session, by, LISTING, shown.device.unit_id)
    return shown


def list_issues(
    session: Session,
    by: Doer,
    *,
    device_id: uuid.UUID | None = None,
    person_id: uuid.UUID | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[IssueShown]:
    """The latest first, the voided among them."""
    _require(by)
    statement = (
        select(DeviceIssue, Device, Person, Room)
        .join(Device, Device.id == DeviceIssue.device_id)
        .outerjoin(Person, Person.id == DeviceIssue.person_id)
        .outerjoin(Room, Room.id == DeviceIssue.room_id)
        .where(in_reach(by, DeviceIssue.unit_id))
    )
    if device_id is not None:
        statement = statement.where(DeviceIssue.device_id == device_id)
    if person_id is not None:
        statement = statement.where(DeviceIssue.person_id == person_id)
    begun = func.lower(DeviceIssue.span, type_=DeviceIssue.created_at.type)
    rows = session.execute(newest_first(statement, begun, DeviceIssue.id, after, limit)).all()
    voidings = voidings_of(session, [row[0] for row in rows])
    shown = [IssueShown(*row, voiding=voidings.get(row[0].id)) for row in rows]
    return take_page(shown, limit, lambda each: Cursor(each.issue.issued_from, str(each.issue.id)))


def issue_shown(session: Session, issue: DeviceIssue) -> IssueShown:
    person = None if issue.person_id is None else session.get_one(Person, issue.person_id)
    room = None if issue.room_id is None else session.get_one(Room, issue.room_id)
    voiding = voidings_of(session, [issue]).get(issue.id)
    return IssueShown(issue, session.get_one(Device, issue.device_id), person, room, voiding)


def list_certificates(
    session: Session,
    by: Doer,
    *,
    person_id: uuid.UUID | None = None,
    over_by: date | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[CertificateShown]:
    """The latest entered first, the voided among them. `over_by`: of people who have none valid after that day."""
    _require(by)
    row = OfficerCertificate
    statement = select(row, Person).join(Person, Person.id == row.person_id).where(in_reach(by, row.unit_id))
    if person_id is not None:
        statement = statement.where(row.person_id == person_id)
    if over_by is not None:
        statement = statement.where(row.voided_at.is_(None), row.person_id.in_(_running_out(over_by)))
    rows = session.execute(newest_first(statement, row.created_at, row.id, after, limit)).all()
    shown = [CertificateShown(*each) for each in rows]
    return take_page(shown, limit, lambda each: Cursor(each.certificate.created_at, str(each.certificate.id)))


def list_officers(
    session: Session,
    by: Doer,
    *,
    find: str = "",
    over_by: date | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[OfficerShown]:
    """Active officers and supervisors by badge number, and whoever else has a device or a certificate.

    `over_by`: only those whose certificates all end on that day or before it.
    """
    _require(by)
    concerned = or_(
        Person.role.in_(OFFICER_ROLES),
        exists().where(OfficerCertificate.person_id == Person.id, OfficerCertificate.voided_at.is_(None)),
        exists().where(DeviceIssue.person_id == Person.id, *_is_open()),
    )
    statement = select(Person).where(Person.active, in_reach(by, Person.unit_id), concerned)
    if find:
        columns = (Person.badge_number, Person.name, Person.sign_in_name)
        statement = statement.where(or_(*(column.icontains(find, autoescape=True) for column in columns)))
    if over_by is not None:
        statement = statement.where(Person.id.in_(_running_out(over_by)))
    place = func.coalesce(Person.badge_number, Person.sign_in_name)
    if after is not None:
        last = select(place).where(Person.id == after.id).scalar_subquery()
        statement = statement.where(tuple_(place, Person.id) > tuple_(last, after.id))
    rows = session.scalars(statement.order_by(place, Person.id).limit(page_rows(limit) + 1)).all()
    page = take_page(rows, limit, lambda person: Cursor(person.created_at, str(person.id)))
    return Page(_with_what_they_have(session, page.items), page.next)


def count_running_out(session: Session, by: Doer, over_by: date) -> int:
    """How many active people have certificates, and none that is valid after that day."""
    people = select(func.count()).select_from(Person).where(Person.active, in_reach(by, Person.unit_id))
    return session.scalar(people.where(Person.id.in_(_running_out(over_by)))) or 0


def _require(by: Doer) -> None:
    if isinstance(by, Person):
        require(by, LISTING)


def _devices_now(condition: ColumnElement[bool]) -> Select[Device, DeviceIssue, Person, Room]:
    here = and_(DeviceIssue.device_id == Device.id, *_is_open())
    joined = select(Device, DeviceIssue, Person, Room).outerjoin(DeviceIssue, here)
    joined = joined.outerjoin(Person, Person.id == DeviceIssue.person_id)
    return joined.outerjoin(Room, Room.id == DeviceIssue.room_id).where(condition)


def _is_open() -> tuple[ColumnElement[bool], ...]:
    return DeviceIssue.voided_at.is_(None), func.upper_inf(DeviceIssue.span)


def _is(whereabouts: str) -> ColumnElement[bool]:
    if whereabouts == "retired":
        return Device.retired_at.is_not(None)
    out = DeviceIssue.id.is_not(None)
    return out if whereabouts == "out" else Device.retired_at.is_(None) & ~out


def _running_out(over_by: date) -> Select[uuid.UUID]:
    row = OfficerCertificate
    end = func.coalesce(func.upper(row.valid, type_=Date()), date.max)
    counting = select(row.person_id).where(row.voided_at.is_(None)).group_by(row.person_id)
    return counting.having(func.max(end) <= over_by + timedelta(days=1))


def _with_what_they_have(session: Session, people: Iterable[Person]) -> tuple[OfficerShown, ...]:
    ids = [person.id for person in people]
    certificates: dict[uuid.UUID, list[OfficerCertificate]] = {person_id: [] for person_id in ids}
    devices: dict[uuid.UUID, list[Device]] = {person_id: [] for person_id in ids}
    counting = select(OfficerCertificate).where(
        OfficerCertificate.person_id.in_(ids), OfficerCertificate.voided_at.is_(None)
    )
    for row in session.scalars(counting.order_by(OfficerCertificate.valid.desc())):
        certificates[row.person_id].append(row)
    out = select(DeviceIssue.person_id, Device).join(Device, Device.id == DeviceIssue.device_id)
    for person_id, device in session.execute(
        out.where(DeviceIssue.person_id.in_(ids), *_is_open()).order_by(Device.code)
    ):
        assert person_id is not None
        devices[person_id].append(device)
    return tuple(OfficerShown(each, tuple(certificates[each.id]), tuple(devices[each.id])) for each in people)
