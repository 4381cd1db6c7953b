"""Whether the archive can work, part by part, and what a person has to look at while it works all the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import text

from api.archive import Archive
from api.backup.moments import require_recent_backup
from api.wal.standing import require_shipped
from ingest.cold.standing import require_cold_place
from ingest.rendering.due import count_waiting_for_room
from ingest.rendering.errors import NoRoomToWork
from ingest.replica.standing import require_replicated
from ingest.scrub.standing import require_all_whole, require_looked_at
from ingest.uploads.unknown import require_all_known
from storage.ledger.own_store import require_own_store
from storage.migrations.revision import require_schema

OK: Final = "ok"
UNKNOWN: Final = "unknown"
"""Of what is not asked while the archive cannot work."""


@dataclass(frozen=True)
class Readiness:
    """`checks`: by name `ok`, `unknown`, or the class of what went wrong: whoever asks is not signed in."""

    ready: bool
    checks: Mapping[str, str]


def judge_readiness(archive: Archive) -> Readiness:
    checks = {name: _outcome(check, archive) for name, check in CHECKS.items()}
    ready = all(outcome == OK for outcome in checks.values())
    asked = _notices(archive)
    notices = {name: _outcome(check, archive) if ready else UNKNOWN for name, check in asked.items()}
    return Readiness(ready, checks | notices)


def _outcome(check: Callable[[Archive], None], archive: Archive) -> str:
    try:
        check(archive)
    except Exception as error:
        return type(error).__name__
    return OK


def _ask_database(archive: Archive) -> None:
    """Raises SchemaBehind where nobody has brought it to this release yet: what is asked for may not be there."""
    with archive.database.reading() as session:
        require_schema(session)
        session.execute(text("SELECT 1 FROM unit LIMIT 1"))


def _ask_store(archive: Archive) -> None:
    """That it answers is not enough: so does the folder beneath a disk that is not mounted."""
    archive.tried_store.require_working()
    require_own_store(archive.database, archive.store)


def _ask_keys(archive: Archive) -> None:
    archive.key_store.require_usable()
    archive.keyring.public_key("receipt")


def _ask_copies(archive: Archive) -> None:
    """Raises NoRoomToWork while copies wait for room. Recordings are received and sealed all the same."""
    with archive.database.reading() as session:
        if count_waiting_for_room(session):
            raise NoRoomToWork(0, 0, int(archive.settings.disk_reserve))


def _ask_staging(archive: Archive) -> None:
    """Raises StagedBytesUnknown while files are staged that the catalog does not know. All else goes on."""
    require_all_known(archive.staging_folder)


def _ask_objects(archive: Archive) -> None:
    """Raises ObjectsDamaged while stored objects are not what was sealed. What is whole is served all the same."""
    with archive.database.reading() as session:
        require_all_whole(session)


def _ask_scrub(archive: Archive) -> None:
    """Raises ScrubBehind where stored objects were not looked at for two rounds."""
    with archive.database.reading() as session:
        require_looked_at(session, archive.settings.scrub_days, datetime.now(UTC))


def _ask_replica(archive: Archive) -> None:
    """Raises ReplicaFailing, ReplicaDamaged, ReplicaBehind, by what the worker that copies has recorded: nothing is
    asked of the replica itself, which may take its time where it is away."""
    settings = archive.settings
    with archive.database.reading() as session:
        require_replicated(session, settings.replica_place or "", settings.replica_behind_hours, datetime.now(UTC))


def _ask_cold(archive: Archive) -> None:
    """Raises ColdFailing, RecallsLate, by what the worker that moves originals has recorded."""
    with archive.database.reading() as session:
        require_cold_place(session, archive.settings.cold_place or "", datetime.now(UTC))


def _ask_backup(archive: Archive) -> None:
    """Raises BackupLate."""
    with archive.database.reading() as session:
        require_recent_backup(session, archive.settings.data, archive.settings.backup_days or 1)


def _ask_wal(archive: Archive) -> None:
    """Raises what keeps the write-ahead log from being shipped, by what the process that ships it has recorded."""
    require_shipped(archive.settings.data, archive.settings.wal_seconds)


def _notices(archive: Archive) -> dict[str, Callable[[Archive], None]]:
    """Those that the settings ask for."""
    settings = archive.settings
    return {
        **NOTICES,
        **({} if settings.replica_place is None else {"replica": _ask_replica}),
        **({} if settings.cold_place is None else {"cold": _ask_cold}),
        **({} if settings.backup_days is None else {"backup": _ask_backup}),
        **({} if settings.wal_folder is None else {"wal": _ask_wal}),
    }


CHECKS: dict[str, Callable[[Archive], None]] = {"database": _ask_database, "store": _ask_store, "keys": _ask_keys}
NOTICES: dict[str, Callable[[Archive], None]] = {
    "copies": _ask_copies,
    "staging": _ask_staging,
    "objects": _ask_objects,
    "scrub": _ask_scrub,
}
"""What a person has to look at, while the archive works all the same."""
