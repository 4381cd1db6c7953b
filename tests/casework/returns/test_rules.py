"""Versions of which returns are owed: two that state one return for the same units and days, and which goes before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.returns.owed import list_owed
from casework.returns.rules import list_return_rules, load_returns, load_shipped_returns
from casework.rules.errors import RuleFileUnusable
from storage.catalog.returns import ReturnRule
from storage.database import Database
from storage.ledger.append import Actor
from tests.databases import rolled_back

OPERATOR = Actor.system("admin")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


@pytest.fixture
def session(of_before: Database) -> Iterator[Session]:
    """Work of the application's role that is rolled back."""
    with rolled_back(of_before) as session:
        yield session


def file(jurisdiction: str, *, owed_by: str = "below", valid_from: str = "2026-01-01", **heading: object) -> bytes:
    head = "".join(f"{name}: {value}\n" for name, value in heading.items())
    return f"""
jurisdiction: {jurisdiction}
version: 1
title: {{zh: 年报, en: Yearly return}}
valid_from: {valid_from}
{head}returns:
  - code: annual
    name: {{zh: 年报, en: Yearly return}}
    owed_by: {owed_by}
    every: year
    due: {{days: 20, counted: calendar_days}}
    recipients: [{jurisdiction}]
    figures: [cases]
    law: [样例]
""".encode()


def load(session: Session, *args: str, **more: Any) -> ReturnRule:
    return load_returns(session, OPERATOR, file(*args, **more), NOW)


def test_a_code_that_another_series_states_for_the_same_units_and_days_is_refused(session: Session) -> None:
    load(session, "CQ-a", valid_until="2026-12-31")
    for owed_by in ("below", "every"):
        with pytest.raises(RuleFileUnusable, match=r"returns annual \(CQ-a 1\) is what another series states"):
            load(session, "CQ-b", owed_by=owed_by)
    assert [row.jurisdiction for row in list_return_rules(session)] == ["CQ-a"]
    load(session, "CQ-b", owed_by="topmost")
    load(session, "CQ-c", valid_from="2027-01-01")


def test_of_a_unit_s_own_and_one_for_all_the_unit_s_own_goes_before(session: Session, archive: Any) -> None:
    bureau = archive.unit()
    team, other = archive.unit(bureau), archive.unit(bureau)
    load(session, "CQ-a")
    load(session, "CQ-b", unit=team.code, valid_from="2026-03-11")
    owed = list_owed(session, (team.id, other.id), since=date(2026, 12, 31), until=date(2100, 1, 1))
    first = {each.unit.id: each.rule.jurisdiction for each in owed if each.period.code == "2026"}
    assert first == {team.id: "CQ-b", other.id: "CQ-a"}
    with pytest.raises(RuleFileUnusable, match=r"returns annual \(CQ-b 1\)"):
        load(session, "CQ-c", unit=team.code, valid_from="2026-03-11")


def test_what_the_package_ships_waits_where_the_place_has_a_return_of_that_code(session: Session) -> None:
    load(session, "CQ-a", owed_by="topmost")
    assert load_shipped_returns(session, NOW) == 0
    assert [row.jurisdiction for row in list_return_rules(session)] == ["CQ-a"]
