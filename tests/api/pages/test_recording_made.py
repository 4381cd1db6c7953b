"""When and where a recording was made: what its page says, and what a program gets."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.metadata.points import Point
from ingest.metadata.positions import judge_track, track_as_facts
from ingest.metadata.segments import group_segments
from ingest.metadata.track_facts import COLUMNS

WAY = [Point(float(n), 31.23 + n * 1e-4, 121.47 + n * 2e-4, 4.0, 12.0, 3) for n in range(10)]
NO_FIX = [Point(10.0, 33.1, -117.3, 9540.0, fix=0)] * 3


@contextmanager
def looked_at(district: Any, **found: Any) -> Iterator[None]:
    before = district.served.findings
    district.served.findings = dataclasses.replace(before, **found)
    yield
    district.served.findings = before


@pytest.fixture(scope="module")
def walk(district: Any) -> Any:
    station = district.served.station(district.unit)
    contents = {"tracks": [track_as_facts(judge_track("gpmf", [*WAY, *NO_FIX]))]}
    tags = {"creation_time": "2026-03-09T09:00:42Z", "location": "+00.0000+000.0000/"}
    with looked_at(district, contents=contents, tags=tags):
        return district.served.seal(station, os.urandom(900), "AB00001_000123_20260309090000.MP4")


def test_the_page_shows_the_estimate_each_clock_and_the_way(district: Any, walk: Any) -> None:
    text = district.page("officer", f"/recordings/{walk.id}", "en").text
    assert "2026-03-09 09:00:00</time></strong> ±5 min" in text
    assert "name:ga/t-947" in text
    assert "8 h 42 s later" in text
    assert "written as UTC, and is local time" in text
    assert "31.23000, 121.47000" in text
    assert "<polyline points=" in text
    assert "GoPro telemetry, 10 points" in text
    assert "the receiver had no fix 3" in text
    chinese = district.page("officer", f"/recordings/{walk.id}").text
    assert "±5 分" in chinese
    assert "晚 8 小时 42 秒" in chinese
    shown = re.sub("<[^>]*>", "", chinese)
    assert [source for source in ("name:", "tag:", "track:", "exif:") if source in shown] == []


def test_what_was_not_believed_is_told_with_its_reason(district: Any) -> None:
    station = district.served.station(district.unit)
    tags = {"creation_time": "1970-01-01T00:00:00Z", "location": "<b>+00.0000+000.0000/"}
    with looked_at(district, tags=tags):
        row = district.served.seal(station, os.urandom(901), "x.mp4")
    text = district.page("auditor", f"/recordings/{row.id}", "en").text
    assert "Nobody can say; not later than it was received" in text
    assert "No believable position" in text
    assert "&lt;b&gt;+00.0000" in text
    assert "the device&#39;s clock was never set" in text


def test_satellites_a_round_of_weeks_back_are_told_with_their_reason_and_the_way_stays(district: Any) -> None:
    station = district.served.station(district.unit)
    begun = datetime.now(UTC) - timedelta(hours=2, weeks=1024)
    way = [point._replace(at=begun + timedelta(seconds=n)) for n, point in enumerate(WAY)]
    with looked_at(district, contents={"tracks": [track_as_facts(judge_track("gpmf", way))]}):
        row = district.served.seal(station, os.urandom(902), "x.mp4")
    text = district.page("auditor", f"/recordings/{row.id}").text
    assert "接收机周数翻转（1024 周），日期不可信" in text
    assert "31.23000, 121.47000" in text
    english = district.page("auditor", f"/recordings/{row.id}", "en").text
    assert "Nobody can say; not later than it was received" in english
    assert "its date cannot be believed" in english


def test_a_program_gets_the_points_and_the_clocks(district: Any, walk: Any) -> None:
    officer = district.people["officer"]
    (track,) = officer.get(f"/api/v1/recordings/{walk.id}/positions").json()["tracks"]
    assert (track["source"], track["read_from"], track["point_count"]) == ("gpmf", str(walk.id), 10)
    assert track["columns"] == list(COLUMNS)
    assert track["points"][1] == [1000, 312301000, 1214702000, 400, 1200, 3]
    detail = officer.get(f"/api/v1/recordings/{walk.id}").json()
    assert (detail["latitude"], detail["longitude"], detail["place_source"]) == (31.23, 121.47, "track:gpmf")
    assert (detail["started_at_source"], detail["started_at_uncertainty_seconds"]) == ("name:ga/t-947", 300.0)
    assert {clock["source"]: clock["offset_seconds"] for clock in detail["clocks"]} == {
        "name:ga/t-947": 0.0,
        "tag:creation_time": 28_842.0,
    }


def test_positions_of_another_unit_are_refused(district: Any, walk: Any) -> None:
    stranger = district.served.signed_in(district.served.unit("邻区大队"), "supervisor")
    answer = stranger.get(f"/api/v1/recordings/{walk.id}/positions")
    assert answer.status_code == 403
    assert "312301000" not in answer.text


@pytest.fixture(scope="module")
def act(district: Any) -> list[Any]:
    """Three segments of 61.5 s: the second right after the first, the third three seconds and a half later."""
    station, names = district.served.station(district.unit), ("100000", "100101", "100206")
    clips = [district.served.seal(station, os.urandom(800), f"AB00077_000123_20260309{name}.MP4") for name in names]
    with district.served.database.transaction() as session:
        group_segments(session, 5, 1000)
    return clips


def test_the_page_of_a_segment_leads_to_the_ones_beside_it(district: Any, act: list[Any]) -> None:
    first, second, third = (district.page("officer", f"/recordings/{clip.id}").text for clip in act)
    assert "第 1 段，共 3 段" in first
    assert "上一段" not in first
    assert f'href="/recordings/{act[1].id}" rel="next"' in first
    assert "第 2 段，共 3 段</strong> 紧接上一段（相差 0.5 秒）" in second
    assert f'href="/recordings/{act[0].id}" rel="prev"' in second
    assert "第 3 段，共 3 段</strong> 与上一段相隔 3.5 秒" in third
    english = district.page("officer", f"/recordings/{act[2].id}", "en").text
    assert "Segment 3 of 3</strong> 3.5 s after the one before" in english
    assert "Recorded on end by one device. By: File name" in english


def test_a_recording_that_stands_alone_says_nothing_of_segments(district: Any, walk: Any, act: list[Any]) -> None:
    assert "分段" not in district.page("officer", f"/recordings/{walk.id}").text


def test_a_program_gets_the_segments_of_an_act_with_the_gaps(district: Any, act: list[Any], walk: Any) -> None:
    officer = district.people["officer"]
    segments = officer.get(f"/api/v1/recordings/{act[1].id}").json()["segments"]
    assert [segment["recording_id"] for segment in segments] == [str(clip.id) for clip in act]
    assert [segment["gap_seconds"] for segment in segments] == [None, -0.5, 3.5]
    assert {segment["basis"] for segment in segments} == {"name"}
    assert officer.get(f"/api/v1/recordings/{walk.id}").json()["segments"] == []


def test_what_a_damaged_segment_lost_is_told_beside_the_gap_to_it(district: Any, act: list[Any]) -> None:
    district.turns_out_damaged(act[1].id)
    third = district.page("officer", f"/recordings/{act[2].id}").text
    assert "与上一段相隔 3.5 秒（上一段已损坏，损失的部分未计入间隔）" in third
    assert "上一段已损坏" not in district.page("officer", f"/recordings/{act[1].id}").text
    segments = district.people["officer"].get(f"/api/v1/recordings/{act[2].id}").json()["segments"]
    assert [segment["media_state"] for segment in segments] == ["opens", "damaged", "opens"]


def test_a_log_of_positions_is_called_one_and_not_something_else_that_cannot_be_read(district: Any) -> None:
    contents = {"tracks": [track_as_facts(judge_track("gpx", WAY))]}
    with looked_at(district, contents=contents, streams=(), state="unreadable", duration_seconds=None):
        row = district.served.seal(district.served.station(district.unit), os.urandom(907), "walk.gpx")
    page = district.page("officer", f"/recordings/{row.id}").text
    head = page.split("</h1>")[1].split('class="columns"', 1)[0]
    assert "位置轨迹文件" in head
    assert "无法读取" not in head
    assert "Position log" in district.page("officer", f"/recordings/{row.id}", "en").text
    (card,) = re.findall(
        r'<article class="card">(?:(?!</article>).)*walk\.gpx.*?</article>',
        district.page("officer", "/recordings").text,
        re.DOTALL,
    )
    assert "位置轨迹文件" in card
    assert "没有画面" in card
    assert "无法读取" not in card
