"""What containers declare of every track, and of all their bytes, against what a cut has left of it."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.media import findings as code
from ingest.media.damage import measure_boxes
from ingest.media.findings import Findings
from ingest.media.probe import probe_media
from ingest.media.runner import MediaRunner
from ingest.media.whole import decode_whole
from ingest.sealing.damage_claims import claims_of_damage

MakeClip = Callable[..., Path]
PICTURE = ("-f", "lavfi", "-i", "testsrc=s=320x240:r=25:d=2")
LONG_TONE = ("-f", "lavfi", "-i", "sine=d=60")
NOISE = ("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=4,noise=alls=20:allf=t", "-f", "lavfi", "-i", "sine=d=4")
SHORT_PICTURE = (*PICTURE, *LONG_TONE, "-preset", "ultrafast", "-g", "25", "-movflags", "+faststart")
SOUND_BEHIND = (*SHORT_PICTURE, "-c:a", "pcm_s16le", "film.mov")


def codes(found: Findings) -> list[str]:
    return [reason.code for reason in found.reasons]


def shorten(path: Path, by: int) -> Path:
    os.truncate(path, path.stat().st_size - by)
    return path


def copy_of(corpus: Path, name: str, folder: Path) -> Path:
    path = folder / "media"
    path.write_bytes((corpus / name).read_bytes())
    return path


def test_sound_that_is_gone_behind_a_picture_that_is_whole_is_damage_and_is_signed(
    runner: MediaRunner, make_clip: MakeClip
) -> None:
    found = probe_media(shorten(make_clip(*SOUND_BEHIND), 4_000_000), runner)
    assert (found.state, codes(found)) == ("damaged", [code.ENDS_EARLY])
    assert found.missing is not None
    assert found.extent is not None
    assert found.missing.missing_bytes == 4_000_000
    assert (found.missing.declared_frames, found.missing.present_frames) == (50, 50)
    assert found.missing.declared_seconds == pytest.approx(60, abs=0.1)
    (sound,) = found.extent.tracks
    assert (sound.kind, sound.declared_samples, sound.present_samples) == ("audio", 2_646_000, 646_000)
    assert found.missing.present_seconds == found.missing.first_missing_seconds == sound.present_seconds == 14.649
    (claim,) = claims_of_damage(found)
    assert claim.confidence == "stated"
    assert claim.value["tracks"] == "2 audio 646000/2646000 samples 14.649/60.0 s"
    assert claim.value["reasons"] == code.ENDS_EARLY


@pytest.mark.parametrize(("by", "present"), [(1, 236), (100, 236), (1000, 235), (3000, 233)])
def test_real_footage_that_lacks_its_last_bytes_is_damaged(
    runner: MediaRunner, corpus: Path, tmp_path: Path, by: int, present: int
) -> None:
    film = shorten(copy_of(corpus, "mediabunny/test__public__video.mp4", tmp_path), by)
    found = probe_media(film, runner)
    assert found.state == "damaged"
    assert found.extent is not None
    assert [(t.kind, t.declared_samples, t.present_samples) for t in found.extent.tracks] == [("audio", 237, present)]
    assert found.missing is not None
    assert (found.missing.missing_bytes, found.missing.first_missing_byte) == (by, film.stat().st_size)
    assert 4.9 < (found.missing.present_seconds or 0) < 5.056


def test_bytes_that_no_sample_is_in_are_a_word_and_no_damage(
    runner: MediaRunner, corpus: Path, make_clip: MakeClip
) -> None:
    """An mdat that is too long, and room that was kept at the end and is cut."""
    too_long = corpus / "ExoPlayer" / "testdata__src__test__assets__media__mp4__sample_mdat_too_long.mp4"
    found = probe_media(too_long, runner)
    assert (found.state, codes(found), found.missing) == ("opens", [code.ENDS_EARLY], None)
    film = make_clip(*PICTURE, "clip.mp4")
    film.write_bytes(film.read_bytes() + struct.pack(">I4s", 5000, b"free") + bytes(100))
    found = probe_media(film, runner)
    assert (found.state, codes(found), found.missing) == ("opens", [code.ENDS_EARLY], None)


def test_a_cut_file_whose_boxes_were_closed_lacks_the_end_of_its_last_chunk(make_clip: MakeClip) -> None:
    film = shorten(make_clip(*PICTURE, "-movflags", "+faststart", "clip.mp4"), 10)
    content = bytearray(film.read_bytes())
    at = content.index(b"mdat") - 4
    content[at : at + 4] = bytes(4)  # 4.2: it reaches to the end, wherever that is
    film.write_bytes(content)
    boxes = measure_boxes(film)
    assert boxes is not None
    assert (boxes.missing_bytes, boxes.nothing_lost) == (10, False)
    assert [(t.declared_samples, t.present_samples) for t in boxes.lacking] == [(50, 49)]


def test_fragments_without_an_end_and_edits_are_no_damage(runner: MediaRunner, make_clip: MakeClip) -> None:
    for arguments in (("-movflags", "+frag_keyframe+empty_moov"), ("-ss", "0.5"), ("-t", "1.97")):
        found = probe_media(make_clip(*PICTURE, *arguments, "clip.mp4"), runner)
        assert (found.state, found.reasons, found.missing) == ("opens", (), None)


def test_a_fragment_that_is_torn_is_damage(runner: MediaRunner, make_clip: MakeClip) -> None:
    clip = make_clip(*PICTURE, "-movflags", "+frag_keyframe+empty_moov+omit_tfhd_offset", "clip.mp4")
    with clip.open("r+b") as handle:
        handle.truncate(clip.read_bytes().rindex(b"mfra") - 4 - 50)
    found = probe_media(clip, runner)
    assert (found.state, codes(found)[0]) == ("damaged", code.ENDS_EARLY)


@pytest.mark.parametrize(
    "name", ["bear-vbr-xing-header", "bear-cbr-variable-frame-size-no-seek-table", "bear-vbr-no-seek-table"]
)
def test_sound_is_intact_where_all_of_its_frames_are_there(runner: MediaRunner, corpus: Path, name: str) -> None:
    sound = corpus / "ExoPlayer" / f"testdata__src__test__assets__media__mp3__{name}.mp3"
    found = probe_media(sound, runner)
    assert (found.state, found.reasons) == ("opens", ())
    seen = decode_whole(sound, found, runner)
    assert seen.state == "intact"
    if found.main is not None and found.main.frames_declared is not None:
        assert (seen.declared_frames, seen.decoded_frames) == (117, pytest.approx(117, abs=2))


def test_half_a_sound_file_is_damaged_by_its_own_header(runner: MediaRunner, corpus: Path, tmp_path: Path) -> None:
    name = "ExoPlayer/testdata__src__test__assets__media__mp3__bear-vbr-xing-header.mp3"
    sound = shorten(copy_of(corpus, name, tmp_path), 19_199)
    found = probe_media(sound, runner)
    assert (found.state, codes(found)) == ("damaged", [code.ENDS_EARLY, code.FRAMES_MISSING])
    assert found.missing is not None
    assert (found.missing.missing_bytes, found.missing.declared_frames) == (19_199, 117)
    assert 50 < (found.missing.present_frames or 0) < 70
    seen = decode_whole(sound, found, runner)
    assert seen.state == "damaged"


def test_where_only_frames_are_declared_the_decoder_counts_them(
    runner: MediaRunner, corpus: Path, tmp_path: Path
) -> None:
    name = "ExoPlayer/testdata__src__test__assets__media__mp3__bear-vbr-xing-header.mp3"
    sound = shorten(copy_of(corpus, name, tmp_path), 19_199)
    content = bytearray(sound.read_bytes())
    at = max(content.find(b"Xing"), content.find(b"Info")) + 4
    content[at + 3] &= ~2
    sound.write_bytes(content[: at + 8] + content[at + 12 :])
    found = probe_media(sound, runner)
    assert found.state == "opens"
    seen = decode_whole(sound, found, runner)
    assert (seen.state, seen.declared_frames) == ("damaged", 117)


def test_a_tag_full_of_room_is_no_hole(runner: MediaRunner, corpus: Path, tmp_path: Path) -> None:
    name = "ExoPlayer/testdata__src__test__assets__media__mp3__bear-vbr-xing-header.mp3"
    sound = copy_of(corpus, name, tmp_path)
    size = bytes((0, 0x10, 0, 0))  # four times seven bits: 256 KiB
    sound.write_bytes(b"ID3\x03\0\0" + size + bytes(1 << 18) + sound.read_bytes())
    found = probe_media(sound, runner)
    assert (found.state, found.reasons) == ("opens", ())


TONE = ("-f", "lavfi", "-i", "sine=d=3", "-c:a", "pcm_s16le")


@pytest.mark.parametrize("riff_too", [False, True])
def test_a_wav_that_lacks_sound_is_damaged_whichever_size_says_so(
    runner: MediaRunner, make_clip: MakeClip, riff_too: bool
) -> None:
    sound = shorten(make_clip(*TONE, "tone.wav"), 44_100)
    if not riff_too:  # Somebody mended the outer size alone.
        content = bytearray(sound.read_bytes())
        content[4:8] = struct.pack("<I", len(content) - 8)
        sound.write_bytes(content)
    found = probe_media(sound, runner)
    assert (found.state, codes(found)) == ("damaged", [code.ENDS_EARLY])
    assert found.missing is not None
    assert found.missing.missing_bytes == 44_100
    assert found.missing.present_seconds == pytest.approx(2.5, abs=0.01)


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_a_wav_that_was_written_without_knowing_its_end_is_not_damaged(
    runner: MediaRunner, make_clip: MakeClip, size: int
) -> None:
    sound = make_clip(*TONE, "tone.wav")
    content = bytearray(sound.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = struct.pack("<I", size)
    for outer in (size, len(content) - 8):
        content[4:8] = struct.pack("<I", outer)
        sound.write_bytes(content)
        assert (probe_media(sound, runner).state, codes(probe_media(sound, runner))) == ("opens", [])


@pytest.mark.parametrize("has_fact", [True, False])
@pytest.mark.parametrize("codec", ["pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s24le"])
def test_a_cut_wav_lacks_its_share_whether_a_chunk_counted_its_samples_or_not(
    runner: MediaRunner, make_clip: MakeClip, codec: str, has_fact: bool
) -> None:
    """Of one with a chunk `fact` ffprobe says how long it was, of any other how long it is."""
    sound = make_clip(*TONE, "-ar", "8000", "-ac", "1", "-c:a", codec, f"{codec}.wav")
    if not has_fact:
        sound.write_bytes(sound.read_bytes().replace(b"fact", b"JUNK"))
    content = sound.read_bytes()
    sound.write_bytes(content[: len(content) * 3 // 5])
    found = probe_media(sound, runner)
    assert found.missing is not None
    assert found.missing.declared_seconds == pytest.approx(3.0, abs=0.02)
    assert found.missing.present_seconds == pytest.approx(1.8, abs=0.02)


def test_a_wav_that_counts_its_own_header_is_whole(runner: MediaRunner, make_clip: MakeClip) -> None:
    sound = make_clip(*TONE, "tone.wav")
    content = bytearray(sound.read_bytes())
    content[4:8] = struct.pack("<I", len(content))
    sound.write_bytes(content)
    found = probe_media(sound, runner)
    assert (found.state, codes(found), found.missing) == ("opens", [code.ENDS_EARLY], None)


@pytest.mark.parametrize("kind", ["ts", "vob"])
def test_a_stream_with_a_hole_declares_nothing_and_is_never_intact(
    runner: MediaRunner, make_clip: MakeClip, kind: str
) -> None:
    """It has no length to be held against: a decoder that is given all of it knows, and says about where."""
    coded = ("-c:v", "mpeg2video", "-c:a", "mp2") if kind == "vob" else ("-preset", "ultrafast", "-g", "25")
    film = make_clip(*NOISE, *coded, "-f", "mpegts" if kind == "ts" else "vob", f"film.{kind}")
    content = film.read_bytes()
    middle = len(content) // 2 // 188 * 188
    film.write_bytes(content[:middle] + content[middle + 400 * 188 :])
    found = probe_media(film, runner)
    seen = decode_whole(film, found, runner)
    assert (found.state, seen.state) == ("opens", "damaged")
    assert 0 < (seen.decoded_frames or 0) < 100
    assert seen.complaints > 0
