"""Versions of the terms as rows, and years of days off: loaded once, never changed, and which term holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from api.engines.roles import DatabaseAddresses
from casework.deadlines.calendars import calendar_now, is_of_its_source, latest_years
from casework.deadlines.counting import due_day
from casework.deadlines.loading import load_shipped_terms, load_terms, load_year
from casework.deadlines.versions import (
    find_term,
    list_term_rules,
    terms_come_into_force,
)
from casework.deadlines.versions import is_of_its_source as rule_is_of_its_source
from casework.errors import RoleNotAllowed
from casework.rules.errors import PolicyBegun, PolicyOverlaps, PolicyVersionTaken, RuleFileUnusable
from casework.units import line_of
from storage.catalog.deadlines import TermRule
from storage.database import Database
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
YEAR = "year: 2027\nsource: 样例\ndays_off: [2027-01-01]\nmakeup_days: []\n"


def terms(version: int = 1, valid_from: str = "2026-01-01", *, days: int = 3, rank: int = 30, **more: object) -> bytes:
    head = {"jurisdiction": "CN-test", "version": version, "rank": rank, "title": "{zh: 试行, en: trial}"}
    lines = [f"{name}: {value}" for name, value in {**head, "valid_from": valid_from, **more}.items()]
    term = f"  service: {{days: {days}, counted: working_days, law: [试行办法 第一条]}}"
    return "\n".join([*lines, "terms:", term]).encode()


def load(session: Session, content: bytes) -> TermRule:
    return load_terms(session, OPERATOR, content, NOW)


def test_what_the_package_ships_is_loaded_once_and_rules_by_the_day(session: Session, archive: Any) -> None:
    assert load_shipped_terms(session, NOW) == 6
    assert load_shipped_terms(session, NOW) == 0
    rules, line = list_term_rules(session), line_of(session, archive.unit().id)
    assert all(rule_is_of_its_source(rule) for rule in rules)

    def ruled(kind: str, day: date) -> tuple[str, int] | None:
        found = find_term(rules, line, kind, day)
        return None if found is None else (found.rule.jurisdiction, found.rule.version)

    assert ruled("service", date(2021, 7, 14)) == ("CN-law", 1)
    assert ruled("service", date(2021, 7, 15)) == ("CN-law", 2)
    assert ruled("withdraw", date(2021, 7, 14)) is None
    assert ruled("publish_penalty", date(2019, 11, 27)) == ("CN-CQ-jiangbei", 1)


def test_a_loaded_version_is_entered_never_changed_and_comes_into_force(session: Session, archive: Any) -> None:
    row = load(session, terms(valid_from="2026-03-12"))
    assert archive.last_entry("terms.loaded").data["source_sha256"] == row.source_sha256.hex()
    assert archive.entries("terms.came_into_force") == []
    assert terms_come_into_force(session, NOW + timedelta(days=2)) == 1
    assert load(session, terms(valid_from="2026-03-12")).id == row.id
    with pytest.raises(PolicyVersionTaken):
        load(session, terms(valid_from="2026-03-12", days=4))
    with pytest.raises(PolicyOverlaps):
        load(session, terms(2, "2026-06-01"))
    with pytest.raises(PolicyBegun):
        load(session, terms(2, "2026-03-10", supersedes=1))
    load(session, terms(2, "2026-06-01", supersedes=1))
    assert row.last_day == date(2026, 5, 31)


def test_the_nearest_units_own_goes_before_in_its_series(session: Session, archive: Any) -> None:
    bureau = archive.unit()
    team, other = archive.unit(bureau), archive.unit()
    load_shipped_terms(session, NOW)
    load(session, terms())
    load(session, terms(1, "2026-04-01", unit=bureau.code, days=2))
    rules = list_term_rules(session)

    def days(unit: Any, day: date) -> int:
        found = find_term(rules, line_of(session, unit.id), "service", day)
        assert found is not None
        return found.term.days

    assert [days(team, date(2026, month, 9)) for month in (3, 4)] == [3, 2]
    assert [days(other, date(2026, month, 9)) for month in (3, 4)] == [3, 3]
    assert days(team, date(2025, 12, 31)) == 7


def test_two_series_of_one_rank_are_refused_where_a_unit_is_under_both(session: Session, archive: Any) -> None:
    bureau, other = archive.unit(), archive.unit()
    team = archive.unit(bureau)
    load(session, terms(1, "2026-04-01", unit=bureau.code))

    def beside(unit: Any) -> bytes:
        return terms(1, "2026-04-01", unit=unit.code).replace(b"CN-test", b"CN-other")

    with pytest.raises(RuleFileUnusable, match=r"terms.service \(CN-other 1, CN-test 1\).*one rank"):
        load(session, beside(team))
    assert load(session, beside(other)).unit_id == other.id


def test_a_later_notice_of_a_year_stands_over_the_earlier_and_over_the_library(session: Session, archive: Any) -> None:
    load_shipped_terms(session, NOW)
    found = find_term(list_term_rules(session), (), "service", date(2026, 12, 25))
    assert found is not None
    assert due_day(found.term, date(2026, 12, 25), calendar_now(session)).unannounced == (2027,)
    first = load_year(session, OPERATOR, YEAR.encode())
    assert load_year(session, OPERATOR, YEAR.encode()).id == first.id
    assert archive.last_entry("calendar.loaded").data["year"] == 2027
    assert due_day(found.term, date(2026, 12, 25), calendar_now(session)).day == date(2027, 1, 6)
    second = load_year(session, OPERATOR, YEAR.replace("2027-01-01]", "2027-01-01, 2027-01-04]").encode())
    assert (second.ordinal, latest_years(session)[2027].id) == (2, second.id)
    assert due_day(found.term, date(2026, 12, 25), calendar_now(session)).day == date(2027, 1, 7)
    assert is_of_its_source(first)
    with pytest.raises(RuleFileUnusable, match="line 3: days_off"):
        load_year(session, OPERATOR, YEAR.replace("2027-01-01", "2027-01-02").encode())


def test_only_an_administrator_loads(session: Session, archive: Any) -> None:
    unit = archive.unit()
    supervisor, administrator = archive.person(unit, "supervisor"), archive.person(unit, "administrator")
    with pytest.raises(RoleNotAllowed):
        load_terms(session, supervisor, terms(), NOW)
    with pytest.raises(RoleNotAllowed):
        load_year(session, supervisor, YEAR.encode())
    assert load_terms(session, administrator, terms(), NOW).loaded_by == administrator.id
    assert load_year(session, administrator, YEAR.encode()).loaded_by == administrator.id


def test_the_database_lets_nobody_change_what_was_loaded(database: Database, addresses: DatabaseAddresses) -> None:
    with database.transaction() as session:
        load_terms(session, OPERATOR, terms(valid_until="2026-12-31"), NOW)
        load_year(session, OPERATOR, YEAR.encode())
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
        for statement in (
            "UPDATE term_rule SET rules = '{}'",
            "DELETE FROM term_rule",
            "UPDATE calendar_year SET source = ''",
            "DELETE FROM calendar_year",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("UPDATE term_rule SET valid = '[2026-01-01,2026-06-01)'")
