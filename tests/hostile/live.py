"""The hostile set against a running archive: what it does to others' bytes, to the network, and to whoever waits."""

from __future__ import annotations

import base64
import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
from sqlalchemy import select

from api.archive import Archive, open_archive
from api.settings import Settings
from storage.catalog.recordings import Recording, Rendition
from storage.keystore import WrappedKey
from storage.sealed_object import AtRest, open_sealed
from tests.hostile.files import CANARY
from tests.journeys.running import RunningArchive

ASKED = "/api/v1/recordings?limit=50"
EVERY_SECONDS = 0.05


@dataclass(frozen=True)
class Latency:
    """Of requests to the API, in milliseconds."""

    count: int
    median: float
    p95: float


def upload(archive: RunningArchive, token: str, name: str, content: bytes) -> int:
    """One request of tus 1.0 (creation with upload), by hand, so that the name may be anything. Its status."""
    encoded = base64.b64encode(name.encode("utf-8", "surrogatepass")).decode()
    headers = {
        "Authorization": f"Bearer {token}",
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(len(content)),
        "Upload-Metadata": f"filename {encoded}",
        "Content-Type": "application/offset+octet-stream",
    }
    return httpx.post(
        f"{archive.url}/uploads", headers=headers, content=content, timeout=60, trust_env=False
    ).status_code


def station_token(archive: RunningArchive, name: str, *options: str) -> str:
    return str(json.loads(archive.enrol(name, *options).read_text())["token"])


def upload_all(archive: RunningArchive, files: Mapping[str, bytes]) -> None:
    token = station_token(archive, "敌意")
    for name, content in files.items():
        status = upload(archive, token, name, content)
        assert status == 201, (name, status)


def measure(client: httpx.Client, seconds: float) -> list[float]:
    """How long each of a steady row of requests took, in milliseconds."""
    taken, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        begun = time.monotonic()
        client.get(ASKED).raise_for_status()
        taken.append((time.monotonic() - begun) * 1000)
        time.sleep(EVERY_SECONDS)
    return taken


def summed_up(taken: list[float]) -> Latency:
    ordered = sorted(taken)
    return Latency(len(ordered), statistics.median(ordered), ordered[int(len(ordered) * 0.95)])


def measure_until_done(
    archive: RunningArchive, client: httpx.Client, files: int, longest_seconds: float
) -> list[float]:
    """Latency while the set is sealed and rendered, to the end of its last job."""
    taken: list[float] = []
    until = time.monotonic() + longest_seconds
    with psycopg.connect(archive.admin("database")["app"], autocommit=True) as connection:
        while True:
            taken += measure(client, 2.0)
            counted = connection.execute(
                "SELECT (SELECT count(*) FROM recording), (SELECT count(*) FROM media_job WHERE state = 'due')"
            ).fetchone()
            assert counted is not None
            if counted[0] >= files and counted[1] == 0:
                return taken
            assert time.monotonic() < until, f"after {longest_seconds:.0f} s: {counted} recordings, jobs due"


def outputs(archive: RunningArchive) -> dict[str, bytes]:
    """Every rendition's plaintext, every finding and claim, and the log, by what they are."""
    settings = Settings(data=archive.data, database_url=archive.admin("database")["app"])
    opened = open_archive(settings, pool_size=2, process="hostile")
    found: dict[str, bytes] = {"log": (archive.folder / "up.log").read_bytes()}
    try:
        with opened.database.reading() as session:
            for row in session.scalars(select(Rendition)):
                found[f"{row.name} of {row.recording_id}"] = plaintext(opened, row)
            for recording in session.scalars(select(Recording)):
                told: Any = [recording.findings, recording.claims]
                found[f"findings of {recording.original_name!r}"] = json.dumps(told, ensure_ascii=False).encode()
    finally:
        opened.database.close()
    return found


def plaintext(opened: Archive, row: Rendition) -> bytes:
    key = WrappedKey(row.kek_id, row.wrapped_data_key)
    at_rest = AtRest(row.id, row.object_name, row.ciphertext_size_bytes, key)
    with open_sealed(opened.store, opened.key_store, at_rest) as sealed:
        return b"".join(bytes(piece) for piece in sealed.pieces(0, row.size_bytes, 1 << 20))


def leaked_bytes(found: Mapping[str, bytes]) -> int:
    return sum(content.count(CANARY) * len(CANARY) for content in found.values())


def leftovers(archive: RunningArchive) -> list[Path]:
    """Work folders that outlived their task: a plaintext would lie in them."""
    work = archive.data / "work"
    return list(work.glob("media-*/*")) if work.is_dir() else []
