"""What goes wrong with an upload is a line with its id as `trace`, by which all lines of its way are found."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from ingest.uploads.application import tus_application
from ingest.uploads.contract import UploadRecord
from ingest.uploads.errors import RegisterUnavailable, StagingFull
from ingest.uploads.metadata import UploadClaims
from ingest.uploads.sightings import Sightings
from ingest.uploads.staging import Staging
from ingest.uploads.sweeps import expire_stale
from ingest.uploads.threads import Threads
from ingest.uploads.whole_bodies import WholeBodies, WholeBody
from tests.ingest.uploads.serving import small_limits

TRACE = "ab" * 16
RECORD = UploadRecord(TRACE, uuid.UUID(int=1), uuid.UUID(int=2), 4, UploadClaims(), "open", datetime.now(UTC))


class Away:
    """A register of which nothing works, and by no means that it knows of."""

    def __getattr__(self, name: str) -> Any:
        def fail(*_: object, **__: object) -> Any:
            raise RuntimeError(name)

        return fail


def answer_of(staging: Staging, path: str, method: str) -> int:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"tus-resumable", b"1.0.0"), (b"authorization", b"Bearer x"), (b"upload-length", b"4")]
    scope = {"type": "http", "method": method, "path": path, "root_path": "/uploads", "headers": headers,
             "query_string": b"", "scheme": "http", "server": ("127.0.0.1", 1), "client": ("127.0.0.1", 2)}  # fmt: skip
    application = tus_application(Away(), staging, small_limits(), lambda _: None)  # type: ignore[arg-type]
    asyncio.run(application(scope, receive, send))  # type: ignore[arg-type]
    return int(sent[0]["status"])


@pytest.mark.parametrize(
    ("path", "method", "trace"),
    [(f"/uploads/{TRACE}", "HEAD", {"trace": TRACE}), (f"/uploads/a/{TRACE}", "PATCH", {"trace": TRACE}),
     ("/uploads", "POST", {})],
)  # fmt: skip
def test_a_request_that_fails(tmp_path: Any, path: str, method: str, trace: dict[str, str]) -> None:
    with capture_logs() as said:
        assert answer_of(Staging(tmp_path), path, method) == 500
    line = {"event": "upload.request_failed", "log_level": "error", "method": method, "error": "RuntimeError"}
    assert said == [{**line, **trace, "exc_info": True}]


def test_an_upload_whose_offset_cannot_be_read_and_whose_time_is_over(start_server: Any) -> None:
    tus = start_server()
    upload_id = tus.create(4).rpartition("/")[2]
    with tus.staging.take_first_ticket(upload_id, 4) as held:
        assert held.try_lock()
        held.note_row_open()
        held.open_bytes(4)
        held.append([b"01"])
        held.keep()
    for path in tus.staging.folder.glob(f"{upload_id}*"):
        if path.suffix != ".bin":
            path.write_bytes(b"torn")
    with capture_logs() as said:
        later = datetime.now(UTC) + timedelta(days=400)
        assert expire_stale(tus.staging, tus.register, small_limits(), later) == [upload_id]
    assert [(line["event"], line["trace"]) for line in said] == [("upload.expired_unread", upload_id)]


def test_a_whole_body_whose_row_and_note_both_fail(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> Any:
        raise RegisterUnavailable("down")

    def full(*_: object) -> None:
        raise StagingFull

    staging = Staging(tmp_path)
    monkeypatch.setattr(staging, "record_whole", full)
    with capture_logs() as said:
        WholeBodies(staging, away).settle([WholeBody(RECORD, 0, [b"01", b"23"], None)])
    assert [(line["event"], line["trace"], line["error"]) for line in said] == [
        ("upload.to_be_sent_again", TRACE, "StagingFull")
    ]


def test_a_station_that_could_not_be_noted() -> None:
    class Register:
        def note_seen(self, record: UploadRecord) -> None:
            raise RegisterUnavailable("down")

    async def note() -> None:
        await Sightings(Register(), Threads()).note(RECORD)  # type: ignore[arg-type]

    with capture_logs() as said:
        asyncio.run(note())
    assert [(line["event"], line["trace"], line["station"]) for line in said] == [
        ("station.not_noted", TRACE, str(RECORD.station_id))
    ]
