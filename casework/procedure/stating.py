"""What somebody may say of an act: its times, its kind, its officers, held against the checklists of its day."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.checklists.checklists import Ruling, checklists_on, find_ruling, kinds_of
from casework.procedure.errors import ActKindUnknown, ActTimeUnusable, OfficersUnusable
from integrity.local_time import chinese_day
from retention.own_units import is_own
from storage.catalog.devices import OfficerCertificate
from storage.catalog.organisation import Person

LONGEST_ACT: Final = timedelta(days=31)


@dataclass(frozen=True)
class Stated:
    """What somebody says of an act. `ends_at` None: it is under way."""

    kind: str
    starts_at: datetime
    ends_at: datetime | None
    place: str | None
    officers: tuple[uuid.UUID, ...]


def check_stated(session: Session, by: Person, unit_id: uuid.UUID, stated: Stated, now: datetime) -> Ruling:
    """What the checklists of the day demand of it. Raises ActTimeUnusable, ActKindUnknown, OfficersUnusable."""
    refuse_times(stated, now)
    day = chinese_day(stated.starts_at)
    ruling = _rule(session, unit_id, stated.kind, day)
    _refuse_officers(session, by, stated.officers, ruling.rule.officers, day)
    return ruling


def _rule(session: Session, unit_id: uuid.UUID, kind: str, day: date) -> Ruling:
    held = checklists_on(session, unit_id, day)
    ruling = find_ruling(held, kind)
    if ruling is None:
        raise ActKindUnknown(kind[:40], day, tuple(rule.code for rule in kinds_of(held)))
    return ruling


def refuse_times(stated: Stated, now: datetime) -> None:
    """Raises ActTimeUnusable."""
    start, end = stated.starts_at, stated.ends_at
    problem = None
    if start.tzinfo is None or (end is not None and end.tzinfo is None):
        problem = "without_zone"
    elif end is not None and end <= start:
        problem = "ends_before_it_begins"
    elif start > now or (end is not None and end > now):
        problem = "in_the_future"
    elif end is not None and end - start > LONGEST_ACT:
        problem = "too_long"
    if problem is not None:
        raise ActTimeUnusable(start, end, problem)


def _refuse_officers(session: Session, by: Person, officers: Sequence[uuid.UUID], needed: int, day: date) -> None:
    if len(officers) < needed or not officers:
        raise OfficersUnusable("too_few")
    if len(set(officers)) < len(officers):
        raise OfficersUnusable("same_twice")
    people = {row.id: row for row in session.scalars(select(Person).where(Person.id.in_(officers)))}
    if any(each not in people or not is_own(by, people[each].unit_id) for each in officers):
        raise OfficersUnusable("not_here")
    certified = _certified_on(session, officers, day)
    for each in officers:
        if certified.get(each) is False:
            raise OfficersUnusable("not_certified")
        if not people[each].active and not certified.get(each):
            raise OfficersUnusable("left")


def _certified_on(session: Session, people: Sequence[uuid.UUID], day: date) -> dict[uuid.UUID, bool]:
    """Whether a certificate held on that day, of those who have any."""
    certificate = OfficerCertificate
    statement = (
        select(certificate.person_id, func.bool_or(certificate.valid.contains(day)))
        .where(certificate.person_id.in_(people), certificate.voided_at.is_(None))
        .group_by(certificate.person_id)
    )
    return {person_id: bool(held) for person_id, held in session.execute(statement)}
