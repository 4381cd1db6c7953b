"""The write-ahead log on top of a base backup, up to its end or to an instant: PostgreSQL's own recovery."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from api.engines.folders import socket_folder
from api.engines.postgres import EmbeddedPostgres
from api.errors import StartFailed
from api.wal.errors import WalDamaged
from api.wal.lsn import before_header, format_lsn, parse_lsn, segment_name
from api.wal.stored import StoredLog

# Days of log may lie on top of a backup.
_WITHIN_SECONDS = 86_400.0
_NOT_REACHED = "recovery ended before configured recovery target was reached"
_REACHED = "SELECT pg_last_wal_replay_lsn()::text, pg_last_xact_replay_timestamp()"


@dataclass(frozen=True)
class Replayed:
    """`last`: when the last transaction that is in it ended; None where the log has none."""

    lsn: int
    last: datetime | None


def replay(cluster: Path, secrets: Path, log: StoredLog, at: datetime | None) -> Replayed:
    """Bring the base backup in `cluster` forward, and end its server again.

    What was committed up to and with `at` is in it; where the log has nothing later, all of it. Raises WalDamaged, and
    StartFailed where PostgreSQL says no.
    """
    source = cluster.parent / "wal-in"
    log.put_in(source)
    try:
        try:
            found = _recover(cluster, secrets, source, at)
        except StartFailed as error:
            if at is None or not any(_NOT_REACHED in line for line in error.detail):
                raise
            # Nothing in the log is later than the instant, up to which it goes all the same.
            at, found = None, _recover(cluster, secrets, source, None)
    finally:
        shutil.rmtree(source)
    if at is None and before_header(found.lsn) < before_header(log.shipped.lsn):
        raise WalDamaged(_where(log, found.lsn), found.last)
    return found


def _recover(cluster: Path, secrets: Path, source: Path, at: datetime | None) -> Replayed:
    (cluster / "recovery.signal").touch(0o600)
    folder = shlex.quote(str(source)).replace("%", "%%")
    options = {
        "restore_command": f"/bin/cp -L -- {folder}/%f %p",
        "recovery_target_timeline": "current",
        "recovery_target_action": "promote",
        # Whoever gets an answer gets it of the whole.
        "hot_standby": "off",
    }
    if at is not None:
        options["recovery_target_time"] = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00"
    postgres = EmbeddedPostgres(cluster, secrets, log_path=cluster.parent / "log" / "postgres.log", options=options)
    try:
        postgres.start(_WITHIN_SECONDS)
        with psycopg.connect(postgres.superuser_url(), options="-c timezone=UTC") as session:
            row = session.execute(_REACHED).fetchone()
        assert row is not None
        return Replayed(parse_lsn(row[0]), row[1])
    finally:
        postgres.stop()
        shutil.rmtree(socket_folder(cluster.parent), ignore_errors=True)


def _where(log: StoredLog, lsn: int) -> str:
    if log.missing is not None:
        return str(log.folder / segment_name(log.base.timeline, log.missing))
    return f"{log.folder} {format_lsn(lsn)}"
