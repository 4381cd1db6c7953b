"""Whoever has no credential sends what he likes beside honest stations: he alone is refused, and none of them is."""

from __future__ import annotations

import http.client
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from ingest.stations.credential import PresentedCredential
from ingest.stations.signature import sign_request
from integrity.keys import SigningKey
from tests.api.http.served import Served, Station

UPLOADS, REPORTS = "/uploads", "/api/v1/station-reports"
STREAM = "application/offset+octet-stream"
CONTENT = b"0123456789"


def send(served: Served, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, str]:
    """The status, and where the upload is. Values go out as Latin-1: any byte can be sent."""
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=60)
    try:
        connection.request(method, path, body, {"Tus-Resumable": "1.0.0", **headers})
        reply = connection.getresponse()
        reply.read()
        return reply.status, urlsplit(reply.headers.get("Location") or "").path
    finally:
        connection.close()


def hostile_headers(served: Served, path: str) -> list[dict[str, str]]:
    """In form a signature by a key that nobody enrolled, and then one thing in it that is none."""
    asked = {"upload-length": "10", "content-length": "0"}
    request = PresentedCredential("POST", path, urlsplit(served.url).netloc, asked)
    signed = sign_request(request, SigningKey.generate(), datetime.now(UTC))
    stated = signed["Signature-Input"]
    created = stated.partition(";created=")[2].partition(";")[0]
    changes = [
        {},
        *({"Signature": value} for value in ("liuhen=:\xe9:", "liuhen=:\xff\xfe=:", "\xe9=:AAAA:", "liuhen=::", "")),
        {"Signature": f"liuhen=:{'A' * 4000}:"},
        *({"Signature-Input": stated.replace(created, value)} for value in ("0", "99999999999", "9" * 300, "\xb2")),
        *({"Signature-Input": value} for value in ("\xe9", stated + "\xe9", "liuhen=", "(" * 3000)),
    ]
    return [
        *({**signed, "Upload-Length": "10", **change} for change in changes),
        *({"Upload-Length": "10", "Authorization": value} for value in ("Bearer \xe9", "\xe9 \xe9", "Bearer")),
        {**signed, "Upload-Length": "\xb2"},
        {**signed, "Upload-Length": "10", "Upload-Checksum": "sha256 \xe9", "Content-Digest": "sha-256=:\xe9:"},
        {**signed, "Upload-Length": "10", "Upload-Metadata": "filename \xe9,\xe9 \xe9"},
    ]


@pytest.fixture
def station(served: Served) -> Station:
    return served.station(served.unit())


def test_honest_uploads_all_pass_beside_headers_that_nobody_meant_to_read(served: Served, station: Station) -> None:
    honest_are_done = threading.Event()
    refused: list[int] = []

    def attack(path: str) -> None:
        while not honest_are_done.is_set():
            for headers in hostile_headers(served, path):
                refused.append(send(served, "POST", path, headers)[0])
                address = f"{UPLOADS}/{uuid.uuid4().hex}"
                refused.append(send(served, "PATCH", address, {**headers, "Content-Type": STREAM})[0])

    def take_over(_: int) -> list[int]:
        credential = {"Authorization": f"Bearer {station.token}"}
        created, address = send(served, "POST", UPLOADS, {**credential, "Upload-Length": str(len(CONTENT))})
        piece = {**credential, "Content-Type": STREAM, "Upload-Offset": "0"}
        return [created, send(served, "PATCH", address, piece, CONTENT)[0] if created == 201 else 0]

    with ThreadPoolExecutor(8) as threads:
        attacks = [threads.submit(attack, UPLOADS) for _ in range(4)]
        try:
            honest = list(threads.map(take_over, range(60)))
        finally:
            honest_are_done.set()
        for each in attacks:
            each.result()
    assert honest == [[201, 204]] * 60
    assert set(refused) <= {400, 401}
    assert refused.count(401) > 20


def test_none_of_them_is_an_error_of_the_server_s_at_the_api_either(served: Served) -> None:
    for headers in hostile_headers(served, REPORTS):
        status, _ = send(served, "POST", REPORTS, {**headers, "Content-Type": "application/json"}, b"{}")
        assert status in (400, 401), headers
