"""A worker seals small files beside a large one, each once, and comes to an end."""

from __future__ import annotations

import errno
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from ingest.lanes import SMALL_LANES, seal_all_due
from ingest.media.errors import SandboxFailed
from ingest.sealing.due import Size, lease_due_upload
from ingest.sealing.fair_share import FairSemaphore, Order
from ingest.sealing_sign import is_sealing_shown
from ingest.uploads.staging import Staging
from storage.catalog.recordings import Recording
from storage.catalog.uploads import LARGE_UPLOAD, Upload


def count(sealing: Any, table: Any, *conditions: Any) -> int:
    with sealing.archive.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def test_small_files_wait_for_no_large_one_and_each_is_sealed_once(sealing: Any) -> None:
    large = sealing.stage(b"x" * LARGE_UPLOAD, "large.mp4")
    small = [sealing.stage(f"evidence {number}".encode(), f"{number}.jpg") for number in range(12)]
    reached, go_on = threading.Event(), threading.Event()

    def probe(path: Path) -> Any:
        if path == sealing.staging.bytes_path(large):
            reached.set()
            assert go_on.wait(60)
        return sealing.custody.probe(path)

    sealed: list[None] = []
    held = replace(sealing.custody, probe=probe)
    work = threading.Thread(target=seal_all_due, args=(held, sealing.staging, "test", lambda: sealed.append(None)))
    work.start()
    try:
        assert reached.wait(60)
        deadline = time.monotonic() + 60
        while count(sealing, Upload, Upload.state == "receipted") < len(small):
            assert time.monotonic() < deadline, "small files waited for the large one"
            time.sleep(0.05)
        assert is_sealing_shown(sealing.staging.folder), "whoever takes uploads is to give way to it"
        late = sealing.stage(b"finished meanwhile", "late.jpg")
        while count(sealing, Upload, Upload.id == late, Upload.state == "receipted") == 0:
            assert time.monotonic() < deadline, "one that came later waited"
            time.sleep(0.05)
        assert count(sealing, Upload, Upload.id == large, Upload.state == "finished") == 1
    finally:
        go_on.set()
        work.join(60)
    assert not work.is_alive()
    assert not is_sealing_shown(sealing.staging.folder)
    assert count(sealing, Recording) == count(sealing, Upload, Upload.state == "receipted") == len(small) + 2
    assert sealing.entries("recording.sealed") == sealing.entries("receipt.issued") == len(sealed) == len(small) + 2
    assert sealing.staging.list_uploads() == set()


def test_the_same_bytes_in_two_lanes_at_once_are_one_recording(sealing: Any) -> None:
    for _ in range(8):
        sealing.stage(b"the very same", "a.jpg")
    # Two that meet at the last moment: one of them is put off, and due again a little later.
    deadline = time.monotonic() + 60
    while count(sealing, Upload, Upload.state == "receipted") < 8 and time.monotonic() < deadline:
        seal_all_due(sealing.custody, sealing.staging, "test", lambda: None)
        time.sleep(0.1)
    assert count(sealing, Upload, Upload.state == "receipted") == 8
    assert count(sealing, Recording) == 1
    assert len(list(sealing.archive.store.list("originals/"))) == 1
    assert sealing.entries("recording.received_again") == 7


def test_what_fails_in_a_lane_ends_no_lane(sealing: Any) -> None:
    for number in range(4):
        sealing.stage(f"evidence {number}".encode(), f"{number}.jpg")

    def probe(path: Path) -> Any:
        raise SandboxFailed("running", "no sandbox today")

    seal_all_due(replace(sealing.custody, probe=probe), sealing.staging, "test", lambda: None)
    assert count(sealing, Upload, Upload.state == "finished", Upload.attempts > 0) == 4


