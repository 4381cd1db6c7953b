"""The act a recording is a segment of: its other segments, in their order, with the gaps between."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from api.http.schema.recordings import SegmentItem
from storage.catalog.recordings import Recording, RecordingSegment


@dataclass(frozen=True)
class Segments:
    """`before` and `after`: the recordings next to it; None at the ends."""

    items: list[SegmentItem]
    own: SegmentItem
    before: UUID | None
    after: UUID | None
    follows_damage: bool = False
    """The one before it is damaged: what was lost of that lies between them as well."""


def segment_items(session: Session, row: Recording) -> list[SegmentItem]:
    """Empty for a recording that stands alone, or that was not looked at yet."""
    own = aliased(RecordingSegment)
    statement = (
        select(RecordingSegment, Recording.started_at, Recording.duration_seconds, Recording.state_now)
        .join(own, own.first_recording_id == RecordingSegment.first_recording_id)
        .join(Recording, Recording.id == RecordingSegment.recording_id)
        .where(own.recording_id == row.id, own.segment_count > 1)
        .order_by(RecordingSegment.ordinal)
    )
    return [
        SegmentItem(
            recording_id=segment.recording_id,
            ordinal=segment.ordinal,
            segment_count=segment.segment_count,
            gap_seconds=segment.gap_seconds,
            basis=segment.basis,
            started_at=started_at,
            duration_seconds=duration,
            media_state=state,
        )
        for segment, started_at, duration, state in session.execute(statement)
    ]


def segments_of(session: Session, row: Recording) -> Segments | None:
    items = segment_items(session, row)
    at = next((n for n, item in enumerate(items) if item.recording_id == row.id), None)
    if at is None:
        return None
    before = items[at - 1].recording_id if at > 0 else None
    after = items[at + 1].recording_id if at + 1 < len(items) else None
    follows_damage = at > 0 and items[at - 1].media_state == "damaged"
    return Segments(items, items[at], before, after, follows_damage)
