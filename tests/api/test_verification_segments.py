"""Which recordings are one act is stated in the ledger: whoever regroups them in the database is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.tasks.housekeeping import group_all_segments
from api.verification import verify_archive
from ingest.media.findings import Stream
from storage.catalog.recordings import Recording
from tests.api.tampering import Superuser, as_superuser, changed, found_in

LOCAL_START = datetime(2026, 3, 4, 9, 30)
SECONDS = 60.0


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[Superuser]:
    with as_superuser(server, addresses) as connection:
        yield connection


def seal(sealing: Any, after: float) -> Recording:
    """A minute of sound, as the tools would say; its bytes are none."""
    name = f"AB00001_000123_{LOCAL_START + timedelta(seconds=after):%Y%m%d%H%M%S}.MP4"
    probed = sealing.custody.probe

    def film(path: Any) -> Any:
        return replace(probed(path), state="opens", streams=(Stream(0, "audio", "aac"),), duration_seconds=SECONDS)

    sealing.custody = replace(sealing.custody, probe=film)
    try:
        recording: Recording = sealing.seal(f"film of {after}".encode(), name)
    finally:
        sealing.custody = replace(sealing.custody, probe=probed)
    return recording


@pytest.fixture
def act(sealing: Any) -> list[Recording]:
    """Three of one act, of which the first came late, and one that stands alone."""
    recordings = [seal(sealing, after) for after in (60, 120, 7200)]
    group_all_segments(sealing.archive)
    first = seal(sealing, 0)
    group_all_segments(sealing.archive)
    sealing.settle()
    return [first, *recordings]


def test_acts_are_entered_whole_and_what_stands_alone_is_not(sealing: Any, act: list[Recording]) -> None:
    assert found_in(sealing) == set()
    assert verify_archive(sealing.archive, 0).counts["segments"] == 4
    assert sealing.entries("recording.segments_placed") == 2


def test_whoever_regroups_recordings_is_found(sealing: Any, act: list[Recording], superuser: Superuser) -> None:
    first, second, third, lone = (row.id for row in act)
    of_act, of_lone = f"recording_segment of the act {first}", f"recording_segment of the act {lone}"
    alone = "first_recording_id = recording_id, ordinal = 1, segment_count = 1, gap_seconds = NULL, basis = 'alone'"
    for change, named in (
        (f"SET gap_seconds = gap_seconds + 1 WHERE recording_id = '{third}'", {f"{of_act}: segments"}),
        ("SET ordinal = 4 - ordinal WHERE segment_count = 3", {f"{of_act}: segments"}),
        (f"SET basis = 'gps' WHERE recording_id = '{second}'", {f"{of_act}: segments"}),
        (f"SET unit_id = gen_random_uuid() WHERE recording_id = '{second}'", {f"{of_act}: unit_id"}),
        (f"SET {alone} WHERE recording_id = '{third}'", {f"{of_act}: segments", f"{of_act}: count"}),
    ):
        with changed(superuser, "recording_segment", f"UPDATE recording_segment {change}"):
            assert found_in(sealing) == {("row_differs", each) for each in named}, change
    with changed(superuser, "recording_segment", f"UPDATE recording_segment SET {alone}"):
        assert {("row_differs", f"{of_act}: count"), ("row_differs", f"{of_act}: segments")} <= found_in(sealing)
    joined = f"SET first_recording_id = '{lone}', ordinal = 2, segment_count = 2 WHERE recording_id = '{third}'"
    with changed(superuser, "recording_segment", f"UPDATE recording_segment {joined}"):
        assert ("row_unaccounted", of_lone) in found_in(sealing)
    with changed(superuser, "recording_segment", f"DELETE FROM recording_segment WHERE recording_id = '{third}'"):
        assert {each for _, each in found_in(sealing)} == {f"{of_act}: segments", f"{of_act}: count"}
    with changed(superuser, "recording_segment", "DELETE FROM recording_segment"):
        assert ("logged_row_missing", f"recording_segment {first}") in found_in(sealing)
    assert found_in(sealing) == set()
