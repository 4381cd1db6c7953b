"""Recordings of unusual shape: half a day long, without sound, without picture, of uneven frames, held upright."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.media.probe import probe_media
from ingest.media.runner import MediaRunner

MakeClip = Callable[..., Path]
SMALL = ("-pix_fmt", "yuv420p", "-c:v", "mpeg4")


def seconds_of_children() -> float:
    """What the tools worked, whatever else the machine had to do meanwhile."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(
    ("name", "rate"), [("long.mp4", "1/60"), ("long.ts", "1/4"), ("long.avi", "1/4"), ("long.mkv", "1/60")]
)
def test_twelve_hours_are_twelve_hours_and_quickly_read(
    runner: MediaRunner, make_clip: MakeClip, name: str, rate: str
) -> None:
    """A shift's recording with its tables, of a frame a minute; packets of TS are guessed from where they are rarer."""
    clip = make_clip("-f", "lavfi", "-i", f"testsrc=s=64x48:r={rate}:d=43200", *SMALL, "-r", rate, name)
    begun = seconds_of_children()
    found = probe_media(clip, runner)
    assert seconds_of_children() - begun < 15
    assert (found.state, found.kind, found.reasons) == ("opens", "video", ())
    assert found.duration_seconds == pytest.approx(43_200, abs=61)  # a last frame has no length in some containers


def test_a_clip_without_sound_is_intact(runner: MediaRunner, make_clip: MakeClip) -> None:
    found = probe_media(make_clip("-f", "lavfi", "-i", "testsrc=s=64x48:d=2", *SMALL, "mute.mp4"), runner)
    assert (found.state, found.kind, found.audio) == ("opens", "video", None)
    assert found.duration_seconds == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("name", ["sound.m4a", "sound.wav", "sound.3gp", "sound.mp3"])
def test_a_recording_without_picture_is_sound(runner: MediaRunner, make_clip: MakeClip, name: str) -> None:
    coded = ("-c:a", "aac") if name.endswith(("m4a", "3gp")) else ()
    found = probe_media(make_clip("-f", "lavfi", "-i", "sine=d=3", *coded, name), runner)
    assert (found.state, found.kind, found.video) == ("opens", "audio", None)
    assert found.duration_seconds == pytest.approx(3, abs=0.1)


def test_uneven_frames_have_the_length_of_all(runner: MediaRunner, make_clip: MakeClip) -> None:
    """Five frames in the first second, then one that stands for four."""
    uneven = ("-vf", "setpts='if(lt(N,5),N*0.2,N-4)/TB'", "-fps_mode", "vfr")
    found = probe_media(
        make_clip("-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=0.4", *uneven, *SMALL, "uneven.mp4"), runner
    )
    assert found.state == "opens"
    assert found.duration_seconds == pytest.approx(6, abs=1.1)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_recorder_worn_sideways_says_how_it_was_turned(runner: MediaRunner, make_clip: MakeClip, turn: int) -> None:
    """The picture lies as the sensor does; the container says how it is to be shown (ISO/IEC 14496-12, 8.3.2)."""
    lying = make_clip("-f", "lavfi", "-i", "testsrc=s=64x48:d=1", *SMALL, "lying.mp4")
    turned = lying.with_name("turned.mp4")
    turned.write_bytes(turn_picture(lying.read_bytes(), turn))
    found = probe_media(turned, runner)
    assert found.state == "opens"
    assert found.video is not None
    assert (found.video.width, found.video.height) == (64, 48)
    assert abs(found.video.rotation) % 360 in (turn, 360 - turn)


def turn_picture(content: bytes, turn: int) -> bytes:
    """The matrix of the first track, fixed point of 16.16 and of 2.30."""
    one = (1).to_bytes(2) + bytes(2)
    minus = (0xFFFF0000).to_bytes(4)
    none = bytes(4)
    a, b, c, d = {90: (none, one, minus, none), 180: (minus, none, none, minus), 270: (none, minus, one, none)}[turn]
    at = content.index(b"tkhd") + 4 + 40
    return content[:at] + a + b + none + c + d + content[at + 20 :]
