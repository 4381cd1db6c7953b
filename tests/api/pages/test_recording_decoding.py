"""Whether all of a film decodes: its page says what is known by now, in both languages, and never more."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ingest.media.whole import Decoded
from ingest.rendering.decoding import record_decoding
from ingest.rendering.due import DueRenditions
from storage.keystore import WrappedKey

RUNNER: Any = SimpleNamespace(tools=SimpleNamespace(ffmpeg=SimpleNamespace(name="ffmpeg", version="8.1.2")))
DAMAGED = Decoded("damaged", "frames_missing", 132, 91, 118, 311, 61_000)


@pytest.fixture
def decode(district: Any) -> Any:
    """What a media worker records of a look at a recording that it has leased."""

    def record(recording: Any, decoded: Decoded) -> None:
        key = WrappedKey(recording.kek_id, recording.wrapped_data_key)
        names = recording.object_name, recording.ciphertext_size_bytes, recording.size_bytes, recording.sha256
        due = DueRenditions(recording.id, recording.unit_id, ("decode",), *names, key, "test", "decode")
        assert record_decoding(district.served.database, due, decoded, "proxy", RUNNER)
        assert not record_decoding(district.served.database, due, decoded, "proxy", RUNNER)

    return record


def test_a_film_is_not_called_intact_before_it_was_decoded(district: Any) -> None:
    address = f"/recordings/{district.film.id}"
    chinese, english = district.page("officer", address).text, district.page("officer", address, "en").text
    assert "可打开，未全程解码" in chinese
    assert "尚未解码。" in chinese
    assert "opens, not yet decoded whole" in english
    told = district.people["officer"].get(f"/api/v1{address}").json()
    assert (told["media_state"], told["sealed_as"], told["decoding"]) == ("opens", "opens", None)


def test_what_decoding_found_is_on_page_list_and_in_the_api(district: Any, decode: Any) -> None:
    film = district.ambiguous
    decode(film, DAMAGED)
    chinese = district.page("officer", f"/recordings/{film.id}").text
    for words in ("发现有损坏", "声明 132 帧，能解码 91 帧", "缺少部分画面", "约 1 分 1 秒处", "制作播放副本时"):
        assert words in chinese, words
    assert "132 frames" in district.page("officer", f"/recordings/{film.id}", "en").text
    told = district.people["officer"].get(f"/api/v1/recordings/{film.id}").json()
    assert (told["media_state"], told["sealed_as"]) == ("damaged", "opens")
    assert (told["decoding"]["refused_packets"], told["decoding"]["first_complaint_ms"]) == (118, 61_000)
    listed = district.people["officer"].get("/api/v1/recordings?media_state=damaged").json()["items"]
    assert str(film.id) in {item["id"] for item in listed}
    assert str(film.id) not in district.page("officer", "/recordings?state=opens").text
    assert uuid.UUID(told["id"]) == film.id


def test_where_no_frame_is_missing_the_page_says_why_it_is_damaged_all_the_same(district: Any, decode: Any) -> None:
    station = district.served.station(district.unit)
    film = district.served.seal(station, os.urandom(3000), "AB00001_000123_20260309100000.MP4")
    decode(film, replace(DAMAGED, decoded_frames=132))
    assert "帧数相符，但其中有残缺的帧" in district.page("officer", f"/recordings/{film.id}").text
    assert "some are incomplete" in district.page("officer", f"/recordings/{film.id}", "en").text
