from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from ingest.media import findings as code
from ingest.media.budget import READ_BYTES_A_SECOND
from ingest.media.commands import MOST_PIXELS
from ingest.media.encoding import plan_proxy
from ingest.media.findings import Findings, Reason, Stream, was_not_probed_in_time
from ingest.media.probe import COUNT_LIMITS, Patience, probe_media
from ingest.media.redaction import NAME as REDACTED
from ingest.media.redaction import Hidden, make_redacted
from ingest.media.renditions import NothingToShow, RenditionMade, make_poster, make_proxy, nothing_to_play
from ingest.media.runner import MediaRunner
from ingest.media.sandbox import Limits
from ingest.media.whole import decode_whole
from storage.catalog.recordings import NOT_LOOKED_AT_IN_TIME

Cut = Callable[[Path, float], Path]
VIDEO = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=2")


def codes(found: Findings) -> list[str]:
    return [reason.code for reason in found.reasons]


def test_a_whole_clip_is_intact_and_described(any_runner: MediaRunner, make_clip: Callable[..., Path]) -> None:
    clip = make_clip(*VIDEO, *TONE, "-metadata", "creation_time=2026-01-01T09:30:00Z", "clip.mp4")
    found = probe_media(clip, any_runner)
    assert (found.state, found.reasons, found.kind) == ("opens", (), "video")
    assert found.duration_seconds == pytest.approx(2.0, abs=0.05)
    assert found.video is not None
    assert (found.video.codec, found.video.width, found.video.height, found.video.fps) == ("h264", 320, 180, 25.0)
    assert found.audio is not None
    assert (found.audio.codec, found.audio.channels) == ("aac", 1)
    assert found.tags["creation_time"] == "2026-01-01T09:30:00.000000Z"
    assert (found.tool, found.sandbox) == ("ffprobe", any_runner.sandbox.name)
    assert found.tool_version == any_runner.tools.ffprobe.version


def test_a_faststart_clip_cut_short_is_damaged_though_it_opens(
    runner: MediaRunner, make_clip: Callable[..., Path], cut: Cut
) -> None:
    whole = make_clip(*VIDEO, "-bf", "0", "-movflags", "+faststart", "clip.mp4")
    found = probe_media(cut(whole, 0.6), runner)
    assert (found.state, codes(found)) == ("damaged", [code.ENDS_EARLY, code.FRAMES_MISSING])
    assert found.duration_seconds == pytest.approx(2.0, abs=0.05)
    assert found.extent is not None
    assert (found.extent.declared_bytes, found.extent.declared_frames) == (whole.stat().st_size, 50)
    assert 0 < (found.extent.present_frames or 0) < 50
    assert found.extent.counted_by == "decoding"


def test_a_clip_whose_index_was_at_the_end_is_damaged_not_foreign(
    runner: MediaRunner, make_clip: Callable[..., Path], cut: Cut
) -> None:
    found = probe_media(cut(make_clip(*VIDEO, "clip.mp4"), 0.6), runner)
    assert (found.state, codes(found)) == ("damaged", [code.MOOV_MISSING, code.ENDS_EARLY])
    assert (found.kind, found.container) == ("none", "mp4")


