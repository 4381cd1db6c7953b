"""One officer with a recorder, cases that name it, and what the linker makes of what it recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from casework.cases import assign
from storage.catalog.casework import LinkingDone
from tests.casework.linking.due import link_due_recordings

START = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def look(session: Session, recording: Any) -> str:
    """What the linker makes of it."""
    link_due_recordings(session, 100)
    return session.get_one(LinkingDone, recording.id, populate_existing=True).outcome


def assigned_case(
    session: Session,
    archive: Any,
    by: Any,
    /,
    *,
    starts_at: datetime = START,
    ends_at: datetime = START + HOUR,
    **who: Any,
) -> Any:
    case = archive.case(by)
    assign(session, by, case.id, starts_at=starts_at, ends_at=ends_at, **{"device": "AB00001"} | who)
    return case


def recorded(archive: Any, unit: Any, start: datetime | None = START, **values: Any) -> Any:
    return archive.recording(unit, started_at=start, **values)
