"""The migrations make what the models say, and nobody can change the ledger."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from alembic import command
from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from api.engines.roles import DatabaseAddresses
from storage.database import Database
from storage.errors import SchemaAhead, SchemaBehind, SchemaBusy
from storage.ledger.append import Actor, Change, record_change
from storage.migrations.revision import own_revision, read_revision, require_schema
from storage.migrations.shipped_guards import read_facts
from storage.migrations.upgrading import alembic_config, upgrade

GUARDED = ("ledger_entry", "ledger_sequence", "ledger_checkpoint", "signing_key_epoch")


def test_migrated_tables_are_those_of_the_models(addresses: DatabaseAddresses) -> None:
    engine = create_engine(make_url(addresses.owner).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Did not recognize type 'xid8'")
        config = alembic_config()
        config.attributes["connection"] = connection
        command.check(config)
    engine.dispose()


def test_migrating_again_changes_nothing(addresses: DatabaseAddresses, database: Database) -> None:
    with database.reading() as session:
        before = read_facts(session)
    upgrade(addresses.owner)
    with database.reading() as session:
        assert read_facts(session) == before


@pytest.mark.parametrize("role", ["owner", "app", "worker", "sequencer"])
def test_no_role_changes_or_deletes_ledger_rows(addresses: DatabaseAddresses, database: Database, role: str) -> None:
    with database.transaction() as session:
        record_change(session, Actor.system("custody"), Change("test.happened", "test", "1", None))
    with psycopg.connect(getattr(addresses, role), autocommit=True) as connection:
        for table, statement in product(
            GUARDED, ("UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE")
        ):
            column = {"ledger_entry": "action", "ledger_sequence": "index", "ledger_checkpoint": "size"}.get(
                table, "epoch"
            )
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.format(table, column).encode())
        assert connection.execute("SELECT count(*) FROM ledger_entry").fetchone() == (1,)


@pytest.mark.parametrize("role", ["app", "worker", "sequencer"])
@pytest.mark.parametrize("statement", ["UPDATE ledger_opening SET value = ''", "DELETE FROM ledger_opening"])
def test_what_opens_a_commitment_is_no_roles_to_take_away(
    addresses: DatabaseAddresses, role: str, statement: str
) -> None:
    with psycopg.connect(getattr(addresses, role), autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


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


@pytest.mark.parametrize("role", ["app", "worker"])
def test_of_a_copy_its_key_alone_moves_on(addresses: DatabaseAddresses, role: str) -> None:
    with psycopg.connect(getattr(addresses, role), autocommit=True) as connection:
        for column in ("facts", "sha256", "settings"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"UPDATE rendition SET {column} = {column}".encode())
        connection.execute("UPDATE rendition SET kek_id = kek_id")


@pytest.fixture
def empty(server: Any) -> Iterator[str]:
    """The owner's address of a database without any table."""
    name = "test_empty"
    server.run("CREATE DATABASE {} OWNER {} TEMPLATE template0", name, "liuhen_owner")
    superuser, owner = (
        urlsplit(url)._replace(path=f"/{name}").geturl() for url in (server.superuser_url, server.addresses.owner)
    )
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("ALTER SCHEMA public OWNER TO liuhen_owner")
    yield owner
    server.run("DROP DATABASE {} WITH (FORCE)", name)


def engine_of(url: str) -> Engine:
    return create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)


def migrate(owner: str, revision: str) -> None:
    engine = engine_of(owner)
    try:
        with engine.begin() as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()


@pytest.mark.parametrize("role", ["app", "worker", "sequencer"])
def test_every_process_may_ask_which_schema_there_is(addresses: DatabaseAddresses, role: str) -> None:
    with engine_of(getattr(addresses, role)).connect() as connection:
        assert read_revision(connection) == own_revision()
        require_schema(connection)


def test_a_database_without_any_schema_and_one_that_is_behind_are_told(empty: str) -> None:
    engine = engine_of(empty)
    with engine.connect() as connection, pytest.raises(SchemaBehind, match=f"an older one.*{own_revision()}"):
        require_schema(connection)
    migrate(empty, "0080")
    with engine.connect() as connection, pytest.raises(SchemaBehind, match=f"is 0080.*{own_revision()}"):
        require_schema(connection)
    engine.dispose()


