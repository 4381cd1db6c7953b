"""Statements of the catalog, put together once, for connections that take text."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy import ARRAY, Uuid, cast, func, select

from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.database import Database
from storage.plain_statement import PlainStatement, place

AN_ID = uuid.UUID("00000000-0000-0000-0000-00000000000a")


def test_each_place_has_its_number_and_what_was_fixed_stays_fixed(database: Database) -> None:
    wanted = select(Person.id).where(
        Person.role.in_(("officer", "auditor")), Person.id == place("who"), Person.created_at < place("now")
    )
    statement = PlainStatement(wanted.where(Person.active == place("active")).limit(2))
    given = statement.parameters(who=AN_ID, now=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), active=True)
    assert sorted(given) == sorted([str(AN_ID), "2026-01-02T03:04:05+00:00", "true", "officer", "auditor", "2"])
    assert all(f"${number}" in statement.text for number in range(1, 7))
    with database.direct() as connection:
        assert connection.run(statement.text, *given) == []


def test_lists_are_arrays(database: Database) -> None:
    array = cast(place("ids"), ARRAY(Uuid()))
    statement = PlainStatement(select(func.cardinality(array), func.array_to_string(array, ",")))
    with database.direct() as connection:
        assert connection.run(statement.text, *statement.parameters(ids=[uuid.UUID(int=1), AN_ID])) == [
            ("2", f"{uuid.UUID(int=1)},{AN_ID}")
        ]
        assert connection.run(statement.text, *statement.parameters(ids=[])) == [("0", "")]


def test_a_place_that_nothing_is_said_of_and_a_value_without_text_are_errors() -> None:
    statement = PlainStatement(select(Recording.id).where(Recording.id == place("id")))
    with pytest.raises(KeyError):
        statement.parameters(other=AN_ID)
    for value in (b"bytes", None, 1.5, ["text, that would have to be quoted"]):
        with pytest.raises(TypeError, match=type(value).__name__):
            statement.parameters(id=value)
