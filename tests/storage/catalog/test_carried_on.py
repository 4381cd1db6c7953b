"""Whoever asks whether a person is of a row's own unit asks who carries that unit on, and nobody asks it of other rows:
people go over when units are merged, and what is a unit's stays that unit's."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from tests.storage.catalog.shipped_bodies import shipped_bodies

ALIASED = re.compile(r'(?:\b(?:FROM|JOIN|UPDATE)|,)\s+(?:public\.)?"?(\w+)"?\s+(?:AS\s+)?(\w+)\b', re.IGNORECASE)
AS_IT_STANDS = re.compile(r"\b(\w+)\.unit_id (?:=|IS NOT DISTINCT FROM) (?:NEW\.unit_id|of_unit)\b")
CARRIED_ON = re.compile(r"\b(\w+)\.unit_id (?:=|IS NOT DISTINCT FROM) (?:public\.)?carried_on_by\(")
BEGINNING = {"require_own_duty"}
"""What begins is of a unit that goes on: there the person's unit is meant as it stands."""
GOING_OVER = {"person", "publication_duty"}
"""Of whom and of what is asked in the successor: people, and the duties they are named to there."""


def tables_asked(pattern: re.Pattern[str], bodies: Mapping[str, str]) -> set[tuple[str, str]]:
    """(function, table) of each row whose unit is asked for so: its alias is what the function calls a table by."""
    asked = set()
    for name, body in bodies.items():
        text = re.sub(r"--.*", "", body)
        called: dict[str, set[str]] = {}
        for table, alias in ALIASED.findall(text):
            called.setdefault(alias, set()).add(table)
        for alias in pattern.findall(text):
            asked |= {(name, table) for table in called.get(alias, {f"?{alias}"})}
    return asked


def test_no_function_forgets_that_a_persons_unit_may_have_been_merged() -> None:
    asking = {name for name, table in tables_asked(AS_IT_STANDS, shipped_bodies()) if table == "person"}
    assert asking == BEGINNING, "carried_on_by(…), or a merged unit's cases can go no further"


def test_no_function_asks_for_the_successor_in_a_row_that_stays_the_merged_units() -> None:
    asking = {each for each in tables_asked(CARRIED_ON, shipped_bodies()) if each[1] not in GOING_OVER}
    assert asking == set(), "no row but a person's goes over: nothing is found, and what was begun is stuck"


@pytest.mark.parametrize(
    ("pattern", "body", "table"),
    [
        (AS_IT_STANDS, "FROM person x WHERE x.unit_id = NEW.unit_id", "person"),
        (AS_IT_STANDS, "FROM publication p WHERE p.unit_id = NEW.unit_id", "publication"),
        (CARRIED_ON, "FROM publication p\n    WHERE p.unit_id = carried_on_by(NEW.unit_id)", "publication"),
        (CARRIED_ON, 'FROM "case" c JOIN person AS q ON q.unit_id = carried_on_by(c.unit_id)', "person"),
        (CARRIED_ON, "WHERE z.unit_id = carried_on_by(NEW.unit_id)", "?z"),
    ],
)
def test_a_row_is_known_by_its_table_whatever_it_is_called(pattern: re.Pattern[str], body: str, table: str) -> None:
    assert tables_asked(pattern, {"asking": body}) == {("asking", table)}
