"""Databases for tests: copies of one that was prepared, and empty ones that are emptied again after each test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from api.engines.roles import DATABASE, DatabaseAddresses
from storage.database import Database

_numbers = itertools.count()
# What a statement that makes, alters, drops or permits something leaves behind, in whatever table of PostgreSQL's own.
_DESCRIBED_IN = (
    "pg_attribute",
    "pg_class",
    "pg_constraint",
    "pg_database",
    "pg_db_role_setting",
    "pg_event_trigger",
    "pg_index",
    "pg_namespace",
    "pg_policy",
    "pg_proc",
    "pg_rewrite",
    "pg_trigger",
    "pg_type",
)
_DESCRIPTION = " UNION ALL ".join(
    f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM {name}" for name in _DESCRIBED_IN
)
_FILLED = (
    "SELECT relname, pg_relation_size(oid) FROM pg_class "
    "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0"
)
_OTHERS_AWAY = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
# Rows that were deleted stay in their table until it is vacuumed, and a query reads over them.
_VACUUMED_FROM_BYTES = 1 << 18


@dataclass(frozen=True)
class MigratedServer:
    """A running server whose database `liuhen` is migrated and empty: the template of all others."""

    addresses: DatabaseAddresses
    superuser_url: str
    _idle: list[LentDatabase] = field(default_factory=list)
    _free_names: list[str] = field(default_factory=list)
    """Of databases that were dropped: whoever comes next by that name finds the engine with all it has compiled."""

    def run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]

    @contextmanager
    def copy_of(self, template: str) -> Iterator[DatabaseAddresses]:
        """A database of its own for as long as the block lasts. Nobody may be connected to the template meanwhile."""
        name = self._copy(template)
        yield self._addresses_of(name)
        self._drop(name)

    @contextmanager
    def empty(self) -> Iterator[DatabaseAddresses]:
        """A migrated database without rows: lent, for emptying one costs a tenth of a copy.

        One whose tables, triggers, functions or permissions were touched is dropped instead.
        """
        lent = self._idle.pop() if self._idle else self._lend()
        yield lent.addresses
        if lent.is_as_lent_after_emptying():
            self._idle.append(lent)
        else:
            self._drop(lent.close())

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def superuser_of(self, addresses: DatabaseAddresses) -> str:
        """Who can do everything, in the database of `addresses`."""
        return urlsplit(self.superuser_url)._replace(path=urlsplit(addresses.worker).path).geturl()

    def _lend(self) -> LentDatabase:
        name = self._copy(DATABASE)
        addresses = self._addresses_of(name)
        return LentDatabase(name, addresses, self.superuser_of(addresses))

    def _copy(self, template: str) -> str:
        name = self._free_names.pop() if self._free_names else f"test_{next(_numbers)}"
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            for statement in (
                "CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY",
                "REVOKE ALL ON DATABASE {name} FROM PUBLIC",
                "GRANT CONNECT ON DATABASE {name} TO liuhen_app, liuhen_worker, liuhen_sequencer, liuhen_owner",
            ):
                names = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
                connection.execute(sql.SQL(statement).format(**names))
        return name

    def _drop(self, name: str) -> None:
        self.run("DROP DATABASE {} WITH (FORCE)", name)
        self._free_names.append(name)

    def _addresses_of(self, name: str) -> DatabaseAddresses:
        def of(url: str) -> str:
            return urlsplit(url)._replace(path=f"/{name}").geturl()

        own = self.addresses
        return DatabaseAddresses(
            owner=of(own.owner), app=of(own.app), worker=of(own.worker), sequencer=of(own.sequencer)
        )


class LentDatabase:
    """An empty database, what it looked like when it was made, and the superuser's connection that compares."""

    def __init__(self, name: str, addresses: DatabaseAddresses, superuser_url: str) -> None:
        self.name, self.addresses = name, addresses
        self._connection = psycopg.connect(superuser_url, autocommit=True, prepare_threshold=0)
        # No trigger, no rule and no key between tables stands in the way of emptying them.
        self._connection.execute("SET session_replication_role = replica")
        self._description = self._ask(_DESCRIPTION)
        # The few rows that migrations bring.
        self._brought = {table: self._content(table) for table, _ in self._ask(_FILLED)}

    def is_as_lent_after_emptying(self) -> bool:
        self._connection.execute(_OTHERS_AWAY)
        if self._ask(_DESCRIPTION) != self._description:
            return False
        if any(self._content(table) != content for table, content in self._brought.items()):
            return False
        filled = [(table, size) for table, size in self._ask(_FILLED) if table not in self._brought]
        for table, _ in filled:
            self._connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        swollen = [sql.Identifier(table) for table, size in filled if size > _VACUUMED_FROM_BYTES]
        if swollen:
            self._connection.execute(sql.SQL("VACUUM {}").format(sql.SQL(", ").join(swollen)))
        return True

    def close(self) -> str:
        self._connection.close()
        return self.name

    def _ask(self, statement: Any) -> list[Any]:
        return sorted(self._connection.execute(statement).fetchall())

    def _content(self, table: str) -> list[Any]:
        return self._ask(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table)))


def engines_kept() -> Callable[..., Engine]:
    """`create_engine`, with one engine for all who ask for the same.

    What an engine has compiled is forgotten with it, and to compile a statement takes longer than to run it.
    """
    engines: dict[str, Engine] = {}

    def create(url: Any, **options: Any) -> Engine:
        asked = repr((url.render_as_string(hide_password=False), sorted(options.items(), key=lambda item: item[0])))
        if asked not in engines:
            engines[asked] = create_engine(url, **options)
        return engines[asked]

    return create


@contextmanager
def rolled_back(database: Database) -> Iterator[Session]:
    """A session whose work is undone at the end, whatever it committed on its way."""
    with database.engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        transaction.rollback()


def let_cases_be_of_before(addresses: DatabaseAddresses) -> None:
    """As if every case had been opened before decisions had rows: what is tried there is not what was decided."""
    with psycopg.connect(addresses.owner, autocommit=True) as connection:
        connection.execute("UPDATE gate_began SET began_at = '9999-12-31 00:00+00'")
