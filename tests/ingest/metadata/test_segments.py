"""Segments in the catalog: the same rows give the same acts, late ones find their place, and nothing is mixed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

import ingest.metadata.segments
from ingest.metadata.claims import Claim
from ingest.metadata.contiguity import Piece, Place, place_pieces
from ingest.metadata.segments import group_segments, windows, write_places
from storage.catalog.organisation import Unit
from storage.catalog.recordings import Recording, RecordingSegment
from tests.casework.sample_archive import SampleArchive

START = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
GAP = 5.0


class Segmented:
    """A unit's recordings of five minutes each, by the second they began at."""

    def __init__(self, session: Session) -> None:
        self.session, self.archive = session, SampleArchive(session)
        self.unit = self.archive.unit()

    def add(self, after: float, unit: Unit | None = None, device: str = "AB00001", **more: Any) -> Recording:
        started = START + timedelta(seconds=after)
        source = more.pop("device_source", "name:ga/t-947")
        said = (
            Claim("device", device, source, "stated"),
            Claim("started_at", {"time": started.isoformat()}, "name:ga/t-947", "assumed"),
        )
        facts = {"started_at": started, "duration_seconds": 300.0, "kind": "video", "claims": said} | more
        return self.archive.recording(unit or self.unit, device=device, **facts)

    def group(self, batch: int = 100) -> int:
        looked_at = group_segments(self.session, GAP, batch)
        self.session.expire_all()
        return looked_at

    def place(self, recording: Recording) -> tuple[Any, int, int, float | None]:
        row = self.session.get_one(RecordingSegment, recording.id)
        return row.first_recording_id, row.ordinal, row.segment_count, row.gap_seconds


@pytest.fixture
def shift(session: Session) -> Segmented:
    return Segmented(session)


def test_segments_of_one_act_are_numbered_and_looked_at_once(shift: Segmented) -> None:
    first, second = shift.add(0), shift.add(300)
    alone = shift.add(9000)
    assert shift.group() == 3
    assert shift.place(first) == (first.id, 1, 2, None)
    assert shift.place(second) == (first.id, 2, 2, 0.0)
    assert shift.place(alone) == (alone.id, 1, 1, None)
    assert shift.session.get_one(RecordingSegment, alone.id).basis == "alone"
    assert shift.group() == 0


def test_a_late_segment_joins_what_was_two_acts(shift: Segmented) -> None:
    first, third = shift.add(0), shift.add(600)
    shift.group()
    before = shift.place(third)
    assert before == (third.id, 1, 1, None)
    zeroth, second = shift.add(-301.5), shift.add(300)
    assert shift.group() == 2
    acts = [shift.place(row) for row in (zeroth, first, second, third)]
    assert acts == [(zeroth.id, n, 4, gap) for n, gap in ((1, None), (2, 1.5), (3, 0.0), (4, 0.0))]


def test_nothing_is_written_where_nothing_is_new(shift: Segmented) -> None:
    rows = [shift.add(300.0 * n) for n in range(3)]
    shift.group()
    session = shift.session
    stamps = select(RecordingSegment.recording_id, RecordingSegment.grouped_at).order_by(RecordingSegment.recording_id)
    session.execute(RecordingSegment.__table__.update().values(grouped_at=START))
    shift.add(50_000)
    assert shift.group() == 1
    assert [stamp for row, stamp in session.execute(stamps) if row in {one.id for one in rows}] == [START] * 3


def test_units_devices_and_makes_without_a_number_stay_apart(shift: Segmented) -> None:
    mine, theirs = shift.add(0), shift.add(300, unit=shift.archive.unit())
    other = shift.add(300, device="AB00002")
    phones = [shift.add(at, device="Apple iPhone 6", device_source="tag:make+model") for at in (0, 300)]
    cameras = [shift.add(at, device="GoPro HERO6 #C322", device_source="exif:make+model") for at in (0, 300)]
    assert shift.group() == 7
    assert [shift.place(row)[2] for row in (mine, theirs, other, *phones)] == [1] * 5
    assert [shift.place(row)[1:3] for row in cameras] == [(1, 2), (2, 2)]


