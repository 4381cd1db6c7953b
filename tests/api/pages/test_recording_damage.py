"""A damaged recording: what is missing of it, on its page, for a program, and in its signed manifest."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import update

from ingest.media import findings as code
from ingest.media.findings import Extent, Reason, Stream
from ingest.media.missing import with_what_is_missing
from ingest.media.sample_tables import TrackExtent
from integrity.dsse import Envelope
from integrity.manifest import parse_manifest
from storage.catalog.recordings import MediaJob

CUT = (Reason(code.ENDS_EARLY, {"declared_bytes": 1_992_800, "present_bytes": 1_195_680}), Reason(code.FRAMES_MISSING))
STREAM = Stream(0, "video", "h264", width=640, height=360, frames_declared=125, frames_present=70)


@contextmanager
def looked_at(district: Any, **found: Any) -> Iterator[None]:
    before = district.served.findings
    district.served.findings = with_what_is_missing(dataclasses.replace(before, state="damaged", **found))
    yield
    district.served.findings = before


@pytest.fixture(scope="module")
def torn(district: Any) -> Any:
    sound = TrackExtent(2, "audio", 237, 140, 5.056, 2.831)
    extent = Extent(1_992_800, 1_195_680, 125, 70, "decoding", tracks=(sound,))
    with looked_at(district, reasons=CUT, extent=extent, duration_seconds=5.056, streams=(STREAM,)):
        return district.served.seal(district.served.station(district.unit), os.urandom(910), "torn.mp4")


def test_the_page_says_what_is_declared_what_is_there_and_where_the_loss_begins(district: Any, torn: Any) -> None:
    chinese = district.page("officer", f"/recordings/{torn.id}").text
    for words in ("声明 5.1 秒，实有约 2.8 秒", "声明 125 帧，能解码 70 帧", "缺 778 KiB", "约 2.8 秒处", "1,195,680"):
        assert words in chinese
    english = district.page("officer", f"/recordings/{torn.id}", "en").text
    assert "declares 125 frames, 70 can be decoded" in english
    assert "声音（轨道 2）" in chinese
    assert "声明 237 个数据块，实有 140 个 · 声明 5.1 秒，实有约 2.8 秒" in chinese
    assert "样本" not in chinese
    assert "Sound (track 2)" in english
    assert "declares 237 pieces of data, 140 are there" in english
    assert "The original is sealed as it was received, unchanged" in english


def test_its_head_never_says_the_declared_length_alone_and_its_count_is_no_whole_decoding(
    district: Any, torn: Any
) -> None:
    head, rest = district.page("officer", f"/recordings/{torn.id}").text.split("</h1>")[1].split('class="columns"', 1)
    assert "<span>声明 5.1 秒，实有约 2.8 秒</span>" in head
    assert "0:05" not in head
    assert "尚未解码" not in rest
    assert "封存时为查明损坏，已解码画面并计数" in rest
    uncounted = Extent(1_992_800, 1_195_680, 125, 70, "packets")
    with looked_at(district, reasons=CUT, extent=uncounted, duration_seconds=5.056, streams=(STREAM,)):
        row = district.served.seal(district.served.station(district.unit), os.urandom(914), "cut.mp4")
    assert "尚未解码。" in district.page("officer", f"/recordings/{row.id}").text
    cut, lost = Extent(1_992_800, 1_195_680), (Reason(code.ENDS_EARLY),)
    with looked_at(district, reasons=lost, extent=cut, duration_seconds=5.056, streams=(STREAM,)):
        row = district.served.seal(district.served.station(district.unit), os.urandom(915), "short.mp4")
    assert "声明 5.1 秒，实有不足" in district.page("officer", f"/recordings/{row.id}").text


def test_a_program_gets_the_same_as_numbers(district: Any, torn: Any) -> None:
    missing = district.people["officer"].get(f"/api/v1/recordings/{torn.id}").json()["missing"]
    assert missing == {
        "declared_seconds": 5.056,
        "present_seconds": 2.831,
        "declared_frames": 125,
        "present_frames": 70,
        "counted_by": "decoding",
        "declared_bytes": 1_992_800,
        "present_bytes": 1_195_680,
        "missing_bytes": 797_120,
        "first_missing_byte": 1_195_680,
        "first_missing_seconds": 2.831,
        "tracks": [
            {
                "track": 2,
                "kind": "audio",
                "declared_samples": 237,
                "present_samples": 140,
                "declared_seconds": 5.056,
                "present_seconds": 2.831,
            }
        ],
    }
    assert district.people["officer"].get(f"/api/v1/recordings/{district.film.id}").json()["missing"] is None


def test_it_is_signed_with_the_manifest(torn: Any) -> None:
    manifest = parse_manifest(Envelope.parse(torn.manifest).payload)
    (claim,) = manifest.claims["damage"]
    assert claim["value"]["present_frames"] == 70
    assert claim["value"]["missing_bytes"] == 797_120
    assert claim["value"]["tracks"] == "2 audio 140/237 samples 2.831/5.056 s"
    assert claim["value"]["reasons"] == "ends_early frames_missing"
    assert claim["confidence"] == "stated"


def test_where_nobody_can_say_nothing_is_made_up(district: Any) -> None:
    reasons, extent = (Reason(code.MOOV_MISSING),), Extent(4_115_984, 2_480_788)
    with looked_at(district, reasons=reasons, extent=extent, duration_seconds=None, streams=()):
        row = district.served.seal(district.served.station(district.unit), os.urandom(911), "no-index.mp4")
    text = district.page("auditor", f"/recordings/{row.id}").text
    assert "缺少索引：录制可能被突然中断" in text
    assert "2,480,788" in text
    assert "声明 " not in text.split("损坏情况")[1].split("数据")[0]


def test_bytes_that_nobody_counted_are_told_as_unknown(district: Any) -> None:
    """A photograph that a decoder complains of: how much of it is gone its file does not say."""
    picture = Stream(0, "video", "mjpeg", width=640, height=360)
    complained = (Reason(code.DECODER_COMPLAINED),)
    with looked_at(district, reasons=complained, extent=None, duration_seconds=None, streams=(picture,)):
        row = district.served.seal(district.served.station(district.unit), os.urandom(916), "cut.jpg")
    for language, words in (("zh", "缺多少字节无法判断"), ("en", "how many bytes are gone nobody can say")):
        assert words in district.page("officer", f"/recordings/{row.id}", language).text
    missing = district.people["officer"].get(f"/api/v1/recordings/{row.id}").json()["missing"]
    assert (missing["missing_bytes"], missing["first_missing_byte"]) == (None, None)
    (claim,) = parse_manifest(Envelope.parse(row.manifest).payload).claims["damage"]
    assert "missing_bytes" not in claim["value"]
    assert claim["confidence"] == "assumed"


def test_a_reference_is_offered_to_choose_and_asked_for_by_the_same_call_a_program_makes(district: Any) -> None:
    served, station = district.served, district.served.station(district.unit)
    before = served.findings
    film = (Stream(0, "video", "h264"),)
    served.findings = dataclasses.replace(before, container="mov,mp4", streams=film, state="opens", reasons=())
    whole = served.seal(station, os.urandom(912), "AB00009_000123_20260309090000.MP4")
    served.findings = before
    with looked_at(district, reasons=(Reason(code.MOOV_MISSING),), duration_seconds=None, streams=()):
        row = served.seal(station, os.urandom(913), "AB00009_000123_20260309093000.MP4")
    with served.database.transaction() as session:
        ended = {"state": "nothing", "outcome": "reference_needed"}
        session.execute(update(MediaJob).where(MediaJob.recording_id == row.id).values(**ended))
    officer = district.people["officer"]
    page = district.page("officer", f"/recordings/{row.id}").text
    assert "需要同一执法记录仪的一份完整录像作参考" in page
    assert f'<option value="{whole.id}">同一设备' in page
    assert "尝试恢复画面" not in district.page("auditor", f"/recordings/{row.id}").text
    (offered, *_) = officer.get(f"/api/v1/recordings/{row.id}/recovery-references").json()["items"]
    assert (offered["id"], offered["same_device"]) == (str(whole.id), True)
    assert officer.get(f"/api/v1/recordings/{whole.id}/recovery-references").json()["items"] == []
    answer = officer.post(f"/api/v1/recordings/{row.id}/recovery", json={"reference": str(whole.id)})
    assert answer.status_code == 202
    assert {"recovery", "proxy"} <= {job["kind"] for job in answer.json()["media_jobs"] if job["state"] == "due"}
    assert "正在制作。" in district.page("officer", f"/recordings/{row.id}").text
    again = officer.post(f"/api/v1/recordings/{row.id}/recovery", json={"reference": str(whole.id)})
    assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (409, "recovery-under-way")
    refused = officer.post(f"/api/v1/recordings/{whole.id}/recovery", json={"reference": str(row.id)})
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "no-recovery")


def test_a_recovery_copy_is_labelled_and_says_how_it_came_about(district: Any, torn: Any) -> None:
    served = district.served
    served.copy(torn, "recovery", b"recovered bytes", "video/mp4")
    page = district.page("officer", f"/recordings/{torn.id}").text
    assert "恢复副本" in page
    assert "它不是原件" in page
    assert "ffmpeg" in page
    english = district.page("officer", f"/recordings/{torn.id}", "en").text
    assert "It is not the original" in english


def test_a_recovery_copy_that_was_cut_short_says_so_on_the_page_and_to_a_program(district: Any) -> None:
    served = district.served
    with looked_at(district, reasons=(Reason(code.MOOV_MISSING),), duration_seconds=None, streams=()):
        row = served.seal(served.station(district.unit), os.urandom(914), "no-index-either.mp4")
    settings = ("liuhen-salvage/1", "parameter-sets=in-band", "cut-short-at=600", "-nostdin")
    served.copy(row, "recovery", b"some of the pictures", "video/mp4", settings)
    assert "只取到原件的第 600 字节（全长 914 字节）" in district.page("officer", f"/recordings/{row.id}").text
    assert "used up at byte 600 of" in district.page("officer", f"/recordings/{row.id}", "en").text
    (copy,) = district.people["officer"].get(f"/api/v1/recordings/{row.id}").json()["copies"]
    assert copy["cut_short_at"] == 600
