"""Housekeeping on a real archive: what comes due is done, once, and nothing that is evidence is given up."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from api.tasks import housekeeping
from api.tasks.app import EVERY, celery_app
from api.tasks.staging import recover_all_uploads, sweep_staged
from api.upload_limits import upload_register
from casework.access import find_original_grant
from casework.cases import assign
from casework.organisation import create_person
from casework.playback import open_window
from casework.register.devices import add_device
from casework.register.issues import issue_device
from ingest.uploads.contract import Opening, StationIdentity
from ingest.uploads.metadata import UploadClaims
from storage.catalog.access import PlaybackWindow
from storage.catalog.casework import CaseLink
from storage.catalog.recordings import RecordingSegment
from storage.catalog.stations import Station
from storage.catalog.uploads import Upload
from storage.ledger.append import Actor
from tests.ingest.uploads.openings import open_upload

CONTENT = b"no picture, but evidence\n" * 1000
NAME = "AB00001_000123_20260101093000.MP4"


OPERATOR = Actor.system("admin")


def state_of(sealing: Any, upload_id: str) -> str:
    with sealing.archive.database.reading() as session:
        return str(session.get_one(Upload, upload_id).state)


def open_an_upload(sealing: Any, upload_id: str, length: int, expires_at: datetime) -> None:
    register = upload_register(sealing.archive)
    with sealing.archive.database.reading() as session:
        station = session.get_one(Station, sealing.station_id)
    identity = StationIdentity(station.id, station.unit_id, 64, 16 << 30)
    open_upload(register, Opening(identity, upload_id, length, UploadClaims.from_json({"filename": NAME}), expires_at))
    sealing.staging.create(upload_id, length)


def test_every_task_the_clock_knows_is_there() -> None:
    celery_app.loader.import_default_modules()
    assert set(EVERY) <= set(celery_app.tasks)


def issue_recorder(session: Any, unit_id: Any, since: datetime) -> None:
    """AB00001, to an officer with a number, as the register needs it."""
    officer = create_person(
        session, OPERATOR, unit_id=unit_id, name="持有人", sign_in_name="holder", role="officer", badge_number="000123"
    )
    device = add_device(session, OPERATOR, unit_id=unit_id, code="AB00001")
    issue_device(session, OPERATOR, device.id, officer.id, now=datetime.now(UTC), issued_at=since)


def test_a_new_recording_is_linked_to_the_case_of_its_device_and_time(sealing: Any) -> None:
    with sealing.archive.database.transaction() as session:
        start = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
        issue_recorder(session, sealing.unit.id, start - timedelta(days=1))
        assign(
            session,
            sealing.people["officer"],
            sealing.case.id,
            starts_at=start,
            ends_at=start + timedelta(hours=2),
            device="AB00001",
        )
    # Not of a first of January: such a clock looks reset, and is asked about.
    recording = sealing.seal(CONTENT, "AB00001_000123_20260302093000.MP4")
    housekeeping.link_all_due(sealing.archive)
    housekeeping.link_all_due(sealing.archive)
    with sealing.archive.database.reading() as session:
        (link,) = session.scalars(select(CaseLink)).all()
    assert (link.recording_id, link.case_id, link.made_by) == (recording.id, sealing.case.id, "window")


def test_acts_of_what_was_sealed_lately_are_found_often_and_of_what_was_left_behind_seldom(
    sealing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "worker_archive", lambda: sealing.archive)
    old, new = sealing.seal(CONTENT, NAME), sealing.seal(CONTENT + b"later", NAME)
    middle = old.sealed_at + (new.sealed_at - old.sealed_at) / 2

    def looked_at() -> set[Any]:
        with sealing.archive.database.reading() as session:
            return set(session.scalars(select(RecordingSegment.recording_id)))

    assert looked_at() == set()
    monkeypatch.setattr(housekeeping, "datetime", SimpleNamespace(now=lambda _: middle + housekeeping.LATELY))
    housekeeping.group_new_segments()
    assert looked_at() == {new.id}
    housekeeping.group_left_behind()
    assert looked_at() == {old.id, new.id}
    assert EVERY["housekeeping.group_segments"] < 10 < 600 < EVERY["housekeeping.group_left_behind"]


def test_a_window_that_is_over_is_summed_up_once(sealing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    recording = sealing.seal(CONTENT, NAME)
    sealing.link(recording)
    sealing.grant("copy")
    with sealing.archive.database.transaction() as session:
        now, viewer = datetime.now(UTC), sealing.people["supervisor"]
        found = find_original_grant(session, viewer, recording.id, now)
        for past in range(5):
            open_window(
                session,
                viewer,
                found,
                recording_id=recording.id,
                object_name=recording.object_name,
                object_size=recording.size_bytes,
                first_byte=0,
                last_byte=0,
                now=now - timedelta(hours=5 - past),
            )
    housekeeping.sum_up_all_windows(sealing.archive)
    housekeeping.sum_up_all_windows(sealing.archive)
    with sealing.archive.database.reading() as session:
        assert all(row.summed_up_at is not None for row in session.scalars(select(PlaybackWindow)))
    assert sealing.entries("playback.window_summed_up") == 5


def test_a_finish_lost_in_a_crash_is_made_good_even_when_its_time_is_over(sealing: Any) -> None:
    upload_id = "ab" * 16
    open_an_upload(sealing, upload_id, len(CONTENT), datetime.now(UTC) - timedelta(hours=1))
    with sealing.staging.take_ticket(upload_id) as held:
        assert held.try_lock()
        held.note_row_open()
        held.open_bytes(len(CONTENT))
        held.append([CONTENT])
        held.keep()
    recover_all_uploads(sealing.archive)
    assert state_of(sealing, upload_id) == "finished"
    assert sealing.staging.bytes_path(upload_id).stat().st_size == len(CONTENT)


def test_a_stale_upload_gives_its_room_back(sealing: Any) -> None:
    upload_id = "cd" * 16
    open_an_upload(sealing, upload_id, 10, datetime.now(UTC) - timedelta(seconds=1))
    recover_all_uploads(sealing.archive)
    assert state_of(sealing, upload_id) == "expired"
    assert sealing.staging.list_uploads() == set()


def test_staged_bytes_go_with_the_receipt_and_stay_without_one(sealing: Any) -> None:
    recording = sealing.seal(CONTENT, NAME)
    with sealing.archive.database.reading() as session:
        receipted = session.scalars(select(Upload.id).where(Upload.recording_id == recording.id)).one()
    waiting = sealing.stage(b"not sealed yet", NAME)
    # What a crash between the receipt and the removal leaves, however old it is.
    sealing.staging.bytes_path(receipted).write_bytes(CONTENT)
    old = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    for upload_id in (receipted, waiting):
        os.utime(sealing.staging.bytes_path(upload_id), (old, old))
    sweep_staged(sealing.archive)
    assert not sealing.staging.bytes_path(receipted).exists()
    assert sealing.staging.bytes_path(waiting).read_bytes() == b"not sealed yet"
