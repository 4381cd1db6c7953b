"""What stations say of themselves, and when their silence or their clock is worth an alert."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ingest.stations.overview import last_seen
from integrity.canonical import Json
from integrity.fields import format_instant
from storage.catalog.stations import StationReport, StationState
from storage.ledger.append import Actor, Change, record_change

HISTORY_EVERY = timedelta(minutes=10)
# A station's word can change every minute; an alert and its end are entries, and entries stay.
SHORTEST_CLOCK_ALERT = timedelta(hours=1)
_HOUSEKEEPING = Actor.system("housekeeping")


@dataclass(frozen=True)
class Report:
    """A station's own word. `clock_offset_seconds` is station minus server, None while that is not measured yet."""

    agent_version: str
    free_bytes: int
    waiting_files: int
    reported_at: datetime
    clock_offset_seconds: float | None = None
    clock_uncertainty_seconds: float | None = None


def take_report(
    session: Session,
    station_id: uuid.UUID,
    unit_id: uuid.UUID,
    report: Report,
    now: datetime,
    allowed_offset: timedelta,
) -> None:
    """Keep it as the latest state, and every ten minutes in the history. An alert it begins or ends is an entry."""
    said = asdict(report)
    row = insert(StationState).values(station_id=station_id, unit_id=unit_id, seen_at=now, **said)
    session.execute(row.on_conflict_do_update(index_elements=["station_id"], set_={"seen_at": now, **said}))
    state = session.get_one(StationState, station_id, populate_existing=True)
    if state.silent_since is not None:
        _end_silence(session, state, now)
    _judge_clock(session, state, now, allowed_offset)
    lately = (StationReport.station_id == station_id, StationReport.received_at > now - HISTORY_EVERY)
    if session.scalar(select(StationReport.id).where(*lately).limit(1)) is None:
        session.add(StationReport(station_id=station_id, unit_id=unit_id, received_at=now, **said))


def judge_silence(session: Session, now: datetime, silent_after: timedelta) -> int:
    """Raise an alert for each station that said nothing for so long, end those of stations heard again; how many."""
    seen = last_seen().subquery()
    is_silent, was_silent = seen.c.seen_at < now - silent_after, StationState.silent_since.is_not(None)
    changed = session.execute(
        select(seen)
        .outerjoin(StationState, StationState.station_id == seen.c.station_id)
        .where(is_silent != was_silent)
    ).all()
    for row in changed:
        session.execute(
            insert(StationState).values(station_id=row.station_id, unit_id=row.unit_id).on_conflict_do_nothing()
        )
        state = session.get_one(StationState, row.station_id, with_for_update=True, populate_existing=True)
        if state.silent_since is not None:
            _end_silence(session, state, now)
        elif state.seen_at is None or state.seen_at <= row.seen_at:
            state.silent_since = row.seen_at
            _record(session, state, "station.silent", {"since": format_instant(row.seen_at)})
    return len(changed)


def forget_old_reports(session: Session, before: datetime) -> int:
    """Drop the history before an instant; how many rows that were. The latest state stays."""
    old = delete(StationReport).where(StationReport.received_at < before)
    return len(session.scalars(old.returning(StationReport.id)).all())


def _end_silence(session: Session, state: StationState, now: datetime) -> None:
    since = state.silent_since
    assert since is not None
    state.silent_since = None
    seconds = int((now - since).total_seconds())
    _record(session, state, "station.heard_again", {"since": format_instant(since), "silent_seconds": seconds})


def _judge_clock(session: Session, state: StationState, now: datetime, allowed_offset: timedelta) -> None:
    """Off when it is so for certain, right again when it is so for certain; what lies between changes nothing."""
    if state.clock_offset_seconds is None:
        return
    offset, uncertainty = abs(state.clock_offset_seconds), state.clock_uncertainty_seconds or 0.0
    data: dict[str, Json] = {
        "offset_milliseconds": round(state.clock_offset_seconds * 1000),
        "uncertainty_milliseconds": round(uncertainty * 1000),
    }
    allowed_seconds = allowed_offset.total_seconds()
    if state.clock_off_since is None and offset - uncertainty > allowed_seconds:
        state.clock_off_since = now
        _record(session, state, "station.clock_off", data)
    elif (
        state.clock_off_since is not None
        and offset + uncertainty <= allowed_seconds
        and now - state.clock_off_since >= SHORTEST_CLOCK_ALERT
    ):
        state.clock_off_since = None
        _record(session, state, "station.clock_right", data)


def _record(session: Session, state: StationState, action: str, data: dict[str, Json]) -> None:
    session.flush()
    change = Change(action, "station", str(state.station_id), state.unit_id, data)
    record_change(session, _HOUSEKEEPING, change)
