"""Whose fault it is that a copy was not made: what is never tried again, and what was no attempt at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.media.errors import RenditionFailed
from ingest.media.stops import Blame, Stop
from ingest.media.tool_ended import is_the_machine_s
from ingest.rendering.blame import MOST_DEADLINES, blame_for
from ingest.rendering.errors import NoRoomToWork
from ingest.rendering.work_room import WorkRoom


def blame(room: WorkRoom, reason: str, deadlines: int = 0) -> Blame:
    return blame_for(RenditionFailed("redacted", reason, ""), deadlines, room)


def test_a_broken_limit_is_the_file_s_and_a_deadline_only_when_there_were_many(tmp_path: Path) -> None:
    room = WorkRoom(tmp_path, 0)
    for limit in ("processor", "stalled", "stdout", "output", "files", "file type"):
        assert blame(room, limit) == Blame.FILE
    assert blame(room, "deadline", MOST_DEADLINES - 1) == Blame.MACHINE
    assert blame(room, "deadline", MOST_DEADLINES) == Blame.FILE
    assert blame(room, "crashed") == Blame.UNKNOWN


def test_running_short_is_the_machine_s_while_its_disk_is_full_and_else_a_few_attempts_settle_it(
    tmp_path: Path,
) -> None:
    room, full = WorkRoom(tmp_path, 0), WorkRoom(tmp_path, 1 << 62)
    assert (blame(room, "room"), blame(room, Stop.RAN_SHORT)) == (Blame.MACHINE, Blame.UNKNOWN)
    for reason in ("room", Stop.RAN_SHORT):
        with pytest.raises(NoRoomToWork):
            blame(full, reason)


def test_each_word_says_whose_fault_it_is_and_no_two_of_what_it_says_contradict() -> None:
    for stop in Stop:
        assert stop.is_limit == (stop.blame == Blame.FILE)
        assert not (stop.is_limit and stop.is_machine)
        assert stop.is_machine or stop.blame != Blame.MACHINE
        assert is_the_machine_s(stop) == is_the_machine_s(str(stop)) == stop.is_machine
    assert [stop for stop in Stop if stop.is_machine] == [Stop.DEADLINE, Stop.ROOM, Stop.RAN_SHORT, Stop.KILLED]


@pytest.mark.parametrize("why", ["exit code 1", "signal 11", "not_media", "Deadline", ""])
def test_what_is_no_word_of_ours_is_nobodys_fault_yet(tmp_path: Path, why: str) -> None:
    assert not is_the_machine_s(why)
    assert blame(WorkRoom(tmp_path, 0), why) == Blame.UNKNOWN
