"""Who recorded how much on a day, in a unit: one look by an index, however many recordings there are."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from casework.procedure.acts import standing_acts
from integrity.local_time import CHINA
from storage.catalog.casework import CaseLink
from storage.catalog.elements import RecordingJudgement
from storage.catalog.organisation import Person
from storage.catalog.procedure import CaseAct, CaseActStatement
from storage.catalog.recordings import Recording

LATE: Final = timedelta(hours=24)
"""Footage is docked within a day (docs/operating.md); later is told."""
OFFICER_ROLES: Final = ("officer", "supervisor")
IN_CASE: Final = exists().where(CaseLink.recording_id == Recording.id, CaseLink.ended_at.is_(None))
LENGTH: Final = func.greatest(func.coalesce(Recording.duration_seconds, 0), 0)
_OVER: Final = Recording.started_at + func.make_interval(
    0, 0, 0, 0, 0, 0, func.least(LENGTH, LATE.total_seconds() * 31)
)
CAME_LATE: Final = Recording.received_at > _OVER + LATE
"""Null where nobody can say when it was made."""


@dataclass(frozen=True)
class RecordedByOne:
    """What one person recorded on a day; `person` None: what nobody can say whose it is, rooms' recorders among it.

    `without_case`: in no case yet; `late`: received more than a day after it was made; `acts`: those he took part in.
    """

    person: Person | None
    recordings: int = 0
    seconds: float = 0.0
    without_case: int = 0
    late: int = 0
    last_received: datetime | None = None
    acts: int = 0


def recorded_by_each(session: Session, unit_id: uuid.UUID, day: date) -> tuple[RecordedByOne, ...]:
    """Every active officer and supervisor of the unit, by badge number, also who recorded nothing; then nobody."""
    start = datetime.combine(day, time(), CHINA)
    found: dict[uuid.UUID | None, list[Any]] = defaultdict(list)
    for statement in recorded_on(unit_id, start, start + timedelta(days=1)):
        for row in session.execute(statement):
            found[row.officer_id].append(row)
    acts = _acts_of(session, unit_id, start, start + timedelta(days=1))
    of_unit = Person.unit_id == unit_id, Person.active, Person.role.in_(OFFICER_ROLES)
    shown = or_(and_(*of_unit), Person.id.in_([*(each for each in found if each is not None), *acts]))
    people = session.scalars(select(Person).where(shown).order_by(Person.badge_number, Person.name, Person.id)).all()
    nobody = [_summed_up(None, found[None], 0)] if found.get(None) else []
    return (*(_summed_up(person, found.get(person.id, ()), acts.get(person.id, 0)) for person in people), *nobody)


def recorded_on(unit_id: uuid.UUID, start: datetime, end: datetime) -> tuple[Select[*tuple[Any, ...]], ...]:
    """By whose recording it is: what was made in that time; and of what has no time, what was received in it."""
    made = Recording.started_at >= start.astimezone(UTC), Recording.started_at < end.astimezone(UTC)
    came = Recording.started_at.is_(None), Recording.sealed_at >= start, Recording.sealed_at < end
    return _summed(Recording.unit_id == unit_id, *made), _summed(Recording.unit_id == unit_id, *came)


def _summed(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            RecordingJudgement.officer_id.label("officer_id"),
            func.count().label("recordings"),
            func.sum(LENGTH).label("seconds"),
            func.count().filter(~IN_CASE).label("without_case"),
            func.count().filter(CAME_LATE).label("late"),
            func.max(Recording.received_at).label("last_received"),
        )
        .select_from(Recording)
        .outerjoin(RecordingJudgement, RecordingJudgement.recording_id == Recording.id)
        .where(*conditions)
        .group_by(RecordingJudgement.officer_id)
    )


def _acts_of(session: Session, unit_id: uuid.UUID, start: datetime, end: datetime) -> dict[uuid.UUID, int]:
    said = CaseActStatement
    statement = standing_acts().with_only_columns(said.officer_id, said.second_officer_id)
    statement = statement.where(
        CaseAct.unit_id == unit_id, said.unit_id == unit_id, said.span.overlaps(Range(start, end))
    )
    counted: dict[uuid.UUID, int] = defaultdict(int)
    for row in session.execute(statement):
        for person in row:
            if person is not None:
                counted[person] += 1
    return dict(counted)


def _summed_up(person: Person | None, rows: Iterable[Any], acts: int) -> RecordedByOne:
    rows = list(rows)
    return RecordedByOne(
        person=person,
        recordings=sum(row.recordings for row in rows),
        seconds=float(sum(row.seconds for row in rows)),
        without_case=sum(row.without_case for row in rows),
        late=sum(row.late for row in rows),
        last_received=max((row.last_received for row in rows), default=None),
        acts=acts,
    )
