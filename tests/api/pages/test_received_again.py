"""A file that came twice: its page shows what was said of it the second time, and programs get it."""

from __future__ import annotations

import os
from typing import Any

TRUE = "AB00001_000123_20260309090000.MP4"


def test_the_page_shows_what_was_said_when_the_file_came_again(district: Any) -> None:
    station, film = district.served.station(district.unit), os.urandom(905)
    row = district.served.seal(station, film, "clip.mp4")
    assert "再次收到" not in district.page("officer", f"/recordings/{row.id}").text.partition('id="custody-title"')[0]
    assert district.served.seal(station, film, TRUE).id == row.id
    text = district.page("officer", f"/recordings/{row.id}").text
    assert f"再次收到，文件名为 <code>{TRUE}</code>" in text.replace("\n", " ")
    assert "采集工作站" in text
    assert "执法记录仪 AB00001" in text
    assert f"received again as <code>{TRUE}</code>" in district.page("officer", f"/recordings/{row.id}", "en").text
    got = district.people["officer"].get(f"/api/v1/recordings/{row.id}").json()
    assert got["original_name"] == "clip.mp4"
    (again,) = got["received_again"]
    assert (again["original_name"], again["device"]) == (TRUE, "AB00001")
    assert {"name", "device"} <= set(again["differs"])


def test_nothing_an_uploader_names_a_copy_reaches_the_page_unescaped(district: Any) -> None:
    station, film = district.served.station(district.unit), os.urandom(906)
    row = district.served.seal(station, film, "a.mp4")
    district.served.seal(station, film, "<img src=x onerror=alert(9)>.mp4")
    text = district.page("officer", f"/recordings/{row.id}").text
    assert "&lt;img src=x onerror=alert(9)&gt;.mp4" in text
    assert "<img src=x onerror=alert(9)>" not in text
