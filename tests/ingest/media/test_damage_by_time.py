"""What is said of damage is borne out: seconds by time and not by chunks, reasons for each, and no guess for a fact."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.media import findings as code
from ingest.media.avi_chunks import PictureChunks
from ingest.media.commands import INPUT
from ingest.media.findings import Findings, Missing, Reason
from ingest.media.probe import probe_media
from ingest.media.renditions import NothingToShow, RenditionMade, make_poster, make_proxy, make_sprite
from ingest.media.runner import MediaRunner
from ingest.media.sandbox import OUT_INSIDE, Limits
from ingest.media.verdict import weigh
from ingest.media.whole import decode_whole
from ingest.sealing.damage_claims import claims_of_damage

Cut = Callable[[Path, float], Path]
MakeClip = Callable[..., Path]
PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=6")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=6")
FAST = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
# 600 chunks a second, of which 25 are pictures: as ffmpeg copies H.264 out of an MP4 with such a time base.
SPARSE = (*PICTURE, *TONE, *FAST, "-c:a", "mp2", "-enc_time_base", "1/600", "-fps_mode", "passthrough", "film.avi")
VARYING = ("-vf", "select='not(mod(n,3))+lt(n,50)'", "-fps_mode", "vfr")
STREAM_IN_A_LONG_GROUP = ("-g", "400", "-keyint_min", "400", "-sc_threshold", "0", "-f", "mpegts")
LONG_PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=20")
LARGE = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=6", *TONE, *FAST)


def missing_of(found: Findings) -> Missing:
    assert found.missing is not None
    return found.missing


def chunks_of(found: Findings) -> PictureChunks:
    assert found.extent is not None
    assert found.extent.chunks is not None
    return found.extent.chunks


def test_empty_chunks_are_time_and_no_frames(runner: MediaRunner, make_clip: MakeClip, cut: Cut) -> None:
    film = make_clip(*SPARSE)
    whole = probe_media(film, runner)
    assert (whole.state, whole.missing) == ("opens", None)
    assert chunks_of(whole).declared > 3000
    seen = decode_whole(film, whole, runner)
    assert (seen.state, seen.declared_frames, seen.decoded_frames) == ("intact", 150, 150)
    found = probe_media(cut(film, 0.6), runner)
    missing = missing_of(found)
    assert (found.state, [reason.code for reason in found.reasons]) == ("damaged", [code.ENDS_EARLY])
    assert missing.declared_seconds == pytest.approx(6.0, abs=0.1)
    assert missing.present_frames is not None
    # What is there is shown at 25 a second.
    assert missing.present_seconds == pytest.approx(missing.present_frames / 25, abs=0.1)
    assert 3 < (missing.present_seconds or 0) < 4.5
    assert missing.first_missing_seconds == missing.present_seconds
    # Nobody can say how many of those that are gone were pictures.
    assert missing.declared_frames is None
    (claim,) = claims_of_damage(found)
    assert claim.value["reasons"] == code.ENDS_EARLY
    assert "declared_frames" not in claim.value


@pytest.mark.parametrize("part", [0.4, 0.85])
def test_a_rate_that_varies_gives_seconds_by_what_is_shown_when(
    runner: MediaRunner, make_clip: MakeClip, cut: Cut, part: float
) -> None:
    film = make_clip(*PICTURE, *VARYING, "-c:v", "mjpeg", "film.avi")
    assert decode_whole(film, probe_media(film, runner), runner).declared_frames == 83
    missing = missing_of(probe_media(cut(film, part), runner))
    frames = missing.present_frames or 0
    shown_until = frames / 25 if frames <= 50 else (50 + 3 * (frames - 50)) / 25
    assert missing.declared_seconds == pytest.approx(5.92, abs=0.1)
    assert missing.present_seconds == pytest.approx(shown_until, abs=0.15)
    # Where empty ones were seen nobody knows how many pictures are gone; where none was the header's word stands.
    assert missing.declared_frames == (148 if frames <= 50 else None)


def test_an_end_that_lacks_its_index_alone_has_all_its_time(runner: MediaRunner, make_clip: MakeClip) -> None:
    film = make_clip(*SPARSE)
    content = film.read_bytes()
    film.write_bytes(content[: content.rindex(b"idx1")])
    missing = missing_of(probe_media(film, runner))
    assert (missing.declared_frames, missing.present_frames) == (150, 150)
    assert missing.present_seconds == pytest.approx(6.0, abs=0.1)


def test_where_chunks_cannot_be_followed_there_are_no_seconds(
    runner: MediaRunner, make_clip: MakeClip, cut: Cut
) -> None:
    film = cut(make_clip(*PICTURE, "-c:v", "mjpeg", "film.avi"), 0.7)
    content = bytearray(film.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 30_000] = random.Random(7).randbytes(30_000)
    film.write_bytes(content)
    missing = missing_of(probe_media(film, runner))
    assert (missing.present_seconds, missing.first_missing_seconds, missing.declared_frames) == (None, None, None)
    assert missing.missing_bytes > 0
    assert missing.declared_seconds == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize("varying", [False, True])
def test_a_hole_in_an_avi_has_seconds_only_where_each_chunk_is_a_picture(
    runner: MediaRunner, make_clip: MakeClip, varying: bool
) -> None:
    film = make_clip(*PICTURE, *(VARYING if varying else ()), "-c:v", "mjpeg", "-q:v", "3", "film.avi")
    content = bytearray(film.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 60_000] = bytes(60_000)
    film.write_bytes(content)
    found = probe_media(film, runner)
    missing = missing_of(found)
    assert found.reasons[0].code == code.ZERO_FILLED
    assert missing.declared_frames == (83 if varying else 150)
    if varying:
        assert (missing.present_seconds, missing.first_missing_seconds) == (None, None)
    else:
        assert missing.present_seconds == pytest.approx((missing.present_frames or 0) / 25, abs=0.05)
        assert missing.first_missing_seconds == pytest.approx(3.0, abs=0.3)


def test_zeros_are_no_damage_where_each_chunk_is_a_picture_that_decodes(
    runner: MediaRunner, make_clip: MakeClip
) -> None:
    """Of an AVI of several RIFFs, whose first index does not name all: its chunks are counted."""
    film = make_clip(*PICTURE, "-c:v", "mjpeg", "film.avi")
    content = film.read_bytes()
    film.write_bytes(content + b"RIFF\x0c\0\0\0AVIXJUNK\0\0\0\0")
    found = probe_media(film, runner)
    assert (found.state, found.main and found.main.frames_declared) == ("opens", 150)
    assert (chunks_of(found).declared, chunks_of(found).present, chunks_of(found).pictures) == (150, 150, 150)
    sign = Reason(code.ZERO_FILLED, {"about_bytes": 4096, "first_at": 4096})
    for present, state, told in ((150, "opens", [sign.code]), (149, "damaged", [sign.code, code.FRAMES_MISSING])):
        counted = tuple(dataclasses.replace(each, frames_present=present) for each in found.streams)
        weighed = weigh(found, (sign,), (), lambda _, counted=counted: (counted, "decoding"))
        assert (weighed.state, [reason.code for reason in weighed.reasons]) == (state, told)


def test_sound_alone_in_an_avi_has_no_seconds_that_nobody_counted(
    runner: MediaRunner, make_clip: MakeClip, cut: Cut
) -> None:
    found = probe_media(cut(make_clip(*TONE, "-c:a", "pcm_s16le", "sound.avi"), 0.6), runner)
    missing = missing_of(found)
    assert (found.state, found.reasons[0].code) == ("damaged", code.ENDS_EARLY)
    assert (missing.declared_seconds, missing.present_seconds, missing.declared_frames) == (None, None, None)


STREAMS = {"film.ts": (), "film.vob": ("-c:v", "mpeg2video", "-c:a", "mp2", "-f", "vob")}


@pytest.mark.parametrize("name", STREAMS)
def test_a_cut_stream_says_how_long_what_is_left_is_and_no_total(
    runner: MediaRunner, make_clip: MakeClip, cut: Cut, name: str
) -> None:
    found = probe_media(cut(make_clip(*PICTURE, *TONE, *FAST, *STREAMS[name], name), 0.3003), runner)
    missing = missing_of(found)
    assert (found.reasons[0].code, missing.declared_seconds) == (code.ENDS_EARLY, None)
    assert missing.present_seconds == missing.first_missing_seconds
    assert missing.present_seconds == pytest.approx((missing.present_frames or 0) / 25, abs=0.15)
    (claim,) = claims_of_damage(found)
    assert "declared_seconds" not in claim.value


def test_a_torn_fragment_says_neither(runner: MediaRunner, make_clip: MakeClip, cut: Cut) -> None:
    """Its head has the times of all that was to follow."""
    film = make_clip(*PICTURE, *FAST, "-g", "25", "-movflags", "+frag_keyframe+empty_moov", "film.mp4")
    missing = missing_of(probe_media(cut(film, 0.3), runner))
    assert missing.missing_bytes > 0
    assert (missing.declared_seconds, missing.present_seconds, missing.first_missing_seconds) == (None, None, None)
    assert 20 < (missing.present_frames or 0) < 60


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_cut_matroska_film_says_how_much_is_left(
    runner: MediaRunner, make_clip: MakeClip, cut: Cut, part: float
) -> None:
    missing = missing_of(probe_media(cut(make_clip(*PICTURE, *TONE, *FAST, "film.mkv"), part), runner))
    assert missing.declared_seconds == pytest.approx(6.0, abs=0.1)
    assert missing.present_seconds == missing.first_missing_seconds
    assert missing.present_seconds == pytest.approx((missing.present_frames or 0) / 25, abs=0.05)


@pytest.mark.parametrize("name", ["film.ts", "film.mkv"])
def test_a_hole_that_was_not_cut_lies_at_its_share_of_all_there_is(
    runner: MediaRunner, make_clip: MakeClip, name: str
) -> None:
    film = make_clip(*LARGE, name)
    content = bytearray(film.read_bytes())
    middle = len(content) // 2 // 188 * 188
    content[middle : middle + 188 * 400] = bytes(188 * 400)
    film.write_bytes(content)
    found = probe_media(film, runner)
    missing = missing_of(found)
    assert (found.state, found.reasons[0].code) == ("damaged", code.ZERO_FILLED)
    assert (missing.declared_seconds is None, missing.present_seconds) == (name == "film.ts", None)
    assert missing.first_missing_seconds == pytest.approx(3.0, abs=0.4)


def test_a_stream_that_begins_within_a_long_group_opens_and_decoding_decides(
    runner: MediaRunner, make_clip: MakeClip
) -> None:
    """Its first 256 packets give no picture: those come later, and no total says that they are too few."""
    film = make_clip(*LONG_PICTURE, *FAST, *STREAM_IN_A_LONG_GROUP, "film.ts")
    content = film.read_bytes()
    film.write_bytes(content[: 3 * 188] + content[63 * 188 :])
    found = probe_media(film, runner)
    assert (found.state, found.reasons, found.missing) == ("opens", (), None)
    assert list(claims_of_damage(found)) == []
    assert found.extent is not None
    assert (found.extent.counted_by, found.extent.present_frames) == ("decoding", pytest.approx(100, abs=5))
    seen = decode_whole(film, found, runner)
    assert (seen.state, seen.reason) == ("damaged", code.DECODER_COMPLAINED)


def test_no_damage_is_made_without_a_reason(runner: MediaRunner, make_clip: MakeClip) -> None:
    found = probe_media(make_clip(*PICTURE, *FAST, "film.mp4"), runner)
    for reasons in ((), tuple(Reason(each) for each in sorted(code.MERE_WORDS))):
        with pytest.raises(ValueError, match="nothing says why"):
            dataclasses.replace(found, state="damaged", reasons=reasons)
    assert dataclasses.replace(found, state="damaged", reasons=(Reason(code.ENDS_EARLY),)).state == "damaged"


@pytest.mark.parametrize("with_sound", [False, True])
def test_pictures_that_a_demuxer_takes_for_sound_are_no_sound_and_no_damage(
    runner: MediaRunner, make_clip: MakeClip, out: Path, with_sound: bool
) -> None:
    """A program stream without a map, of H.264 as MP4 keeps it: under a picture's id, and taken for MPEG sound."""
    sound = ("-c:a", "mp2") if with_sound else ("-an",)
    words = ("-nostdin", "-v", "error", "-i", INPUT, "-c:v", "copy", *sound, "-f", "mpeg", f"{OUT_INSIDE}/film.mpg")
    result = runner.ffmpeg(words, make_clip(*LARGE, "film.mp4"), out, Limits(deadline_seconds=60))
    assert result.succeeded, result
    film = out / "film.mpg"
    found = probe_media(film, runner)
    assert (found.state, found.kind, found.missing) == ("opens", "video", None)
    assert [(each.code, each.facts["codec"]) for each in found.reasons] == [(code.NO_DECODER, "?")]
    assert [(each.kind, each.codec) for each in found.streams] == [
        ("video", None),
        *([("audio", "mp2")] if with_sound else []),
    ]
    assert list(claims_of_damage(found)) == []
    seen = decode_whole(film, found, runner)
    assert (seen.state, seen.reason, seen.decoded_frames, seen.complaints) == ("not_decoded", code.NO_DECODER, None, 0)
    assert make_poster(film, found, out, runner) == NothingToShow("poster", code.NO_DECODER)
    assert make_sprite(film, found, out, runner) == NothingToShow("sprite", code.NO_DECODER)
    proxy = make_proxy(film, found, out, runner)
    if with_sound:
        assert isinstance(proxy, RenditionMade)
        assert proxy.media_type == "audio/mp4"
        assert proxy.decoded is None
    else:
        assert proxy == NothingToShow("proxy", code.NO_DECODER)
