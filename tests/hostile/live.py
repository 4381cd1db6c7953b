"""The hostile set against a running archive: what it does to others' bytes, to the network, and to whoever waits."""

from __future__ import annotations

import base64
import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import psycopg
from sqlalchemy import select

from api.archive import Archive, open_archive
from api.settings import Settings
from ingest.media.stops import Stop
from storage.catalog.recordings import Recording, Rendition
from storage.keystore import WrappedKey
from storage.sealed_object import AtRest, open_sealed
from tests.hostile.bars import Felt
from tests.hostile.files import CANARY
from tests.journeys.running import RunningArchive

ASKED = "/api/v1/recordings?limit=50"
EVERY_SECONDS = 0.05
LEAST_TURNS, TURN_SECONDS, LONGEST_SECONDS = 5, 2.0, 120.0
ROUND_SECONDS = 360.0
"""What is not through by then is told of, and missed."""


def upload(archive: RunningArchive, token: str, name: str, content: bytes) -> int:
    """Its status."""
    return send(archive, token, name, content).status_code


def send(archive: RunningArchive, token: str, name: str, content: bytes) -> httpx.Response:
    """One request of tus 1.0 (creation with upload), by hand, so that the name may be anything."""
    encoded = base64.b64encode(name.encode("utf-8", "surrogatepass")).decode()
    headers = {
        "Authorization": f"Bearer {token}",
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(len(content)),
        "Upload-Metadata": f"filename {encoded}",
        "Content-Type": "application/offset+octet-stream",
    }
    return httpx.post(f"{archive.url}/uploads", headers=headers, content=content, timeout=60, trust_env=False)


def station_token(archive: RunningArchive, name: str, *options: str) -> str:
    return str(json.loads(archive.enrol(name, *options).read_text())["token"])


def upload_all(archive: RunningArchive, token: str, files: Mapping[str, bytes]) -> None:
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


def await_receipt(archive: RunningArchive, token: str, longest_seconds: float) -> float:
    """A small file of somebody else's, from its upload to its receipt, in milliseconds."""
    begun = time.monotonic()
    sent = send(archive, token, "AB00002_000321_20260101093000.MP4", os.urandom(4096))
    assert sent.status_code == 201, sent.text
    address = f"{archive.url}/api/v1/uploads/{sent.headers['location'].rpartition('/')[2]}/receipt"
    signed = {"Authorization": f"Bearer {token}"}
    while httpx.get(address, headers=signed, timeout=60, trust_env=False).status_code != 200:
        assert time.monotonic() - begun < longest_seconds, "no receipt"
        time.sleep(EVERY_SECONDS)
    return (time.monotonic() - begun) * 1000


def feel(archive: RunningArchive, client: httpx.Client, token: str, until: Callable[[], bool]) -> Felt:
    """What a person and a neighbour feel, turn by turn, at least five times, until the archive has settled, or should
    have long ago."""
    felt, begun = Felt(), time.monotonic()
    while len(felt.receipts) < LEAST_TURNS or not (felt.settled or time.monotonic() - begun > ROUND_SECONDS):
        felt.answers += measure(client, TURN_SECONDS)
        felt.receipts.append(await_receipt(archive, token, LONGEST_SECONDS))
        felt.settled = until()
    return felt


def has_settled(connection: psycopg.Connection, harmful: uuid.UUID, files: int) -> bool:
    """Whether that many files of a station are sealed, and nothing is left to be made of them."""
    counted = connection.execute(
        "SELECT count(DISTINCT r.id), count(*) FILTER (WHERE j.state = 'due') "
        "FROM recording r JOIN media_job j ON j.recording_id = r.id WHERE r.station_id = %s",
        (harmful,),
    ).fetchone()
    assert counted is not None
    return bool(counted[0] >= files and counted[1] == 0)


def ends_of(connection: psycopg.Connection, harmful: uuid.UUID) -> list[tuple[str, list[str]]]:
    """Of each file of a station: its name, and how each job ended, or that it has not."""
    rows = connection.execute(
        "SELECT r.original_name, j.kind, j.state, split_part(coalesce(j.outcome, ''), ': ', 1) "
        "FROM recording r JOIN media_job j ON j.recording_id = r.id WHERE r.station_id = %s ORDER BY 1, 2",
        (harmful,),
    ).fetchall()
    ends: dict[str, list[str]] = {}
    for name, kind, state, word in rows:
        ends.setdefault(name, []).append(f"{kind} {state}" + (f" ({word})" if word else ""))
    return list(ends.items())


def limits_broken(ends: list[str]) -> int:
    """How many of a file's jobs ended by a limit of their own: a bomb costs one."""
    words = [end.partition(" (")[2].rstrip(")") for end in ends if " failed" in end]
    return sum(stop is not None and stop.is_limit for stop in map(Stop.of, words))


def outputs(archive: RunningArchive) -> dict[str, bytes]:
    """Every rendition's plaintext, every finding and claim, and the log, by what they are."""
    settings = Settings(data=archive.data, database_worker_url=archive.admin("database")["worker"])
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
