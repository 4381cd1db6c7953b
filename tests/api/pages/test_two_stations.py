"""Two stations of one unit upload files that are called alike: which are one act, through custody to the page."""

from __future__ import annotations

import os
from typing import Any

import pytest

from casework.register.devices import add_device
from ingest.metadata.segments import group_segments
from storage.catalog.recordings import RecordingSegment
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
# The films of the district are 61.5 s long.
FIRST, SECOND = "093000", "093101"


def seal_at_both(district: Any, name: str) -> tuple[Any, Any]:
    """One file at each of two stations, the second right after the first by the clock in its name."""
    stations = [district.served.station(district.unit) for _ in range(2)]
    names = (name.format(clock) for clock in (FIRST, SECOND))
    here, there = (
        district.served.seal(station, os.urandom(700), called) for station, called in zip(stations, names, strict=True)
    )
    return here, there


def acts_of(district: Any, *recordings: Any) -> list[tuple[Any, int]]:
    with district.served.database.transaction() as session:
        group_segments(session, 5, 1000)
    with district.served.database.reading() as session:
        rows = [session.get_one(RecordingSegment, recording.id) for recording in recordings]
        return [(row.first_recording_id, row.segment_count) for row in rows]


@pytest.mark.parametrize("word", ["CAM1", "REC0001", "1080P", "110102"])
def test_channels_of_two_stations_are_no_device_and_no_act(district: Any, word: str) -> None:
    here, there = seal_at_both(district, f"{word}_20260310_{{}}.mp4")
    assert (here.device, there.device) == (None, None)
    assert here.started_at_source == "name:device-day-clock"
    assert acts_of(district, here, there) == [(here.id, 1), (there.id, 1)]
    page = district.page("auditor", f"/recordings/{here.id}").text
    assert word in page
    assert "文件名开头不是设备编号" in page


def test_a_device_that_only_names_say_is_not_the_same_at_another_station(district: Any) -> None:
    here, there = seal_at_both(district, "DSJ00042_20260311_{}.mp4")
    assert (here.device, there.device) == ("DSJ00042", "DSJ00042")
    assert acts_of(district, here, there) == [(here.id, 1), (there.id, 1)]


@pytest.mark.parametrize("code", ["DSJ00043", "CAM7"])
def test_a_device_of_the_register_is_the_same_at_every_station(district: Any, code: str) -> None:
    with district.served.database.transaction() as session:
        add_device(session, OPERATOR, unit_id=district.unit.id, code=code)
    here, there = seal_at_both(district, f"{code}_20260312_{{}}.mp4")
    assert (here.device, there.device) == (code, code)
    assert acts_of(district, here, there) == [(here.id, 2), (here.id, 2)]


def test_running_numbers_of_one_card_are_one_act(district: Any) -> None:
    station, group = district.served.station(district.unit), "d" * 32
    files = (f"REC0001_20260313_{FIRST}_IMP.mp4", f"REC0002_20260313_{SECOND}.mp4")
    first, second = (district.served.seal(station, os.urandom(700), name, group=group) for name in files)
    assert acts_of(district, first, second) == [(first.id, 2), (first.id, 2)]


def test_key_evidence_has_the_identity_of_what_is_beside_it(district: Any) -> None:
    station = district.served.station(district.unit)
    files = (f"AB00055_000123_20260314{FIRST}.MP4", f"IMP_AB00055_000123_20260314{SECOND}.MP4")
    first, marked = (district.served.seal(station, os.urandom(700), name, marked="1") for name in files)
    assert (marked.device, marked.officer, marked.started_at_source) == ("AB00055", "000123", "name:ga/t-947")
    assert acts_of(district, first, marked) == [(first.id, 2), (first.id, 2)]
