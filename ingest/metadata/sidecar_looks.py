"""Which logs beside recordings are to be looked at: what nobody looked at yet, and what a film has come to its station
since. Stations take turns: however many logs one of them uploads, another's are not kept waiting."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from storage.catalog.recordings import PositionTrack, Recording, SidecarLook
from storage.set_aside import ATTACHING, is_set_aside

SOURCES: Final = ("nmea", "gpx", "srt")
FILMS: Final = ("video", "audio", "still")
DOCKED_WITHIN: Final = timedelta(days=1)
MOST_OF_ONE_STATION: Final = 100
"""Logs looked at in one run."""
ON_THE_WAY: Final = timedelta(minutes=2)
"""A film may be sealed by its clock before a look, and be there to see only after it."""

Found = Row[Any]

COLUMNS: Final = (
    Recording.id,
    Recording.unit_id,
    Recording.station_id,
    Recording.device,
    Recording.original_name,
    Recording.received_at,
    Recording.duration_seconds,
    Recording.started_at,
    Recording.started_at_uncertainty_seconds,
    Recording.place_source,
    Recording.claims,
)


def find_waiting(session: Session, now: datetime, most: int) -> Sequence[Any]:
    """Logs of the last day that belong to nothing yet, and were never looked at, or not since a film came: each
    station's first before any's second, and of one station those that waited longest. None that were set aside."""
    return _fetch(session, find_due(now).where(~is_set_aside(ATTACHING, Recording.id)), most)


def find_waiting_still(session: Session, now: datetime, recording_id: uuid.UUID) -> Sequence[Any]:
    """This one, set aside or not; nothing where it waits no more."""
    return _fetch(session, find_due(now).where(Recording.id == recording_id), 1)


def _fetch(session: Session, waiting: Select[Any], most: int) -> Sequence[Any]:
    due = waiting.subquery()
    first, last = PositionTrack.points[0].label("first"), PositionTrack.points[-1][0].label("last_ms")
    statement = (
        select(*COLUMNS, PositionTrack.source, PositionTrack.id.label("track_id"), first, last)
        .join(due, due.c.id == Recording.id)
        .join(PositionTrack, PositionTrack.id == due.c.track_id)
        .where(due.c.turn <= MOST_OF_ONE_STATION)
        .order_by(due.c.turn, Recording.id)
        .limit(most)
    )
    return session.execute(statement).all()


def find_due(now: datetime) -> Select[Any]:
    """Each such log with its track, and its turn among its station's."""
    film, other = aliased(Recording), aliased(PositionTrack)
    attached = select(other.id).where(other.read_from == PositionTrack.read_from, other.recording_id != other.read_from)
    came = select(film.id).where(
        film.unit_id == Recording.unit_id,
        film.station_id == Recording.station_id,
        film.sealed_at > SidecarLook.looked_at - ON_THE_WAY,
        film.findings["kind"].astext.in_(FILMS),
    )
    waited = (SidecarLook.looked_at.asc().nulls_first(), Recording.received_at, Recording.id)
    turn = func.row_number().over(partition_by=(Recording.unit_id, Recording.station_id), order_by=waited)
    return (
        select(Recording.id, PositionTrack.id.label("track_id"), turn.label("turn"))
        .join(PositionTrack, PositionTrack.recording_id == Recording.id)
        .outerjoin(SidecarLook, SidecarLook.recording_id == Recording.id)
        .where(
            PositionTrack.read_from == PositionTrack.recording_id,
            PositionTrack.source.in_(SOURCES),
            PositionTrack.created_at > now - DOCKED_WITHIN,  # it was written after it was received; this has an index
            Recording.received_at > now - DOCKED_WITHIN,
            Recording.media_state == "unreadable",
            ~attached.exists(),
            or_(SidecarLook.recording_id.is_(None), came.exists()),
        )
    )


def note_looks(session: Session, logs: Iterable[Found], now: datetime) -> None:
    """No entry: it says nothing of a recording, and what is lost of it costs another look."""
    rows = [{"recording_id": log.id, "unit_id": log.unit_id, "looked_at": now} for log in logs]
    statement = insert(SidecarLook).values(rows)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["recording_id"], set_={"looked_at": statement.excluded.looked_at}
        )
    )
