"""A station that floods custody with files that take long to look at: how long its neighbour waits for a receipt."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.tasks.custody import LOOKING_BYTES, looking_places
from ingest.lanes import SMALL_LANES, seal_all_due
from ingest.media.findings import not_understood
from ingest.sealing.due import ANY_ORDER, Size, lease_due_upload
from ingest.sealing.fair_share import FairSemaphore, FairShare, Order
from ingest.stations.enrolment import enrol_station, station_of_token
from storage.catalog.uploads import LARGE_UPLOAD, Upload
from tests.api.sealing_archive import OPERATOR

FINDINGS = not_understood(ValueError("not looked at"))
PATIENCE_SECONDS = 60.0
NEIGHBOUR_SECONDS = 5.0
"""From the end of an upload to its receipt. Alone it takes a tenth of a second; the machine may be busy."""


def another_station(sealing: Any) -> uuid.UUID:
    with sealing.archive.database.transaction() as session:
        key = sealing.archive.keyring.public_key("receipt")
        token = enrol_station(session, OPERATOR, sealing.unit.id, uuid.uuid4().hex, key)
        station = station_of_token(session, token)
        assert station is not None
        return station.id


def stage(sealing: Any, station_id: uuid.UUID, content: bytes) -> str:
    before, sealing.station_id = sealing.station_id, station_id
    try:
        upload_id: str = sealing.stage(content, f"{uuid.uuid4().hex}.mp4")
        return upload_id
    finally:
        sealing.station_id = before


def state_of(sealing: Any, upload_id: str) -> str:
    with sealing.archive.database.reading() as session:
        return session.get_one(Upload, upload_id).state


def wait_until(holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> float:
    """How long it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "it did not come"
        time.sleep(0.02)
    return time.monotonic() - began


class Flood:
    """`probe` takes as long as `over` is not set for files of a station that means harm; others' are seen at once."""

    def __init__(self, sealing: Any) -> None:
        self.sealing, self.over = sealing, threading.Event()
        self.slow: set[Path] = set()
        self.seen: list[Path] = []
        self.under_way, self.most = 0, 0
        self._guard = threading.Lock()

    def add(self, station_id: uuid.UUID, count: int, size_bytes: int = 20) -> list[str]:
        ids = [stage(self.sealing, station_id, uuid.uuid4().bytes.ljust(size_bytes, b"x")) for _ in range(count)]
        self.slow |= {self.sealing.staging.bytes_path(each) for each in ids}
        return ids

    def probe(self, path: Path) -> Any:
        self.seen.append(path)
        if path in self.slow:
            with self._guard:
                self.under_way += 1
                self.most = max(self.most, self.under_way)
            assert self.over.wait(PATIENCE_SECONDS)
            with self._guard:
                self.under_way -= 1
        return FINDINGS

    @contextmanager
    def sealed(self, **parts: Any) -> Iterator[threading.Thread]:
        """A worker that seals until nothing is due."""
        custody = replace(self.sealing.custody, probe=self.probe, **parts)
        work = threading.Thread(target=seal_all_due, args=(custody, self.sealing.staging, "test", lambda: None))
        work.start()
        try:
            yield work
        finally:
            self.over.set()
            work.join(PATIENCE_SECONDS)
            assert not work.is_alive()


@pytest.fixture
def flood(sealing: Any) -> Flood:
    return Flood(sealing)


def test_a_neighbours_receipt_does_not_wait_for_a_station_that_floods_with_slow_files(
    sealing: Any, flood: Flood
) -> None:
    slow = flood.add(sealing.station_id, 20)
    neighbour = another_station(sealing)
    with flood.sealed():
        wait_until(lambda: flood.under_way == SMALL_LANES)
        for _ in range(5):
            upload_id = stage(sealing, neighbour, uuid.uuid4().bytes)
            took = wait_until(lambda upload_id=upload_id: state_of(sealing, upload_id) == "receipted")
            print(f"a neighbour's receipt took {took:.2f} s")
            assert took < NEIGHBOUR_SECONDS
        assert {state_of(sealing, each) for each in slow} == {"finished"}
        assert flood.most == SMALL_LANES
    assert {state_of(sealing, each) for each in slow} == {"receipted"}


def test_nor_for_one_that_floods_with_large_ones_too(sealing: Any, flood: Flood) -> None:
    flood.add(sealing.station_id, 2, LARGE_UPLOAD)
    flood.add(sealing.station_id, 10)
    neighbour = another_station(sealing)
    with flood.sealed():
        wait_until(lambda: flood.under_way == SMALL_LANES)
        upload_id = stage(sealing, neighbour, uuid.uuid4().bytes)
        assert wait_until(lambda: state_of(sealing, upload_id) == "receipted") < NEIGHBOUR_SECONDS


def test_a_station_that_is_alone_has_as_many_lanes_as_it_ever_had(sealing: Any, flood: Flood) -> None:
    flood.add(sealing.station_id, 12)
    with flood.sealed():
        wait_until(lambda: flood.under_way == 4)


