"""A station that sends is one that is heard of, however long its upload takes."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from ingest.stations.overview import overviews
from ingest.stations.reports import judge_silence
from ingest.uploads.contract import Opening, UploadRecord
from ingest.uploads.errors import RegisterUnavailable
from ingest.uploads.metadata import UploadClaims
from ingest.uploads.register import CatalogRegister
from ingest.uploads.sightings import Sightings
from ingest.uploads.threads import Threads
from storage.catalog.stations import Station, StationState
from storage.catalog.uploads import Upload
from storage.database import Database
from tests.ingest.uploads.enrolled import DEFAULTS, LATER, TOKEN, enrol, proved
from tests.ingest.uploads.openings import open_upload

SILENT_AFTER = timedelta(hours=24)


@pytest.fixture
def sending(database, addresses) -> tuple[CatalogRegister, UploadRecord]:
    """Of a station that was enrolled, and began its only upload, thirty hours ago, with a plain tus client."""
    row = enrol(database, TOKEN)
    register = CatalogRegister(database, DEFAULTS)
    station = proved(register, f"Bearer {TOKEN}")
    record = open_upload(register, Opening(station, uuid.uuid4().hex, 1000, UploadClaims(), LATER))
    long_ago = {"created_at": datetime.now(UTC) - timedelta(hours=30)}
    owner = Database(addresses.owner, pool_size=1)
    with owner.transaction() as session:
        session.execute(update(Station).where(Station.id == row.id).values(long_ago))
        session.execute(update(Upload).where(Upload.id == record.upload_id).values(long_ago))
    owner.close()
    return register, record


def judge(database, record: UploadRecord) -> tuple[int, str]:
    now = datetime.now(UTC)
    with database.transaction() as session:
        changed = judge_silence(session, now, SILENT_AFTER)
        (seen,) = overviews(session, [session.get_one(Station, record.station_id)], now)
    return changed, seen.condition


def test_a_station_whose_only_upload_goes_on_for_days_is_not_silent(database, sending):
    register, record = sending
    register.note_seen(record)
    assert judge(database, record) == (0, "online")


def test_one_that_sends_nothing_any_more_is_and_is_heard_again_when_it_goes_on(database, sending):
    register, record = sending
    assert judge(database, record) == (1, "silent")
    register.note_seen(record)
    assert judge(database, record) == (1, "online")
    with database.transaction() as session:
        session.execute(update(StationState).values(seen_at=datetime.now(UTC) + timedelta(seconds=5)))
        later = session.get_one(StationState, record.station_id).seen_at
    register.note_seen(record)
    with database.reading() as session:
        assert session.get_one(StationState, record.station_id).seen_at == later


def test_bytes_are_a_sign_of_life_and_looks_are_none(start_server):
    tus = start_server()
    path = tus.create(1000)

    def seen() -> int:
        found: list[int] = []
        tus.change_register(lambda content: found.append(len(content.get("seen", []))))
        return found[0]

    assert tus.head(path).status == 200
    assert tus.patch(path, 0, b"").status == 204
    assert seen() == 0
    for offset in range(3):
        assert tus.patch(path, offset, b"x").status == 204
    assert seen() == 1, "it is noted once in a while"


def test_what_could_not_be_noted_is_with_the_next_bytes():
    class Register:
        def __init__(self) -> None:
            self.asked = 0

        def note_seen(self, record: UploadRecord) -> None:
            self.asked += 1
            if self.asked == 1:
                raise RegisterUnavailable("down")

    async def run() -> int:
        register = Register()
        sightings = Sightings(register, Threads())
        record = UploadRecord("ab" * 16, uuid.uuid4(), uuid.uuid4(), 10, UploadClaims(), "open", LATER)
        for _ in range(4):
            await sightings.note(record)
        return register.asked

    assert asyncio.run(run()) == 2
