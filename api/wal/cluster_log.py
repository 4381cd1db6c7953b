"""What the server knows of its write-ahead log, and keeps of it for a stream: a physical replication slot each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from api.wal.lsn import format_lsn, parse_lsn
from api.wal.place import SLOT_PREFIX

# In this order: whatever was committed by the instant ended below the position that is read after it.
_POSITION = """
    SELECT clock_timestamp(), pg_current_wal_insert_lsn()::text, pg_current_wal_flush_lsn()::text,
        pg_walfile_name(pg_current_wal_flush_lsn())
"""
_SLOTS = """
    SELECT slot_name, restart_lsn::text, wal_status FROM pg_replication_slots
    WHERE slot_type = 'physical' AND slot_name LIKE 'liuhen\\_%' ORDER BY slot_name
"""


@dataclass(frozen=True)
class Position:
    """`written` ends a record; up to `durable` the log is on the server's disk, and may end within one."""

    at: datetime
    written: int
    durable: int
    timeline: int


@dataclass(frozen=True)
class Slot:
    """`kept_from` None: the server gave its log up."""

    stream: str
    kept_from: int | None


class ClusterLog:
    """One connection, made again after it was lost. Raises psycopg.Error."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: psycopg.Connection[tuple[Any, ...]] | None = None

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def position(self) -> Position:
        row = self._ask(_POSITION)[0]
        return Position(row[0], parse_lsn(row[1]), parse_lsn(row[2]), int(str(row[3])[:8], 16))

    def slots(self) -> list[Slot]:
        return [
            Slot(name.removeprefix(SLOT_PREFIX), None if lsn is None or status == "lost" else parse_lsn(lsn))
            for name, lsn, status in self._ask(_SLOTS)
        ]

    def reserve(self, stream: str) -> int:
        """From now on the server keeps its log for it; where that begins."""
        row = self._ask("SELECT lsn::text FROM pg_create_physical_replication_slot(%s, true)", SLOT_PREFIX + stream)
        return parse_lsn(row[0][0])

    def release(self, stream: str, lsn: int) -> None:
        """What is before `lsn` it may remove."""
        self._ask("SELECT pg_replication_slot_advance(%s, %s::pg_lsn)", SLOT_PREFIX + stream, format_lsn(lsn))

    def let_go(self, stream: str) -> None:
        """Of all of it."""
        self._ask("SELECT pg_drop_replication_slot(%s)", SLOT_PREFIX + stream)

    def make_room(self) -> None:
        """A checkpoint: what nobody keeps any more is removed."""
        self._connected().execute("CHECKPOINT")

    def _ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connected().execute(statement, values or None).fetchall()

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._session is None or self._session.closed:
            options = "-c timezone=UTC -c statement_timeout=30s"
            self._session = psycopg.connect(self._url, autocommit=True, connect_timeout=5, options=options)
        return self._session
