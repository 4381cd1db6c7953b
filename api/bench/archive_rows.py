"""A district's archive of some years, as rows in a fresh database: archive_rows.sql, step by step.

A million recordings with what belongs to them: some minutes and six gigabytes. They are rows alone: no footage lies
behind them, manifests and time stamps are shorter than real ones, and `liuhen verify` would find nothing of it true.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

STEPS: Final = Path(__file__).with_suffix(".sql")
_LARGE: Final = ("ledger_entry", "recording", "recording_judgement", "whole_decoding", "rendition", "case_link")
"""Their indexes are made once all rows are there: sorted, in a third of the time."""


@dataclass(frozen=True)
class ArchiveSize:
    """`seed`: the same one makes the same archive on the same day."""

    recordings: int = 1_000_000
    cases: int = 100_000
    seed: int = 1


def fill_archive(superuser_url: str, size: ArchiveSize, now: datetime) -> None:
    """Fill a database that holds the shipped rules and no unit. Raises psycopg's errors; then nothing was filled."""
    with psycopg.connect(superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
        connection.execute("SET LOCAL work_mem = '256MB'")
        connection.execute("SET LOCAL timezone = 'UTC'")
        for name, value in (*vars(size).items(), ("today", now.isoformat())):
            connection.execute("SELECT set_config(%s, %s, TRUE)", (f"bench.{name}", str(value)))
        indexes = _drop_indexes(connection)
        for step in steps():
            connection.execute(step.encode())
        for definition in indexes:
            connection.execute(definition.encode())
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        # What an archive of years has had from autovacuum: statistics, and a visibility map.
        connection.execute("VACUUM ANALYZE")


def steps() -> Iterator[str]:
    """The statements of each step, in order."""
    _, *parts = STEPS.read_text("utf-8").split("-- step: ")
    for part in parts:
        yield part.partition("\n")[2]


def broken_references(superuser_url: str) -> list[str]:
    """Foreign keys that some row breaks: none, or the generator is wrong."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        keys = connection.execute(
            "SELECT conname, conrelid::regclass::text, confrelid::regclass::text,"
            " (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]),"
            " (SELECT attname FROM pg_attribute WHERE attrelid = confrelid AND attnum = confkey[1])"
            " FROM pg_constraint WHERE contype = 'f' AND array_length(conkey, 1) = 1"
        ).fetchall()
        return [name for name, *ends in keys if _is_broken(connection, *ends)]


def _is_broken(
    connection: psycopg.Connection[tuple[object, ...]], table: str, other: str, column: str, key: str
) -> bool:
    statement = sql.SQL(
        "SELECT EXISTS (SELECT FROM {table} t WHERE t.{column} IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM {other} o WHERE o.{key} = t.{column}))"
    ).format(
        # regclass has already put the quotation marks where they are needed
        table=sql.SQL(table),
        other=sql.SQL(other),
        column=sql.Identifier(column),
        key=sql.Identifier(key),
    )
    row = connection.execute(statement).fetchone()
    return row is not None and bool(row[0])


def _drop_indexes(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """Of the large tables, but for those that hold a constraint. How each is made again."""
    found = connection.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " WHERE i.indrelid = ANY (%s::regclass[])"
        " AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        (list(_LARGE),),
    ).fetchall()
    for name, _ in found:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.SQL(str(name))))
    return [str(definition) for _, definition in found]
