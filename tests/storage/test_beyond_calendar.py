"""Instants that no calendar has: an audit reads on past them, and nobody else takes one for an instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError

from storage.beyond_calendar import DateBeyond, InstantBeyond
from storage.database import Database

ROW = text(
    "SELECT timestamptz 'infinity' AS never, timestamptz '0044-03-15 12:00+00 BC' AS ides, date '12345-06-07' AS late,"
    " tstzrange('-infinity', '2026-01-01') AS span, daterange(NULL, 'infinity') AS days,"
    " timestamptz '9999-12-31 23:59:59.999999+00' AS last, date '0001-01-01' AS first"
)


def test_each_has_a_stand_in_that_says_what_it_is(database: Database) -> None:
    with database.of_any_instant() as auditing, auditing.reading() as session:
        row = session.execute(ROW).one()
        assert [str(each) for each in (row.never, row.ides, row.late, row.span.lower, row.days.upper)] == [
            *("infinity", "0044-03-15 12:00:00+00 BC", "12345-06-07"),
            *("-infinity", "infinity"),
        ]
    assert row.ides < datetime(2026, 1, 1, tzinfo=UTC) < row.never
    assert row.never - timedelta(days=100_000) > row.ides + timedelta(days=100_000)
    assert (row.span.upper, row.days.lower) == (datetime(2026, 1, 1, tzinfo=UTC), None)
    assert (row.last.year, row.first) == (9999, date(1, 1, 1))


def test_none_equals_an_instant_that_a_ledger_states() -> None:
    instant, day = InstantBeyond.of("infinity"), DateBeyond.of("infinity")
    assert instant != datetime(instant.year, 1, 1, tzinfo=UTC)
    assert not instant == datetime(instant.year, 1, 1, tzinfo=UTC)  # noqa: SIM201 - each has an operator of its own
    assert day != date(day.year, 1, 1)
    assert (instant == instant, day == day) == (True, True)


def test_whoever_is_no_audit_meets_none(database: Database) -> None:
    with database.of_any_instant() as auditing, auditing.reading() as session:
        session.execute(ROW).one()
    with database.reading() as session, pytest.raises(DataError):
        session.execute(ROW).one()