def test_files_of_one_recorder_that_names_no_number_are_known_by_the_stations_group(shift: Segmented) -> None:
    """Two recorders of one make, and the chapters of a third that names nothing at all."""

    def said(group: str, *more: Claim) -> tuple[Claim, ...]:
        return (Claim("group", group, "station", "stated"), *more)

    def clock(after: float) -> Claim:
        at = (START + timedelta(seconds=after)).isoformat()
        return Claim("clock", {"time": at}, "tag:creation_time", "doubtful")

    make = Claim("device", "GoPro HERO9", "tag:make+model", "stated")
    one = [shift.add(at, device="GoPro HERO9", claims=said("a" * 32, make, clock(at))) for at in (0, 300)]
    other = [shift.add(at, device="GoPro HERO9", claims=said("b" * 32, make, clock(at))) for at in (0.5, 300.5)]
    order = [Claim("sequence", {"number": n, "group": "0123"}, "name:gopro", "stated") for n in (1, 2)]
    chapters = [shift.archive.recording(shift.unit, device=None, kind="video", claims=said("c" * 32, n)) for n in order]
    assert shift.group() == 6
    for first, second in (one, other, chapters):
        assert shift.place(first)[:3] == (first.id, 1, 2)
        assert shift.place(second)[:3] == (first.id, 2, 2)


def test_one_group_of_two_stations_is_two_recorders(shift: Segmented) -> None:
    """Stations that watch a folder of the same path say the same group."""

    def chapter(number: int) -> Recording:
        order = Claim("sequence", {"number": number, "group": "0123"}, "name:gopro", "stated")
        said = (Claim("group", "a" * 32, "station", "stated"), order)
        return shift.archive.recording(shift.unit, device=None, kind="video", claims=said)

    here = chapter(1)
    shift.archive.new_station(shift.unit)
    there = chapter(2), chapter(3)
    assert shift.group() == 3
    assert shift.place(here)[:3] == (here.id, 1, 1)
    assert [shift.place(row)[:3] for row in there] == [(there[0].id, 1, 2), (there[0].id, 2, 2)]


@pytest.mark.parametrize(("apart", "together"), [(timedelta(days=2), True), (timedelta(days=6), False)])
def test_a_group_holds_for_a_docking_and_not_for_ever(shift: Segmented, apart: timedelta, together: bool) -> None:
    """A station may call all that is put in at one place by one name: another recorder's chapter of the number."""

    def chapter(number: int, received_at: datetime) -> Recording:
        order = Claim("sequence", {"number": number, "group": "0123"}, "name:gopro", "stated")
        said = (Claim("group", "a" * 32, "station", "stated"), order)
        return shift.archive.recording(
            shift.unit, device=None, kind="video", claims=said, started_at=START, received_at=received_at
        )

    first, second = chapter(1, START), chapter(2, START + apart)
    assert shift.group() == 2
    assert shift.place(second)[:3] == ((first.id, 2, 2) if together else (second.id, 1, 1))


def test_recorders_that_filmed_at_once_and_were_docked_weeks_apart_do_not_disturb_each_other(shift: Segmented) -> None:
    def said(after: float) -> tuple[Claim, ...]:
        at = (START + timedelta(seconds=after)).isoformat()
        clock = Claim("clock", {"time": at}, "tag:creation_time", "doubtful")
        make = Claim("device", "GoPro HERO9", "tag:make+model", "stated")
        return make, clock, Claim("group", "a" * 32, "station", "stated")

    def film(after: float, received_at: datetime) -> Recording:
        return shift.add(after, device="GoPro HERO9", claims=said(after), received_at=received_at)

    one = [film(at, START) for at in (0, 300)]
    other = [film(at + 60, START + timedelta(days=14)) for at in (0, 300)]
    assert shift.group() == 4
    for first, second in (one, other):
        assert [shift.place(row)[:3] for row in (first, second)] == [(first.id, 1, 2), (first.id, 2, 2)]


