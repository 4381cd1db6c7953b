"""Who is to blame where a copy could not be made decides whether it is tried again: the file, or this machine."""

from __future__ import annotations

from ingest.media.errors import RenditionFailed
from ingest.media.stops import Blame, Stop
from ingest.rendering.work_room import WorkRoom

MOST_DEADLINES = 5
"""A tool that neither works nor ends is not waited for any longer, though the machine may have been the reason."""


def blame_for(error: RenditionFailed, deadlines: int, room: WorkRoom) -> Blame:
    """`deadlines`: how many it has missed before; what else it was put off for says nothing of it. Raises NoRoomToWork
    where the disk is full: that says it all."""
    stop = Stop.of(error.reason)
    if stop in (Stop.ROOM, Stop.RAN_SHORT):
        room.require(0)
    if stop is Stop.DEADLINE and deadlines >= MOST_DEADLINES:
        return Blame.FILE
    return Blame.UNKNOWN if stop is None else stop.blame
