"""A creation whose own body is refused: what is said of the upload, to whom, and whether it lives on."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from ingest.uploads.application import mount_uploads, tus_application
from ingest.uploads.errors import RegisterUnavailable
from ingest.uploads.held import HeldUpload
from ingest.uploads.staging import Staging
from tests.ingest.uploads.serving import FileRegister, small_limits

STREAM = {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def register(tmp_path: Path) -> FileRegister:
    file = tmp_path / "register.json"
    row = {"max_uploads": 10, "max_waiting_bytes": 1 << 30}
    file.write_text(
        json.dumps({"stations": {token: {"id": str(uuid.uuid4()), **row} for token in ("t1", "t2")}, "uploads": {}})
    )
    return FileRegister(file)


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(tmp_path / "staging")


def asking(
    register: FileRegister, staging: Staging, about: Callable[[httpx.AsyncClient], Awaitable[None]], **limits: float
) -> None:
    """Run `about` with a client of an archive in this process."""
    uploads = tus_application(register, staging, small_limits(keep_free_bytes=0, **limits), lambda _: None)

    async def no_other(*_: object) -> None:
        raise AssertionError("asked for something else")

    async def run() -> None:
        transport = httpx.ASGITransport(mount_uploads(uploads, no_other))
        headers = {"Tus-Resumable": "1.0.0"}
        async with httpx.AsyncClient(transport=transport, base_url="http://archive", headers=headers) as client:
            await about(client)

    asyncio.run(run())


def of_station(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **{name.replace("_", "-"): value for name, value in more.items()}}


def test_where_one_request_has_created_an_upload_is_said_to_no_other_that_fails_with_it(register, staging, monkeypatch):
    """A catalog that does not answer is one error for all who asked it together (gathering.py)."""
    unavailable = RegisterUnavailable("down")

    def finish_uploads(*_: object) -> list[bool]:
        raise unavailable

    async def about(client: httpx.AsyncClient) -> None:
        opened = await client.post("/uploads", headers=of_station("t2", Upload_Length="4"))
        monkeypatch.setattr(register, "finish_uploads", finish_uploads)
        sent = of_station("t1", Upload_Length="4") | STREAM
        created = await client.post("/uploads", headers=sent, content=b"0123")
        assert created.status_code == 503
        head = await client.head(created.headers["location"], headers=of_station("t2"))
        assert head.status_code == 403
        sent = of_station("t2", Upload_Offset="0") | STREAM
        other = await client.patch(opened.headers["location"], headers=sent, content=b"0123")
        assert other.status_code == 503
        assert "location" not in other.headers

    asking(register, staging, about)


class Overtaken(Staging):
    """Between a creation's ticket and its lock, a newer request for its upload takes one."""

    newer: list[HeldUpload]

    def take_first_ticket(
        self, upload_id: str, declared_length: int, *, length_is_deferred: bool = False
    ) -> HeldUpload | None:
        held = super().take_first_ticket(upload_id, declared_length, length_is_deferred=length_is_deferred)
        self.newer = [self.take_ticket(upload_id)]
        return held


def test_a_creation_that_is_overtaken_before_it_has_the_lock_is_423_and_ends_nothing(register, staging):
    overtaken = Overtaken(staging.folder)

    async def about(client: httpx.AsyncClient) -> None:
        sent = of_station("t1", Upload_Length="4", Idempotency_Key="k" * 32) | STREAM
        reply = await client.post("/uploads", headers=sent, content=b"0123")
        assert (reply.status_code, reply.json()["type"]) == (423, "urn:liuhen:problem:upload:taken-over")
        address = reply.headers["location"]
        for newer in overtaken.newer:
            newer.release()
        head = await client.head(address, headers=of_station("t1"))
        assert (head.status_code, head.headers["upload-offset"]) == (200, "0")

    asking(register, overtaken, about)


class Held(Staging):
    """Somebody has the lock of whatever a creation wants to write."""

    older: list[HeldUpload]

    def take_first_ticket(
        self, upload_id: str, declared_length: int, *, length_is_deferred: bool = False
    ) -> HeldUpload | None:
        self.create(upload_id, declared_length, length_is_deferred=length_is_deferred)
        self.older = [self.take_ticket(upload_id)]
        assert self.older[0].try_lock()
        return self.take_ticket(upload_id)


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k" * 32}])
def test_a_creation_that_never_has_the_lock_is_423_and_says_where_it_may_go_on(register, staging, key):
    held = Held(staging.folder)

    async def about(client: httpx.AsyncClient) -> None:
        sent = of_station("t1", Upload_Length="4") | STREAM | key
        reply = await client.post("/uploads", headers=sent, content=b"0123")
        assert (reply.status_code, reply.json()["type"]) == (423, "urn:liuhen:problem:upload:busy")
        for older in held.older:
            older.release()
        assert (await client.head(reply.headers["location"], headers=of_station("t1"))).status_code == 200

    asking(register, held, about, takeover_seconds=0.1)


def test_a_creation_with_a_key_that_is_refused_is_there_for_whoever_brings_the_key_again(register, staging):
    async def about(client: httpx.AsyncClient) -> None:
        sent = of_station("t1", Upload_Length="4", Idempotency_Key="k" * 32, Upload_Checksum=f"sha1 {'A' * 27}=")
        reply = await client.post("/uploads", headers=sent | STREAM, content=b"0123")
        assert reply.status_code == 460
        again = await client.post("/uploads", headers=of_station("t1", Upload_Length="4", Idempotency_Key="k" * 32))
        assert (again.status_code, again.headers["location"]) == (201, reply.headers["location"])

    asking(register, staging, about)
