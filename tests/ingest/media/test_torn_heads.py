"""Films whose recorder lost its power while it wrote a head: of a fragment, of the index, or before it filled one."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.media import findings as code
from ingest.media.findings import Findings
from ingest.media.probe import probe_media
from ingest.media.recovery import REFERENCE_NEEDED, make_recovery
from ingest.media.renditions import NothingToShow, RenditionMade, make_poster, make_proxy, make_sprite
from ingest.media.runner import MediaRunner
from ingest.media.whole import decode_whole

MakeClip = Callable[..., Path]
PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=8")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=8")
X264 = ("-pix_fmt", "yuv420p", "-preset", "ultrafast", "-g", "25")
FRAGMENTED = (*PICTURE, *TONE, *X264, "-movflags", "frag_keyframe+empty_moov+default_base_moof", "film.mp4")
INDEX_LAST = (*PICTURE, *TONE, *X264, "film.mp4")
AVI = (*PICTURE, *TONE, "-c:v", "mjpeg", "-c:a", "pcm_s16le", "film.avi")


def codes(found: Findings) -> list[str]:
    return [reason.code for reason in found.reasons]


def heads(film: bytes, kind: bytes) -> list[int]:
    return [at - 4 for at in range(len(film)) if film.startswith(kind, at)]


def test_what_ends_in_the_head_of_a_fragment_has_all_fragments_before_it(
    runner: MediaRunner, make_clip: MakeClip, out: Path
) -> None:
    film = make_clip(*FRAGMENTED)
    content = film.read_bytes()
    film.write_bytes(content[: heads(content, b"moof")[5] + 44])
    found = probe_media(film, runner)
    assert (found.state, codes(found), found.torn_box) == ("damaged", [code.ENDS_EARLY], "moof")
    assert [stream.codec for stream in found.streams] == ["h264", "aac"]
    assert found.duration_seconds == pytest.approx(5, abs=0.1)
    assert found.missing is not None
    assert found.missing.present_frames == 125
    seen = decode_whole(film, found, runner)
    assert (seen.state, seen.decoded_frames) == ("damaged", 125)
    for make in (make_recovery, make_proxy, make_poster, make_sprite):
        folder = out / make.__name__
        folder.mkdir()
        made = make(film, found, folder, runner)
        assert isinstance(made, RenditionMade)
        if make in (make_recovery, make_proxy):
            copy = probe_media(made.path, runner)
            assert copy.video is not None
            assert copy.video.frames_declared == 125
            assert copy.audio is not None


@pytest.mark.parametrize("kept", [200, 1000, 3000])
def test_what_ends_in_its_index_has_lost_it_and_has_its_pictures(
    runner: MediaRunner, make_clip: MakeClip, out: Path, kept: int
) -> None:
    """However much of it was written: before the sample descriptions, in the first track, in the second."""
    film = make_clip(*INDEX_LAST)
    content = film.read_bytes()
    (moov,) = heads(content, b"moov")
    assert len(content) > moov + 3500
    film.write_bytes(content[: moov + kept])
    found = probe_media(film, runner)
    assert (found.state, codes(found)) == ("damaged", [code.MOOV_MISSING, code.ENDS_EARLY])
    assert found.may_be_recovered
    assert found.extent is not None
    assert found.extent.tracks == ()
    made = make_recovery(film, found, out, runner)
    if kept == 200:
        assert made == NothingToShow("recovery", REFERENCE_NEEDED)
    else:  # What a decoder needs to know first was written.
        assert isinstance(made, RenditionMade)
        assert made.facts["frames"] == 200


def never_closed(film: bytes, *, counted: bool) -> bytes:
    """Four fifths of an AVI, no list of which was given its size; nor its streams, where they were not `counted`."""
    content, movi = bytearray(film), film.index(b"movi")
    content[4:8] = content[movi - 4 : movi] = bytes(4)
    at = 0
    while not counted and 0 < (at := film.find(b"strh", at + 1)) < movi:
        struct.pack_into("<I", content, at + 8 + 32, 0)
    return bytes(content[: film.rindex(b"idx1") * 4 // 5])


def test_an_avi_that_was_never_closed_is_as_long_as_its_pictures(runner: MediaRunner, make_clip: MakeClip) -> None:
    film = make_clip(*AVI)
    whole = film.read_bytes()
    film.write_bytes(never_closed(whole, counted=False))
    found = probe_media(film, runner)
    assert (found.state, found.reasons) == ("opens", ())
    seen = decode_whole(film, found, runner)
    assert (seen.state, seen.declared_frames) == ("intact", seen.decoded_frames)
    assert found.duration_seconds == pytest.approx((seen.decoded_frames or 0) / 25)
    # Where it was said beforehand how many there would be, some are missing.
    film.write_bytes(never_closed(whole, counted=True)[: len(whole) // 2])
    found = probe_media(film, runner)
    assert (found.state, codes(found)) == ("damaged", [code.TIME_MISSING, code.FRAMES_MISSING])
    assert found.missing is not None
    assert (found.missing.declared_seconds, found.missing.declared_frames) == (8.0, 200)
    assert found.missing.present_seconds == pytest.approx((found.missing.present_frames or 0) / 25)
