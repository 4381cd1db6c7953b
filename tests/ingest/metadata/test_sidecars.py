"""A log beside a recording: found by name, station, device and day, and only where one recording alone fits."""

from __future__ import annotations

import tracemalloc
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ingest.metadata.claims import Claim
from ingest.metadata.sidecar_looks import find_waiting
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


def test_of_a_recording_that_names_two_places_a_log_decides_nothing(docked: Docked) -> None:
    """Anybody may write one that lies beside it."""
    said = {"kind": "location", "raw": "39.90000, 116.40000 / 22.50000, 114.10000", "reason": "places_contradict"}
    clip = docked.add(f"{STEM}.MP4", claims=(*began(FILMED), Claim("withheld", said, "probe", "doubtful")))
    log = docked.log()
    assert docked.attach() == 1
    assert docked.tracks(clip) == [(log.id, "nmea")]
    assert (clip.latitude, clip.longitude, clip.place_source) == (None, None, None)
    assert docked.archive.last_entry(ATTACHED).data["place"] == "withheld"


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
        ({}, -59 * SECOND, 1),
        # It began before: its first point is where somebody was before the film, however long that is.
        ({}, -61 * SECOND, 0),
        ({"duration_seconds": 7200.0}, -61 * SECOND, 0),
        ({"duration_seconds": 7200.0}, 7259 * SECOND, 1),
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


MOST_MEGABYTES = 8
LONG_TRACK = text(
    "INSERT INTO position_track (id, recording_id, read_from, unit_id, source, point_count, points, sha256) "
    "SELECT gen_random_uuid(), id, id, unit_id, 'nmea', 20000, (SELECT jsonb_agg(jsonb_build_array("
    "n * 1000, 312304000 + n, 1214737000 + n, 1250 + n, 150 + n, 3) ORDER BY n) FROM generate_series(0, 19999) n), "
    "'digest'::bytea FROM recording WHERE id = ANY(:ids)"
)


def test_of_however_many_long_tracks_none_is_in_memory(docked: Docked) -> None:
    """Each would be 5 MB of Python: those that wait for a film, and the one that gets to it."""
    names = [f"AB00001_000123_202603090900{number:02}" for number in range(24)]
    more: Any = {"kind": "none", "media_state": "unreadable", "claims": began(FILMED)}
    logs = [docked.add(f"{name}.nmea", **more).id for name in names]
    docked.session.execute(LONG_TRACK, {"ids": logs})
    clip = docked.add(f"{names[7]}.MP4")
    docked.session.expire_all()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        assert docked.attach() == 1
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most - before < MOST_MEGABYTES << 20
    track = docked.session.scalars(select(PositionTrack).where(PositionTrack.recording_id == clip.id)).one()
    assert (len(track.points), track.points[19_999][0], track.sha256) == (20_000, 19_999_000, b"digest")
    assert (clip.latitude, clip.longitude) == (31.2304, 121.4737)


def looked_at(docked: Docked, now: datetime = NOW, most: int = 100) -> set[Any]:
    """Which logs a run looks at."""
    found = find_waiting(docked.session, now, most)
    attach_sidecars(docked.session, now, most)
    return {row.id for row in found}


def test_a_log_that_found_nothing_is_looked_at_again_when_a_film_comes_to_its_station(docked: Docked) -> None:
    log = docked.log()
    later = [NOW + minutes * MINUTE for minutes in (0, 1, 30, 31, 40, 41)]
    assert [looked_at(docked, now) for now in later[:2]] == [{log.id}, set()]
    other = docked.archive.unit()
    docked.add(f"{STEM}.MP4", unit=other, received_at=later[2])
    assert looked_at(docked, later[2]) == set()
    docked.add("AB00001_000123_20260309080500.MP4", received_at=later[2])
    assert looked_at(docked, later[2]) == {log.id}
    assert looked_at(docked, later[3]) == {log.id}  # one that was sealed then may be seen only now
    assert [looked_at(docked, now) for now in later[4:]] == [{log.id}, set()]
    clip = docked.add(f"{STEM}.MP4", received_at=later[5])
    assert looked_at(docked, later[5]) == {log.id}
    assert docked.tracks(clip) == [(log.id, "nmea")]


def test_however_many_logs_one_station_uploads_anothers_and_its_own_old_ones_have_their_turn(docked: Docked) -> None:
    honest = docked.log(received_at=NOW - 60 * MINUTE)
    docked.archive.new_station(docked.unit)
    first = docked.log("first.nmea", received_at=NOW - 30 * MINUTE)
    hostile = {docked.log(f"log{number}.nmea", received_at=NOW - number * SECOND).id for number in range(12)}
    seen = looked_at(docked, most=3)
    assert seen == {honest.id, first.id, oldest_of(docked, hostile)}
    for _ in range(4):
        seen |= looked_at(docked, most=3)
    assert seen == {honest.id, first.id, *hostile}
    assert looked_at(docked, most=3) == set()


def oldest_of(docked: Docked, logs: set[Any]) -> Any:
    """Within a station those that waited longest come first."""
    return docked.session.scalar(select(Recording.id).where(Recording.id.in_(logs)).order_by(Recording.received_at))


def test_one_station_has_no_more_than_its_share_of_a_run(docked: Docked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.metadata.sidecar_looks.MOST_OF_ONE_STATION", 2)
    for number in range(5):
        docked.log(f"log{number}.nmea")
    assert [len(looked_at(docked)) for _ in range(4)] == [2, 2, 1, 0]


def test_a_name_that_hundreds_of_films_share_says_nothing(docked: Docked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.metadata.sidecars.MOST_OF_ONE_NAME", 3)
    for device in ("AB00001", *("AB00002",) * 2):
        docked.add("MOV0001.MP4", device=device)
    docked.log("MOV0001.nmea")
    assert docked.attach() == 1
    docked.add("MOV0001.MP4", device="AB00002")
    docked.log("MOV0001.gpx", "gpx")
    assert docked.attach() == 0


def test_files_of_two_recorders_by_the_stations_word_are_kept_apart(docked: Docked) -> None:
    def of(group: str) -> Claim:
        return Claim("group", group, "station", "stated")

    docked.add(f"{STEM}.MP4", claims=(of("card-1"),))
    docked.log(claims=(*began(FILMED), of("card-2")))
    assert docked.attach() == 0
    docked.log(f"{STEM}.gpx", "gpx", claims=(*began(FILMED), of("card-1")))
    assert docked.attach() == 1
