"""How a return stands on a day: its period going on, due, overdue, in time or late; and what corrections do to that."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from casework.deadlines.calendar import Calendar
from casework.deadlines.counting import due_day
from casework.returns.listing import ReturnShown, ReturnVersion, SendingShown, as_of
from casework.returns.owed import Owed
from casework.returns.periods import Period, parse_period
from casework.returns.rule_file import ReturnFile, read_returns
from storage.catalog.organisation import Unit
from storage.catalog.returns import ReturnRule, ReturnSending, UnitReturn

RULES = """
jurisdiction: CQ-test
version: 1
title: {zh: 季报, en: Quarterly return}
valid_from: 2019-01-01
returns:
  - code: quarterly
    name: {zh: 执法情况季报, en: Quarterly return}
    owed_by: every
    every: quarter
    due: {days: 15, counted: calendar_days}
    recipients: [区局, 街道]
    figures: [cases]
    law: [区局通知]
"""
LATER = RULES.replace("version: 1", "version: 2").replace("days: 15", "days: 40").replace("[区局, 街道]", "[市局]")
PERIOD = parse_period("2026-Q1")
DUE = date(2026, 4, 15)
"""Fifteen days after 2026-03-31: a Wednesday."""
BOTH = {"区局": DUE, "街道": DUE}


def owed_by(rules: str = RULES, period: Period = PERIOD) -> Owed:
    file: ReturnFile = read_returns(rules.encode())
    rule = ReturnRule(id=uuid.uuid4(), rules=file.rules_as_json())
    unit = Unit(id=uuid.uuid4(), name="江城大队", code="U00001")
    return Owed(unit, rule, file.returns[0], period, due_day(file.returns[0].due, period.last_day, Calendar()))


def version(ordinal: int, sent: dict[str, date], owed: Owed | None = None, *, aside: bool = False) -> ReturnVersion:
    """Checked, sent on these days, or set aside."""
    at = datetime(2026, 4, 1, 2, 0, tzinfo=UTC)
    row = UnitReturn(id=uuid.uuid4(), ordinal=ordinal, checked_at=at, set_aside_at=at if aside else None)
    sendings = (ReturnSending(recipient=recipient, sent_on=day) for recipient, day in sent.items())
    return ReturnVersion(owed or owed_by(), row, tuple(SendingShown(each, ()) for each in sendings))


def shown(today: date, *versions: ReturnVersion) -> ReturnShown:
    return as_of(today, Calendar(), versions[-1].owed if versions else owed_by(), versions)


def late(found: ReturnShown) -> list[tuple[int, str]]:
    """What its page says came too late: which version, to whom."""
    return [
        (each.row.ordinal, sending.row.recipient)
        for each in found.versions
        for sending in each.sendings
        if found.is_late(each, sending)
    ]


@pytest.mark.parametrize(
    ("today", "state", "days_left"),
    [
        (date(2026, 3, 31), "going_on", 10),
        (date(2026, 4, 1), "open", 9),
        (date(2026, 4, 10), "soon", 3),
        (DUE, "due_today", 0),
        (date(2026, 4, 16), "overdue", -1),
    ],
)
def test_what_is_not_sent_is_running_due_or_overdue_by_the_day(today: date, state: str, days_left: int) -> None:
    for versions in ((), (version(1, {}),), (version(1, {"区局": DUE}),)):
        found = shown(today, *versions)
        assert (found.state, found.days_left, found.sent_on) == (state, days_left, None)
        assert late(found) == []


def test_an_estimate_is_never_overdue_and_nothing_is_late_after_it() -> None:
    """Working days of a year whose days off nobody has announced yet."""
    guessed = owed_by(RULES.replace("calendar_days", "working_days"), parse_period("2040-Q1"))
    assert guessed.due.unannounced == (2040,)
    after = guessed.due.day + timedelta(days=1)
    for day in (guessed.due.day, after):
        assert as_of(day, Calendar(), guessed, ()).state == "open"
    assert as_of(guessed.due.day - timedelta(days=1), Calendar(), guessed, ()).state == "soon"
    found = shown(after, version(1, dict.fromkeys(BOTH, after), guessed))
    assert (found.state, late(found)) == ("sent", [])


def test_it_is_in_time_where_its_last_recipient_was_sent_it_on_the_due_day() -> None:
    found = shown(date(2026, 6, 1), version(1, BOTH))
    assert (found.state, found.step, found.sent_on, found.corrections) == ("sent", "sent", DUE, 0)
    assert late(found) == []


def test_one_recipient_that_was_sent_it_a_day_later_makes_it_late() -> None:
    found = shown(date(2026, 6, 1), version(1, {**BOTH, "街道": date(2026, 4, 16)}))
    assert (found.state, found.sent_on) == ("sent_late", date(2026, 4, 16))
    assert late(found) == [(1, "街道")]


def test_a_correction_makes_nothing_late_and_nothing_in_time() -> None:
    may = dict.fromkeys(BOTH, date(2026, 5, 6))
    found = shown(date(2026, 6, 1), version(1, BOTH), version(2, may))
    assert (found.state, found.sent_on, found.corrections, late(found)) == ("sent", DUE, 1, [])
    april = dict.fromkeys(BOTH, date(2026, 4, 20))
    found = shown(date(2026, 6, 1), version(1, april), version(2, may))
    assert (found.state, found.sent_on, found.corrections) == ("sent_late", date(2026, 4, 20), 1)
    assert late(found) == [(1, "区局"), (1, "街道")]


def test_where_the_first_version_was_set_aside_the_second_one_decides() -> None:
    found = shown(date(2026, 6, 1), version(1, {}, aside=True), version(2, dict.fromkeys(BOTH, date(2026, 4, 16))))
    assert (found.state, found.corrections, found.versions[0].step) == ("sent_late", 0, "set_aside")
    assert late(found) == [(2, "区局"), (2, "街道")]
    waiting = shown(date(2026, 4, 16), version(1, {}, aside=True))
    assert (waiting.state, waiting.step) == ("overdue", "set_aside")


def test_a_version_that_reached_some_alone_does_not_decide() -> None:
    found = shown(date(2026, 6, 1), version(1, {"区局": DUE}), version(2, dict.fromkeys(BOTH, date(2026, 4, 16))))
    assert (found.state, found.versions[0].step, found.versions[0].waiting) == ("sent_late", "partly_sent", ("街道",))
    assert late(found) == [(2, "区局"), (2, "街道")]


def test_each_version_has_the_recipients_and_the_due_day_of_the_rule_it_was_drawn_up_by() -> None:
    later = owed_by(LATER)
    april = dict.fromkeys(BOTH, date(2026, 4, 20))
    found = shown(date(2026, 6, 1), version(1, april), version(2, {"市局": date(2026, 5, 6)}, later))
    assert [each.step for each in found.versions] == ["sent", "sent"]
    assert found.owed.due.day == date(2026, 5, 10)
    assert (found.state, found.sent_on, late(found)) == ("sent_late", date(2026, 4, 20), [(1, "区局"), (1, "街道")])
    found = shown(date(2026, 6, 1), version(1, {}, aside=True), version(2, {"市局": date(2026, 5, 6)}, later))
    assert (found.state, late(found)) == ("sent", [])
