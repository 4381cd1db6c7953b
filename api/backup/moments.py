"""When the latest backup was made: whoever made it tells the database, and every host says it (`/metrics`, `/readyz`).

The process that makes one is gone by then, with the data folder that its container had.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.backup.errors import BackupLate
from api.backup.latest import noted_backup
from storage.catalog.backups import BackupMoment


def note_moment(session: Session, begun_at: datetime) -> None:
    """A backup that was begun then is whole and verified."""
    session.execute(insert(BackupMoment).values(begun_at=begun_at).on_conflict_do_nothing())


def latest_backup(session: Session, data: Path) -> datetime | None:
    """None where there never was one, or nobody can say."""
    # Earlier releases noted it in the data folder alone.
    known = session.scalar(select(func.max(BackupMoment.begun_at))), noted_backup(data)
    return max((each for each in known if each is not None), default=None)


def require_recent_backup(session: Session, data: Path, days: int, now: datetime | None = None) -> None:
    """Raises BackupLate where the latest is older than `days`, or there is none."""
    latest = latest_backup(session, data)
    if latest is None or (now or datetime.now(UTC)) - latest > timedelta(days=days):
        raise BackupLate(days)
