"""Rules of retention: versions in YAML, held together, and what they want of a case at least."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from api.engines.roles import DatabaseAddresses
from casework.archiving.retention_file import PROCEDURES, read_retention
from casework.archiving.retention_rules import (
    SHIPPED,
    is_of_its_source,
    least_retention,
    list_retention_rules,
    load_retention,
    load_shipped_retention,
    rules_on,
)
from casework.rules.errors import PolicyBegun, PolicyVersionTaken, RuleFileUnusable
from casework.rules.versions import LOADER
from retention.classes import list_classes
from storage.catalog.retention import RetentionClass
from storage.database import Database

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
LOCAL = """\
jurisdiction: CN-plain
version: 1
title: {zh: 样例, en: Sample}
valid_from: 2020-01-01
classes:
  - code: thirty_years
    name: {zh: 三十年, en: Thirty years}
    keep_months: 360
cases:
  - procedures: [routine_check]
    at_least: thirty_years
    law: [样例 第一条]
acts:
  - kinds: [on_site]
    at_least: thirty_years
    law: [样例 第二条]
"""


def least(session: Session, unit: Any, procedure: str, *kinds: str, day: date = date(2026, 3, 10)) -> tuple[Any, ...]:
    found = least_retention(session, rules_on(session, unit.id, day), procedure, kinds)
    return found.retention_class.code, tuple(law for each in found.demands for law in each.law), len(found.rules)


def test_what_the_package_ships_covers_every_procedure_on_every_day_since_2019(session: Session, archive: Any) -> None:
    assert load_shipped_retention(session, NOW) == 2
    assert load_shipped_retention(session, NOW) == 0
    unit = archive.unit()
    for day in (date(2019, 1, 1), date(2021, 7, 14), date(2021, 7, 15), date(2026, 3, 10)):
        for procedure in PROCEDURES:
            code, law, rules = least(session, unit, procedure, day=day)
            assert code != "general", procedure
            assert law, procedure
            assert rules == 1
    assert least(session, unit, "routine_check", day=date(2021, 7, 14))[0] == "two_years"
    assert least(session, unit, "routine_check")[0] == "extended"
    assert least(session, unit, "routine_check", "seizure")[0] == "permanent"
    assert least(session, unit, "ordinary_penalty")[0] == "permanent"
    assert all(map(is_of_its_source, list_retention_rules(session)))


def test_series_hold_together_and_the_longest_counts(session: Session, archive: Any) -> None:
    load_shipped_retention(session, NOW)
    load_retention(session, LOADER, LOCAL.encode(), NOW)
    unit = archive.unit()
    assert least(session, unit, "routine_check") == ("thirty_years", ("样例 第一条",), 1)
    assert least(session, unit, "routine_check", "on_site")[1] == ("样例 第一条", "样例 第二条")
    assert least(session, unit, "ordinary_penalty", "on_site")[0] == "permanent"
    assert ("thirty_years", 360) in {(row.code, row.keep_months) for row in list_classes(session)}
    assert archive.last_entry("retention.loaded").data["jurisdiction"] == "CN-plain"
    assert archive.last_entry("retention.came_into_force").data == {"valid_from": "2020-01-01"}


def test_without_any_rule_the_class_of_sealing_counts(session: Session, archive: Any) -> None:
    assert least(session, archive.unit(), "ordinary_penalty") == ("general", (), 0)


def test_a_class_is_never_changed_by_a_later_version(session: Session) -> None:
    load_retention(session, LOADER, LOCAL.encode(), NOW)
    other = LOCAL.replace("CN-plain", "CN-other").replace("360", "120")
    with pytest.raises(RuleFileUnusable, match="give it another code"):
        load_retention(session, LOADER, other.encode(), NOW)
    assert session.get_one(RetentionClass, "thirty_years").keep_months == 360
    with pytest.raises(PolicyVersionTaken):
        load_retention(session, LOADER, LOCAL.replace("第一条", "第三条").encode(), NOW)
    later = LOCAL.replace("version: 1", "version: 2\nsupersedes: 1").replace("2020-01-01", "2026-03-10")
    with pytest.raises(PolicyBegun):
        load_retention(session, LOADER, later.encode(), NOW)


@pytest.mark.parametrize(
    ("replaced", "by", "line", "says"),
    [
        ("keep_months: 360", "keep_month: 360", 8, "classes[1].keep_month is not known here"),
        ("    keep_months: 360\n", "", 6, "says either keep_months, or permanent: true"),
        ("keep_months: 360", "permanent: false", 8, "says either keep_months, or permanent: true"),
        ("keep_months: 360", "keep_months: 1201", 8, "at most 1200"),
        ("keep_months: 360", "keep_months: 360\n    permanent: true", 9, "says either keep_months"),
        ("[routine_check]", "[routine]", 10, "is not known here"),
        ("[routine_check]", "[]", 10, "is empty"),
        ("[routine_check]", "[routine_check, routine_check]", 10, "stands there twice"),
        ("at_least: thirty_years\n    law: [样例 第一条]", "at_least: for_ever\n    law: [样例]", 11, "thirty_years"),
        ("law: [样例 第一条]", "law: []", 12, "is empty"),
        ("[on_site]", "[On site]", 14, "small letters"),
        ("valid_from: 2020-01-01", "valid_from: tomorrow", 4, "is no day"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_field(replaced: str, by: str, line: int, says: str) -> None:
    with pytest.raises(RuleFileUnusable) as caught:
        read_retention(LOCAL.replace(replaced, by, 1).encode())
    assert says in str(caught.value)
    assert caught.value.line == line


def test_the_shipped_files_say_the_law_of_every_demand() -> None:
    for path in SHIPPED.glob("*.yaml"):
        file = read_retention(path.read_bytes())
        assert all(each.law for each in (*file.cases, *file.acts))


def test_raw_sql_rewrites_no_version(database: Database, addresses: DatabaseAddresses) -> None:
    with database.transaction() as session:
        load_shipped_retention(session, NOW)
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
        for statement in (
            "UPDATE retention_rule SET rules = '{}'",
            "UPDATE retention_rule SET source = ''",
            "DELETE FROM retention_rule",
            "DELETE FROM retention_class",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("UPDATE retention_rule SET valid = daterange('2018-01-01', upper(valid))")
