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
from ingest.uploads.contract import UploadLimits
from ingest.uploads.errors import RegisterUnavailable
from ingest.uploads.staging import Staging
from tests.ingest.uploads.serving import FileRegister

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
    uploads = tus_application(register, staging, UploadLimits(keep_free_bytes=0, **limits), lambda _: None)

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

    def finish_uploads(records: object) -> list[bool]:
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
