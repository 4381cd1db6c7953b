"""A creation whose body is late, beside its successor in another process: what was acknowledged there stays.

Two applications over one staging folder and one catalog are two processes to each other.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from ingest.uploads.application import mount_uploads, tus_application
from ingest.uploads.contract import UploadRecord
from ingest.uploads.register import CatalogRegister
from ingest.uploads.staging import Staging
from storage.catalog.uploads import Upload
from storage.database import Database
from tests.ingest.uploads.enrolled import DEFAULTS, TOKEN, enrol
from tests.ingest.uploads.serving import small_limits

BODY = b"0123456789"
KEYED = {"Idempotency-Key": '"' + "k" * 32 + '"', "Upload-Length": str(len(BODY))}
STREAM = {"Content-Type": "application/offset+octet-stream"}
Client = httpx.AsyncClient


class LateStaging(Staging):
    """Its disk threads are busy with others' bodies until `goes_on` is set."""

    goes_on: threading.Event

    def take_first_ticket(self, *named: Any, **more: Any) -> Any:
        self.goes_on.wait()
        return super().take_first_ticket(*named, **more)


@pytest.fixture
def late(tmp_path: Path) -> LateStaging:
    staging = LateStaging(tmp_path / "staging")
    staging.goes_on = threading.Event()
    return staging


async def no_other(*_: object) -> None:
    raise AssertionError


def run(database: Database, late: LateStaging, work: Callable[[Client, Client], Awaitable[None]]) -> None:
    """With a client of the process that is late, and one of another."""
    enrol(database, TOKEN)

    def client_of(staging: Staging) -> Client:
        register = CatalogRegister(database, DEFAULTS)
        tus = tus_application(register, staging, small_limits(keep_free_bytes=0), lambda _: None)
        proof = {"Authorization": f"Bearer {TOKEN}", "Tus-Resumable": "1.0.0"}
        transport = httpx.ASGITransport(mount_uploads(tus, no_other))
        return Client(transport=transport, base_url="http://archive", headers=proof)

    async def both() -> None:
        async with client_of(late) as first, client_of(Staging(late.folder)) as second:
            try:
                await work(first, second)
            finally:
                late.goes_on.set()

    asyncio.run(both())


async def opened(database: Database) -> UploadRecord:
    register = CatalogRegister(database, DEFAULTS)
    while not (found := list(register.list_open(""))):
        await asyncio.sleep(0.01)
    return found[0]


def test_a_creation_that_is_late_leaves_alone_what_came_whole_meanwhile(database, late):
    async def work(first: Client, second: Client) -> None:
        creating = asyncio.create_task(first.post("/uploads", headers={**KEYED, **STREAM}, content=b"XXXX"))
        record = await opened(database)
        again = await second.post("/uploads", headers=KEYED)
        assert (again.status_code, again.headers["location"].rpartition("/")[2]) == (201, record.upload_id)
        patch = await second.patch(again.headers["location"], headers={**STREAM, "Upload-Offset": "0"}, content=BODY)
        assert patch.status_code == 204
        late.goes_on.set()
        answer = await creating
        assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(len(BODY)))
        assert (late.folder / f"{record.upload_id}.bin").read_bytes() == BODY
        assert CatalogRegister(database, DEFAULTS).find_upload(record.upload_id).state == "finished"

    run(database, late, work)


def test_a_creation_that_is_late_writes_nothing_for_an_upload_that_was_given_up(database, late):
    async def work(first: Client, second: Client) -> None:
        creating = asyncio.create_task(first.post("/uploads", headers={**KEYED, **STREAM}, content=BODY))
        record = await opened(database)
        assert (await second.delete(f"/uploads/{record.upload_id}")).status_code == 204
        late.goes_on.set()
        answer = await creating
        assert answer.status_code == 410
        assert "location" not in answer.headers

    run(database, late, work)


def test_a_body_that_ends_an_upload_which_was_moved_is_told_where_it_is(database, late):
    """Moved by an operator between the request's beginning and its end: no byte here is acknowledged."""

    async def work(first: Client, second: Client) -> None:
        created = await second.post("/uploads", headers={"Upload-Length": str(len(BODY))})
        address = created.headers["location"]
        with database.transaction() as session:
            session.execute(update(Upload).where(Upload.id == address.rpartition("/")[2]).values(node="other"))
        patch = await second.patch(address, headers={**STREAM, "Upload-Offset": "0"}, content=BODY)
        assert (patch.status_code, patch.json()["node"]) == (503, "other")
        assert CatalogRegister(database, DEFAULTS).find_upload(address.rpartition("/")[2]).is_open

    run(database, late, work)


def test_a_body_that_ends_before_its_length_counts_for_what_came(database, late):
    """Whatever the server in front of the application makes of such a request."""
    late.goes_on.set()

    async def work(first: Client, second: Client) -> None:
        address = (await first.post("/uploads", headers={"Upload-Length": str(len(BODY))})).headers["location"]
        upload_id = address.rpartition("/")[2]
        for content in (b"", BODY[:4]):
            said = {**STREAM, "Upload-Offset": "0", "Content-Length": str(len(BODY))}
            patch = await first.patch(address, headers=said, content=content)
            assert (patch.status_code, patch.headers["upload-offset"]) == (204, str(len(content)))
            assert CatalogRegister(database, DEFAULTS).find_upload(upload_id).is_open
        rest = await second.patch(address, headers={**STREAM, "Upload-Offset": "4"}, content=BODY[4:])
        assert rest.status_code == 204
        assert (late.folder / f"{upload_id}.bin").read_bytes() == BODY

    run(database, late, work)
