"""Small uploads are opened without waiting for the disk; nothing of them is acknowledged before it is there."""

from __future__ import annotations

import asyncio
import uuid

import httpx
import pytest

from ingest.uploads.application import mount_uploads, tus_application
from ingest.uploads.contract import PROMISED_BYTES, Opening
from ingest.uploads.errors import RegisterUnavailable
from ingest.uploads.metadata import UploadClaims
from ingest.uploads.register import CatalogRegister
from ingest.uploads.staging import Staging
from storage.catalog.stations import Station
from storage.database import Database
from tests.ingest.uploads.enrolled import DEFAULTS, LATER, TOKEN, enrol, proved
from tests.ingest.uploads.openings import open_together, open_upload
from tests.ingest.uploads.serving import small_limits


@pytest.fixture
def register(database) -> CatalogRegister:
    return CatalogRegister(database, DEFAULTS)


@pytest.fixture
def station_row(database) -> Station:
    return enrol(database, TOKEN)


@pytest.fixture
def station(register, station_row):
    return proved(register, f"Bearer {TOKEN}")


def test_only_the_opening_of_a_small_upload_leaves_the_disk_for_later(register, database, addresses, station):
    """Seen by a trigger that asks, as the transaction ends, whether its commit is to wait for the disk."""
    owner = Database(addresses.owner, pool_size=1)
    with owner.direct() as connection:
        connection.run("CREATE TABLE commits (number serial, waits text)")
        connection.run(
            "CREATE FUNCTION note_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
            " INSERT INTO public.commits (waits) VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$"
        )
        connection.run(
            "CREATE CONSTRAINT TRIGGER note_commit AFTER INSERT OR UPDATE ON upload DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION note_commit()"
        )

        with database.direct() as idle:  # the register's own; the tests' server waits for no commit
            idle.run("SET synchronous_commit TO on")

        def waited() -> list[str]:
            rows = connection.run("SELECT waits FROM commits ORDER BY number")
            connection.run("TRUNCATE commits")
            return [waits for (waits,) in rows]

        def openings(*lengths: int, deferred: bool = False) -> list[Opening]:
            return [Opening(station, uuid.uuid4().hex, each, UploadClaims(), LATER, deferred) for each in lengths]

        small = openings(1, PROMISED_BYTES)
        assert open_together(register, small) == [one.record for one in small]
        assert waited() == ["off", "off"]
        assert register.finish_uploads([one.record for one in small]) == [True, True]
        assert waited() == ["on", "on"]
        long = openings(1, PROMISED_BYTES + 1)
        assert open_together(register, long) == [one.record for one in long]
        assert waited() == ["on", "on"]
        unknown = openings(1, deferred=True)
        assert open_together(register, unknown) == [one.record for one in unknown]
        assert waited() == ["on"]
    owner.close()


def test_what_was_promised_is_on_the_disk_once_that_is_asked_for(register, database, addresses, station):
    owner = Database(addresses.owner, pool_size=1)
    with database.direct() as idle:  # the register's own; the tests' server waits for no commit
        idle.run("SET synchronous_commit TO on")
    with owner.direct() as connection:
        for _ in range(5):
            open_upload(register, Opening(station, uuid.uuid4().hex, 1, UploadClaims(), LATER))
            ((opened_at,),) = connection.run("SELECT pg_current_wal_insert_lsn()")
            assert opened_at is not None
            register.keep_promises()
            assert connection.run("SELECT pg_current_wal_flush_lsn() >= $1::pg_lsn", opened_at) == [("t",)]
    owner.close()


def test_no_byte_of_a_promised_upload_is_acknowledged_before_its_opening_is_kept(
    database, station_row, tmp_path, monkeypatch
):
    """Through the application, with a register whose disk does not answer just then."""
    register = CatalogRegister(database, DEFAULTS)
    staging = Staging(tmp_path / "staging")
    tus = mount_uploads(tus_application(register, staging, small_limits(keep_free_bytes=0), lambda _: None), no_other)
    kept: list[bool] = []

    def keep_promises() -> None:
        if not kept:
            raise RegisterUnavailable("OperationalError")

    monkeypatch.setattr(register, "keep_promises", keep_promises)

    async def run() -> None:
        credential = {"Authorization": f"Bearer {TOKEN}", "Tus-Resumable": "1.0.0"}
        transport = httpx.ASGITransport(tus)
        async with httpx.AsyncClient(transport=transport, base_url="http://archive", headers=credential) as client:

            async def offset(address: str) -> str:
                return (await client.head(address)).headers["upload-offset"]

            async def append(address: str, at: int, content: bytes) -> int:
                about = {"Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
                return (await client.patch(address, headers=about, content=content)).status_code

            opened = await client.post("/uploads", headers={"Upload-Length": "10"})
            address = opened.headers["location"]
            assert await append(address, 0, b"0123") == 503
            assert await offset(address) == "0"
            kept.append(True)
            assert await append(address, 0, b"0123") == 204
            kept.clear()
            assert await offset(address) == "4"
            # What brings the rest goes the short way: its finish waits for the disk itself.
            assert await append(address, 4, b"456789") == 204
            assert await offset(address) == "10"

    asyncio.run(run())


async def no_other(*_: object) -> None:
    raise AssertionError("asked for something else")
