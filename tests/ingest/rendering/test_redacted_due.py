"""A redacted copy is tried as often as any other before it has failed, and its failure is entered once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from ingest.rendering.ending import MOST_ATTEMPTS, put_off
from ingest.rendering.redacted_due import lease_due_copy
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.redaction import RedactedCopy
from storage.database import Database
from tests.casework.retrieval.redaction.scene import FACE, Scene
from tests.casework.sample_archive import SampleArchive


def ask_for_one(database: Database) -> None:
    with database.transaction() as session:
        scene = Scene(session, SampleArchive(session))
        scene.settle(FACE)
        scene.ask(scene.let_copy(), scene.films[0])


def entries(database: Database, action: str) -> int:
    with database.reading() as session:
        return len(session.scalars(select(LedgerEntryRow.id).where(LedgerEntryRow.action == action)).all())


def copy_of(database: Database) -> Any:
    with database.reading() as session:
        return session.scalars(select(RedactedCopy)).one()


def test_a_copy_is_tried_three_times_and_then_it_has_failed_with_its_entry(database: Database) -> None:
    ask_for_one(database)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert (copy_of(database).state, entries(database, "copy.failed")) == ("due", 0)
        due = lease_due_copy(database, "test")
        assert due is not None
        put_off(database, due, "exit code 1: said the tool")
        assert copy_of(database).attempts == attempt
        with database.transaction() as session:
            session.execute(update(RedactedCopy).values(leased_until=None))
    failed = copy_of(database)
    assert (failed.state, failed.outcome) == ("failed", "exit code 1: said the tool")
    assert entries(database, "copy.failed") == 1
    assert lease_due_copy(database, "test") is None
