"""Whole films of the same recorder, which tell a decoder what a film without its index no longer says."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from storage.catalog.recordings import MediaJob, Recording

# Each is decrypted whole for a look at its index, so few are tried, and none that is very large.
MOST_TRIED = 2
MOST_BYTES = 8 << 30
CODECS = ("h264", "hevc")


def list_references(session: Session, recording: Recording, limit: int = 20) -> Sequence[Recording]:
    """What a person may choose from: whole MP4 films of the unit, the same recorder's first, then by nearness."""
    apart = func.abs(func.extract("epoch", Recording.received_at - recording.received_at))
    same = Recording.device.is_not_distinct_from(recording.device)
    statement = select(Recording).where(is_reference(recording)).order_by(same.desc(), apart, Recording.id).limit(limit)
    return session.scalars(statement).all()


def is_reference(recording: Recording) -> ColumnElement[bool]:
    streams = Recording.findings["streams"]
    filmed = or_(*(streams.contains([{"kind": "video", "codec": codec}]) for codec in CODECS))
    return and_(
        Recording.unit_id == recording.unit_id,
        Recording.id != recording.id,
        Recording.state_now.in_(("intact", "opens")),
        Recording.size_bytes <= MOST_BYTES,
        Recording.findings["container"].astext.startswith("mov,"),
        filmed,
    )


def references_for(session: Session, recording_id: uuid.UUID) -> Sequence[Recording]:
    """The one a person chose; else those of the same recorder that lie nearest in time."""
    recording = session.get_one(Recording, recording_id)
    chosen = session.scalar(
        select(MediaJob.reference_id).where(MediaJob.recording_id == recording_id, MediaJob.kind == "recovery")
    )
    if chosen is not None:
        return [session.get_one(Recording, chosen)]
    if recording.device is None:
        return []
    nearest = list_references(session, recording, MOST_TRIED)
    return [row for row in nearest if row.device == recording.device]
