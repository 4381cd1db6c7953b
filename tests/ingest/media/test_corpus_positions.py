"""Where and when real files say they were made (LIUHEN_CORPUS), against what tools we did not write read in them.

The expectations were recorded with gopro-telemetry 1.2.11 (GPMF) and ExifTool 13.25 (`-ee -n`), each over the same
bytes: tests/ingest/media/test_corpus.py names files by their digest, here the corpus' own names do.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.media.probe import probe_media
from ingest.media.runner import MediaRunner
from ingest.media.sandbox import Limits
from ingest.metadata.claims import Claims
from ingest.metadata.times import OFF_AGAINST_GPS, Z_WAS_LOCAL, assess_times
from ingest.sealing.best_claims import best_claims, state_best
from ingest.sealing.claims import read_claims

RECEIVED = datetime(2026, 3, 1, 9, tzinfo=UTC)


def sealed_claims(path: Path, runner: MediaRunner) -> tuple[Claims, float | None]:
    found = probe_media(path, runner)
    said = read_claims({"filename": path.name}, found)
    return state_best(said, RECEIVED, found.duration_seconds), found.duration_seconds


def test_case_1_the_position_of_a_tag(corpus: Path, runner: MediaRunner) -> None:
    said, _ = sealed_claims(corpus / "metadata-extractor-images" / "mp4__with-gps.mp4", runner)
    best = best_claims(said)
    assert (best.latitude, best.longitude, best.place_source) == (51.4169, -0.0806, "tag:location")


def test_case_2_a_track_of_191_points_and_a_clock_that_is_not_utc(corpus: Path, runner: MediaRunner) -> None:
    """gopro-telemetry: 191 samples of GPS5; the first 33.12677, -117.3273436, -22.959 m, 1.046 m/s, fix 3, at
    2019-11-18T23:45:14Z; the last 33.1266674, -117.3272734."""
    said, duration = sealed_claims(corpus / "gpmf-parser" / "samples__max-heromode.mp4", runner)
    (track,) = said.tracks
    assert len(track.points) == 191
    assert track.points[0] == (0, 331267700, -1173273436, -2296, 105, 3)
    assert track.points[-1][1:3] == (331266674, -1173272734)
    best = best_claims(said)
    assert best.started_at == datetime(2019, 11, 18, 23, 45, 14, tzinfo=UTC)
    assert (best.started_at_source, best.started_at_uncertainty_seconds) == ("track:gpmf", 3.469)
    assessment = assess_times(said, RECEIVED, duration)
    (clock,) = [word for word in assessment.words if word.source == "tag:creation_time"]
    assert clock.offset_from(best.started_at) == -28_782
    assert clock.notes == (Z_WAS_LOCAL, OFF_AGAINST_GPS)


@pytest.mark.parametrize("more", ["", "+empty_moov+default_base_moof"])
def test_case_2_cut_into_fragments_has_the_same_track(corpus: Path, runner: MediaRunner, out: Path, more: str) -> None:
    whole = corpus / "gpmf-parser" / "samples__max-heromode.mp4"
    words = ("-nostdin", "-v", "error", "-i", "/in/media", "-map", "0:v:0", "-map", "0:3", "-c", "copy")
    made = (*words, "-tag:d", "gpmd", "-movflags", f"+frag_keyframe{more}", "-f", "mp4", "/out/made")
    assert runner.ffmpeg(made, whole, out, Limits(deadline_seconds=60)).succeeded
    assert runner.read(out / "made").contents["tracks"] == runner.read(whole).contents["tracks"]


def test_case_3_zero_zero_is_no_place_and_the_reason_is_kept(corpus: Path, runner: MediaRunner) -> None:
    said, _ = sealed_claims(corpus / "go-mp4" / "testdata__sample.mp4", runner)
    assert best_claims(said).latitude is None
    assert said.of("location") == said.of("best_place") == ()
    reasons = [claim.value for claim in said.of("withheld") if claim.value["kind"] == "location"]  # type: ignore[index]
    assert reasons == [{"kind": "location", "raw": "+00.0000+000.0000/", "reason": "zero_zero_is_no_fix"}]


EXOPLAYER = "ExoPlayer/testdata__src__test__assets__media"
# Path, latitude, longitude; points of a track, and when it began by the satellites.
PLACES: list[tuple[str, float, float, int | None, str | None]] = [
    ("exiftool/t__images__Geotag.gpx", 43.642824, -116.061502, 9, "2003-05-24T17:09:04Z"),
    ("exiftool/t__images__Geotag2.log", 50.67197, 5.099115, 3, "2010-04-24T11:27:23Z"),
    ("mapillary_tools/tests__data__gpx__sf_30km_h.gpx", 37.793585, -122.461396, 49, "2025-03-14T07:00:00Z"),
    ("exiftool/t__images__GoPro.jpg", 40.6584192, -73.9933543, None, "2017-10-03T14:58:14Z"),
    ("exiftool/t__images__Google.jpg", 40.4000694, -3.7146472, None, "2023-10-06T20:52:10Z"),
    ("exif-samples/jpg__gps__DSCN0012.jpg", 43.4671567, 11.885395, None, "2008-10-23T14:28:17Z"),
    # ExifTool has the drone's filtered positions (GLPI), these are its receiver's: they lie 0.1 m apart.
    ("gpmf-parser/samples__karma.mp4", 33.125368, -117.3310641, 47, "2017-04-17T19:27:57Z"),
    (f"{EXOPLAYER}__mp4__h265_with_metadata_track.mp4", 51.5932, -0.2431, None, "2023-04-28T17:52:16.899Z"),
]


@pytest.mark.parametrize(("name", "latitude", "longitude", "points", "began"), PLACES, ids=str)
def test_positions_are_those_another_tool_reads(
    corpus: Path, runner: MediaRunner, name: str, latitude: float, longitude: float, points: Any, began: str
) -> None:
    said, _ = sealed_claims(corpus / name, runner)
    best = best_claims(said)
    assert (best.latitude, best.longitude) == (latitude, longitude)
    assert [len(track.points) for track in said.tracks] == ([] if points is None else [points])
    assert best.started_at == datetime.fromisoformat(began)


def test_no_other_file_of_the_corpus_has_a_track(corpus: Path, runner: MediaRunner) -> None:
    """Timecodes, motion metadata and subtitles are no positions."""
    for name in (f"{EXOPLAYER}__mp4__sample_android_slow_motion.mp4", f"{EXOPLAYER}__ts__bbb_2500ms.ts"):
        assert runner.read(corpus / name).contents.get("tracks") is None
