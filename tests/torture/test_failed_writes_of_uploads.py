"""The same for the bytes' road to the staging disk: creation, offset, finish. The station does what its agent does."""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
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
from tests.torture.points import DEFERRED_STEPS, UPLOAD_STEPS, Watch, short
from tests.torture.sealing_bench import SealingBench

pytestmark = pytest.mark.timeout(300)
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
MOST_REQUESTS = 20
PORTION_BYTES = 512 << 10


@pytest.fixture
def bench(addresses: DatabaseAddresses, tmp_path: Path) -> Iterator[SealingBench]:
    archive = SealingArchive(addresses, tmp_path)
    yield SealingBench(archive)
    archive.close()


@dataclass(frozen=True)
class Way:
    """How a station sends a file: in pieces that end at these bytes, its length said with the last one or at once."""

    ends: tuple[int, ...]
    steps: frozenset[str]
    """That must have writes."""
    defers_length: bool = False

    @property
    def size_bytes(self) -> int:
        return self.ends[-1]

    def piece_at(self, offset: int) -> int:
        """Where the piece ends that begins there, or that a cut left there."""
        return next((end for end in self.ends if end > offset), self.size_bytes)

    def said_at_creation(self) -> dict[str, str]:
        return {"Upload-Defer-Length": "1"} if self.defers_length else self._length()

    def said_with(self, end: int) -> dict[str, str]:
        return self._length() if self.defers_length and end == self.size_bytes else {}

    def _length(self) -> dict[str, str]:
        return {"Upload-Length": str(self.size_bytes)}


PIECE_BY_PIECE = frozenset({"open_uploads", "Staging.create", "open_bytes", "append", "keep", "finish_uploads"})
WAYS = {
    "whole": Way((9_000,), frozenset({"open_uploads", "Staging.begin_whole", "WholeFile.append", "keep_all"})),
    "two pieces": Way((4_500, 9_000), PIECE_BY_PIECE | {"keep_all"}),
    "long": Way(((4 << 20) + 77, (5 << 20) + 4_000), PIECE_BY_PIECE),
    "length declared later": Way((4_500, 9_000), PIECE_BY_PIECE | {"declare_length"}, defers_length=True),
}
"""The first piece of the long one is several blocks, which go past the page cache; so much is written in many writes
that are alike."""
MOST_OF_A_KIND = 8


async def upload(client: httpx.AsyncClient, way: Way, content: bytes) -> str:
    """Create, send piece by piece, and after any mishap ask how far it got. Returns the upload's address."""
    address, offset, is_complete = "", 0, False
    for _ in range(MOST_REQUESTS):
        if not address:
            metadata = f"filename {base64.b64encode(b'a.mp4').decode()}"
            headers = {**TUS, **way.said_at_creation(), "Upload-Metadata": metadata}
            created = await client.post("/uploads", headers=headers)
            address = created.headers["location"] if created.status_code == 201 else ""
        elif is_complete:
            return address
        else:
            end = way.piece_at(offset)
            sent = content[offset:end]
            headers = {**PIECE, **way.said_with(end), "Upload-Offset": str(offset), "Content-Length": str(len(sent))}
            await client.patch(address, headers=headers, content=in_portions(sent))
            told = await client.head(address, headers=TUS)
            if told.status_code in (404, 410):
                address, offset = "", 0
            elif told.status_code == 200:
                offset = int(told.headers["upload-offset"])
                is_complete = offset == len(content) and "upload-defer-length" not in told.headers
    raise AssertionError("the upload does not come to its end")


async def in_portions(content: bytes) -> AsyncIterator[bytes]:
    """As a server hands a body over."""
    for begin in range(0, len(content), PORTION_BYTES):
        yield content[begin : begin + PORTION_BYTES]


def send(bench: SealingBench, watch: Watch, way: Way, content: bytes) -> str:
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
            return await upload(client, way, content)

    with watched(watch):
        return asyncio.run(run()).rpartition("/")[2]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_each_write_of_an_upload_fails_before_and_after_it_lands(bench: SealingBench, way: Way) -> None:
    def take_over(failing: Failing) -> Failing:
        bench.begin_anew()
        content = random.randbytes(way.size_bytes)
        upload_id = send(bench, Watch(UPLOAD_STEPS + DEFERRED_STEPS, failing), way, content)
        recover_all_uploads(bench.archive.archive)
        sweep_staged(bench.archive.archive)
        sweep_left_behind(bench.archive.archive)
        bench.failing = Failing()
        bench.seal_until_receipted(upload_id)
        bench.assert_sealed_once(content, 1)
        assert_nothing_else_stays(bench, failing)
        return failing

    fail_each_write(take_over, set(way.steps), MOST_OF_A_KIND)


def test_every_step_of_an_upload_has_a_way_on_which_its_writes_fail() -> None:
    assert set().union(*(way.steps for way in WAYS.values())) == {short(step) for step in UPLOAD_STEPS + DEFERRED_STEPS}


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
