"""What the owner of the database can do: every guard off, a row changed, and put back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from api.archive import Archive
from api.verification import verify_archive
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
    saved = f"saved_{table}".replace('"', "")
    superuser.execute(f"CREATE TEMP TABLE {saved} AS SELECT * FROM {table}".encode())
    superuser.execute(change.encode())
    try:
        yield
    finally:
        superuser.execute(f"DELETE FROM {table}".encode())
        superuser.execute(f"INSERT INTO {table} SELECT * FROM {saved}".encode())
        superuser.execute(f"DROP TABLE {saved}".encode())


def found_in(sealing: Any) -> set[tuple[str, str]]:
    """Code and subject of each finding; the stored bytes are not read."""
    return {(finding.code, finding.subject) for finding in verify_archive(sealing.archive, 0).findings}


def assert_each_is_named(
    archive: Archive, superuser: Superuser, tables: Sequence[str], tampered: Sequence[tuple[str, str]]
) -> None:
    """Each statement, tried alone, is found: by that code, or in the fact of that name. The tables are put back."""
    assert verify_archive(archive, 0).findings == ()
    for table in tables:
        superuser.execute(f"CREATE TEMP TABLE saved_{table} AS SELECT * FROM {table}".encode())
    for statement, named in some_of(tampered, one_in=4):
        superuser.execute(statement.encode())
        superuser.commit()
        findings = verify_archive(archive, 0).findings
        assert any(named in (each.code, each.subject.rpartition(": ")[2]) for each in findings), (statement, findings)
        for table in tables:
            superuser.execute(f"DELETE FROM {table}".encode())
            superuser.execute(f"INSERT INTO {table} SELECT * FROM saved_{table}".encode())
        superuser.commit()
    assert verify_archive(archive, 0).findings == ()
