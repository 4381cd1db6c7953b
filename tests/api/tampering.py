"""What the owner of the database can do: every guard off, a row changed, and put back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from api.archive import Archive
from api.verification import Finding, verify_archive
from tests.sampling import some_of

Superuser = psycopg.Connection[Any]


@contextmanager
def as_superuser(
    server: Any, addresses: Any, *dropped: tuple[str, str], autocommit: bool = True
) -> Iterator[Superuser]:
    """Guards off, keys between tables off; and the constraints gone that would stand in the way: table and name."""
    with psycopg.connect(server.superuser_of(addresses), autocommit=autocommit) as connection:
        connection.execute("SET session_replication_role = replica")
        for table, constraint in dropped:
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}".encode())
        if not autocommit:
            connection.commit()
        yield connection


@contextmanager
def changed(superuser: Superuser, table: str, change: str) -> Iterator[None]:
    """The table is put back at the end. Of several tables several may be changed at once."""
    set_aside(superuser, table)
    superuser.execute(change.encode())
    try:
        yield
    finally:
        put_back(superuser, table)
        superuser.execute(f"DROP TABLE {saved(table)}".encode())


def set_aside(superuser: Superuser, table: str) -> None:
    """A copy of the table as it is now, for `put_back`: without what PostgreSQL writes itself."""
    superuser.execute(f"CREATE TEMP TABLE {saved(table)} AS SELECT {_columns(superuser, table)} FROM {table}".encode())


def put_back(superuser: Superuser, table: str) -> None:
    """The table is as it was when it was set aside; the copy stays."""
    columns = _columns(superuser, table)
    superuser.execute(f"DELETE FROM {table}".encode())
    kept = f"({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {saved(table)}"
    superuser.execute(f"INSERT INTO {table} {kept}".encode())


def saved(table: str) -> str:
    return f"saved_{table}".replace('"', "")


def _columns(superuser: Superuser, table: str) -> str:
    row = superuser.execute(
        "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'",
        (table.strip('"'),),
    ).fetchone()
    assert row is not None
    return str(row[0])


def found_in(sealing: Any) -> set[tuple[str, str]]:
    """Code and subject of each finding in rows; the stored bytes are not read."""
    return {(finding.code, finding.subject) for finding in found_in_rows(sealing.archive)}


def found_in_rows(archive: Archive) -> tuple[Finding, ...]:
    """That the constraints are gone which stood in the way is found as well, and left out here."""
    return tuple(each for each in verify_archive(archive, 0).findings if each.code != "guard_missing")


def assert_each_is_named(
    archive: Archive, superuser: Superuser, tables: Sequence[str], tampered: Sequence[tuple[str, str]]
) -> None:
    """Each statement, tried alone, is found: by that code, or in the fact of that name. The tables are put back."""
    found = found_in_rows(archive)
    assert found == (), found
    for table in tables:
        set_aside(superuser, table)
    for statement, named in some_of(tampered, one_in=4):
        superuser.execute(statement.encode())
        superuser.commit()
        findings = found_in_rows(archive)
        assert any(named in (each.code, each.subject.rpartition(": ")[2]) for each in findings), (statement, findings)
        for table in tables:
            put_back(superuser, table)
        superuser.commit()
    found = found_in_rows(archive)
    assert found == (), found
