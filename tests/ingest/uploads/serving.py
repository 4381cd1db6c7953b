"""A real uvicorn with the tus application, started by the tests as a process of its own: `serving.py SETUP_JSON`.

Prints its port, then serves on loopback until it is killed. The register is either the real one on PostgreSQL, or a
small file that several of these processes can share and that survives their being killed.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import resource
import socket
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from api.engines.http_server import serve_http
from ingest.errors import RequestRefused
from ingest.stations.errors import CredentialRefused
from ingest.uploads.application import mount_uploads, tus_application
from ingest.uploads.contract import (
    Admitted,
    Asked,
    Opening,
    StationIdentity,
    UploadLimits,
    UploadRecord,
    UploadRegister,
    nothing,
)
from ingest.uploads.errors import QuotaExceeded, RegisterUnavailable, TooManyUploads
from ingest.uploads.metadata import UploadClaims
from ingest.uploads.staging import Staging
from storage.catalog.uploads import GONE_STATES

UNIT = uuid.UUID(int=1)


@contextmanager
def locked_register(path: Path) -> Iterator[dict[str, Any]]:
    """The file's content, written back whole: a server that is killed leaves the old one or the new one."""
    with path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        content = json.loads(path.read_text())
        yield content
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(content))
        fresh.replace(path)


