"""Who is to blame where a copy could not be made decides whether it is tried again: the file, or this machine."""

from __future__ import annotations

from enum import StrEnum

from ingest.errors import RenditionFailed
from ingest.media.tool_ended import RAN_SHORT
from ingest.rendering.work_room import WorkRoom

# A file that breaks one of these is a bomb, or as good as one: it costs one limit, not three. A deadline is none of
# them: it passes on a busy machine whatever the file is.
LIMITS_BROKEN = ("processor", "stalled", "stdout", "output", "files", "file type")
MOST_DEADLINES = 10
"""A tool that neither works nor ends is not waited for any longer, though the machine may have been the reason."""


class Blame(StrEnum):
    """`FILE`: it is not tried again. `MACHINE`: it was no attempt. `UNKNOWN`: a few attempts settle it."""

    FILE = "file"
    MACHINE = "machine"
    UNKNOWN = "unknown"


def blame_for(error: RenditionFailed, deferrals: int, room: WorkRoom) -> Blame:
    """`deferrals`: how often it was put off before. Raises NoRoomToWork where the disk is full: that says it all."""
    if error.reason in ("room", RAN_SHORT):
        room.require(0)
    if error.reason in LIMITS_BROKEN or (error.reason == "deadline" and deferrals >= MOST_DEADLINES):
        return Blame.FILE
    return Blame.MACHINE if error.reason in ("deadline", "room") else Blame.UNKNOWN
