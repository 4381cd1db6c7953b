"""Whether a room was in use: from when it was entered as such until it was closed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects.postgresql import Range

from casework.rooms.errors import RoomClosed, RoomNotYet
from storage.catalog.rooms import Room


def refuse_out_of_use(room: Room, span: Range[datetime]) -> None:
    """Raises RoomNotYet, RoomClosed."""
    assert span.lower is not None
    if span.lower < room.in_use_from:
        raise RoomNotYet(room.name, room.in_use_from)
    if room.closed_at is not None and (span.upper is None or span.upper > room.closed_at):
        raise RoomClosed(room.name, room.closed_at)
