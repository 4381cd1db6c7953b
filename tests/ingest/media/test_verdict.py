"""What a cut, a hole of zeros and a foreign tail are called, container by container."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.media import findings as code
from ingest.media.findings import Findings
from ingest.media.probe import probe_media
from ingest.media.runner import MediaRunner
from ingest.sealing.damage_claims import claims_of_damage

Cut = Callable[[Path, float], Path]
MakeClip = Callable[..., Path]
PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=4,noise=alls=40:allf=t", "-pix_fmt", "yuv420p")
# The fastest preset that still writes frames out of order, as recorders do.
VIDEO = (*PICTURE, "-preset", "veryfast")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=4")


def codes(found: Findings) -> list[str]:
    return [reason.code for reason in found.reasons]


@pytest.mark.parametrize("name", ["clip.mkv", "clip.ts", "clip.avi", "sound.wav"])
def test_a_cut_file_is_damaged_and_says_how_many_bytes_are_gone(
    runner: MediaRunner, make_clip: MakeClip, cut: Cut, name: str
) -> None:
    written_by = {"sound.wav": TONE, "clip.avi": PICTURE}
    whole = make_clip(*written_by.get(name, VIDEO), name)
    assert codes(probe_media(whole, runner)) == []
    found = probe_media(cut(whole, 0.6003), runner)
    assert (found.state, codes(found)[0]) == ("damaged", code.ENDS_EARLY)
    facts = found.reasons[0].facts
    assert 0 < int(facts["declared_bytes"]) - int(facts["present_bytes"]) <= whole.stat().st_size * 0.4
    assert found.extent is not None
    assert (found.extent.present_frames or 0) > 0


def test_the_box_that_reaches_too_far_is_named(runner: MediaRunner, make_clip: MakeClip, cut: Cut) -> None:
    found = probe_media(cut(make_clip(*VIDEO, "-movflags", "+faststart", "clip.mp4"), 0.6), runner)
    assert found.reasons[0].facts["box"] == "mdat"
    assert found.reasons[1].facts["declared_seconds"] == pytest.approx(4.0, abs=0.1)


def test_a_hole_of_zeros_is_found_and_counted(runner: MediaRunner, make_clip: MakeClip) -> None:
    """What a recorder leaves that lost power while the file system had the size already, and not the data."""
    clip = make_clip(*VIDEO, "-g", "25", "-movflags", "+faststart", "clip.mp4")
    content = bytearray(clip.read_bytes())
    start = len(content) // 2
    content[start : start + 300_000] = bytes(300_000)
    clip.write_bytes(content)
    found = probe_media(clip, runner)
    assert (found.state, codes(found)) == ("damaged", [code.ZERO_FILLED, code.FRAMES_MISSING])
    assert int(found.reasons[0].facts["about_bytes"]) == pytest.approx(300_000, rel=0.25)
    assert int(found.reasons[0].facts["first_at"]) == pytest.approx(start, abs=40_000)


def test_silence_and_padding_are_no_holes(runner: MediaRunner, make_clip: MakeClip) -> None:
    silent = make_clip("-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo", "-t", "3", "-c:a", "pcm_s16le", "memo.wav")
    assert (probe_media(silent, runner).state, codes(probe_media(silent, runner))) == ("opens", [])
    padded = make_clip(*VIDEO, "-moov_size", "900000", "clip.mp4")
    found = probe_media(padded, runner)
    assert (found.state, codes(found)) == ("opens", [])


def test_a_foreign_tail_is_a_note(runner: MediaRunner, make_clip: MakeClip) -> None:
    clip = make_clip(*VIDEO, "clip.mp4")
    clip.write_bytes(clip.read_bytes() + b"\xff\xfe maker's own table " * 40)
    found = probe_media(clip, runner)
    assert (found.state, codes(found)) == ("opens", [code.TRAILING_BYTES])
    assert found.reasons[0].facts["bytes"] == 40 * 21


def test_headers_without_one_frame_are_not_intact(runner: MediaRunner, make_clip: MakeClip) -> None:
    clip = make_clip(*VIDEO, "-movflags", "+faststart", "clip.mp4")
    content = clip.read_bytes()
    at = content.index(b"mdat") + 4
    clip.write_bytes(content[:at] + b"\x5a" * (len(content) - at))
    found = probe_media(clip, runner)
    assert (found.state, codes(found)) == ("damaged", [code.FRAMES_MISSING, code.NO_DECODABLE_FRAME])


def test_nothing_but_zeros_is_unreadable_and_says_why(runner: MediaRunner, tmp_path: Path) -> None:
    path = tmp_path / "AB00001_000123_20260101093000.MP4"
    path.write_bytes(b"\0\0\0\x18ftypisom" + bytes(1 << 20))
    found = probe_media(path, runner)
    assert found.state == "unreadable"
    assert codes(found) == [code.NOT_MEDIA, code.ZERO_FILLED]


def test_a_cut_film_says_from_which_second_and_byte_on_it_is_gone(
    runner: MediaRunner, make_clip: MakeClip, cut: Cut
) -> None:
    whole = make_clip(*VIDEO, "-movflags", "+faststart", "clip.mp4")
    missing = probe_media(cut(whole, 0.6), runner).missing
    assert missing is not None
    assert missing.declared_seconds == pytest.approx(4.0, abs=0.1)
    assert missing.first_missing_seconds == missing.present_seconds == pytest.approx(2.4, abs=0.4)
    assert missing.first_missing_byte == int(whole.stat().st_size * 0.6)
    assert missing.missing_bytes == pytest.approx(whole.stat().st_size * 0.4, rel=0.05)
    assert probe_media(whole, runner).missing is None


def test_a_film_of_avi_keeps_its_header_s_word_when_its_index_is_gone(
    runner: MediaRunner, make_clip: MakeClip, cut: Cut
) -> None:
    missing = probe_media(cut(make_clip(*PICTURE, "-c:v", "mjpeg", "clip.avi"), 0.6), runner).missing
    assert missing is not None
    assert missing.declared_seconds == pytest.approx(4.0, abs=0.05)
    assert (missing.declared_frames, missing.present_frames) == (100, pytest.approx(55, abs=15))


def test_where_a_hole_begins_is_told_by_byte_and_about_by_time(runner: MediaRunner, make_clip: MakeClip) -> None:
    clip = make_clip(*VIDEO, "-g", "25", "-movflags", "+faststart", "clip.mp4")
    content = bytearray(clip.read_bytes())
    start = len(content) // 2
    content[start : start + 300_000] = bytes(300_000)
    clip.write_bytes(content)
    missing = probe_media(clip, runner).missing
    assert missing is not None
    assert missing.missing_bytes == 0
    assert missing.first_missing_byte == pytest.approx(start, abs=40_000)
    assert missing.first_missing_seconds == pytest.approx(2.0, abs=0.2)


def test_where_no_total_is_declared_no_count_of_missing_bytes_is_made_up(
    runner: MediaRunner, make_clip: MakeClip
) -> None:
    """Of a stream that ends with a whole packet, and of a film without the index that would say what there was."""
    stream, film = make_clip(*VIDEO, "clip.ts"), make_clip(*VIDEO, "clip.mp4")
    content = bytearray(stream.read_bytes())
    start = len(content) // 2
    content[start : start + 300_000] = bytes(300_000)
    stream.write_bytes(content)
    film.write_bytes(film.read_bytes()[: film.read_bytes().rindex(b"moov") - 4])
    for path, reason in ((stream, code.ZERO_FILLED), (film, code.MOOV_MISSING)):
        found = probe_media(path, runner)
        assert (found.state, codes(found)[0]) == ("damaged", reason)
        assert found.missing is not None
        assert found.missing.missing_bytes is None


PHOTOGRAPH = ("-f", "lavfi", "-i", "testsrc2=size=640x480", "-frames:v", "1", "photograph.jpg")


@pytest.mark.parametrize("lacking", [1, 2])
def test_a_photograph_without_its_end_mark_is_damaged_though_a_decoder_bears_with_it(
    runner: MediaRunner, make_clip: MakeClip, lacking: int
) -> None:
    picture = make_clip(*PHOTOGRAPH)
    content = picture.read_bytes()
    assert (probe_media(picture, runner).state, content[-2:]) == ("intact", b"\xff\xd9")
    picture.write_bytes(content[:-lacking])
    found = probe_media(picture, runner)
    assert (found.state, codes(found)) == ("damaged", [code.ENDS_EARLY])
    assert found.missing is not None
    assert (found.missing.missing_bytes, found.missing.first_missing_byte) == (lacking, len(content) - lacking)
    assert (found.missing.declared_seconds, found.missing.present_seconds) == (None, None)


@pytest.mark.parametrize("part", [0.5, 0.9])
def test_of_a_cut_photograph_the_decoder_s_word_is_the_reason_and_no_bytes_are_told(
    runner: MediaRunner, make_clip: MakeClip, cut: Cut, part: float
) -> None:
    found = probe_media(cut(make_clip(*PHOTOGRAPH), part), runner)
    assert (found.state, codes(found)) == ("damaged", [code.DECODER_COMPLAINED])
    assert found.missing is not None
    assert (found.missing.missing_bytes, found.missing.first_missing_byte) == (None, None)
    (claim,) = claims_of_damage(found)
    assert isinstance(claim.value, dict)
    assert "missing_bytes" not in claim.value
