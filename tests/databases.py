"""Databases for tests: copies of one that was prepared, in 20 ms each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from api.engines.roles import DatabaseAddresses

_numbers = itertools.count()


@dataclass(frozen=True)
class MigratedServer:
    """A running server whose database `liuhen` is migrated and empty: the template of all others."""

    addresses: DatabaseAddresses
    superuser_url: str

    def run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]

    @contextmanager
    def copy_of(self, template: str) -> Iterator[DatabaseAddresses]:
        """A database of its own for as long as the block lasts. Nobody may be connected to the template meanwhile."""
        name = f"test_{next(_numbers)}"
        self.run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
        self.run("REVOKE ALL ON DATABASE {} FROM PUBLIC", name)
        self.run("GRANT CONNECT ON DATABASE {} TO liuhen_app, liuhen_sequencer, liuhen_owner", name)

        def of(url: str) -> str:
            return urlsplit(url)._replace(path=f"/{name}").geturl()

        own = self.addresses
        yield DatabaseAddresses(owner=of(own.owner), app=of(own.app), sequencer=of(own.sequencer))
        self.run("DROP DATABASE {} WITH (FORCE)", name)


def let_cases_be_of_before(addresses: DatabaseAddresses) -> None:
    """As if every case had been opened before decisions had rows: what is tried there is not what was decided."""
    with psycopg.connect(addresses.owner, autocommit=True) as connection:
        connection.execute("UPDATE gate_began SET began_at = 'infinity'")