def test_a_newer_releases_schema_is_served_and_not_touched(addresses: DatabaseAddresses) -> None:
    with psycopg.connect(addresses.owner) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with engine_of(addresses.app).connect() as connection:
        require_schema(connection)
    with pytest.raises(SchemaAhead, match="9999"):
        upgrade(addresses.owner)


def test_who_holds_a_table_is_not_stood_in_front_of_and_the_upgrade_begins_anew(empty: str) -> None:
    """A change that waits for a table has everybody else wait behind it."""
    migrate(empty, "0060")
    with psycopg.connect(empty) as holding:
        holding.execute("SELECT count(*) FROM document_text")
        with pytest.raises(SchemaBusy, match="0060"):
            upgrade(empty)
        with engine_of(empty).connect() as connection:
            assert read_revision(connection) == "0060"
    upgrade(empty)
    with engine_of(empty).connect() as connection:
        assert read_revision(connection) == own_revision()


TWO_OF_ONE_NUMBER = """
    INSERT INTO unit (id, parent_id, name, code) VALUES
        (%(b)s, NULL, 'b', 'b'), (%(first)s, %(b)s, '1', '1'), (%(second)s, %(b)s, '2', '2');
    INSERT INTO person (id, unit_id, name, sign_in_name, role, active)
        VALUES (%(first)s, %(first)s, 'a', 'a', 'officer', TRUE), (%(second)s, %(second)s, 'b', 'b', 'officer', TRUE);
    INSERT INTO officer_certificate (id, unit_id, person_id, number, valid) VALUES
        (%(first)s, %(first)s, %(first)s, '7', '[2026-01-01,2027-01-01)'),
        (%(second)s, %(second)s, %(second)s, '7', '[2026-06-01,2028-01-01)')
"""