def test_a_device_that_a_name_alone_says_is_one_at_one_station_and_in_one_group(shift: Segmented) -> None:
    """Two stations, and two slots of one; the station's own word joins all the same."""

    def said(after: float, source: str, group: str | None = None) -> tuple[Claim, ...]:
        at = {"time": (START + timedelta(seconds=after)).isoformat()}
        device = Claim("device", "CZ000042", source, "stated")
        together = () if group is None else (Claim("group", group, "station", "stated"),)
        return (device, Claim("started_at", at, "name:device-time", "assumed"), *together)

    name = "name:device-time"
    here = [shift.add(at, device="CZ000042", claims=said(at, name)) for at in (0, 300)]
    slots = [shift.add(at, device="CZ000042", claims=said(at, name, g * 32)) for at, g in ((600, "a"), (900, "b"))]
    vouched = shift.add(1200, device="CZ000042", claims=said(1200, "station"))
    shift.archive.new_station(shift.unit)
    there = shift.add(600, device="CZ000042", claims=said(600, name))
    vouched_there = shift.add(1500, device="CZ000042", claims=said(1500, "station"))
    assert shift.group() == 7
    assert [shift.place(row)[:3] for row in here] == [(here[0].id, 1, 2), (here[0].id, 2, 2)]
    assert [shift.place(row)[2] for row in (*slots, there)] == [1, 1, 1]
    assert [shift.place(row)[:3] for row in (vouched, vouched_there)] == [(vouched.id, 1, 2), (vouched.id, 2, 2)]


def test_a_device_of_the_register_is_one_at_every_station(shift: Segmented) -> None:
    """Of the unit's own register or of one above it, never of another unit's."""
    above = shift.archive.unit()
    shift.unit = shift.archive.unit(parent=above)
    shift.archive.shelve(above, "AB00001")
    shift.archive.shelve(shift.archive.unit(), "AB00002")
    here = [shift.add(0, device=device) for device in ("AB00001", "AB00002")]
    shift.archive.new_station(shift.unit)
    there = [shift.add(300, device=device) for device in ("AB00001", "AB00002")]
    assert shift.group() == 4
    assert shift.place(there[0])[:3] == (here[0].id, 2, 2)
    assert [shift.place(row)[:3] for row in (here[1], there[1])] == [(row.id, 1, 1) for row in (here[1], there[1])]


def test_an_act_that_an_earlier_release_made_of_two_recorders_is_taken_apart(shift: Segmented) -> None:
    """When the next recording of one of them comes: every row stands in an act that is whole, and entered."""
    here = shift.add(0)
    shift.archive.new_station(shift.unit)
    there = shift.add(300)
    first = str(here.id)
    write_places(
        shift.session,
        shift.unit.id,
        [Place(first, first, 1, 2, None, "name"), Place(str(there.id), first, 2, 2, 0.0, "name")],
    )
    late = shift.add(600)
    assert shift.group() == 1
    assert [shift.place(row)[:3] for row in (here, there, late)] == [
        (here.id, 1, 1),
        (there.id, 1, 2),
        (there.id, 2, 2),
    ]


def test_what_has_no_length_or_device_stands_alone(shift: Segmented) -> None:
    rows = [
        shift.add(0),
        shift.add(300, kind="still"),
        shift.add(300, duration_seconds=None),
        shift.add(300, kind="none"),
    ]
    rows.append(shift.archive.recording(shift.unit, device=None, started_at=None))
    assert shift.group() == 5
    assert [shift.place(row)[2] for row in rows] == [1] * 5


def test_segments_whose_estimates_are_years_apart_meet_by_the_clock_they_share(shift: Segmented) -> None:
    """The first saw satellites, the second was made indoors by a clock seven years slow."""
    slow = timedelta(days=7 * 365)
    said = [
        (
            Claim("device", "AB00001", "station", "stated"),
            Claim(
                "clock", {"time": (START - slow + timedelta(seconds=at)).isoformat()}, "tag:creation_time", "doubtful"
            ),
        )
        for at in (0, 300)
    ]
    first = shift.add(0, claims=said[0])
    second = shift.add(0, claims=said[1], started_at=START - slow + timedelta(seconds=300))
    shift.group(batch=1)
    shift.group(batch=1)
    assert shift.place(second) == (first.id, 2, 2, 0.0)


