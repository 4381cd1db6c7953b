"""Which returns units owe for which periods, and by when: what rules say, whether anything was drawn up or not."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.deadlines.calendar import Calendar
from casework.deadlines.calendars import calendar_now
from casework.deadlines.counting import DueDay, due_day
from casework.returns.periods import Period, periods_ending
from casework.returns.rows import Key, kind_of
from casework.returns.rule_file import ReturnKind
from casework.returns.rules import kinds_for, list_return_rules
from casework.returns.soundness import what_is_unsound
from casework.units import lines_of
from integrity.local_time import chinese_day
from storage.catalog.organisation import Unit
from storage.catalog.returns import ReturnRule, UnitReturn


@dataclass(frozen=True)
class Owed:
    """A unit's return for one period. `due`: its last day, or a guess where a year's calendar is not announced yet."""

    unit: Unit
    rule: ReturnRule
    kind: ReturnKind
    period: Period
    due: DueDay

    @property
    def key(self) -> Key:
        return self.unit.id, self.kind.code, self.period.code


def list_owed(session: Session, unit_ids: Collection[uuid.UUID], *, since: date, until: date) -> tuple[Owed, ...]:
    """Of periods whose last day is one of these days; what is due first, first.

    The version counts that holds on the period's last day. Nothing is owed for periods that ended before the archive
    knew the unit: it holds none of their entries. Nor by a unit that was merged for periods that were not over by then:
    its successor's return counts it.
    """
    units = session.scalars(select(Unit).where(Unit.id.in_(unit_ids)).order_by(Unit.code)).all()
    lines, calendar, rules = lines_of(session, unit_ids), calendar_now(session), list_return_rules(session)
    found = [
        owed
        for unit in units
        for owed in _of_unit(unit, lines[unit.id], rules, calendar, max(since, chinese_day(unit.created_at)), until)
    ]
    return in_order(found)


def find_owed(session: Session, unit_id: uuid.UUID, code: str, period: Period) -> Owed | None:
    """None: the unit owes no such return for that period."""
    owed = list_owed(session, (unit_id,), since=period.last_day, until=period.last_day)
    return next((each for each in owed if (each.kind.code, each.period) == (code, period)), None)


def owed_as_drawn_up(session: Session, rows: Collection[UnitReturn]) -> dict[uuid.UUID, Owed]:
    """By its id, what each of these answers to, by the rule it was drawn up by: also where none would ask for it
    today. Those are left out that are unsound (soundness.py)."""
    units = session.scalars(select(Unit).where(Unit.id.in_({row.unit_id for row in rows})))
    rules = session.scalars(select(ReturnRule).where(ReturnRule.id.in_({row.rule_id for row in rows})))
    unit_by_id, rule_by_id = {unit.id: unit for unit in units}, {rule.id: rule for rule in rules}
    calendar, found = calendar_now(session), dict[uuid.UUID, Owed]()
    for row in rows:
        rule = rule_by_id[row.rule_id]
        if what_is_unsound(row, rule) is not None:
            continue
        kind = kind_of(row, rule)
        due = due_day(kind.due, row.last_day, calendar)
        found[row.id] = Owed(unit_by_id[row.unit_id], rule, kind, Period(kind.every, row.first_day), due)
    return found


def in_order(owed: Iterable[Owed]) -> tuple[Owed, ...]:
    """What is due first, first."""
    return tuple(sorted(owed, key=lambda each: (each.due.day, each.kind.code, each.unit.code)))


def _of_unit(
    unit: Unit,
    line: tuple[uuid.UUID, ...],
    rules: Collection[ReturnRule],
    calendar: Calendar,
    since: date,
    until: date,
) -> Iterator[Owed]:
    if unit.ended_on is not None:
        until = min(until, unit.ended_on - timedelta(days=1))
    nearest: dict[tuple[str, Period], tuple[int, ReturnRule, ReturnKind]] = {}
    for nearness, rule, kind in kinds_for(tuple(rules), line):
        last_day = until if rule.last_day is None else min(until, rule.last_day)
        for period in periods_ending(kind.every, max(since, rule.valid_from), last_day):
            before = nearest.get((kind.code, period))
            if before is None or nearness < before[0]:
                nearest[kind.code, period] = nearness, rule, kind
    for (_, period), (_, rule, kind) in nearest.items():
        yield Owed(unit, rule, kind, period, due_day(kind.due, period.last_day, calendar))