def test_certificates_of_one_number_in_two_units_are_first_put_right_by_a_person(empty: str) -> None:
    migrate(empty, "0012")
    ids = {name: uuid.uuid4() for name in ("b", "first", "second")}
    with psycopg.connect(empty, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(TWO_OF_ONE_NUMBER, ids)
        with pytest.raises(DatabaseError, match="1 pairs of certificates bear one number"):
            migrate(empty, "head")
        connection.execute("UPDATE officer_certificate SET voided_at = now() WHERE id = %s", (ids["second"],))
        migrate(empty, "head")
        found = connection.execute("SELECT DISTINCT jurisdiction_id FROM officer_certificate").fetchall()
        assert found == [(ids["b"],)]


CASES_OF_BEFORE = """
    INSERT INTO unit (id, name, code) VALUES (%(id)s, 'a', 'a');
    INSERT INTO person (id, unit_id, name, sign_in_name, role, active)
        VALUES (%(id)s, %(id)s, 'a', 'a', 'officer', TRUE);
    INSERT INTO "case" (id, unit_id, number, title, kind, stage, opened_by)
        VALUES (%(id)s, %(id)s, '1', 'a', 'penalty', 'decision', %(id)s);
    INSERT INTO case_stage (id, unit_id, case_id, stage, entered_by, entered_at) VALUES
        (gen_random_uuid(), %(id)s, %(id)s, 'initiation', %(id)s, '2026-01-01'),
        (gen_random_uuid(), %(id)s, %(id)s, 'decision', %(id)s, '2026-01-02'),
        (gen_random_uuid(), %(id)s, %(id)s, 'investigation', %(id)s, '2026-01-02')
"""


def test_a_case_of_before_keeps_its_stages_and_says_that_its_procedure_is_unstated(empty: str) -> None:
    migrate(empty, "0021")
    with psycopg.connect(empty, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(CASES_OF_BEFORE, {"id": uuid.uuid4()})
        migrate(empty, "head")
        assert connection.execute('SELECT procedure, stage FROM "case"').fetchall() == [("unstated", "decision")]
        rows = connection.execute("SELECT ordinal, from_stage, stage FROM case_stage ORDER BY ordinal").fetchall()
    assert rows == [(1, None, "initiation"), (2, "initiation", "investigation"), (3, "investigation", "decision")]


PAPERS_OF_BEFORE = """
    INSERT INTO decision_version (id, unit_id, case_id, decision_id, ordinal, kind, measures, level, field, party,
        party_kind, affected, facts, content, stated_by, stated_at, scope)
    SELECT id, id, of_case, id, 1, kind, '["warning"]', 'brigade', 'gas', 'x', 'citizen', 0, '[]', 'x', id, now(), '[]'
    FROM (VALUES (%(a)s::uuid, %(one)s::uuid, 'penalty'), (%(b)s, %(two)s, 'penalty'), (%(c)s, %(two)s, 'penalty'),
        (%(d)s, %(two)s, 'coercion')) said (id, of_case, kind);
    INSERT INTO decision_issue (id, unit_id, case_id, decision_id, version_id, issued_by, issued_at, issued_on, scope)
    SELECT id, unit_id, case_id, id, id, id, now(), current_date, '[]' FROM decision_version;
    INSERT INTO document (id, unit_id, case_id, stage, kind, issues_decision, template_id, begun_by, begun_at)
    SELECT gen_random_uuid(), of_case, of_case, 'decision', kind, kind <> 'correction_notice', of_case, of_case, now()
    FROM (VALUES (%(one)s::uuid, 'penalty_decision'), (%(one)s, 'correction_notice'), (%(two)s, 'penalty_decision'),
        (%(two)s, 'seizure_decision')) papers (of_case, kind)
"""


TYPED_BEFORE = """
    INSERT INTO document_text (id, unit_id, case_id, document_id, ordinal, fields, facts, sha256, saved_by, saved_at)
    SELECT gen_random_uuid(), d.unit_id, d.case_id, d.id, t.ordinal, t.fields, t.facts, sha256('x'), d.unit_id, now()
    FROM document d CROSS JOIN (VALUES
        (%(first)s::int, '{"party": "y", "penalty": "y"}'::jsonb, '{"amount": "7.00"}'::jsonb),
        (%(last)s, %(fields)s::jsonb, %(facts)s::jsonb)) t (ordinal, fields, facts)
    WHERE d.case_id = %(one)s AND d.kind = 'penalty_decision'
"""


@pytest.mark.parametrize(
    ("fields", "facts", "stays"),
    [
        ('{"party": "x", "penalty": "x"}', '{"amount": null}', True),
        ("{}", "{}", True),
        ('{"party": "别人", "penalty": "x"}', "{}", False),
        ('{"party": "x", "penalty": "罚款六万元"}', "{}", False),
        ('{"party": "x"}', '{"amount": "60000.00"}', False),
        ("{}", '{"party": "别人"}', False),
    ],
)
def test_a_paper_of_before_that_says_otherwise_names_no_decision(
    empty: str, server: Any, fields: str, facts: str, stays: bool
) -> None:
    migrate(empty, "0063")
    ids = {name: uuid.uuid4() for name in ("a", "b", "c", "d", "one", "two")}
    superuser = urlsplit(server.superuser_url)._replace(path=urlsplit(empty).path).geturl()
    with psycopg.connect(superuser, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(PAPERS_OF_BEFORE, ids)
        # What its latest text says counts, wherever that lies.
        connection.execute(TYPED_BEFORE, {**ids, "first": 1, "last": 2, "fields": fields, "facts": facts})
        migrate(empty, "0066")
        of_one = "SELECT issue_id FROM document WHERE case_id = %(one)s AND kind = 'penalty_decision'"
        assert connection.execute(of_one, ids).fetchall() == [(ids["a"],)]
        migrate(empty, "head")
        assert connection.execute(of_one, ids).fetchall() == [(ids["a"] if stays else None,)]


def test_papers_of_before_name_the_decision_that_can_mean_but_one(empty: str, server: Any) -> None:
    migrate(empty, "0063")
    ids = {name: uuid.uuid4() for name in ("a", "b", "c", "d", "one", "two")}
    superuser = urlsplit(server.superuser_url)._replace(path=urlsplit(empty).path).geturl()
    with psycopg.connect(superuser, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(PAPERS_OF_BEFORE, ids)
        migrate(empty, "head")
        found = connection.execute("SELECT case_id, kind, issue_id FROM document").fetchall()
        assert {row[:2]: row[2] for row in found} == {
            (ids["one"], "penalty_decision"): ids["a"],
            (ids["one"], "correction_notice"): None,
            (ids["two"], "penalty_decision"): None,
            (ids["two"], "seizure_decision"): ids["d"],
        }
