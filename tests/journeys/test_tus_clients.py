"""Each tus client that we did not write, once against a running archive: from its first request to a true receipt.

What they do over kills, pauses and lost lengths is tried against the tus server alone (tests/ingest/uploads); here they
meet all that stands around it: the bounded protocol, the trusted proxies, the catalog's register, custody.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import aiotus
import httpx
import pytest
from tusclient.client import TusClient

from integrity.keys import load_public_key
from integrity.receipt import Receipt, open_receipt
from tests.journeys.running import RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
UNIT = "TUS-01"
CHUNK_BYTES = 256 << 10
CLIENTS = Path(__file__).parents[1] / "clients"
NAME = "录像.MP4"

Upload = Callable[[str, str, Path], str]


def with_tuspy(endpoint: str, token: str, file: Path) -> str:
    client = TusClient(endpoint, headers={"Authorization": f"Bearer {token}"})
    content = io.BytesIO(file.read_bytes())
    uploader = client.uploader(file_stream=content, metadata={"filename": NAME}, chunk_size=CHUNK_BYTES)
    uploader.upload()
    return str(uploader.url)


def with_aiotus(endpoint: str, token: str, file: Path) -> str:
    proved, named = {"Authorization": f"Bearer {token}"}, {"filename": NAME.encode()}
    content = io.BytesIO(file.read_bytes())
    return str(asyncio.run(aiotus.upload(endpoint, content, named, headers=proved, chunksize=CHUNK_BYTES)))


def with_program(client: str) -> Upload:
    def upload(endpoint: str, token: str, file: Path) -> str:
        subprocess.run([CLIENTS / "install"], check=True)
        order = {"client": client, "endpoint": endpoint, "token": token, "files": [str(file)]}
        command = ["node", str(CLIENTS / "upload.mjs"), json.dumps({**order, "chunk_bytes": CHUNK_BYTES})]
        done = subprocess.run(command, input="\n", capture_output=True, text=True, timeout=120, check=True)
        return str(json.loads(done.stdout.splitlines()[-1])["urls"][0])

    return upload


UPLOADS: dict[str, Upload] = {
    "tuspy": with_tuspy,
    "aiotus": with_aiotus,
    "tus-js-client": with_program("tus-js-client"),
    "uppy": with_program("uppy"),
}


@pytest.fixture(scope="module")
def token(archive: RunningArchive) -> str:
    archive.admin("unit", "create", "上传队", "--code", UNIT)
    return str(archive.admin("station", "enrol", "上传站", "--unit", UNIT)["token"])


def receipt_of(client: httpx.Client, upload_id: str) -> Receipt:
    key = load_public_key(client.get("/api/v1/keys/receipt").content)
    deadline = time.monotonic() + 120
    while (answer := client.get(f"/api/v1/uploads/{upload_id}/receipt")).status_code == 202:
        assert time.monotonic() < deadline, "never sealed"
        time.sleep(0.1)
    assert answer.status_code == 200, answer.text
    return open_receipt(answer.content, [key], None)


# The one of several PATCH requests, the last of them small; the other of a single small one.
@pytest.mark.parametrize("size_bytes", [3 * CHUNK_BYTES + 11, 1000], ids=["long", "small"])
@pytest.mark.parametrize("name", UPLOADS)
def test_a_client_we_did_not_write_brings_a_file_to_its_receipt(
    archive: RunningArchive, token: str, tmp_path: Path, name: str, size_bytes: int
) -> None:
    file = tmp_path / NAME
    file.write_bytes(os.urandom(size_bytes))
    address = UPLOADS[name](f"{archive.url}/uploads", token, file)
    assert address.startswith(f"{archive.url}/uploads/")
    with archive.client(token) as client:
        receipt = receipt_of(client, address.rpartition("/")[2])
    assert receipt.sha256.hex == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (receipt.size_bytes, receipt.original_name, receipt.repeat) == (size_bytes, NAME, False)