class FileRegister(UploadRegister):
    """The UploadRegister as one JSON file under flock. `down` in it plays a catalog that does not answer."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _content(self) -> Iterator[dict[str, Any]]:
        with locked_register(self._path) as content:
            if content.get("down"):
                raise RegisterUnavailable("down")
            yield content

    def admit(self, asked: Sequence[Asked], *, again: bool = False) -> list[Admitted | RequestRefused]:
        return [self._admit(one) for one in asked]

    def _admit(self, asked: Asked) -> Admitted | RequestRefused:
        with self._content() as content:
            found = content["stations"].get(asked.presented.bearer_token)
        if found is None:
            return CredentialRefused("unknown")
        station = StationIdentity(uuid.UUID(found["id"]), UNIT, found["max_uploads"], found["max_waiting_bytes"])
        return Admitted(station, None if asked.upload_id is None else self.find_upload(asked.upload_id))

    async def open_uploads(self, openings: Sequence[Opening]) -> list[UploadRecord | RequestRefused]:
        return await asyncio.to_thread(lambda: [self._open(opening) for opening in openings])

    def _open(self, opening: Opening) -> UploadRecord | RequestRefused:
        station = opening.station
        with self._content() as content:
            for upload_id, row in content["uploads"].items():
                key = None if row["state"] in GONE_STATES else row.get("creation_key")
                if key is not None and (row["station_id"], key) == (str(station.station_id), opening.creation_key):
                    return _record(upload_id, row)
            own = [row for row in content["uploads"].values() if row["station_id"] == str(station.station_id)]
            if sum(row["state"] == "open" for row in own) >= station.max_uploads:
                return TooManyUploads(station.max_uploads)
            waiting = sum(row["length"] for row in own if row["state"] in ("open", "finished"))
            if waiting + opening.declared_length > station.max_waiting_bytes:
                return QuotaExceeded(station.max_waiting_bytes, waiting)
            content["uploads"][opening.upload_id] = {
                "station_id": str(station.station_id),
                "length": opening.declared_length,
                "deferred": opening.length_is_deferred,
                "claims": opening.claims.to_json(),
                "state": "open",
                "expires_at": opening.expires_at.isoformat(),
                "latest": (opening.expires_at_latest or opening.expires_at).isoformat(),
                "creation_key": opening.creation_key,
                "node": opening.node,
            }
        return opening.record

    def keep_promises(self) -> None:
        """Openings are as durable as all else here."""

    def find_upload(self, upload_id: str) -> UploadRecord | None:
        with self._content() as content:
            row = content["uploads"].get(upload_id)
        return None if row is None else _record(upload_id, row)

    def find_settled(self, upload_id: str) -> UploadRecord | None:
        return self.find_upload(upload_id)

    def states_of(self, upload_ids: Sequence[str]) -> Mapping[str, str]:
        return {each: record.state for each in upload_ids if (record := self.find_upload(each)) is not None}

    def declare_length(self, record: UploadRecord, station: StationIdentity, length: int) -> None:
        with self._content() as content:
            row = content["uploads"][record.upload_id]
            waiting = sum(
                each["length"] for each in content["uploads"].values() if each["state"] in ("open", "finished")
            )
            if waiting - row["length"] + length > station.max_waiting_bytes:
                raise QuotaExceeded(station.max_waiting_bytes, waiting)
            row["length"], row["deferred"] = length, False

    def finish_uploads(self, records: Sequence[UploadRecord], meanwhile: Callable[[], None] = nothing) -> list[bool]:
        meanwhile()
        return [self._leave_open(record.upload_id, "finished") for record in records]

    def terminate_upload(self, record: UploadRecord) -> bool:
        return self._leave_open(record.upload_id, "terminated")

    def expire_upload(self, record: UploadRecord) -> bool:
        return self._leave_open(record.upload_id, "expired")

    def note_seen(self, record: UploadRecord) -> None:
        with self._content() as content:
            content.setdefault("seen", []).append(str(record.station_id))

    def list_open(self, node: str, due_by: datetime | None = None) -> Iterator[UploadRecord]:
        with self._content() as content:
            rows = dict(content["uploads"])
        records = (_record(upload_id, row) for upload_id, row in rows.items())
        return (
            record
            for record in records
            if record.is_open and record.node == node and (due_by is None or record.expires_at <= due_by)
        )

    def _leave_open(self, upload_id: str, state: str) -> bool:
        with self._content() as content:
            row = content["uploads"].get(upload_id)
            if row is None or row["state"] != "open":
                return False
            row["state"] = state
            return True


def _record(upload_id: str, row: dict[str, Any]) -> UploadRecord:
    return UploadRecord(
        upload_id,
        uuid.UUID(row["station_id"]),
        UNIT,
        row["length"],
        UploadClaims.from_json(row["claims"]),
        row["state"],
        datetime.fromisoformat(row["expires_at"]),
        row["deferred"],
        datetime.fromisoformat(row["latest"]),
        row["node"],
    )


def _register(setup: dict[str, Any]) -> UploadRegister:
    if "database" in setup:
        from ingest.uploads.register import CatalogRegister, StationDefaults
        from storage.database import Database

        return CatalogRegister(Database(setup["database"]), StationDefaults(64, 16 << 30))
    return FileRegister(Path(setup["register"]))


def small_limits(**stated: Any) -> UploadLimits:
    """Of a small archive, and what is stated otherwise."""
    usual: dict[str, Any] = {
        "max_upload_bytes": 16 << 30,
        "max_deferred_bytes": 1 << 30,
        "expires_after": timedelta(days=3),
        "lasts_at_most": timedelta(days=30),
        "minimum_bytes_per_second": 4096,
        "rate_window_seconds": 60.0,
        "keep_free_bytes": 64 << 20,
    }
    return UploadLimits(**usual | stated)


def _limits(setup: dict[str, Any]) -> UploadLimits:
    stated = dict(setup.get("limits", {}))
    for name in ("expires_after", "lasts_at_most"):
        if name in stated:
            stated[name] = timedelta(seconds=stated[name])
    return small_limits(**stated)


async def _others(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": message["type"] + ".complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 418, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def main() -> None:
    setup = json.loads(sys.argv[1])
    if "file_size_limit" in setup:
        resource.setrlimit(resource.RLIMIT_FSIZE, (setup["file_size_limit"], setup["file_size_limit"]))
    finished = Path(setup["finished"])

    def on_finished(upload_id: str) -> None:
        with finished.open("a") as file:
            file.write(f"{upload_id} {datetime.now(UTC).isoformat()}\n")

    staging = Staging(Path(setup["staging"]), setup.get("node", ""))
    uploads = tus_application(_register(setup), staging, _limits(setup), on_finished)
    listener = socket.create_server(("127.0.0.1", setup.get("port", 0)), backlog=128)
    print(listener.getsockname()[1], flush=True)
    # As in the archive, with its own protocol and its own way of taking connections and of ending.
    serve_http(lambda: mount_uploads(uploads, _others), listener, lambda: None, graceful_seconds=2)


if __name__ == "__main__":
    main()
