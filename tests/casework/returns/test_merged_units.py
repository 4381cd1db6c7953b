"""Which returns a merged unit owes, and whom a successor's counts for which period."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.deadlines.calendar import Calendar
from casework.deadlines.counting import due_day
from casework.merging import merge_unit
from casework.returns.drawing_up import draw_up, units_counted
from casework.returns.errors import NotOwed
from casework.returns.owed import Owed, list_owed
from casework.returns.periods import parse_period
from casework.returns.rule_file import read_returns
from casework.returns.rules import load_returns
from casework.unit_errors import UnitEnded
from casework.units import shown_unit
from integrity.local_time import chinese_day
from retention.errors import OutsideUnit
from storage.catalog.organisation import Unit
from storage.catalog.returns import ReturnRule
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
RULES = """
jurisdiction: CQ-test
version: 1
title: {zh: 月报, en: Monthly return}
valid_from: 2026-01-01
returns:
  - code: monthly
    name: {zh: 执法情况月报, en: Monthly return}
    owed_by: every
    with_below: false
    every: month
    due: {days: 5, counted: calendar_days}
    recipients: [区局]
    figures: [cases]
    law: [区局通知]
"""


def merge(session: Session, unit: Unit, into: Unit) -> date:
    now = datetime.now(UTC)
    today = chinese_day(now)
    merge_unit(session, OPERATOR, unit.id, into.id, on=today, ground="批复", now=now)
    return today


def owed_by(unit: Unit, day: date, *, with_below: bool = False) -> Owed:
    file = read_returns(RULES.replace("with_below: false", f"with_below: {str(with_below).lower()}").encode())
    rule = ReturnRule(id=uuid.uuid4(), rules=file.rules_as_json())
    period = parse_period(f"{day:%Y-%m}")
    return Owed(unit, rule, file.returns[0], period, due_day(file.returns[0].due, period.last_day, Calendar()))


def test_it_owes_nothing_for_periods_that_were_not_over_by_its_day(session: Session, archive: Any) -> None:
    ended, successor = archive.unit(), archive.unit()
    load_returns(session, OPERATOR, RULES.encode(), datetime(2025, 12, 1, tzinfo=UTC))
    today = chinese_day(datetime.now(UTC))
    asked = {"since": today, "until": today + timedelta(days=200)}
    assert {each.unit.id for each in list_owed(session, (ended.id, successor.id), **asked)} == {ended.id, successor.id}
    merge(session, ended, successor)
    assert {each.unit.id for each in list_owed(session, (ended.id, successor.id), **asked)} == {successor.id}


def test_its_successor_counts_it_for_the_whole_period_and_says_so(session: Session, archive: Any) -> None:
    bureau = archive.unit()
    ended, successor, beside = archive.unit(bureau), archive.unit(bureau), archive.unit(bureau)
    below = archive.unit(ended)
    today = merge(session, ended, successor)
    before = today.replace(day=1) - timedelta(days=1)

    def counted(unit: Unit, day: date, **more: bool) -> set[uuid.UUID]:
        return {node.unit.id for node in units_counted(session, owed_by(unit, day, **more))}

    assert counted(successor, today) == {successor.id, ended.id}
    assert counted(successor, today, with_below=True) == {successor.id, ended.id, below.id}
    assert counted(successor, before) == {successor.id}
    assert counted(successor, before, with_below=True) == {successor.id}
    assert counted(ended, before, with_below=True) == {ended.id, below.id}
    whole = {bureau.id, ended.id, below.id, successor.id, beside.id}
    assert counted(bureau, before, with_below=True) == counted(bureau, today, with_below=True) == whole
    assert shown_unit(ended) == f"{ended.name}（{today}已并入{successor.name}）"


def test_what_it_had_not_sent_is_drawn_up_by_its_successors_people_alone(session: Session, archive: Any) -> None:
    ended, successor, beside = archive.unit(), archive.unit(), archive.unit()
    supervisor, stranger = archive.person(successor, "supervisor"), archive.person(beside, "supervisor")
    today, now = merge(session, ended, successor), datetime.now(UTC)
    session.refresh(supervisor)
    with pytest.raises(OutsideUnit):
        draw_up(session, stranger, "monthly", "2026-01", now, unit_id=ended.id)
    with pytest.raises(UnitEnded, match=successor.code):
        draw_up(session, supervisor, "monthly", f"{today:%Y-%m}", now, unit_id=ended.id)
    with pytest.raises(NotOwed):
        draw_up(session, supervisor, "monthly", "2026-01", now, unit_id=ended.id)