def test_a_database_that_is_away_for_a_moment_ends_no_lane(sealing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a large file is on its way, the small ones beside it go on as soon as it answers again."""
    large = sealing.stage(b"x" * LARGE_UPLOAD, "large.mp4")
    reached, went_away, go_on = threading.Event(), threading.Event(), threading.Event()
    away: set[str] = set()

    def lease(database: Any, worker: str, size: Size, order: Order, node: str) -> Any:
        if size is Size.SMALL and not reached.is_set():
            return None
        if size is Size.SMALL and worker not in away:
            away.add(worker)
            if len(away) == SMALL_LANES:
                went_away.set()
            raise OperationalError("SELECT", {}, ConnectionError("the database system is shutting down"))
        return lease_due_upload(database, worker, size, order, node)

    def probe(path: Path) -> Any:
        if path == sealing.staging.bytes_path(large):
            reached.set()
            assert go_on.wait(60)
        return sealing.custody.probe(path)

    monkeypatch.setattr("ingest.lanes.lease_due_upload", lease)
    held = replace(sealing.custody, probe=probe)
    work = threading.Thread(target=seal_all_due, args=(held, sealing.staging, "test", lambda: None))
    work.start()
    try:
        assert went_away.wait(60)
        sealing.stage(b"evidence", "small.jpg")
        deadline = time.monotonic() + 60
        while count(sealing, Upload, Upload.state == "receipted") < 1:
            assert time.monotonic() < deadline, "no lane looks for small files any more"
            time.sleep(0.05)
        assert count(sealing, Upload, Upload.id == large, Upload.state == "finished") == 1
    finally:
        go_on.set()
        work.join(60)
    assert count(sealing, Upload, Upload.state == "receipted") == 2


def test_a_database_that_is_away_for_a_moment_ends_not_even_the_lane_of_large_files(
    sealing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks again as long as anything is under way beside it."""
    large, small = sealing.stage(b"x" * LARGE_UPLOAD, "large.mp4"), sealing.stage(b"small", "small.jpg")
    held, went_away, go_on = threading.Event(), threading.Event(), threading.Event()

    def lease(database: Any, worker: str, size: Size, order: Order, node: str) -> Any:
        if size is Size.LARGE and held.is_set() and not went_away.is_set():
            went_away.set()
            raise OperationalError("SELECT", {}, ConnectionError("the database system is shutting down"))
        return lease_due_upload(database, worker, size, order, node)

    def probe(path: Path) -> Any:
        if path == sealing.staging.bytes_path(small):
            held.set()
            assert go_on.wait(60)
        elif path == sealing.staging.bytes_path(large):
            assert held.wait(60)
        return sealing.custody.probe(path)

    monkeypatch.setattr("ingest.lanes.lease_due_upload", lease)
    parts = replace(sealing.custody, probe=probe)
    work = threading.Thread(target=seal_all_due, args=(parts, sealing.staging, "test", lambda: None))
    work.start()
    try:
        assert went_away.wait(60)
        late = sealing.stage(b"y" * LARGE_UPLOAD, "late.mp4")
        deadline = time.monotonic() + 60
        while count(sealing, Upload, Upload.id == late, Upload.state == "receipted") < 1:
            assert time.monotonic() < deadline, "nobody looks for large files any more"
            time.sleep(0.05)
    finally:
        go_on.set()
        work.join(60)
    assert count(sealing, Upload, Upload.state == "receipted") == 3


@pytest.mark.timeout(180)
def test_a_worker_that_is_to_end_finishes_what_every_lane_has_in_hand_and_begins_nothing_more(sealing: Any) -> None:
    """However much comes in meanwhile."""
    large = sealing.stage(b"x" * LARGE_UPLOAD, "large.mp4")
    begun_large, stopping, go_on, in_hand = threading.Event(), threading.Event(), threading.Event(), set()

    def probe(path: Path) -> Any:
        in_hand.add(path)
        if path == sealing.staging.bytes_path(large):
            begun_large.set()
        assert go_on.wait(60)
        return sealing.custody.probe(path)

    def look() -> None:
        parts = replace(sealing.custody, probe=probe, looking=FairSemaphore(SMALL_LANES + 1))
        seal_all_due(parts, sealing.staging, "test", lambda: None, is_stopping=stopping.is_set)

    work = threading.Thread(target=look)
    work.start()
    try:
        assert begun_large.wait(60)  # Before the small ones come, which would take the station's whole share of lanes.
        for number in range(SMALL_LANES * 3):
            sealing.stage(f"evidence {number}".encode(), f"{number}.jpg")
        deadline = time.monotonic() + 60
        while len(in_hand) < SMALL_LANES:
            assert time.monotonic() < deadline, "lanes stand idle"
            time.sleep(0.05)
        stopping.set()
        time.sleep(1)  # Who had not heard of it yet has begun by now.
        begun = count(sealing, Upload, Upload.leased_by.is_not(None))
        sealing.stage(b"came meanwhile", "late.jpg")
    finally:
        stopping.set()
        go_on.set()
        work.join(60)
    assert not work.is_alive()
    assert SMALL_LANES <= begun == len(in_hand) == count(sealing, Upload, Upload.state == "receipted")
    waiting = count(sealing, Upload, Upload.state == "finished", Upload.leased_by.is_(None), Upload.attempts == 0)
    assert waiting == SMALL_LANES * 3 + 2 - begun


def test_what_a_worker_that_is_ended_had_in_hand_is_free_at_once_and_was_no_attempt(sealing: Any) -> None:
    sealing.stage(b"evidence", "a.jpg")

    def probe(path: Path) -> Any:
        raise SystemExit

    with pytest.raises(SystemExit):
        seal_all_due(replace(sealing.custody, probe=probe), sealing.staging, "test", lambda: None, small_lanes=0)
    assert count(sealing, Upload, Upload.leased_by.is_(None), Upload.leased_until.is_(None), Upload.attempts == 0) == 1
    seal_all_due(sealing.custody, sealing.staging, "test", lambda: None)
    assert count(sealing, Upload, Upload.state == "receipted") == 1


def test_staged_bytes_that_cannot_be_removed_hold_up_nothing_that_has_its_receipt(
    sealing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = {sealing.stage(f"evidence {number}".encode(), f"{number}.jpg") for number in range(3)}

    def refuse(staging: Staging, upload_id: str) -> None:
        raise OSError(errno.EIO, "input/output error")

    sealed: list[None] = []
    with monkeypatch.context() as patch:
        patch.setattr(Staging, "remove", refuse)
        seal_all_due(sealing.custody, sealing.staging, "test", lambda: sealed.append(None), small_lanes=0)
    assert count(sealing, Upload, Upload.state == "receipted") == len(sealed) == 3
    assert sealing.staging.list_uploads() == uploads, "the next sweep removes them"