def test_where_memory_allows_one_look_at_a_time_the_neighbour_is_next(sealing: Any, flood: Flood) -> None:
    """Three more files of the other station wait for their look, and were there before the neighbour's."""
    flood.add(sealing.station_id, 8)
    neighbour = another_station(sealing)
    places = FairSemaphore(1)
    with flood.sealed(looking=places):
        wait_until(lambda: flood.under_way == 1 and places.waiting == SMALL_LANES - 1)
        upload_id = stage(sealing, neighbour, uuid.uuid4().bytes)
        wait_until(lambda: places.waiting == SMALL_LANES)
        flood.over.set()
    assert flood.most == 1
    assert flood.seen[1] == sealing.staging.bytes_path(upload_id)
    assert len(flood.seen) == 9


def test_of_two_stations_the_one_is_next_that_had_less_and_within_it_the_oldest(sealing: Any) -> None:
    neighbour = another_station(sealing)
    flooding = [stage(sealing, sealing.station_id, uuid.uuid4().bytes) for _ in range(3)]
    late = [stage(sealing, neighbour, uuid.uuid4().bytes) for _ in range(2)]
    database, station_id = sealing.archive.database, sealing.station_id

    def next_one(order: Order = ANY_ORDER, size: Size = Size.ANY) -> str | None:
        due = lease_due_upload(database, "test", size, order)
        return None if due is None else due.id

    assert next_one() == flooding[0]
    assert next_one(Order(behind=(station_id,))) == late[0]
    assert next_one(Order(behind=(neighbour, station_id))) == late[1]
    assert next_one(Order(behind=(neighbour, station_id), full=(station_id,))) is None
    assert next_one(Order(full=(neighbour,)), size=Size.LARGE) is None
    assert next_one(Order(full=(neighbour,))) == flooding[1]


def test_of_one_station_what_its_recorder_marked_as_evidence_is_next(sealing: Any) -> None:
    ordinary = sealing.stage(b"ordinary", "a.mp4")
    marked, marked_later = (sealing.stage(name.encode(), f"{name}.mp4", marked="1") for name in ("marked", "later"))
    leased = [lease_due_upload(sealing.archive.database, "test") for _ in range(3)]
    assert [due.id for due in leased if due is not None] == [marked, marked_later, ordinary]


def test_a_large_file_does_not_wait_for_the_small_ones_of_its_own_station_that_came_before(
    sealing: Any, flood: Flood
) -> None:
    """Its lanes are full of them, and each that is through has another behind it."""
    flood.add(sealing.station_id, 60)
    slow, flood.slow = flood.slow, set()
    probe = flood.probe

    def probe_slowly(path: Path) -> Any:
        if path in slow:
            time.sleep(0.3)
        return probe(path)

    flood.probe = probe_slowly  # type: ignore[method-assign]
    with flood.sealed():
        wait_until(lambda: len(flood.seen) >= SMALL_LANES)
        came_after = len(flood.seen)
        (large,) = flood.add(sealing.station_id, 1, LARGE_UPLOAD)
        flood.slow.clear()
        wait_until(lambda: state_of(sealing, large) == "receipted")
        path = sealing.staging.bytes_path(large)
        assert flood.seen.index(path) - came_after <= 3 * SMALL_LANES
    assert len(flood.seen) == 61


@pytest.mark.parametrize("lanes", [SMALL_LANES - 2, SMALL_LANES - 1, SMALL_LANES])
def test_the_last_lane_of_a_station_is_kept_for_its_large_file_while_nobody_has_one_in_hand(lanes: int) -> None:
    share, station, other = FairShare(SMALL_LANES), uuid.uuid4(), uuid.uuid4()
    for _ in range(lanes):
        share.begin(station)
    kept = (station,) if lanes == SMALL_LANES - 1 else ()
    assert share.order().one_short == kept
    share.begin(other, is_large=True)
    assert share.order().one_short == ()
    share.end(other, is_large=True)
    assert share.order().one_short == kept


def test_no_small_file_takes_the_lane_that_is_kept_and_where_no_large_one_waits_it_does(sealing: Any) -> None:
    small = stage(sealing, sealing.station_id, uuid.uuid4().bytes)
    database, order = sealing.archive.database, Order(one_short=(sealing.station_id,))
    large = stage(sealing, sealing.station_id, b"x" * LARGE_UPLOAD)
    assert lease_due_upload(database, "test", Size.SMALL, order) is None
    due = lease_due_upload(database, "test", Size.LARGE, order)
    assert due is not None
    assert (due.id, due.is_large) == (large, True)
    due = lease_due_upload(database, "test", Size.SMALL, order)
    assert due is not None
    assert (due.id, due.is_large) == (small, False)


def test_a_row_that_somebody_else_is_about_to_lease_is_passed_by(sealing: Any) -> None:
    first, second = (stage(sealing, sealing.station_id, uuid.uuid4().bytes) for _ in range(2))
    with sealing.archive.database.transaction() as session:
        session.scalars(select(Upload).where(Upload.id == first).with_for_update()).one()
        due = lease_due_upload(sealing.archive.database, "test")
        assert due is not None
        assert due.id == second
        assert lease_due_upload(sealing.archive.database, "test") is None


@pytest.mark.parametrize(
    ("memory_gib", "workers", "places"),
    [(1, 1, 1), (4, 1, 1), (8, 1, 2), (16, 1, 4), (24, 1, 6), (64, 4, 4), (2, 8, 1)],
)
def test_what_is_looked_at_at_once_fits_into_three_quarters_of_the_memory(
    memory_gib: int, workers: int, places: int
) -> None:
    assert looking_places(memory_gib << 30, workers) == places
    assert places == 1 or places * workers * LOOKING_BYTES <= (memory_gib << 30) * 3 // 4
