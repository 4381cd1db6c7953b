"""A log beside a recording: found by name, station, device and day, and only where one recording alone fits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.metadata.claims import Claim
from ingest.metadata.sidecars import ATTACHED, attach_sidecars
from storage.catalog.organisation import Unit
from storage.catalog.recordings import PositionTrack, Recording
from tests.casework.sample_archive import NOW, SampleArchive

ROWS = [[0, 312304000, 1214737000, 1250, 150, 3], [1000, 312305000, 1214738000, 1250, 150, 3]]
STEM = "AB00001_000123_20260309080000"


FILMED = NOW - timedelta(days=1)
"""When every recording of these tests was made, unless it says otherwise."""


def began(at: Any, source: str = "track:x") -> tuple[Claim, ...]:
    return (Claim("gps_time", {"time": at.isoformat()}, source, "stated"),)


class Docked:
    """Recordings and logs of one unit, as they were sealed."""

    def __init__(self, session: Session) -> None:
        self.session, self.archive = session, SampleArchive(session)
        self.unit = self.archive.unit()

    def add(self, name: str, unit: Unit | None = None, kind: str = "video", **more: Any) -> Recording:
        return self.archive.recording(unit or self.unit, original_name=name, kind=kind, **more)

    def log(self, name: str = f"{STEM}.nmea", source: str = "nmea", rows: Any = ROWS, **more: Any) -> Recording:
        more = {"claims": began(FILMED), **more}
        row = self.add(name, kind="none", media_state="unreadable", **more)
        self.session.add(
            PositionTrack(
                recording_id=row.id,
                read_from=row.id,
                unit_id=row.unit_id,
                source=source,
                point_count=len(rows),
                points=rows,
                sha256=b"digest",
            )
        )
        self.session.flush()
        return row

    def attach(self) -> int:
        return len(attach_sidecars(self.session, NOW, 100))

    def tracks(self, recording: Recording) -> list[tuple[Any, str]]:
        rows = select(PositionTrack.read_from, PositionTrack.source).where(PositionTrack.recording_id == recording.id)
        return [(read_from, source) for read_from, source in self.session.execute(rows)]


@pytest.fixture
def docked(session: Session) -> Docked:
    return Docked(session)


def test_a_log_brings_its_track_and_a_place_and_an_entry_says_so(docked: Docked) -> None:
    clip, log = docked.add(f"{STEM}.MP4"), docked.log()
    assert docked.attach() == 1
    assert docked.tracks(clip) == [(log.id, "nmea")]
    assert (clip.latitude, clip.longitude, clip.place_source) == (31.2304, 121.4737, "sidecar:nmea")
    entry = docked.archive.last_entry(ATTACHED)
    assert entry.subject_id == str(clip.id)
    assert entry.data == {"sidecar": str(log.id), "source": "nmea", "track_sha256": b"digest".hex()}
    assert docked.attach() == 0
    assert len(docked.archive.entries(ATTACHED)) == 1


@pytest.mark.parametrize(
    ("log", "clip"),
    [
        (f"{STEM}.gps", f"{STEM}.mp4"),
        (f"{STEM.lower()}.GPX", f"{STEM}.MP4"),
        (f"{STEM}.MP4.srt", f"{STEM}.MP4"),
        (f"LOG\\{STEM}.nmea", f"DCIM/100/{STEM}.TS"),
    ],
)
def test_names_are_compared_without_folder_type_and_case(docked: Docked, log: str, clip: str) -> None:
    row = docked.add(clip)
    docked.log(log)
    assert docked.attach() == 1
    assert len(docked.tracks(row)) == 1


def test_a_recording_that_comes_after_its_log_gets_it_then(docked: Docked) -> None:
    docked.log()
    assert docked.attach() == 0
    clip = docked.add(f"{STEM}.MP4")
    assert docked.attach() == 1
    assert clip.place_source == "sidecar:nmea"


def test_a_place_of_its_own_stays(docked: Docked) -> None:
    clip = docked.add(f"{STEM}.MP4", latitude=39.9, longitude=116.4, place_source="tag:location")
    docked.log()
    assert docked.attach() == 1
    assert (clip.latitude, clip.place_source) == (39.9, "tag:location")


def test_what_does_not_fit_is_left_alone(docked: Docked) -> None:
    other = docked.archive.unit()
    clips = [
        docked.add("AB00001_000123_20260309080001.MP4"),
        docked.add(f"{STEM}.MP4", unit=other),
        docked.add(f"{STEM}.MP4", device="AB00002"),
        docked.add(f"{STEM}.MP4", received_at=NOW - timedelta(days=2)),
        docked.add(f"{STEM}.txt", kind="none", media_state="unreadable"),
    ]
    docked.log()
    assert docked.attach() == 0
    assert [docked.tracks(clip) for clip in clips] == [[]] * 5


def test_another_station_of_the_unit_is_another_card(docked: Docked) -> None:
    clip = docked.add(f"{STEM}.MP4")
    docked.archive.new_station(docked.unit)
    docked.log()
    assert docked.attach() == 0
    assert docked.tracks(clip) == []


def test_two_that_fit_are_none(docked: Docked) -> None:
    """A number on a card comes back: which of the two it was is not to be known."""
    docked.add("GX010123.MP4")
    docked.add("GX010123.MP4")
    docked.log("GX010123.gpx", "gpx")
    assert docked.attach() == 0


@pytest.mark.parametrize(("apart", "attached"), [(0, 1), (100, 1), (121, 0)])
def test_satellites_that_disagree_part_them(docked: Docked, apart: int, attached: int) -> None:
    """A recording of a minute; a minute more is allowed."""
    docked.add("GX010123.MP4", claims=began(NOW))
    docked.log("GX010123.gpx", "gpx", claims=began(NOW + timedelta(seconds=apart)))
    assert docked.attach() == attached


SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("film", "off", "attached"),
    [
        ({}, timedelta(0), 1),
        ({}, 119 * SECOND, 1),  # a minute's film, a minute more
        ({}, 121 * SECOND, 0),
        ({}, -121 * SECOND, 0),
        ({"uncertainty_seconds": 300.0}, 6 * MINUTE, 1),
        ({"uncertainty_seconds": 86_400.0}, 16 * MINUTE, 1),
        ({"uncertainty_seconds": 86_400.0}, 18 * MINUTE, 0),  # nobody chooses a day by contradicting himself
        ({"uncertainty_seconds": float("nan")}, 3 * MINUTE, 0),
        ({"duration_seconds": float("inf")}, timedelta(days=2), 0),
        ({"started_at": None}, timedelta(0), 0),
    ],
)
def test_a_log_of_another_time_is_not_the_films_however_it_is_called(
    docked: Docked, film: dict[str, Any], off: timedelta, attached: int
) -> None:
    clip = docked.add(f"{STEM}.MP4", **film)
    docked.log(claims=began(FILMED + off))
    assert docked.attach() == attached
    assert (clip.place_source is not None) == bool(attached)


@pytest.mark.parametrize(("source", "seconds", "attached"), [("srt", 60.0, 1), ("srt", 0.5, 1), ("gpx", 60.0, 0)])
def test_without_a_time_only_what_counts_from_the_films_first_frame_belongs_to_it(
    docked: Docked, source: str, seconds: float, attached: int
) -> None:
    docked.add(f"{STEM}.MP4", duration_seconds=seconds)
    docked.log(f"{STEM}.{source}", source, claims=())
    assert docked.attach() == attached


def test_subtitles_that_outlast_the_film_are_not_its_own(docked: Docked) -> None:
    docked.add(f"{STEM}.MP4", duration_seconds=60.0)
    docked.log(f"{STEM}.srt", "srt", rows=[ROWS[0], [121_000, *ROWS[1][1:]]], claims=())
    assert docked.attach() == 0


def test_files_of_two_recorders_by_the_stations_word_are_kept_apart(docked: Docked) -> None:
    def of(group: str) -> Claim:
        return Claim("group", group, "station", "stated")

    docked.add(f"{STEM}.MP4", claims=(of("card-1"),))
    docked.log(claims=(*began(FILMED), of("card-2")))
    assert docked.attach() == 0
    docked.log(f"{STEM}.gpx", "gpx", claims=(*began(FILMED), of("card-1")))
    assert docked.attach() == 1
