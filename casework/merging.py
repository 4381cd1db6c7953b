"""A unit is merged into another (机构撤并): its people, devices and open work go over to the successor.

What was recorded stays the merged unit's, under its name and numbers; whoever acts in the successor acts in it as in
his own unit from then on (retention/own_units.py), and nothing new begins in it: the database refuses that too.
docs/decisions/0023-merged-units.md says why so.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from psycopg.errors import ExclusionViolation
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework.beginnings import latest_beginning
from casework.documents.issuers import end_issuer
from casework.documents.seals import end_seal
from casework.documents.waiting import papers_that_lose_their_seal
from casework.errors import RoleNotAllowed, Unknown
from casework.publication.duties import HELD as DUTIES
from casework.retrieval.posts import HELD as POSTS
from casework.unit_errors import MergeClash, MergeRefused, MergeUnsealed
from casework.units import ENDED, Doer, actor_of, line_of, require_live
from casework.wording import required_text
from integrity.local_time import chinese_day
from storage.catalog.devices import Device
from storage.catalog.documents import UnitSeal
from storage.catalog.organisation import Person, Unit
from storage.catalog.returns import UnitReturn
from storage.catalog.stations import Station
from storage.ledger.append import Change, record_change

MOST_NAMED: Final = 10


@dataclass(frozen=True)
class Merged:
    """What went over with a unit: whose sessions and tokens have to end, whose posts and duties did."""

    unit: Unit
    into: Unit
    people: tuple[Person, ...]
    posts: int
    duties: int
    devices: tuple[Device, ...]


def merge_unit(
    session: Session,
    by: Doer,
    unit_id: uuid.UUID,
    into_id: uuid.UUID,
    *,
    on: date,
    ground: str,
    now: datetime,
) -> Merged:
    """The unit ended on that (Chinese) day and is below `into` from now on, with all that was below it.

    The operator's deed: nobody who signs in moves a unit. Its stations go over by ingest/stations/moving.py, in one
    transaction with this. Raises MergeRefused, UnitEnded for either that was merged before, MergeClash,
    MergeUnsealed, Unknown, TextUnusable, RoleNotAllowed for anybody signed in.
    """
    if isinstance(by, Person):
        raise RoleNotAllowed("merge_units", by.role, ())
    ground = required_text("ground", ground)
    _wait_for_turn(session)
    unit, into = _lock_both(session, unit_id, into_id)
    _refuse_unfit(session, unit, into, on, now)
    people = _active_people(session, unit)
    devices = _devices_in_use(session, unit)
    _lock_stations(session, unit)
    _refuse_clashes(session, unit, into, people, devices)
    if papers := papers_that_lose_their_seal(session, unit.id, into.id):
        raise MergeUnsealed(unit.code, into.code, papers[:MOST_NAMED])
    why = f"{unit.name} → {into.name}: {ground}"
    posts, duties = (_end_all(session, by, each, unit, why) for each in (POSTS, DUTIES))
    _end_name_and_seal(session, by, unit, why)
    for person in people:
        _move(session, by, "person", person, into)
    for device in devices:
        _move(session, by, "device", device, into)
    _end(session, by, unit, into, on, ground, now)
    return Merged(unit, into, people, posts, duties, devices)


def _wait_for_turn(session: Session) -> None:
    """One merge at a time: what is above a unit is read without a lock, and two at once could close a ring."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("merging units", 0))))


def _lock_both(session: Session, unit_id: uuid.UUID, into_id: uuid.UUID) -> tuple[Unit, Unit]:
    """Whoever begins something in either waits, and is waited for."""
    wanted = select(Unit).where(Unit.id.in_((unit_id, into_id))).order_by(Unit.id).with_for_update(key_share=True)
    found = {row.id: row for row in session.scalars(wanted.execution_options(populate_existing=True))}
    for each in (unit_id, into_id):
        if each not in found:
            raise Unknown("unit", each)
    return found[unit_id], found[into_id]


def _refuse_unfit(session: Session, unit: Unit, into: Unit, on: date, now: datetime) -> None:
    if unit.id == into.id:
        raise MergeRefused(unit.code, into.code, on, "itself")
    require_live(session, unit.id)
    require_live(session, into.id)
    if unit.id in line_of(session, into.id):
        raise MergeRefused(unit.code, into.code, on, "below")
    if on > chinese_day(now):
        raise MergeRefused(unit.code, into.code, on, "to_come")
    if on < chinese_day(unit.created_at):
        raise MergeRefused(unit.code, into.code, on, "before_known")
    earliest = _earliest_day(session, unit, into)
    if earliest is not None and on < earliest:
        raise MergeRefused(unit.code, into.code, on, "too_early", earliest)


