"""The same for the bytes' road to the staging disk: creation, offset, finish. The station does what its agent does."""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from api.engines.roles import DatabaseAddresses
from api.tasks.housekeeping import sweep_left_behind
from api.tasks.staging import recover_all_uploads, sweep_staged
from api.upload_limits import upload_limits, upload_register
from ingest.uploads.application import mount_uploads, tus_application
from ingest.uploads.sweeps import expire_stale
from storage.catalog.uploads import Upload
from tests.api.sealing_archive import SealingArchive
from tests.torture.failing import Failing, fail_each_write, watched
from tests.torture.points import UPLOAD_STEPS, Watch, short
from tests.torture.sealing_bench import SealingBench

pytestmark = pytest.mark.timeout(300)
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
MOST_REQUESTS = 20


@pytest.fixture
def bench(addresses: DatabaseAddresses, tmp_path: Path) -> Iterator[SealingBench]:
    archive = SealingArchive(addresses, tmp_path)
    yield SealingBench(archive)
    archive.close()


async def upload(client: httpx.AsyncClient, content: bytes) -> str:
    """Create, send in two pieces, and after any mishap ask how far it got. Returns the upload's address."""
    address, offset = "", 0
    for _ in range(MOST_REQUESTS):
        if not address:
            metadata = f"filename {base64.b64encode(b'a.mp4').decode()}"
            headers = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": metadata}
            created = await client.post("/uploads", headers=headers)
            address = created.headers["location"] if created.status_code == 201 else ""
        elif offset == len(content):
            return address
        else:
            end = len(content) // 2 if offset < len(content) // 2 else len(content)
            headers = {**PIECE, "Upload-Offset": str(offset)}
            await client.patch(address, headers=headers, content=content[offset:end])
            told = await client.head(address, headers=TUS)
            if told.status_code in (404, 410):
                address, offset = "", 0
            elif told.status_code == 200:
                offset = int(told.headers["upload-offset"])
    raise AssertionError("the upload does not come to its end")


def send(bench: SealingBench, watch: Watch, content: bytes) -> str:
    """Through an application that has just started, as after a crash."""

    async def others(*_: object) -> None:
        raise AssertionError("asked for something else")

    async def run() -> str:
        archive = bench.archive.archive
        limits = replace(upload_limits(archive.settings), keep_free_bytes=0)
        uploads = tus_application(upload_register(archive), bench.archive.staging, limits, lambda _: None)
        transport = httpx.ASGITransport(mount_uploads(uploads, others))
        credential = {"Authorization": f"Bearer {bench.token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://archive", headers=credential) as client:
            return await upload(client, content)

    with watched(watch):
        return asyncio.run(run()).rpartition("/")[2]


def test_each_write_of_an_upload_fails_before_and_after_it_lands(bench: SealingBench) -> None:
    def take_over(failing: Failing) -> Failing:
        bench.begin_anew()
        content = random.randbytes(9_000)
        upload_id = send(bench, Watch(UPLOAD_STEPS, failing), content)
        recover_all_uploads(bench.archive.archive)
        sweep_staged(bench.archive.archive)
        sweep_left_behind(bench.archive.archive)
        bench.failing = Failing()
        bench.seal_until_receipted(upload_id)
        bench.assert_sealed_once(content, 1)
        assert_nothing_else_stays(bench, failing)
        return failing

    fail_each_write(take_over, {short(step) for step in UPLOAD_STEPS})


def assert_nothing_else_stays(bench: SealingBench, failing: Failing) -> None:
    """What a failed creation left, and nobody knows the address of, ends with its time."""
    database = bench.archive.archive.database
    register, limits = upload_register(bench.archive.archive), upload_limits(bench.archive.archive.settings)
    expire_stale(bench.archive.staging, register, limits, datetime.now(UTC) + timedelta(days=4))
    assert bench.archive.staging.list_uploads() == set(), failing.failed
    with database.reading() as session:
        of_unit = select(Upload.state).where(Upload.unit_id == bench.archive.unit.id)
        states = session.scalars(of_unit).all()
    assert states.count("receipted") == 1, failing.failed
    assert set(states) <= {"receipted", "expired", "terminated"}, failing.failed
