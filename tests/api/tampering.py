"""What the owner of the database can do: every guard off, a row changed, and put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from api.verification import verify_archive

Superuser = psycopg.Connection[Any]


@contextmanager
def as_superuser(server: Any, addresses: Any) -> Iterator[Superuser]:
    """Guards off, keys between tables off."""
    url = server.superuser_of(addresses)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


@contextmanager
def changed(superuser: Superuser, table: str, change: str) -> Iterator[None]:
    superuser.execute(f"CREATE TEMP TABLE saved AS SELECT * FROM {table}".encode())
    superuser.execute(change.encode())
    try:
        yield
    finally:
        superuser.execute(f"DELETE FROM {table}".encode())
        superuser.execute(f"INSERT INTO {table} SELECT * FROM saved".encode())
        superuser.execute("DROP TABLE saved")


def found_in(sealing: Any) -> set[tuple[str, str]]:
    """Code and subject of each finding; the stored bytes are not read."""
    return {(finding.code, finding.subject) for finding in verify_archive(sealing.archive, 0).findings}
