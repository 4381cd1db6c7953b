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
from ingest.uploads.errors import (
    LongerThanQuota,
    QuotaExceeded,
    RegisterUnavailable,
    TooManyTerminated,
    TooManyUploads,
    UploadGone,
)
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
    """The UploadRegister as one JSON file under flock, held to the contract by test_register_contract.py. `down` in it
    plays a catalog that does not answer. It has no ledger: that a row has its entry is for test_register.py to try.
    """

    def __init__(self, path: Path, max_terminated: int = 1000) -> None:
        self._path = path
        self._max_terminated = max_terminated

    @contextmanager
    def _content(self) -> Iterator[dict[str, Any]]:
        with locked_register(self._path) as content:
            if content.get("down"):
                raise RegisterUnavailable("down")
            yield content

    def admit(self, asked: Sequence[Asked], *, again: bool = False) -> list[Admitted | Exception]:
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
        if opening.declared_length > opening.station.max_waiting_bytes:
            return LongerThanQuota(opening.station.max_waiting_bytes, opening.declared_length)
        with self._content() as content:
            before = _opened_before(content, opening) or self._why_not_opened(content, opening)
            if before is None:
                content["uploads"][opening.upload_id] = _row(opening)
        return before or opening.record

    def _why_not_opened(self, content: dict[str, Any], opening: Opening) -> RequestRefused | None:
        station, own = opening.station, _rows_of(content, opening.station.station_id)
        if str(station.station_id) not in {row["id"] for row in content["stations"].values()}:
            return CredentialRefused("revoked meanwhile")
        if (open_uploads := sum(row["state"] == "open" for row in own)) >= station.max_uploads:
            return TooManyUploads(station.max_uploads, open_uploads)
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        ended = [row for row in own if row["state"] == "terminated" and row["ended_at"] >= hour.isoformat()]
        if len(ended) >= self._max_terminated:
            seconds = (hour + timedelta(hours=1) - datetime.now(UTC)).seconds + 1
            return TooManyTerminated(self._max_terminated, len(ended), seconds)
        if _waiting(own) + opening.declared_length > station.max_waiting_bytes:
            return QuotaExceeded(station.max_waiting_bytes, _waiting(own), opening.declared_length)
        return None

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
        if length > station.max_waiting_bytes:
            raise LongerThanQuota(station.max_waiting_bytes, length)
        with self._content() as content:
            row = content["uploads"].get(record.upload_id)
            if row is None or row["state"] != "open" or not row["deferred"]:
                raise UploadGone(record.upload_id, "it ended, or its length was declared, meanwhile")
            waiting = _waiting(_rows_of(content, record.station_id))
            if length > row["length"] and waiting - row["length"] + length > station.max_waiting_bytes:
                raise QuotaExceeded(station.max_waiting_bytes, waiting, length)
            row["length"], row["deferred"] = length, False

    def finish_uploads(self, records: Sequence[UploadRecord], meanwhile: Callable[[], None] = nothing) -> list[bool]:
        meanwhile()
        return [self._leave_open(record, "finished") for record in records]

    def terminate_upload(self, record: UploadRecord) -> bool:
        return self._leave_open(record, "terminated")

    def expire_upload(self, record: UploadRecord) -> bool:
        return self._leave_open(record, "expired")

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

    def _leave_open(self, record: UploadRecord, state: str) -> bool:
        """Where it is as whoever ends it knows it: of one that was moved to another node the bytes here are none."""
        with self._content() as content:
            row = content["uploads"].get(record.upload_id)
            if row is None or (row["state"], row["station_id"], row["node"]) != (
                "open",
                str(record.station_id),
                record.node,
            ):
                return False
            row["state"], row["ended_at"] = state, datetime.now(UTC).isoformat()
            return True


def _rows_of(content: dict[str, Any], station_id: uuid.UUID) -> list[dict[str, Any]]:
    return [row for row in content["uploads"].values() if row["station_id"] == str(station_id)]


def _waiting(rows: Sequence[dict[str, Any]]) -> int:
    """What waits to be sealed, and what could not be, takes its room."""
    return sum(row["length"] for row in rows if row["state"] in ("open", "finished", "failed"))


def _opened_before(content: dict[str, Any], opening: Opening) -> UploadRecord | None:
    """What the station's own word for this creation has opened, as long as it lives."""
    wanted = str(opening.station.station_id), opening.creation_key
    for upload_id, row in content["uploads"].items():
        key = None if row["state"] in GONE_STATES else row.get("creation_key")
        if key is not None and (row["station_id"], key) == wanted:
            return _record(upload_id, row)
    return None


def _row(opening: Opening) -> dict[str, Any]:
    latest = opening.expires_at_latest
    return {
        "station_id": str(opening.station.station_id),
        "length": opening.declared_length,
        "deferred": opening.length_is_deferred,
        "claims": opening.claims.to_json(),
        "state": "open",
        "expires_at": opening.expires_at.isoformat(),
        "latest": None if latest is None else latest.isoformat(),
        "creation_key": opening.creation_key,
        "node": opening.node,
    }


def _record(upload_id: str, row: dict[str, Any]) -> UploadRecord:
    return UploadRecord(
        upload_id=upload_id,
        station_id=uuid.UUID(row["station_id"]),
        unit_id=UNIT,
        declared_length=row["length"],
        claims=UploadClaims.from_json(row["claims"]),
        state=row["state"],
        expires_at=datetime.fromisoformat(row["expires_at"]),
        length_is_deferred=row["deferred"],
        expires_at_latest=None if row["latest"] is None else datetime.fromisoformat(row["latest"]),
        node=row["node"],
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
