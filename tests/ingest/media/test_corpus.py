"""Real files that nobody here wrote (LIUHEN_CORPUS): the acceptance cases, by number."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.media import findings as code
from ingest.media.probe import probe_media
from ingest.media.renditions import NothingToShow, Outcome, RenditionMade, make_poster, make_proxy, make_sprite
from ingest.media.runner import MediaRunner
from ingest.metadata.container_tags import claims_from_tags
from ingest.metadata.points import AT_ZERO


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def made(outcome: Outcome) -> RenditionMade:
    assert isinstance(outcome, RenditionMade), outcome
    return outcome


def test_case_1_position_and_a_proxy_by_copy(corpus: Path, any_runner: MediaRunner, out: Path) -> None:
    clip = corpus / "metadata-extractor-images" / "mp4__with-gps.mp4"
    assert sha256(clip).startswith("e4bc499e4de8")
    found = probe_media(clip, any_runner)
    (location,) = claims_from_tags(found).of("location")
    assert location.value == {"latitude": 51.4169, "longitude": -0.0806}
    assert location.source == "tag:location"
    proxy = made(make_proxy(clip, found, out, any_runner))
    assert (proxy.facts["video"], proxy.facts["audio"]) == ("copy", "copy")
    assert sha256(clip).startswith("e4bc499e4de8")


def test_case_3_zero_zero_is_no_location(corpus: Path, runner: MediaRunner) -> None:
    clip = corpus / "go-mp4" / "testdata__sample.mp4"
    assert sha256(clip).startswith("342f6c755afb")
    claims = claims_from_tags(probe_media(clip, runner))
    assert claims.of("location") == ()
    assert [(w.reason, w.raw) for w in claims.withheld if w.kind == "location"] == [(AT_ZERO, "+00.0000+000.0000/")]


def test_case_4_hevc_becomes_h264(corpus: Path, runner: MediaRunner, out: Path) -> None:
    clip = corpus / "mediabunny" / "test__public__video-h265.mp4"
    assert sha256(clip).startswith("7a6b2d7a2d95")
    proxy = made(make_proxy(clip, probe_media(clip, runner), out, runner))
    found = probe_media(proxy.path, runner)
    assert found.video is not None
    assert (found.video.codec, found.video.pix_fmt, found.video.width) == ("h264", "yuv420p", 1920)
    assert found.duration_seconds == pytest.approx(10.0, abs=0.1)


def test_case_5_avi_becomes_mp4_frame_for_frame(corpus: Path, runner: MediaRunner, out: Path) -> None:
    clip = corpus / "metadata-extractor-images" / "avi__MVI_4823.AVI"
    assert sha256(clip).startswith("b14d912cfc03")
    proxy = made(make_proxy(clip, probe_media(clip, runner), out, runner))
    found = probe_media(proxy.path, runner)
    assert [stream.codec for stream in found.streams] == ["h264", "aac"]
    assert (proxy.facts["frames"], proxy.facts["width"], proxy.facts["height"]) == (78, 640, 480)


def test_case_6_a_faststart_clip_cut_to_60_percent(
    corpus: Path, any_runner: MediaRunner, cut: Callable[[Path, float], Path], out: Path
) -> None:
    found = probe_media(clip := cut(corpus / "mediabunny" / "test__public__video.mp4", 0.6), any_runner)
    assert (found.state, found.duration_seconds) == ("damaged", 5.056)
    assert found.extent is not None
    assert (found.extent.declared_frames, found.extent.present_frames) == (125, 70)
    proxy = made(make_proxy(clip, found, out, any_runner))
    assert (proxy.facts["frames"], proxy.facts["video"]) == (70, "encode")


def test_case_6_frames_declared_and_none_decodable(corpus: Path, any_runner: MediaRunner, out: Path) -> None:
    clip = corpus / "go-mp4" / "testdata__sample_qt.mp4"
    assert sha256(clip).startswith("a98dfca9be77")
    found = probe_media(clip, any_runner)
    assert found.state == "damaged"
    assert found.extent is not None
    assert (found.extent.declared_frames, found.extent.present_frames) == (14315, 0)
    assert code.NO_DECODABLE_FRAME in [reason.code for reason in found.reasons]
    for make, name in ((make_proxy, "proxy"), (make_poster, "poster"), (make_sprite, "sprite")):
        assert make(clip, found, out, any_runner) == NothingToShow(name, code.NO_DECODABLE_FRAME)
    assert list(out.iterdir()) == []


def test_case_7_no_moov_is_damaged(corpus: Path, any_runner: MediaRunner, cut: Callable[[Path, float], Path]) -> None:
    source = corpus / "gpmf-parser" / "samples__karma.mp4"
    assert sha256(source).startswith("35c2c80530e0")
    found = probe_media(cut(source, 0.6), any_runner)
    assert (found.state, found.reasons[0].code) == ("damaged", code.MOOV_MISSING)


@pytest.mark.parametrize(
    "playlist",
    ["ffconcat version 1.0\nfile {name}\n", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{name}\n#EXT-X-ENDLIST\n"],
)
def test_case_8_a_script_beside_a_real_clip(
    corpus: Path, any_runner: MediaRunner, tmp_path: Path, out: Path, playlist: str
) -> None:
    clip = tmp_path / "real.mp4"
    clip.write_bytes((corpus / "mediabunny" / "test__public__video.mp4").read_bytes())
    script = tmp_path / "script.mp4"
    script.write_text(playlist.format(name=clip.name))
    found = probe_media(script, any_runner)
    assert (found.state, found.reasons[0].code) == ("unreadable", code.FORMAT_REFUSED)
    assert isinstance(make_proxy(script, found, out, any_runner), NothingToShow)
    assert list(out.iterdir()) == []


@pytest.mark.thorough
def test_every_file_gets_findings_and_a_poster_or_a_reason(corpus: Path, runner: MediaRunner, out: Path) -> None:
    """None raises. What was whole where it was recorded is whole here."""
    states: dict[str, int] = {}
    for path in sorted(p for p in corpus.rglob("*") if p.is_file() and p.suffix not in (".json", ".md")):
        found = probe_media(path, runner)
        states[found.state] = states.get(found.state, 0) + 1
        assert found.is_sound or found.reasons
        if path.stat().st_size < 300_000:
            assert isinstance(make_poster(path, found, out, runner), RenditionMade | NothingToShow)
    assert states["intact"] + states["opens"] > 80
    assert states["damaged"] >= 6
    assert states["unreadable"] >= 5


# Whoever gathered them cut them short, or took all samples away: of each the name says it, or its length.
DAMAGED = {
    "ExoPlayer/testdata__src__test__assets__media__jpeg__pixel-motion-photo-shortened.jpg",
    "ExoPlayer/testdata__src__test__assets__media__ts__sample_with_sdt.ts",
    "exiftool/t__images__M2TS.mts",
    "exiftool/t__images__QuickTime.heic",
    "exiftool/t__images__QuickTime.m4a",
    "exiftool/t__images__QuickTime.mov",
    "exiftool/t__images__RIFF.avi",
    "go-mp4/testdata__sample_init.enca.mp4",
    "go-mp4/testdata__sample_init.encv.mp4",
    "go-mp4/testdata__sample_qt.mp4",
    "mediabunny/test__public__annex-b.mp4",
    "mediabunny/test__public__no-aud.ts",
    "mp4parse-rust/mp4parse__tests__invalid_userdata.mp4",
    "mp4parse-rust/mp4parse__tests__test_case_1185230.mp4",
}


@pytest.mark.thorough
def test_of_all_real_files_those_that_were_cut_are_damaged_and_no_others(corpus: Path, runner: MediaRunner) -> None:
    files = [path for path in sorted(corpus.rglob("*")) if path.is_file() and path.parent != corpus]
    found = {path.relative_to(corpus).as_posix(): probe_media(path, runner) for path in files}
    assert {name for name, each in found.items() if each.state == "damaged"} == DAMAGED
    assert [name for name, each in found.items() if each.runs] == []