def test_a_batch_at_a_time_ends_as_all_at_once(shift: Segmented) -> None:
    """In whatever order they come; a day of segments, each batch looks at no more than is near to it."""
    order = [(n * 7) % 24 for n in range(24)]
    rows = {n: shift.add(300.0 * n) for n in order}
    while shift.group(batch=5):
        pass
    assert [shift.place(rows[n])[:3] for n in range(24)] == [(rows[0].id, n + 1, 24) for n in range(24)]


def test_windows_that_touch_are_one() -> None:
    hour = timedelta(hours=1)
    spans = list(windows([START, START + 3 * hour, START + 1.5 * hour, START + 9 * hour], hour))
    assert spans == [(START - hour, START + 4 * hour), (START + 8 * hour, START + 10 * hour)]
    assert list(windows([], hour)) == []


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_windows_reach_to_the_ends_of_the_calendar_and_no_further(at: datetime) -> None:
    (begin, until), *others = windows([at, at], timedelta(days=1))
    assert begin <= at <= until
    assert others == []


def test_files_sealed_as_of_the_end_of_the_calendar_hold_no_other_up(shift: Segmented) -> None:
    """As they were sealed before such times were withheld."""
    far = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    said = (
        Claim("device", "AB00009", "name:ga/t-947", "stated"),
        Claim("started_at", {"time": far.isoformat()}, "name:ga/t-947", "assumed"),
    )
    late = [shift.add(0, device="AB00009", claims=said, started_at=far) for _ in range(2)]
    first, second = shift.add(0), shift.add(300)
    assert shift.group() == 4
    assert [shift.place(row)[1:3] for row in (first, second, *late)] == [(1, 2), (2, 2), (1, 1), (1, 1)]
    assert shift.group() == 0


def test_a_device_whose_claims_cannot_be_worked_with_stays_alone_and_holds_no_other_up(
    shift: Segmented, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [shift.add(300.0 * n, device="AB00009") for n in range(2)]
    first, second = shift.add(0), shift.add(300)
    names = {str(row.id) for row in broken}

    def place(pieces: Sequence[Piece], most_gap_seconds: float) -> list[Place]:
        if names & {piece.id for piece in pieces}:
            raise OverflowError("date value out of range")
        return place_pieces(pieces, most_gap_seconds)

    monkeypatch.setattr(ingest.metadata.segments, "place_pieces", place)
    assert shift.group() == 4
    assert [shift.place(row)[1:3] for row in (first, second, *broken)] == [(1, 2), (2, 2), (1, 1), (1, 1)]
    assert shift.group() == 0


def test_two_at_once_do_it_once(shift: Segmented, never_committed_to: Any) -> None:
    """The second goes home: what the first holds is its lock until it commits."""
    from storage.database import Database

    shift.add(0)
    shift.group()
    other = Database(never_committed_to.worker, pool_size=2)
    with other.transaction() as session:
        assert group_segments(session, GAP, 100) == 0
    other.close()


def test_a_year_of_a_device_does_not_slow_the_next_one_down(shift: Segmented) -> None:
    """A hundred and fifty recordings a day apart: ten more cost no more than ten did at the beginning, within noise."""
    for n in range(150):
        shift.add(86_400.0 * 3 * n, received_at=START + timedelta(days=3 * n))
    while shift.group(batch=200):
        pass
    late = [shift.add(86_400.0 * 3 * 150 + 300.0 * n, received_at=START + timedelta(days=450)) for n in range(10)]
    begun = time.process_time()
    assert shift.group() == 10
    assert time.process_time() - begun < 2
    assert shift.place(late[-1])[:3] == (late[0].id, 10, 10)