def _earliest_day(session: Session, unit: Unit, into: Unit) -> date | None:
    """That of what was begun in it last, or the one after the periods that either reported on: what was counted, or
    done in its name, stays as it was."""
    drawn_up = select(func.max(UnitReturn.last_day)).where(
        UnitReturn.unit_id.in_((unit.id, into.id)), UnitReturn.set_aside_at.is_(None)
    )
    begun, reported = latest_beginning(session, unit.id), session.scalar(drawn_up)
    days = [begun, None if reported is None else reported + timedelta(days=1)]
    return max((day for day in days if day is not None), default=None)


def _active_people(session: Session, unit: Unit) -> tuple[Person, ...]:
    """Who has left stays where he was: nothing more is his to do."""
    wanted = select(Person).where(Person.unit_id == unit.id, Person.active).order_by(Person.id)
    return tuple(session.scalars(wanted.with_for_update(key_share=True).execution_options(populate_existing=True)))


def _devices_in_use(session: Session, unit: Unit) -> tuple[Device, ...]:
    wanted = select(Device).where(Device.unit_id == unit.id, Device.retired_at.is_(None)).order_by(Device.code)
    return tuple(session.scalars(wanted.with_for_update(key_share=True).execution_options(populate_existing=True)))


def _lock_stations(session: Session, unit: Unit) -> None:
    """Before the unit ends: what one of them is about to open is opened before that, or as the successor's."""
    wanted = select(Station.id).where(Station.unit_id == unit.id).order_by(Station.id)
    session.execute(wanted.with_for_update(key_share=True))


def _refuse_clashes(
    session: Session, unit: Unit, into: Unit, people: Collection[Person], devices: Collection[Device]
) -> None:
    """A number is one person's in a unit, a code one device's: found before anything is changed, and all at once."""
    numbers = {each.badge_number for each in people if each.badge_number}
    codes = {each.code for each in devices}
    same = select(Person.badge_number).where(Person.unit_id == into.id, Person.badge_number.in_(numbers))
    alike = select(Device.code).where(Device.unit_id == into.id, Device.code.in_(codes))
    for kind, statement in (("badge", same), ("device", alike)):
        found = tuple(sorted(str(each) for each in session.scalars(statement)))
        if found:
            raise MergeClash(unit.code, into.code, kind, found[:MOST_NAMED])


def _end_all(session: Session, by: Doer, naming: Any, unit: Unit, why: str) -> int:
    held = naming.held_in(session, [unit.id])
    for row in held:
        naming.end(session, by, row.id, why)
    return len(held)


def _end_name_and_seal(session: Session, by: Doer, unit: Unit, why: str) -> None:
    """Documents of its cases are made in the successor's name, by its numbers and its seal, or those above it."""
    end_issuer(session, by, unit.id)
    live = select(UnitSeal.id).where(UnitSeal.unit_id == unit.id, UnitSeal.ended_at.is_(None))
    for seal_id in session.scalars(live).all():
        end_seal(session, by, seal_id, why)


def _move(session: Session, by: Doer, kind: str, row: Person | Device, into: Unit) -> None:
    former, row.unit_id = row.unit_id, into.id
    session.flush()
    change = Change(f"{kind}.moved", kind, str(row.id), into.id, {"from": str(former)})
    record_change(session, actor_of(by), change)


def _end(session: Session, by: Doer, unit: Unit, into: Unit, on: date, ground: str, now: datetime) -> None:
    before, clash = unit.parent_id, MergeClash(unit.code, into.code, "certificate", ())
    try:
        with session.begin_nested():
            unit.ended_on, unit.ended_into, unit.end_ground, unit.ended_at = on, into.id, ground, now
            unit.parent_before, unit.parent_id = before, into.id
    except IntegrityError as error:
        # Certificates come under the successor's jurisdiction with the unit (migration 0014), each number one person's.
        if isinstance(error.orig, ExclusionViolation):
            raise clash from error
        raise
    session.refresh(unit)
    data = {
        "ended_on": on.isoformat(),
        "ended_into": str(into.id),
        "parent_id": str(into.id),
        "parent_before": None if before is None else str(before),
    }
    change = Change(ENDED, "unit", str(unit.id), unit.id, data, {"end_ground": ground})
    record_change(session, actor_of(by), change)
