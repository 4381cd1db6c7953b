"""How well a month was recorded (音像记录数据分析, S47): of a unit and those below it, and of one unit's people.

Worked out whenever it is asked for, from what stands then: a recording that comes late, an explanation that is
confirmed, an answer about a clock mends the figures of its month.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from typing import Final, Self

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from casework.permission import require
from casework.procedure.acts import ActNow, standing_acts
from casework.procedure.judged import JudgedAct
from casework.procedure.judgement import judge_acts
from casework.statistics.annual import FIRST_COUNTED_YEAR
from casework.statistics.errors import MonthUnusable, UnitBeyond
from casework.today.recorded import CAME_LATE, IN_CASE, LENGTH, OFFICER_ROLES
from casework.units import units_below
from integrity.local_time import CHINA, chinese_day
from storage.catalog.access import PlaybackWindow
from storage.catalog.elements import ElementQuestion, RecordingJudgement
from storage.catalog.organisation import Person, Unit
from storage.catalog.procedure import CaseAct, CaseActStatement
from storage.catalog.recordings import Recording

_JUDGED_AT_ONCE: Final = 500
_VERDICTS: Final[Mapping[str, str]] = {
    "complete": "acts_complete",
    "complete_with_explanations": "acts_explained",
    "doubtful": "acts_doubtful",
    "incomplete": "acts_incomplete",
}


@dataclass(frozen=True)
class Indicators:
    """Recordings are of the month they were made in, or received in where nobody can say when they were made.

    `late`: received more than a day after it ended; `undated`: made nobody knows when; `lacking`: somebody still has to
    say something about it; `viewed`: opened under a grant, whenever. An act is of the month it began in. Of the seconds
    that its rule wants recorded some are `missing`, some `explained` instead, by a named officer and as far as that is
    needed confirmed, and of some the clocks leave it open whether they are there.
    """

    recordings: int = 0
    seconds: float = 0.0
    size_bytes: int = 0
    late: int = 0
    undated: int = 0
    damaged: int = 0
    without_case: int = 0
    lacking: int = 0
    viewed: int = 0
    acts: int = 0
    acts_complete: int = 0
    acts_explained: int = 0
    acts_doubtful: int = 0
    acts_incomplete: int = 0
    wanted_seconds: float = 0.0
    missing_seconds: float = 0.0
    explained_seconds: float = 0.0
    doubtful_seconds: float = 0.0

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def coverage(self) -> float | None:
        """The part of what has to be recorded that is, 0 to 1; None where nothing had to be."""
        short = self.missing_seconds + self.explained_seconds + self.doubtful_seconds
        return None if not self.wanted_seconds else max(0.0, 1 - short / self.wanted_seconds)

    @property
    def late_share(self) -> float | None:
        """Of the recordings whose time is known, 0 to 1; None where there are none."""
        dated = self.recordings - self.undated
        return self.late / dated if dated else None

    @property
    def viewed_share(self) -> float | None:
        return self.viewed / self.recordings if self.recordings else None


@dataclass(frozen=True)
class OfUnit:
    """One unit alone, without those below it; `depth` below the unit that the month is of."""

    unit: Unit
    depth: int
    found: Indicators


@dataclass(frozen=True)
class OfPerson:
    """What one person recorded, and the acts he took part in; `person` None: what nobody can say whose it is."""

    person: Person | None
    found: Indicators


@dataclass(frozen=True)
class RecordedMonth:
    """`people`: of `unit`, one of `units`, by badge number. `month`: its first day, in Chinese time."""

    month: date
    units: tuple[OfUnit, ...]
    total: Indicators
    unit: Unit
    people: tuple[OfPerson, ...]


def parse_month(text: str) -> date:
    """The first day of a month written as 2026-03. Raises MonthUnusable."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise MonthUnusable(text) from error


