"""Whose fault it is that a copy was not made: what is never tried again, and what was no attempt at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import NoRoomToWork, RenditionFailed
from ingest.media.tool_ended import RAN_SHORT
from ingest.rendering.blame import LIMITS_BROKEN, MOST_DEADLINES, Blame, blame_for
from ingest.rendering.work_room import WorkRoom


def blame(room: WorkRoom, reason: str, deferrals: int = 0) -> Blame:
    return blame_for(RenditionFailed("redacted", reason, ""), deferrals, room)


def test_a_broken_limit_is_the_file_s_and_a_deadline_only_when_there_were_many(tmp_path: Path) -> None:
    room = WorkRoom(tmp_path, 0)
    assert {blame(room, reason) for reason in LIMITS_BROKEN} == {Blame.FILE}
    assert blame(room, "deadline", MOST_DEADLINES - 1) == Blame.MACHINE
    assert blame(room, "deadline", MOST_DEADLINES) == Blame.FILE
    assert blame(room, "crashed") == Blame.UNKNOWN


def test_running_short_is_the_machine_s_while_its_disk_is_full_and_else_a_few_attempts_settle_it(
    tmp_path: Path,
) -> None:
    room, full = WorkRoom(tmp_path, 0), WorkRoom(tmp_path, 1 << 62)
    assert (blame(room, "room"), blame(room, RAN_SHORT)) == (Blame.MACHINE, Blame.UNKNOWN)
    for reason in ("room", RAN_SHORT):
        with pytest.raises(NoRoomToWork):
            blame(full, reason)
