"""When and where a recording says it was made: each clock apart, and its tracks."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.http.schema.recordings import ClockItem, PositionTrackItem
from ingest.metadata.claims import claims_of_row
from ingest.metadata.times import ClockWord, assess_times
from ingest.metadata.track_facts import COLUMNS
from storage.catalog.recordings import PositionTrack, Recording


def clocks_of(row: Recording) -> tuple[ClockWord, ...]:
    """Every clock's word, as it was claimed at sealing."""
    return assess_times(claims_of_row(row.claims), row.received_at, row.duration_seconds).words


def clock_items(row: Recording) -> list[ClockItem]:
    """`offset_seconds` is against the best estimate that was signed; null where there is none."""
    return [
        ClockItem(
            role=word.role,
            time=word.time,
            source=word.source,
            uncertainty_seconds=word.uncertainty_seconds,
            offset_seconds=None if row.started_at is None else word.offset_from(row.started_at),
            notes=list(word.notes),
        )
        for word in clocks_of(row)
    ]


def tracks_of(session: Session, row: Recording) -> tuple[PositionTrack, ...]:
    """Its own tracks, then those of sidecars."""
    own_first = (PositionTrack.read_from != PositionTrack.recording_id, PositionTrack.source)
    return tuple(
        session.scalars(select(PositionTrack).where(PositionTrack.recording_id == row.id).order_by(*own_first))
    )


def track_items(session: Session, row: Recording) -> list[PositionTrackItem]:
    return [
        PositionTrackItem(
            source=track.source,
            read_from=track.read_from,
            point_count=track.point_count,
            sha256=track.sha256.hex(),
            columns=list(COLUMNS),
            points=track.points,
        )
        for track in tracks_of(session, row)
    ]
