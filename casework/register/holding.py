"""Who had which device when, by the register: for the linker, for judging, and for a recording's page.

An issue counts from its beginning, included, to its return, not included. Of a device that changes hands at noon the
second officer is the holder from noon on, so that at one instant it is with one at most; between return and next issue
it is with nobody. An issue without a return counts for good. A voided one never counts, and that a device is out of use
today says nothing of earlier. A recording's time is a stretch with both its ends: whoever had the device at any instant
of it is among those who may have recorded, and there may be several.

A recording names a device by its code, which is looked up in its own unit's register, then in those of the units above,
the nearest first: a bureau may keep one for all. What other units have is not meant.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from casework.intervals import Interval, merge
from casework.units import lines_of
from integrity.local_time import chinese_day
from storage.catalog.devices import Device, DeviceIssue, OfficerCertificate
from storage.catalog.organisation import Person

Named = tuple[uuid.UUID, str]
"""A unit, and a device as that unit's recordings name it, or as people have answered."""


@dataclass(frozen=True)
class Holding:
    """A device with an officer, from `start` to just before `end` (None: not returned)."""

    device: Device
    person: Person
    start: datetime
    end: datetime | None


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


def issued_to(session: Session, unit_id: uuid.UUID, device_code: str, instant: datetime) -> IssueAt:
    """Who had the device that a recording of this unit names, at that instant (aware)."""
    device = find_devices(session, {(unit_id, device_code)}).get((unit_id, device_code))
    if device is None:
        return IssueAt()
    holding = next(iter(fetch_holdings(session, [device.id], [(instant, instant)])[device.id]), None)
    if holding is None:
        return IssueAt(device.id)
    person = holding.person
    return IssueAt(device.id, person.id, person.badge_number, person.name, _certified(session, person.id, instant))


def find_devices(session: Session, named: Collection[Named]) -> dict[Named, Device]:
    """What recordings mean by the devices they name: two queries for all of them. No key for what is not registered."""
    lines = lines_of(session, {unit_id for unit_id, _ in named})
    above = {unit_id for line in lines.values() for unit_id in line}
    by_code = defaultdict(list)
    wanted = Device.code.in_({code for _, code in named}), Device.unit_id.in_(above)
    for device in session.scalars(select(Device).where(*wanted)):
        by_code[device.code].append(device)
    found = {(unit_id, code): nearest(by_code[code], lines.get(unit_id, ())) for unit_id, code in named}
    return {each: device for each, device in found.items() if device is not None}


def nearest(devices: Iterable[Device], line: Sequence[uuid.UUID]) -> Device | None:
    """Of devices of one code the one that is meant in a unit; `line`: that unit, then those above it."""
    registered = (device for device in devices if device.unit_id in line)
    return min(registered, key=lambda device: line.index(device.unit_id), default=None)


def fetch_holdings(
    session: Session, device_ids: Collection[uuid.UUID], within: Iterable[Interval]
) -> dict[uuid.UUID, list[Holding]]:
    """Who had each of these devices in any of these times, the earliest first: one query for all of them."""
    held: dict[uuid.UUID, list[Holding]] = {device_id: [] for device_id in device_ids}
    for holding in _holdings(session, DeviceIssue.device_id.in_(device_ids), within):
        held[holding.device.id].append(holding)
    return held


def fetch_holdings_of(
    session: Session, person_ids: Collection[uuid.UUID], within: Iterable[Interval]
) -> dict[uuid.UUID, list[Holding]]:
    """What each of these people had in any of these times, the earliest first: one query for all of them."""
    had: dict[uuid.UUID, list[Holding]] = {person_id: [] for person_id in person_ids}
    for holding in _holdings(session, DeviceIssue.person_id.in_(person_ids), within):
        had[holding.person.id].append(holding)
    return had


def had_during(holdings: Iterable[Holding], first: datetime, last: datetime) -> tuple[Holding, ...]:
    """Those of an instant from `first` to `last`, both included."""
    return tuple(each for each in holdings if each.start <= last and (each.end is None or each.end > first))


def _holdings(session: Session, whose: ColumnElement[bool], within: Iterable[Interval]) -> Iterator[Holding]:
    # A device has hundreds of issues a year: what is far from any of these times is not even read.
    touching = (DeviceIssue.span.overlaps(Range(*window, bounds="[]")) for window in merge(within))
    statement = (
        select(Device, Person, DeviceIssue.span)
        .join(Device, Device.id == DeviceIssue.device_id)
        .join(Person, Person.id == DeviceIssue.person_id)
        .where(whose, DeviceIssue.voided_at.is_(None), or_(false(), *touching))
        .order_by(DeviceIssue.span, DeviceIssue.id)
    )
    for device, person, span in session.execute(statement):
        assert span.lower is not None
        yield Holding(device, person, span.lower, span.upper)


def _certified(session: Session, person_id: uuid.UUID, instant: datetime) -> bool | None:
    valid = func.bool_or(OfficerCertificate.valid.contains(chinese_day(instant)))
    counting = OfficerCertificate.person_id == person_id, OfficerCertificate.voided_at.is_(None)
    return session.scalar(select(valid).where(*counting))
