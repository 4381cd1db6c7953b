"""Files of which notices a penalty owes: what is shipped, and what is refused by line and field."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy.orm import Session

from casework.deadlines.calendar import Calendar
from casework.deadlines.counting import due_day
from casework.notices.days import NoticeDays
from casework.notices.rule_file import SHIPPED, read_notices
from casework.notices.rules import (
    is_of_its_source,
    list_notice_rules,
    load_notice_rule,
    load_shipped_notice_rules,
    owed_on,
)
from casework.rules.errors import RuleFileUnusable
from casework.units import line_of
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
TOMORROW = (datetime.now(UTC) + timedelta(days=2)).date()
OWN = f"""
jurisdiction: CQ-test
version: 1
title: {{zh: 本区, en: ours}}
valid_from: {TOMORROW}
procedures:
  ordinary_penalty: {{notice: written, days: 10, counted: calendar_days, law: [本区规定]}}
hearing_request: {{days: 7, counted: working_days, law: [本区规定]}}
"""


def test_the_shipped_rules_say_who_owes_what(session: Session, archive: Any) -> None:
    assert load_shipped_notice_rules(session, datetime.now(UTC)) == 4
    assert load_shipped_notice_rules(session, datetime.now(UTC)) == 0
    line = line_of(session, archive.unit().id)
    now = owed_on(session, line, date(2026, 12, 2), "ordinary_penalty")
    assert (now.notice, now.days, now.counted, now.request_days, now.request_counted) == (
        "written",
        3,
        "working_days",
        5,
        "working_days",
    )
    assert owed_on(session, line, date(2026, 12, 2), "simple_penalty").notice == "spoken"
    before = owed_on(session, line, date(2020, 5, 1), "hearing_penalty")
    assert (before.notice, before.request_days, before.request_counted) == ("written", 3, "calendar_days")
    assert owed_on(session, line, date(2026, 12, 2), "unstated").notice is None
    assert all(is_of_its_source(row) for row in list_notice_rules(session))


def test_days_to_ask_for_a_hearing_are_those_of_the_terms() -> None:
    """Two files say them: the terms run by the one, the gate waits by the other."""
    for number in (1, 2):
        notices = yaml.safe_load((SHIPPED / f"cn-law-{number}.yaml").read_text())["hearing_request"]
        terms = SHIPPED.parent.parent / "deadlines" / "shipped" / f"cn-law-{number}.yaml"
        term = yaml.safe_load(terms.read_text())["terms"]["hearing_request"]
        assert (notices["days"], notices["counted"]) == (term["days"], term["counted"])


def test_days_to_tell_of_a_hearing_are_those_of_the_terms() -> None:
    notices = yaml.safe_load((SHIPPED / "cn-law-hearing-1.yaml").read_text())["hearing_notice"]
    terms = SHIPPED.parent.parent / "deadlines" / "shipped" / "cn-law-2.yaml"
    term = yaml.safe_load(terms.read_text())["terms"]["hearing_notice"]
    assert (notices["days"], notices["counted"]) == (term["days"], term["counted"])


def test_amounts_of_chongqing_say_where_they_come_from() -> None:
    said = (SHIPPED / "cq-jiangbei-1.yaml").read_text()
    assert "press reports" in said.lower() or "PRESS REPORTS ONLY" in said
    assert "value to start with" in (SHIPPED / "cn-law-2.yaml").read_text().lower()


def test_a_places_own_rules_only_add(session: Session, archive: Any) -> None:
    load_shipped_notice_rules(session, datetime.now(UTC))
    load_notice_rule(session, OPERATOR, OWN.encode(), datetime.now(UTC))
    owed = owed_on(session, line_of(session, archive.unit().id), TOMORROW, "ordinary_penalty")
    assert (owed.days, owed.counted, owed.request_days) == (10, "working_days", 7)
    assert archive.last_entry("notice_rule.loaded").data["jurisdiction"] == "CQ-test"


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("notice: written", "notice: shouted", "procedures.ordinary_penalty.notice"),
        ("days: 10, ", "", "procedures.ordinary_penalty.days"),
        ("days: 10", "days: 0", "procedures.ordinary_penalty.days"),
        ("counted: calendar_days", "counted: weeks", "procedures.ordinary_penalty.counted"),
        ("notice: written, days", "notice: spoken, days", "procedures.ordinary_penalty.days"),
        ("ordinary_penalty", "some_penalty", "procedures.some_penalty"),
        ("law: [本区规定]}\nhearing", "law: []}\nhearing", "procedures.ordinary_penalty.law"),
        ("procedures:\n", "hearings:\n  - {code: A}\nprocedures:\n", "hearings[1].name"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_field(old: str, new: str, where: str) -> None:
    assert old in OWN
    with pytest.raises(RuleFileUnusable) as refused:
        read_notices(OWN.replace(old, new, 1).encode())
    assert refused.value.where.startswith(where)
    assert refused.value.line > 0


@pytest.mark.parametrize(
    ("served", "days", "until"),
    [
        (date(2026, 11, 30), 3, date(2026, 12, 3)),
        (date(2026, 9, 29), 5, date(2026, 10, 12)),  # seven days of the national holiday between
        (date(2026, 2, 13), 3, date(2026, 2, 25)),
    ],
)
def test_the_partys_days_go_by_the_official_calendar(served: date, days: int, until: date) -> None:
    found = due_day(NoticeDays(days, "working_days"), served, Calendar())
    assert found.day >= until
    assert not found.unannounced
