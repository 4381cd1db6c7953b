"""What is asked of the catalog, and what is known from a moment ago."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.stations.credential import CERTIFICATE, PresentedCredential
from ingest.uploads.admission import Admission
from ingest.uploads.contract import Admitted, Asked, StationIdentity, UploadRecord
from ingest.uploads.errors import CredentialRefused, NotOwner, UploadUnknown
from ingest.uploads.metadata import UploadClaims
from ingest.uploads.request import Request

UPLOAD = "ab" * 16
LONG = 1000.0


class Register:
    """Counts what it is asked; a credential that is not in `stations` is refused."""

    def __init__(self) -> None:
        self.stations = {f"Bearer {name}": StationIdentity(uuid.uuid4(), uuid.UUID(int=1), 9, 99) for name in "ab"}
        self.uploads: dict[str, UploadRecord] = {}
        self.asked: list[Asked] = []
        self.proved = 0

    def admit(self, asked: Sequence[Asked]) -> Sequence[Admitted | Exception]:
        self.asked += asked
        found = [self.stations.get(one.presented.headers.get("authorization", "")) for one in asked]
        return [
            CredentialRefused("unknown")
            if station is None
            else Admitted(station, self.uploads.get(one.upload_id or ""))
            for station, one in zip(found, asked, strict=True)
        ]

    def authenticate(self, presented: PresentedCredential, *, again: bool = False) -> StationIdentity:
        assert again
        self.proved += 1
        found = self.stations.get(presented.headers.get("authorization", ""))
        if found is None:
            raise CredentialRefused("unknown")
        return found

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
        assert register.proved == 1

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
        for number in range(2, 5):
            await admission.prove_again(request("a").presented)
            assert (len(register.asked), register.proved) == (number, 0)
        del register.stations["Bearer a"]
        with pytest.raises(CredentialRefused):
            await admission.prove_again(request("a").presented)

    asyncio.run(run())