def recorded_month(
    session: Session, by: Person, month: date, now: datetime, *, unit_id: uuid.UUID | None = None
) -> RecordedMonth:
    """Of the person's unit and those below it; with the people of his own unit, or of the one among them asked for.

    Raises MonthUnusable, UnitBeyond, RoleNotAllowed.
    """
    require(by, "see_statistics")
    if not date(FIRST_COUNTED_YEAR, 1, 1) <= month <= chinese_day(now):
        raise MonthUnusable(f"{month:%Y-%m}")
    rows = units_below(session, by.unit_id)
    units = {node.unit.id: node.unit for node in rows}
    shown = units.get(by.unit_id if unit_id is None else unit_id)
    if shown is None:
        raise UnitBeyond(unit_id or by.unit_id)
    of_units: dict[uuid.UUID, Indicators] = defaultdict(Indicators)
    of_people: dict[uuid.UUID | None, Indicators] = defaultdict(Indicators)
    for row_unit, people, more in (
        *_recordings(session, list(units), month),
        *_acts(session, list(units), month, now),
    ):
        of_units[row_unit] += more
        for person in people if row_unit == shown.id else ():
            of_people[person] += more
    lines = tuple(OfUnit(node.unit, node.depth, of_units[node.unit.id]) for node in rows)
    total = sum((each.found for each in lines), Indicators())
    return RecordedMonth(month, lines, total, shown, _people(session, shown.id, of_people))


_Counted = tuple[uuid.UUID, tuple[uuid.UUID | None, ...], Indicators]
"""Of which unit, and of whom: an act is one of its unit's, and one of each who took part."""


def _span(month: date) -> tuple[datetime, datetime]:
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return datetime.combine(month, time(), CHINA), datetime.combine(after, time(), CHINA)


def _recordings(session: Session, units: Sequence[uuid.UUID], month: date) -> Iterator[_Counted]:
    start, end = _span(month)
    made = Recording.made_at
    lacking = exists().where(ElementQuestion.recording_id == Recording.id)
    viewed = exists().where(PlaybackWindow.recording_id == Recording.id)
    count = func.count()
    statement = (
        select(
            Recording.unit_id,
            RecordingJudgement.officer_id,
            count,
            func.sum(LENGTH),
            func.sum(Recording.size_bytes),
            count.filter(CAME_LATE),
            count.filter(Recording.started_at.is_(None)),
            count.filter(Recording.state_now.in_(("damaged", "unreadable"))),
            count.filter(~IN_CASE),
            count.filter(lacking),
            count.filter(viewed),
        )
        .select_from(Recording)
        .outerjoin(RecordingJudgement, RecordingJudgement.recording_id == Recording.id)
        .where(Recording.unit_id.in_(units), made >= start, made < end)
        .group_by(Recording.unit_id, RecordingJudgement.officer_id)
    )
    for unit_id, officer_id, recordings, seconds, size_bytes, *counted in session.execute(statement):
        yield unit_id, (officer_id,), Indicators(recordings, float(seconds), int(size_bytes), *counted)


def _acts(session: Session, units: Sequence[uuid.UUID], month: date, now: datetime) -> Iterator[_Counted]:
    """Some at a time: a month of a district has thousands, each with its footage."""
    said, (start, end) = CaseActStatement, _span(month)
    began = func.lower(said.span)
    statement = standing_acts().where(
        said.unit_id.in_(units), said.span.overlaps(Range(start, end)), began >= start, began < end
    )
    rows = session.execute(statement.order_by(CaseAct.case_id, CaseAct.id)).all()
    acts = [ActNow(act, stated) for act, stated in rows]
    for first in range(0, len(acts), _JUDGED_AT_ONCE):
        for judged in judge_acts(session, acts[first : first + _JUDGED_AT_ONCE], now):
            yield judged.act.act.unit_id, judged.act.said.officers, _of_act(judged)


def _of_act(judged: JudgedAct) -> Indicators:
    seconds: dict[str, float] = defaultdict(float)
    for each in judged.stretches:
        label = "explained" if each.state != "covered" and each.label == "confirmed" else each.state
        seconds[label] += (each.ends_at - each.starts_at).total_seconds()
    return Indicators(
        acts=1,
        **{_VERDICTS[judged.verdict]: 1},
        wanted_seconds=sum(seconds.values()),
        missing_seconds=seconds["missing"],
        explained_seconds=seconds["explained"],
        doubtful_seconds=seconds["doubtful"],
    )


def _people(session: Session, unit_id: uuid.UUID, found: Mapping[uuid.UUID | None, Indicators]) -> tuple[OfPerson, ...]:
    """Every active officer and supervisor of the unit, also who recorded nothing; others who recorded; then nobody."""
    known = [each for each in found if each is not None]
    of_unit = (Person.unit_id == unit_id) & Person.active & Person.role.in_(OFFICER_ROLES)
    people = session.scalars(
        select(Person).where(of_unit | Person.id.in_(known)).order_by(Person.badge_number, Person.name, Person.id)
    )
    lines = [OfPerson(person, found.get(person.id, Indicators())) for person in people]
    return (*lines, *([OfPerson(None, found[None])] if None in found else []))
