"""A program stream declares no length, but each of its packets does: one that was torn is damage, however little."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.media import findings as code
from ingest.media.boxes import LONGEST_SECONDS, Allowance
from ingest.media.damage import Boxes, measure_boxes
from ingest.media.probe import probe_media
from ingest.media.program_stream import TAIL_BYTES, read_program
from ingest.media.recovery import make_recovery
from ingest.media.renditions import RenditionMade
from ingest.media.runner import MediaRunner
from ingest.media.whole import decode_whole

MakeClip = Callable[..., Path]
SOURCES = ("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=2", "-f", "lavfi", "-i", "sine=d=2:r=48000")
OF_MPEG_2 = (*SOURCES, "-c:v", "mpeg2video", "-c:a", "mp2", "-f", "vob", "film.vob")
OF_MPEG_1 = (*SOURCES, "-c:v", "mpeg1video", "-c:a", "mp2", "-f", "mpeg", "film.mpg")
OF_H264 = (*SOURCES, "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "mp2", "-f", "vob", "h264.vob")
END_CODE = b"\0\0\1\xb9"
PACK_1 = b"\0\0\1\xba!\0\1\0\1\x80\0\1"
PACK_2 = b"\0\0\1\xbaD\0\4\0\4\1\0\0\3\xfa\xff\xff"  # two bytes of stuffing


def packet(number: int, content: bytes, size: int | None = None) -> bytes:
    return b"\0\0\1" + bytes((number,)) + (len(content) if size is None else size).to_bytes(2) + content


def measured(path: Path, content: bytes) -> Boxes | None:
    path.write_bytes(content)
    return measure_boxes(path)


def lacks(path: Path, content: bytes) -> int:
    boxes = measured(path, content)
    assert boxes is not None
    return boxes.missing_bytes


@pytest.mark.parametrize("arguments", [OF_MPEG_2, OF_MPEG_1, OF_H264], ids=["mpeg-2", "mpeg-1", "h264"])
def test_a_stream_that_lacks_one_byte_is_damaged_and_a_whole_one_is_not(
    runner: MediaRunner, make_clip: MakeClip, arguments: tuple[str, ...]
) -> None:
    """Whether its writer put an end code or was switched off."""
    film = make_clip(*arguments)
    content = film.read_bytes().removesuffix(END_CODE)
    for whole in (content, content + END_CODE):
        film.write_bytes(whole)
        found = probe_media(film, runner)
        assert (found.container, found.state, found.reasons, found.missing) == ("mpeg", "opens", (), None)
        os.truncate(film, len(whole) - 1)
        found = probe_media(film, runner)
        assert (found.state, [reason.code for reason in found.reasons]) == ("damaged", [code.ENDS_EARLY])
        assert found.missing is not None
        assert (found.missing.missing_bytes, found.missing.first_missing_byte) == (1, len(whole) - 1)


def test_what_a_torn_stream_has_is_found_damaged_by_decoding_too_and_recovered(
    runner: MediaRunner, make_clip: MakeClip, out: Path
) -> None:
    film = make_clip(*OF_MPEG_2)
    os.truncate(film, film.stat().st_size * 99 // 100)
    found = probe_media(film, runner)
    assert found.missing is not None
    assert found.missing.missing_bytes > 0
    assert found.missing.present_frames == pytest.approx(50, abs=2)
    assert decode_whole(film, found, runner).state == "damaged"
    copy = make_recovery(film, found, out, runner)
    assert isinstance(copy, RenditionMade)
    assert copy.facts["duration_seconds"] == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("arguments", [OF_MPEG_2, OF_MPEG_1], ids=["mpeg-2", "mpeg-1"])
def test_wherever_it_is_cut_but_between_packets_bytes_are_missing(
    make_clip: MakeClip, arguments: tuple[str, ...]
) -> None:
    """Of a start code whose zeros alone are left nobody can say that they are none of a maker's."""
    content = make_clip(*arguments).read_bytes()
    heads = {content.rfind(b"\0\0\1", 0, at) for at in range(len(content) - 2500, len(content) + 1)} | {len(content)}
    for at in range(len(content) - 2500, len(content)):
        packets = read_program(io.BytesIO(content[:at]), at, Allowance.of_one_file())
        assert packets is not None
        is_between = not heads.isdisjoint((at - 2, at - 1, at))
        assert (packets.declared > at) or is_between


@pytest.mark.parametrize("pack", [PACK_1, PACK_2], ids=["mpeg-1", "mpeg-2"])
def test_all_that_may_stand_in_a_stream_is_passed_over(tmp_path: Path, pack: bytes) -> None:
    head = pack + packet(0xBB, bytes(12))
    of_each_kind = b"".join(packet(number, b"\1" * 400) for number in (0xBC, 0xBD, 0xBE, 0xBF, 0xC0, 0xE0, 0xF2, 0xFF))
    stream, path = head + of_each_kind, tmp_path / "film.mpg"
    for whole in (
        stream,
        stream + END_CODE + stream,
        stream + b"a maker's own words" + stream,
        stream + bytes(600) + stream + bytes(2),
        stream + packet(0xE0, b"\0\0\1\x25" + b"\7" * 900, size=0),
        stream + packet(0xE0, b"\0\0\1\x25" + b"\7" * 900, size=0) + stream,
        stream + packet(0xC0, b"", size=0) + stream,
        stream * (TAIL_BYTES // len(stream) + 2),
    ):
        assert lacks(path, whole) == 0
        assert lacks(path, whole + pack[:8]) == len(pack[:14]) - 8
        assert lacks(path, whole + pack + packet(0xE0, b"\7" * 30, size=1054)) == 1024
    followed = measured(path, stream + b"recorder 42 " * 100 + packet(0xE0, b"\7" * 30, size=1054))
    assert followed is not None
    assert (followed.missing_bytes, followed.trailing_bytes) == (0, 1236)


@pytest.mark.parametrize(
    "start", [b"\0\0\1\xb3" + bytes(20), b"\0\0\1\xba" + bytes(20), PACK_1 + b"no packet", b"\0\0\1\xba"]
)
def test_what_is_no_program_stream_is_left_alone(tmp_path: Path, start: bytes) -> None:
    """Pictures of MPEG in no container, and what only begins as a pack does."""
    assert measured(tmp_path / "media", start + packet(0xE0, b"", size=9000)) is None


@pytest.mark.parametrize("piece", [PACK_1, END_CODE, b"\0\0\1\xba\0", PACK_1 + b"\xff", packet(0xE0, b"", size=0)])
def test_one_that_was_made_to_exhaust_is_measured_within_a_bound(tmp_path: Path, piece: bytes) -> None:
    path = tmp_path / "media"
    path.write_bytes(PACK_1 * 2 + piece * (TAIL_BYTES // len(piece)))
    begun = time.thread_time()
    boxes = measure_boxes(path, time.thread_time)
    assert time.thread_time() - begun < LONGEST_SECONDS
    assert boxes is None or boxes.missing_bytes == 0


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([PACK_1, PACK_2, END_CODE, b"\0\0\1", b"\xe0\0\x40", b"\xba", b"\x47"]), max_size=40))
def test_no_bytes_make_it_raise(tmp_path: Path, parts: list[bytes]) -> None:
    boxes = measured(tmp_path / "media", PACK_1 + b"".join(parts))
    assert boxes is None or boxes.declared_bytes >= 0
