"""What is asked of the catalog, and what is known from a moment ago."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from ingest.stations.credential import CERTIFICATE
from ingest.stations.errors import CredentialRefused
from ingest.uploads.admission import Admission
from ingest.uploads.application import mount_uploads, tus_application
from ingest.uploads.contract import Admitted, Asked, StationIdentity, UploadRecord
from ingest.uploads.errors import NotOwner, UploadUnknown
from ingest.uploads.metadata import UploadClaims
from ingest.uploads.request import Request
from ingest.uploads.staging import Staging
from tests.ingest.uploads.serving import FileRegister, small_limits

UPLOAD = "ab" * 16
LONG = 1000.0


class Register:
    """Counts what it is asked; a credential that is not in `stations` is refused."""

    def __init__(self) -> None:
        self.stations = {f"Bearer {name}": StationIdentity(uuid.uuid4(), uuid.UUID(int=1), 9, 99) for name in "ab"}
        self.uploads: dict[str, UploadRecord] = {}
        self.asked: list[Asked] = []
        self.proved: list[int] = []
        """How many bodies under way each question was about."""

    def admit(self, asked: Sequence[Asked], *, again: bool = False) -> Sequence[Admitted | Exception]:
        if again:
            self.proved.append(len(asked))
        else:
            self.asked += asked
        found = [self.stations.get(one.presented.headers.get("authorization", "")) for one in asked]
        return [
            CredentialRefused("unknown")
            if station is None
            else Admitted(station, self.uploads.get(one.upload_id or ""))
            for station, one in zip(found, asked, strict=True)
        ]

    def opened(self, token: str) -> UploadRecord:
        station = self.stations[f"Bearer {token}"]
        later = datetime.now(UTC) + timedelta(days=1)
        record = UploadRecord(UPLOAD, station.station_id, station.unit_id, 10, UploadClaims(), "open", later)
        self.uploads[UPLOAD] = record
        return record


def request(token: str, upload_id: str = "", more: dict[str, str] | None = None, **scope: Any) -> Request:
    headers = {"authorization": f"Bearer {token}", **(more or {})}

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was asked for")

    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"method": "PATCH", "path": f"/{upload_id}", "headers": pairs, **scope}, receive)


@pytest.fixture
def register() -> Register:
    return Register()


def test_a_bearer_is_asked_for_once_in_a_while(register):
    async def run() -> None:
        admission = Admission(register, LONG)
        assert await admission.station_of(request("a")) == register.stations["Bearer a"]
        for _ in range(5):
            assert await admission.station_of(request("a")) == register.stations["Bearer a"]
        assert len(register.asked) == 1
        assert await admission.station_of(request("b")) == register.stations["Bearer b"]
        assert len(register.asked) == 2

    asyncio.run(run())


def test_what_was_said_counts_no_longer_than_it_may(register):
    async def run() -> None:
        admission = Admission(register, 0.0)
        for _ in range(3):
            await admission.station_of(request("a"))
        assert len(register.asked) == 3
        del register.stations["Bearer a"]
        with pytest.raises(CredentialRefused):
            await admission.station_of(request("a"))

    asyncio.run(run())


def test_a_refusal_ends_what_was_believed(register):
    async def run() -> None:
        admission = Admission(register, LONG)
        admission.remember(register.opened("a"))
        await admission.station_of(request("a"))
        del register.stations["Bearer a"]
        with pytest.raises(CredentialRefused):
            await admission.upload_of(request("a", UPLOAD))
        with pytest.raises(CredentialRefused):
            await admission.station_of(request("a"))
        assert admission.remembered_upload(request("a", UPLOAD)) is None

    asyncio.run(run())


def test_refusals_are_never_remembered(register):
    async def run() -> None:
        admission = Admission(register, LONG)
        for _ in range(2):
            with pytest.raises(CredentialRefused):
                await admission.station_of(request("guessed"))
        assert len(register.asked) == 2

    asyncio.run(run())


@pytest.mark.parametrize("header", ["signature", "signature-input"])
def test_signed_requests_are_asked_for_each_time(register, header):
    async def run() -> None:
        admission = Admission(register, LONG)
        admission.remember(register.opened("a"))
        await admission.station_of(request("a"))
        for number in range(2, 4):
            await admission.station_of(request("a", more={header: "x"}))
            assert len(register.asked) == number
        assert admission.remembered_upload(request("a", UPLOAD, {header: "x"})) is None
        await admission.prove_again(request("a", UPLOAD, {header: "x"}).presented)
        assert register.proved == [1]

    asyncio.run(run())


def test_another_client_certificate_is_another_credential(register):
    async def run() -> None:
        admission = Admission(register, LONG)
        await admission.station_of(request("a"))
        await admission.station_of(request("a", **{CERTIFICATE: b"\1" * 32}))
        assert len(register.asked) == 2

    asyncio.run(run())


def test_an_upload_is_remembered_for_its_own_station_alone(register):
    async def run() -> None:
        admission = Admission(register, LONG)
        admission.remember(register.opened("a"))
        assert admission.remembered_upload(request("a", UPLOAD)) is None  # nobody has asked whose token that is
        await admission.station_of(request("a"))
        await admission.station_of(request("b"))
        assert admission.remembered_upload(request("a", UPLOAD)) == register.uploads[UPLOAD]
        assert admission.remembered_upload(request("a", "cd" * 16)) is None
        with pytest.raises(NotOwner):
            admission.remembered_upload(request("b", UPLOAD))
        with pytest.raises(NotOwner):
            await admission.upload_of(request("b", UPLOAD))
        with pytest.raises(UploadUnknown):
            await admission.upload_of(request("a", "cd" * 16))
        admission.forget(UPLOAD)
        assert admission.remembered_upload(request("a", UPLOAD)) is None

    asyncio.run(run())


def test_a_body_under_way_is_proved_again_by_what_the_catalog_says_now(register):
    async def run() -> None:
        admission = Admission(register, LONG)
        await admission.station_of(request("a"))
        for number in range(1, 4):
            await admission.prove_again(request("a").presented)
            assert (len(register.asked), register.proved) == (1, [1] * number)
        del register.stations["Bearer a"]
        with pytest.raises(CredentialRefused):
            await admission.prove_again(request("a").presented)
        assert len(register.asked) == 1
        with pytest.raises(CredentialRefused):  # nor is it believed any more of requests that begin
            await admission.station_of(request("a"))
        assert len(register.asked) == 2

    asyncio.run(run())


def test_all_bodies_under_way_share_one_question_signed_or_not(register):
    """Each asks four times a second: by themselves they would be as many questions as bodies."""

    async def run() -> None:
        admission = Admission(register, LONG)
        signed = {"signature": "x"}
        shown = [request(token, more=more).presented for token in ("a", "b", "guessed") for more in (signed, {})] * 4
        proving = [asyncio.ensure_future(admission.prove_again(each)) for each in shown]
        outcomes = [type(each) for each in await asyncio.gather(*proving, return_exceptions=True)]
        assert outcomes == ([type(None)] * 4 + [CredentialRefused] * 2) * 4

    asyncio.run(run())
    assert register.proved == [1, 23], "the first came alone"
    assert register.asked == []


def test_what_is_remembered_of_many_uploads_takes_little_whatever_their_stations_said(register):
    """Up to 8 KiB of metadata each, and what was read of them, would be the memory that a process has in all."""
    opened = register.opened("a")
    admission = Admission(register, LONG)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(1000):
            said = f"note {number:08000}"
            claims = UploadClaims(header=said, others={"note": said[5:]})
            admission.remember(replace(opened, upload_id=f"{number:032x}", claims=claims))
        assert tracemalloc.get_traced_memory()[0] - before < 2_000_000
    finally:
        tracemalloc.stop()


class Watched(Admission):
    """The one of an application under test."""

    of_application: Watched

    def __init__(self, *about: Any) -> None:
        super().__init__(*about)
        Watched.of_application = self


def test_an_upload_that_has_ended_is_remembered_no_longer_whatever_way_it_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.uploads.verbs.Admission", Watched)
    file = tmp_path / "register.json"
    row = {"id": str(uuid.uuid4()), "max_uploads": 10, "max_waiting_bytes": 1 << 30}
    file.write_text(json.dumps({"stations": {"t1": row}, "uploads": {}}))
    limits = small_limits(keep_free_bytes=0, believe_seconds=LONG)
    uploads = tus_application(FileRegister(file), Staging(tmp_path / "staging"), limits, lambda _: None)

    async def no_other(*_: object) -> None:
        raise AssertionError("asked for something else")

    async def run() -> None:
        transport = httpx.ASGITransport(mount_uploads(uploads, no_other))
        common = {"Tus-Resumable": "1.0.0", "Authorization": "Bearer t1"}
        stream = {"Content-Type": "application/offset+octet-stream"}
        async with httpx.AsyncClient(transport=transport, base_url="http://archive", headers=common) as client:

            async def created() -> str:
                address = (await client.post("/uploads", headers={"Upload-Length": "4"})).headers["location"]
                assert len(Watched.of_application._opened) == 1
                return address

            async def append(address: str, offset: int, content: bytes) -> None:
                sent = stream | {"Upload-Offset": str(offset)}
                assert (await client.patch(address, headers=sent, content=content)).status_code == 204

            async def short(address: str) -> None:
                await append(address, 0, b"0123")

            async def long(address: str) -> None:
                await append(address, 0, b"01")

                async def slowly() -> AsyncIterator[bytes]:
                    yield b"23"

                sent = stream | {"Upload-Offset": "2"}  # not counted, so it goes the long way
                assert (await client.patch(address, headers=sent, content=slowly())).status_code == 204

            async def terminated(address: str) -> None:
                assert (await client.delete(address)).status_code == 204

            for end in (short, long, terminated):
                await end(await created())
                assert Watched.of_application._opened == {}, end
            sent = stream | {"Upload-Length": "4"}
            assert (await client.post("/uploads", headers=sent, content=b"0123")).status_code == 201
            assert Watched.of_application._opened == {}

    asyncio.run(run())