def test_a_cut_avi_is_damaged(runner: MediaRunner, make_clip: Callable[..., Path], cut: Cut) -> None:
    found = probe_media(cut(make_clip(*VIDEO, "-c:v", "mjpeg", "clip.avi"), 0.6), runner)
    assert found.state == "damaged"
    assert code.ENDS_EARLY in codes(found)
    assert found.extent is not None
    assert 0 < (found.extent.present_frames or 0) < 50


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", code.EMPTY_FILE), (b"Minutes of the meeting\n" * 50, code.NOT_MEDIA), (bytes(4096), code.NOT_MEDIA)],
)
def test_what_is_no_media_is_unreadable_whatever_its_name(
    any_runner: MediaRunner, tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "AB00001_000123_20260101093000.MP4"
    path.write_bytes(content)
    found = probe_media(path, any_runner)
    assert (found.state, codes(found), found.kind) == ("unreadable", [reason], "none")


def test_out_of_time_is_a_finding(any_runner: MediaRunner, make_clip: Callable[..., Path]) -> None:
    found = probe_media(make_clip(*VIDEO, "clip.mp4"), any_runner, Limits(deadline_seconds=0.0))
    assert (found.state, codes(found)) == ("unreadable", [code.NOT_PROBED_IN_TIME])
    assert was_not_probed_in_time(found.as_facts())
    assert code.NOT_PROBED_IN_TIME == NOT_LOOKED_AT_IN_TIME


def test_counting_has_the_time_that_a_busy_disk_takes_to_give_the_file() -> None:
    small, large = Patience.with_file_of(0).limits(), Patience.with_file_of(8 << 30).limits()
    assert small.deadline_seconds == COUNT_LIMITS.deadline_seconds
    assert large.deadline_seconds == COUNT_LIMITS.deadline_seconds + (8 << 30) / READ_BYTES_A_SECOND
    assert small.processor_seconds == large.processor_seconds == COUNT_LIMITS.processor_seconds


def test_too_little_memory_is_a_finding(any_runner: MediaRunner, make_clip: Callable[..., Path]) -> None:
    found = probe_media(make_clip(*VIDEO, "clip.mp4"), any_runner, Limits(memory_bytes=40 << 20))
    assert found.state == "unreadable"


def test_a_photograph_is_a_still_and_a_cut_one_is_damaged(runner: MediaRunner, tmp_path: Path, cut: Cut) -> None:
    photo = tmp_path / "photo.jpg"
    Image.effect_noise((640, 480), 60).convert("RGB").save(photo, exif=orientation(6))
    found = probe_media(photo, runner)
    assert (found.state, found.kind, found.orientation) == ("intact", "still", 6)
    damaged = probe_media(cut(photo, 0.5), runner)
    assert (damaged.state, codes(damaged)) == ("damaged", [code.DECODER_COMPLAINED])


def test_a_whole_picture_is_not_called_damaged_where_no_decoder_is_for_it(runner: MediaRunner, tmp_path: Path) -> None:
    """The wheel's ffmpeg was built without PNG's; Debian's has it."""
    path = tmp_path / "photo.png"
    Image.new("RGB", (64, 48), "blue").save(path)
    found = probe_media(path, runner)
    assert (found.state, codes(found)) in (("intact", []), ("opens", [code.NO_DECODER]))
    out = tmp_path / "out"
    out.mkdir()
    if codes(found):
        assert make_poster(path, found, out, runner) == NothingToShow("poster", code.NO_DECODER)


def test_a_photograph_of_more_pixels_than_are_decoded_is_told_by_that_and_not_damaged(
    runner: MediaRunner, tmp_path: Path
) -> None:
    """A whole one; nothing of it is decoded, and of whether it is whole nothing is said."""
    path, out = tmp_path / "photo.jpg", tmp_path / "out"
    Image.new("L", (17_000, 17_000)).save(path)
    out.mkdir()
    found = probe_media(path, runner)
    (reason,) = found.reasons
    assert (found.state, found.kind, reason.code) == ("opens", "still", code.PICTURE_TOO_LARGE)
    assert reason.facts == {"pixels": 17_000 * 17_000, "most": MOST_PIXELS}
    assert make_poster(path, found, out, runner) == NothingToShow("poster", code.PICTURE_TOO_LARGE)
    assert make_redacted(path, found, Hidden(), b"", out, runner) == NothingToShow(REDACTED, code.PICTURE_TOO_LARGE)
    path.write_bytes(path.read_bytes()[:-2])
    assert (probe_media(path, runner).state, codes(probe_media(path, runner))[0]) == ("damaged", code.ENDS_EARLY)


@pytest.mark.parametrize("codec", ["av1", "vvc"])
def test_what_nothing_here_decodes_is_copied_where_it_plays_and_encoded_never(
    runner: MediaRunner, make_clip: Callable[..., Path], codec: str
) -> None:
    found = probe_media(make_clip(*VIDEO, "clip.mp4"), runner)
    picture = replace(found.streams[0], codec=codec, profile="Main")
    unknown = replace(found, streams=(picture,), reasons=(Reason(code.NO_DECODER, {"codec": codec}),))
    assert plan_proxy(unknown).video == ("copy" if codec == "av1" else "drop")
    assert (nothing_to_play(unknown), nothing_to_play(found)) == (None if codec == "av1" else code.NO_DECODER, None)


def test_what_a_missing_decoder_complains_of_is_no_damage(runner: MediaRunner, tmp_path: Path) -> None:
    """The same of a picture in AVIF: its AV1 is for other tools, and ffmpeg complains of each frame that it skips."""
    path, out = tmp_path / "photo.avif", tmp_path / "out"
    Image.effect_noise((640, 480), 60).convert("RGB").save(path)
    out.mkdir()
    found = probe_media(path, runner)
    assert (found.state, codes(found)) in (("opens", []), ("opens", [code.NO_DECODER]))
    if codes(found):
        assert make_poster(path, found, out, runner) == NothingToShow("poster", code.NO_DECODER)


def test_pictures_one_after_the_other_are_not_a_photograph_that_was_decoded_whole(
    runner: MediaRunner, make_clip: Callable[..., Path]
) -> None:
    one = make_clip(*VIDEO, "-frames:v", "1", "one.jpg")
    one.write_bytes(one.read_bytes() * 3)
    found = probe_media(one, runner)
    assert (found.state, found.kind, codes(found)) == ("opens", "still", [code.SEVERAL_PICTURES])


def test_pictures_without_a_container_and_without_an_end_are_a_film(
    runner: MediaRunner, make_clip: Callable[..., Path], out: Path
) -> None:
    """As cameras write a bare stream of JPEGs: it has a proxy, and a cut one is found out by decoding it."""
    film = make_clip(*VIDEO, "-c:v", "mjpeg", "-f", "mjpeg", "stream.mjpeg")
    found = probe_media(film, runner)
    assert (found.state, found.kind, codes(found)) == ("opens", "video", [])
    whole = decode_whole(film, found, runner)
    proxy = make_proxy(film, found, out, runner)
    assert isinstance(proxy, RenditionMade)
    assert (whole.state, whole.decoded_frames) == ("intact", proxy.facts["frames"])
    film.write_bytes(film.read_bytes()[:-300])
    assert decode_whole(film, probe_media(film, runner), runner).state == "damaged"


def orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = value
    return exif


def test_findings_go_into_a_row_as_json(runner: MediaRunner, make_clip: Callable[..., Path], cut: Cut) -> None:
    found = probe_media(cut(make_clip(*VIDEO, "-movflags", "+faststart", "clip.mp4"), 0.5), runner)
    row = json.loads(json.dumps(found.as_facts()))
    assert (row["state"], row["kind"], row["reasons"][0]["code"]) == ("damaged", "video", code.ENDS_EARLY)


def test_no_tag_of_a_file_steers_what_it_is_shown_on() -> None:
    tags = {"title": "\x1b[2J\u202egpj.exe\r\n", "na\x9bme": "执法 记录"}
    stream = Stream(0, "video", "h264", tags={"comment": "a\u2028b"})
    found = Findings("opens", (), "mov", None, (stream,), None, 1, tags, "ffprobe", "8", "none")
    facts = found.as_facts()
    assert facts["tags"] == {"title": "\ufffd[2J\ufffdgpj.exe\ufffd\ufffd", "na\ufffdme": "执法 记录"}
    assert facts["streams"][0]["tags"] == {"comment": "a\ufffdb"}
    assert found.tags == tags


def test_any_bytes_give_findings(runner: MediaRunner, make_clip: Callable[..., Path], tmp_path: Path) -> None:
    whole = make_clip(*VIDEO, *TONE, "clip.mp4").read_bytes()
    path = tmp_path / "flipped"
    for at in range(40, len(whole), len(whole) // 25):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x5A]) * 8 + whole[at + 8 :])
        assert probe_media(path, runner).state in ("intact", "opens", "damaged", "unreadable")
