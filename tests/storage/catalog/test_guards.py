"""What the database itself refuses, whoever writes the SQL."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from api.engines.roles import DatabaseAddresses
from integrity.fields import format_instant

INSERT = "INSERT INTO ledger_entry (id, action, subject_id, entry, occurred_at) VALUES (%s, %s, %s, %s, %s)"


def entry(**changes: Any) -> tuple[Any, ...]:
    """The columns and bytes of a sound entry, with some of the bytes' members changed."""
    entry_id, now = uuid.uuid4(), datetime.now(UTC)
    said = {
        "v": 1,
        "id": str(entry_id),
        "occurred_at": format_instant(now),
        "action": "test.happened",
        "actor": {"kind": "system", "id": "test"},
        "unit_id": None,
        "subject": {"kind": "test", "id": "1"},
        "data": {},
        **changes,
    }
    return entry_id, "test.happened", "1", json.dumps(said).encode(), now


def insert(addresses: DatabaseAddresses, row: tuple[Any, ...]) -> None:
    with psycopg.connect(addresses.worker) as connection:
        connection.execute(INSERT, row)


def test_a_sound_entry_is_taken(addresses: DatabaseAddresses) -> None:
    insert(addresses, entry())


@pytest.mark.parametrize(
    "changes",
    [
        {"id": str(uuid.UUID(int=7))},
        {"action": "test.undone"},
        {"subject": {"kind": "test", "id": "2"}},
        {"unit_id": str(uuid.UUID(int=7))},
        {"occurred_at": "2020-01-01T00:00:00Z"},
    ],
    ids=["id", "action", "subject", "unit", "time"],
)
def test_an_entry_that_says_otherwise_than_its_row_is_refused(addresses: DatabaseAddresses, changes: Any) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        insert(addresses, entry(**changes))


def test_bytes_that_are_no_entry_are_refused(addresses: DatabaseAddresses) -> None:
    with pytest.raises(psycopg.DataError):
        insert(addresses, (uuid.uuid4(), "test.happened", "1", b"\xde\xad\xbe\xef", datetime.now(UTC)))


def test_an_entry_cannot_be_dated_back(addresses: DatabaseAddresses) -> None:
    past = datetime.now(UTC) - timedelta(days=400)
    row = entry(occurred_at=format_instant(past))
    with pytest.raises(psycopg.errors.CheckViolation, match="of now"):
        insert(addresses, (*row[:4], past))
