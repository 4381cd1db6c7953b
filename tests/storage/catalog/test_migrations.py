"""The migrations make what the models say, and nobody can change the ledger."""

from __future__ import annotations

import warnings

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from api.engines.roles import DatabaseAddresses
from storage.database import Database
from storage.ledger.append import Actor, Change, record_change
from storage.migrations import alembic_config, upgrade

GUARDED = ("ledger_entry", "ledger_sequence", "ledger_checkpoint", "signing_key_epoch")


def test_migrated_tables_are_those_of_the_models(addresses: DatabaseAddresses) -> None:
    engine = create_engine(make_url(addresses.owner).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Did not recognize type 'xid8'")
        config = alembic_config()
        config.attributes["connection"] = connection
        command.check(config)
    engine.dispose()


def test_migrating_again_changes_nothing(addresses: DatabaseAddresses) -> None:
    upgrade(addresses.owner)
    upgrade(addresses.owner)


@pytest.mark.parametrize("role", ["owner", "app", "sequencer"])
@pytest.mark.parametrize("table", GUARDED)
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_no_role_changes_or_deletes_ledger_rows(
    addresses: DatabaseAddresses, database: Database, role: str, table: str, statement: str
) -> None:
    column = {"ledger_entry": "action", "ledger_sequence": "index", "ledger_checkpoint": "size"}.get(table, "epoch")
    with database.transaction() as session:
        record_change(session, Actor.system("custody"), Change("test.happened", "test", "1", None))
    with psycopg.connect(getattr(addresses, role), autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.format(table, column).encode())
        count = connection.execute("SELECT count(*) FROM ledger_entry").fetchone()
        assert count == (1,)


@pytest.mark.parametrize("column", ["serial", "transaction_id"])
def test_the_application_cannot_state_when_its_entry_was_written(addresses: DatabaseAddresses, column: str) -> None:
    value = {"serial": "7", "transaction_id": "'7'::xid8"}[column]
    statement = (
        f"INSERT INTO ledger_entry (id, action, subject_id, entry, occurred_at, {column}) "
        f"VALUES (gen_random_uuid(), 'a', 'b', 'c', now(), {value})"
    )
    with psycopg.connect(addresses.app, autocommit=True) as connection:
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.GeneratedAlways)):
            connection.execute(statement.encode())


def test_a_sealed_recordings_digest_cannot_be_changed(addresses: DatabaseAddresses) -> None:
    with psycopg.connect(addresses.app, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE recording SET sha256 = '\\x00'")
        connection.execute("UPDATE recording SET retain_until = NULL")
