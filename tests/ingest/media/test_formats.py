"""What recorders write, format by format: each gets a proxy that a browser plays, with every frame it had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.media.probe import probe_media
from ingest.media.renditions import RenditionMade, make_proxy, make_sprite
from ingest.media.runner import MediaRunner

MakeClip = Callable[..., Path]
FILM = ("-f", "lavfi", "-i", "testsrc2=size=352x288:rate=25:duration=2")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=2:sample_rate=8000")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
FILMED = {
    "motion-jpeg.avi": (*FILM, *TONE, "-c:v", "mjpeg", "-c:a", "adpcm_ima_wav"),
    "program-stream.mpg": (*FILM, *TONE, "-c:v", "mpeg2video", "-c:a", "mp2", "-ar", "44100"),
    "h264-program-stream.mpg": (*FILM, *TONE, *H264, "-bf", "0", "-c:a", "mp2", "-ar", "44100", "-f", "mpeg"),
    "transport-stream.ts": (*FILM, *TONE, *H264, "-c:a", "aac"),
    "phone.3gp": (*FILM, *TONE, "-c:v", "h263", "-c:a", "aac"),
    "bare.264": (*FILM, *H264, "-f", "h264"),
    "bare.265": (*FILM, "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-f", "hevc"),
    "hevc.mov": (*FILM, *TONE, "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le"),
}
HEARD = {
    "adpcm.wav": ("-c:a", "adpcm_ms"),
    "a-law.wav": ("-c:a", "pcm_alaw"),
    "mu-law.wav": ("-c:a", "pcm_mulaw"),
    "g726.wav": ("-c:a", "g726", "-f", "wav"),
    "pcm.wav": ("-c:a", "pcm_s16le"),
}  # fmt: skip


def proxy_of(clip: Path, runner: MediaRunner, out: Path) -> RenditionMade:
    found = probe_media(clip, runner)
    assert (found.state, found.reasons) == ("opens", ())
    made = make_proxy(clip, found, out, runner)
    assert isinstance(made, RenditionMade), made
    return made


@pytest.mark.parametrize("name", FILMED)
def test_a_film_becomes_one_that_plays_frame_for_frame(
    runner: MediaRunner, make_clip: MakeClip, out: Path, name: str
) -> None:
    proxy = proxy_of(make_clip(*FILMED[name], name), runner, out)
    streams = {stream.kind: stream for stream in probe_media(proxy.path, runner).streams}
    assert (streams["video"].codec, streams["video"].pix_fmt) == ("h264", "yuv420p")
    assert ("audio" in streams) == ("-c:a" in FILMED[name])
    assert all(stream.codec in ("h264", "aac") for stream in streams.values())
    assert proxy.facts["frames"] == pytest.approx(50, abs=1)
    assert proxy.facts["duration_seconds"] == pytest.approx(2.0, abs=0.2)
    content = proxy.path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("name", HEARD)
def test_sound_of_recorders_becomes_aac(runner: MediaRunner, make_clip: MakeClip, out: Path, name: str) -> None:
    proxy = proxy_of(make_clip(*TONE, *HEARD[name], name), runner, out)
    (stream,) = probe_media(proxy.path, runner).streams
    assert (stream.codec, proxy.media_type) == ("aac", "audio/mp4")
    assert proxy.facts["duration_seconds"] == pytest.approx(2.0, abs=0.15)


def test_twelve_hours_are_copied_whole_and_the_sprite_reaches_their_end(
    runner: MediaRunner, make_clip: MakeClip, out: Path
) -> None:
    source = ("-f", "lavfi", "-i", "color=c=gray:size=64x36:rate=0.1:duration=43200")
    clip = make_clip(*source, *H264, "-g", "6", "half-a-day.mp4")
    proxy = proxy_of(clip, runner, out)
    assert (proxy.facts["video"], proxy.facts["frames"]) == ("copy", 4320)
    assert proxy.facts["duration_seconds"] == pytest.approx(43_200, abs=20)
    found = probe_media(clip, runner)
    sprite = make_sprite(clip, found, out, runner)
    assert isinstance(sprite, RenditionMade)
    assert sprite.facts["tiles"] == 100
    assert float(sprite.facts["interval_seconds"]) * 100 == pytest.approx(43_200, abs=30)


@pytest.mark.parametrize(
    "name",
    [
        "ExoPlayer/testdata__src__test__assets__media__amr__sample_nb.amr",
        "ExoPlayer/testdata__src__test__assets__media__amr__sample_wb.amr",
        "metadata-extractor-images/3gp__sample.3gp",
        "mediabunny/test__public__hevc.ts",
    ],
)
def test_what_our_tools_cannot_write_is_tried_on_real_files(
    corpus: Path, runner: MediaRunner, out: Path, name: str
) -> None:
    proxy = proxy_of(corpus / name, runner, out)
    assert all(stream.codec in ("h264", "aac") for stream in probe_media(proxy.path, runner).streams)
