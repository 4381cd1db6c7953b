"""What a station asks for itself: enrolled by a code, signing with its own key, revoked in the middle of a piece."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import func, select

from api.http.app import make_uploads
from api.tasks.housekeeping import look_after_stations
from api.verification import verify_archive
from ingest.stations.credential import PresentedCredential
from ingest.stations.possession import HEADER as KEY_PROOF
from ingest.stations.possession import prove_possession
from ingest.stations.signature import content_digest, sign_request
from ingest.uploads.application import mount_uploads
from ingest.uploads.errors import UploadGone
from ingest.uploads.staging import Staging
from integrity.keys import SigningKey
from storage.catalog.ledger import KEY_PURPOSES
from storage.catalog.stations import StationReport
from tests.api.http.served import HttpServer

BODY = b"evidence, "
PIECE = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


class SigningStation:
    """A docking station with a key pair of its own, as the agent is one."""

    def __init__(self, served: Any, key: SigningKey | None = None) -> None:
        self.key = key or SigningKey.generate()
        self.id = ""
        self._http = served.caller()
        self._authority = urlsplit(served.url).netloc

    def signed(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        created: datetime | None = None,
        nonce: str | None = None,
    ) -> httpx.Request:
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if body or method == "POST":
            # httpx states it for every POST: what is sent is signed.
            sent["content-length"] = str(len(body))
        presented = PresentedCredential(method, target, self._authority, sent)
        signature = sign_request(presented, self.key, created or datetime.now(UTC), nonce)
        return self._http.build_request(method, target, headers={**sent, **signature}, content=body or None)

    def send(self, *arguments: Any, **named: Any) -> httpx.Response:
        return self._http.send(self.signed(*arguments, **named))

    def resend(self, request: httpx.Request) -> httpx.Response:
        return self._http.send(request)

    def post_json(self, target: str, document: Any, **named: Any) -> httpx.Response:
        body = json.dumps(document).encode()
        headers = {"Content-Type": "application/json", "Content-Digest": content_digest(body)}
        return self.send("POST", target, headers, body, **named)

    def create(self, length: int) -> str:
        answer = self.send("POST", "/uploads", {"Tus-Resumable": "1.0.0", "Upload-Length": str(length)})
        assert answer.status_code == 201, answer.text
        return urlsplit(answer.headers["location"]).path

    def piece(self, path: str, offset: int, body: bytes) -> httpx.Request:
        return self.signed("PATCH", path, {**PIECE, "Upload-Offset": str(offset), **checksum(body)}, body)


def checksum(body: bytes) -> dict[str, str]:
    return {"Upload-Checksum": "sha256 " + base64.b64encode(hashlib.sha256(body).digest()).decode()}


@pytest.fixture
def administrator(served: Any) -> Any:
    return served.signed_in(served.unit(), "administrator")


@pytest.fixture
def station(served: Any, administrator: Any) -> SigningStation:
    issued = administrator.post("/api/v1/station-codes", json={"name": "一号采集站"}).json()
    station = SigningStation(served)
    answer = enrol(served, issued["code"], station.key)
    assert answer.status_code == 201, answer.text
    station.id = answer.json()["station_id"]
    return station


def enrol(served: Any, code: str, key: SigningKey) -> httpx.Response:
    form = {"code": code, "public_key": key.public.raw.hex()}
    return served.caller().post(
        "/api/v1/station-enrolments", json=form, headers={KEY_PROOF: prove_possession(key, code)}
    )


def kind(answer: httpx.Response) -> str:
    return answer.json()["type"].rpartition(":")[2]


def report(**changes: Any) -> dict[str, Any]:
    said = {
        "agent_version": "0.1.0",
        "free_bytes": 5 << 30,
        "waiting_files": 3,
        "at": "2026-03-04T05:06:07+08:00",
        "clock_offset_seconds": 1.5,
        "clock_uncertainty_seconds": 0.2,
    }
    return {**said, **changes}


def test_a_name_that_is_there_leads_to_a_new_code_for_that_very_station(
    served: Any, administrator: Any, station: SigningStation
) -> None:
    taken = administrator.post("/api/v1/station-codes", json={"name": "一号采集站"})
    assert taken.status_code == 409
    said = taken.json()["sentences"]
    page = administrator.get("/stations", headers={"Accept-Language": "zh-CN"}).text
    english = administrator.get("/stations", headers={"Accept-Language": "en"}).text
    for words, shown, buttons in (
        (said["zh-CN"], page, ("更改", "生成一次性代码")),
        (said["en"], english, ("Change", "Make a one-time code")),
    ):
        assert all(button in words and f">{button}" in shown for button in buttons), "what it says to press is there"
    code = re.search(r'data-action="/api/v1/stations/([0-9a-f-]{36})/code"', page)
    assert code is not None
    renewed = administrator.post(f"/api/v1/stations/{code[1]}/code")
    assert enrol(served, renewed.json()["code"], SigningKey.generate()).status_code == 201


def test_a_code_enrols_one_key_and_says_whom_to_believe(served: Any, administrator: Any) -> None:
    issued = administrator.post("/api/v1/station-codes", json={"name": "一号采集站"}).json()
    assert issued["receipt_key"] == served.keyring.public_key("receipt").key_id
    former = issued["code"]
    issued = administrator.post(f"/api/v1/stations/{issued['station_id']}/code").json()
    key, another = SigningKey.generate(), SigningKey.generate()
    assert kind(enrol(served, former, key)) == "station-code"

    answer = enrol(served, issued["code"].lower().replace("-", " "), key)
    told = answer.json()
    assert (answer.status_code, told["key_id"], told["name"]) == (201, key.key_id, "一号采集站")
    assert told["receipt_key"] == issued["receipt_key"]
    assert told["ledger_vkey"] == served.keyring.ledger_vkey
    assert {item["purpose"] for item in told["keys"]} == set(KEY_PURPOSES)
    # The answer was lost: the same key again is told the same, another one is not let in.
    assert enrol(served, issued["code"], key).json()["station_id"] == told["station_id"]
    assert kind(enrol(served, issued["code"], another)) == "station-code"
    assert len(served.entries("station.key_enrolled")) == 1

    (listed,) = administrator.get("/api/v1/stations").json()["items"]
    assert (listed["credential"], listed["key_id"], listed["condition"]) == ("key", key.key_id, "away")
    assert listed["code_expires_at"] is None
    assert "code" not in str(served.entries("station.code_issued")[0].data.keys() - {"code_id", "code_hash"})


@pytest.mark.parametrize("before", ["", "\t"])
def test_nobody_locks_enrolment_by_signing_in_under_its_name(served: Any, administrator: Any, before: str) -> None:
    issued = administrator.post("/api/v1/station-codes", json={"name": "一号采集站"}).json()
    form = {"sign_in_name": f"{before}station code from 127.0.0.1", "password": "not the password"}
    statuses = [served.caller().post("/api/v1/session", json=form).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert enrol(served, issued["code"], SigningKey.generate()).status_code == 201


def test_a_code_that_is_over_or_of_a_revoked_station_counts_no_more(served: Any, administrator: Any) -> None:
    issued = administrator.post("/api/v1/station-codes", json={"name": "一号采集站"}).json()
    served.as_owner("UPDATE station_code SET expires_at = now() - interval '1 second'")
    assert kind(enrol(served, issued["code"], SigningKey.generate())) == "station-code"
    issued = administrator.post(f"/api/v1/stations/{issued['station_id']}/code").json()
    administrator.post(f"/api/v1/stations/{issued['station_id']}/revoke")
    assert kind(enrol(served, issued["code"], SigningKey.generate())) == "station-code"
    assert administrator.post(f"/api/v1/stations/{issued['station_id']}/code").status_code == 409
    # Guessing from one place is slowed down; what counted before that is forgotten only by a code that counts.
    kinds = [kind(enrol(served, "ABCDE-ABCDE-ABCDE-ABCDE", SigningKey.generate())) for _ in range(5)]
    assert kinds == ["station-code"] * 3 + ["code-throttled"] * 2


def test_a_signed_upload_goes_through_and_what_was_tampered_with_does_not(served: Any, station: SigningStation) -> None:
    path = station.create(20)
    piece = station.piece(path, 0, BODY)
    for header, value in [
        ("upload-offset", "10"),
        ("upload-checksum", "sha256 x"),
        ("x-http-method-override", "DELETE"),
    ]:
        changed = httpx.Request("PATCH", piece.url, headers={**piece.headers, header: value}, content=BODY)
        assert kind(station.resend(changed)) == "credential-refused"
    unbound = station.signed("PATCH", path, {**PIECE, "Upload-Offset": "0"}, BODY)
    assert kind(station.resend(unbound)) == "credential-refused"
    assert station.send("HEAD", path, {"Tus-Resumable": "1.0.0"}).headers["upload-offset"] == "0"
    assert station.resend(piece).status_code == 204
    assert station.resend(station.piece(path, 10, BODY)).status_code == 204
    # The same bytes at the same offset once more change nothing.
    assert station.resend(piece).status_code == 409

    stranger = SigningStation(served)
    assert stranger.send("HEAD", path, {"Tus-Resumable": "1.0.0"}).status_code == 401
    stranger.key = station.key
    assert stranger.send("HEAD", path, {"Tus-Resumable": "1.0.0"}).status_code == 200
    receipt = f"/api/v1/uploads/{path.rpartition('/')[2]}/receipt"
    assert station.send("GET", receipt).status_code == 202


def test_a_signature_is_let_in_once_where_twice_would_change_something(served: Any, station: SigningStation) -> None:
    creation = station.signed("POST", "/uploads", {"Tus-Resumable": "1.0.0", "Upload-Length": "20"})
    created = station.resend(creation)
    assert created.status_code == 201
    assert kind(station.resend(creation)) == "credential-refused"
    assert len(served.entries("upload.created")) == 1
    path = urlsplit(created.headers["location"]).path
    end = station.signed("DELETE", path, {"Tus-Resumable": "1.0.0"})
    assert [station.resend(end).status_code for _ in range(2)] == [204, 401]
    head = station.signed("HEAD", path, {"Tus-Resumable": "1.0.0"})
    assert [station.resend(head).status_code for _ in range(2)] == [410, 410]


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_signature_of_another_time_is_refused_with_the_server_s(station: SigningStation, minutes: int) -> None:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "20"}
    answer = station.send("POST", "/uploads", headers, created=datetime.now(UTC) + timedelta(minutes=minutes))
    assert (answer.status_code, kind(answer)) == (401, "signature-out-of-date")
    told = datetime.strptime(answer.headers["date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=30)
    assert station.send("POST", "/uploads", headers, created=told).status_code == 201


def wait_until_held(staging: Staging, upload_id: str) -> None:
    """Until the piece is under way: its request has the upload for itself."""
    until = time.monotonic() + 60
    while not is_held(staging, upload_id):
        assert time.monotonic() < until, "no request has the upload"
        time.sleep(0.02)


def is_held(staging: Staging, upload_id: str) -> bool:
    try:
        held = staging.hold_if_idle(upload_id)
    except UploadGone:  # nobody has begun it
        return False
    if held is not None:
        held.release()
    return held is None


def test_a_revoked_key_stops_the_piece_that_is_under_way(
    served: Any, administrator: Any, station: SigningStation
) -> None:
    path = station.create(1000)
    headers = {**PIECE, "Upload-Offset": "0", **checksum(b"a" * 1000)}
    sent = {name.lower(): value for name, value in headers.items()} | {"content-length": "1000"}
    presented = PresentedCredential("PATCH", path, urlsplit(served.url).netloc, sent)
    lines = {"Host": presented.authority, **sent, **sign_request(presented, station.key, datetime.now(UTC))}
    host, port = presented.authority.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        connection.sendall(f"PATCH {path} HTTP/1.1\r\n{head}\r\n".encode() + b"a" * 400)
        (listed,) = administrator.get("/api/v1/stations").json()["items"]
        wait_until_held(served.staging, path.rpartition("/")[2])
        assert administrator.post(f"/api/v1/stations/{listed['id']}/revoke").status_code == 200
        revoked_at = time.monotonic()
        # Half a minute's worth, were it not stopped.
        answered, left = b"", 600
        connection.settimeout(0.05)
        while b"\r\n" not in answered and left > 1:
            connection.sendall(b"a")
            left -= 1
            with suppress(TimeoutError):
                answered += connection.recv(4096)
    assert answered.startswith(b"HTTP/1.1 401")
    # On a machine that has other work too; tests/ingest/uploads/test_patch.py asserts the second.
    assert time.monotonic() - revoked_at < 3
    refused = station.send("GET", f"/api/v1/{path.lstrip('/')}/receipt")
    assert (refused.status_code, kind(refused)) == (401, "station-revoked")
    assert "本站已被吊销，吊销不能撤回" in refused.json()["sentences"]["zh-CN"]
    assert station.send("HEAD", path, {"Tus-Resumable": "1.0.0"}).status_code == 401


def test_a_signature_covers_the_node_in_an_address(served: Any, station: SigningStation) -> None:
    """As a proxy passes it on: what it may not do is write another node into it, or none."""
    settings = served.answering.settings.model_copy(update={"node": "jb-1"})
    server = HttpServer(mount_uploads(make_uploads(replace(served.answering, settings=settings)), nothing_else))
    try:
        with httpx.Client(base_url=server.url, trust_env=False) as caller:
            there = SigningStation(SimpleNamespace(caller=lambda: caller, url=server.url), station.key)
            path = there.create(4)
            assert path.startswith("/uploads/jb-1/")
            assert there.resend(there.piece(path, 0, b"01")).status_code == 204
            for other in (path.replace("jb-1", "jb-2"), path.replace("jb-1/", "")):
                turned = there.piece(path, 2, b"23")
                turned.url = turned.url.copy_with(path=other)
                assert there.resend(turned).status_code == 401
            assert there.resend(there.piece(path, 2, b"23")).status_code == 204
    finally:
        server.close()


async def nothing_else(*_: object) -> None:
    raise AssertionError("asked for something else")


def test_a_creation_key_that_was_added_on_the_way_is_not_believed(served: Any, station: SigningStation) -> None:
    key = {"Idempotency-Key": f'"{"k" * 32}"'}
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "20"}
    creation = station.signed("POST", "/uploads", headers)
    added = httpx.Request("POST", creation.url, headers={**creation.headers, **key})
    assert kind(station.resend(added)) == "credential-refused"
    created = [station.resend(station.signed("POST", "/uploads", {**headers, **key})) for _ in range(2)]
    assert [each.status_code for each in created] == [201, 201]
    assert created[0].headers["location"] == created[1].headers["location"]
    assert len(served.entries("upload.created")) == 1


def test_an_administrator_gives_a_station_limits_of_its_own(
    served: Any, administrator: Any, station: SigningStation
) -> None:
    (listed,) = administrator.get("/api/v1/stations").json()["items"]
    address = f"/api/v1/stations/{listed['id']}/limits"
    assert (listed["max_uploads"], listed["max_waiting_bytes"]) == (None, None)
    changed = administrator.post(address, json={"max_uploads": 1, "max_waiting_bytes": 1000}).json()
    assert (changed["max_uploads"], changed["max_waiting_bytes"]) == (1, 1000)
    station.create(20)
    more = {"Tus-Resumable": "1.0.0", "Upload-Length": "20"}
    assert kind(station.send("POST", "/uploads", more)) == "too-many-uploads"
    assert administrator.post(address, json={"max_uploads": None, "max_waiting_bytes": 30}).status_code == 200
    assert kind(station.send("POST", "/uploads", more)) == "quota"
    for wrong in ({"max_uploads": 0, "max_waiting_bytes": None}, {"max_uploads": 1}, {"max_waiting_bytes": -1}):
        assert administrator.post(address, json=wrong).status_code == 422
    (first, second) = served.entries("station.limits_set")
    assert first.data == {"max_uploads": 1, "max_waiting_bytes": 1000}
    assert second.data == {"max_uploads": None, "max_waiting_bytes": 30}
    served.wait_for_places()
    assert verify_archive(served.archive, 0).findings == ()


def test_a_station_replaces_its_key_with_a_request_signed_by_the_former_one(
    served: Any, administrator: Any, station: SigningStation
) -> None:
    fresh = SigningKey.generate()
    body = {"public_key": fresh.public.raw.hex()}
    unsigned = served.caller().post("/api/v1/station-keys", json=body)
    assert unsigned.status_code == 401
    swapped = station.signed(
        "POST",
        "/api/v1/station-keys",
        {"Content-Type": "application/json", "Content-Digest": content_digest(b"{}")},
        b"{}",
    )
    swapped = httpx.Request("POST", swapped.url, headers=swapped.headers, content=b"[]")
    assert kind(station.resend(swapped)) == "credential-refused"
    answer = replace_key(station, fresh)
    assert (answer.status_code, answer.json()["key_id"]) == (201, fresh.key_id)
    assert station.post_json("/api/v1/station-reports", report()).status_code == 401
    station.key = fresh
    assert station.post_json("/api/v1/station-reports", report()).status_code == 200
    for extreme in ("9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00:00+23:59"):
        assert station.post_json("/api/v1/station-reports", report(at=extreme)).status_code == 422
    # An administrator can give it a bearer token instead, and a station with a token can go over to a key.
    (listed,) = administrator.get("/api/v1/stations").json()["items"]
    token = administrator.post(f"/api/v1/stations/{listed['id']}/token").json()["token"]
    assert station.post_json("/api/v1/station-reports", report()).status_code == 401
    bearer = served.caller(Authorization=f"Bearer {token}")
    assert bearer.post("/api/v1/station-reports", json=report()).status_code == 200
    # One under which anybody can sign (integrity/ed25519_points.py) would be a station that is anybody.
    assert bearer.post("/api/v1/station-keys", json={"public_key": "00" * 32}).json()["type"].endswith(":key-unsafe")
    last = SigningKey.generate()
    proved = {KEY_PROOF: prove_possession(fresh, station.id)}
    assert bearer.post("/api/v1/station-keys", json=body, headers=proved).json()["type"].endswith(":key-taken")
    body, proved = {"public_key": last.public.raw.hex()}, {KEY_PROOF: prove_possession(last, station.id)}
    assert bearer.post("/api/v1/station-keys", json=body).json()["type"].endswith(":key-unproven")
    assert bearer.post("/api/v1/station-keys", json=body, headers=proved).status_code == 201
    assert bearer.post("/api/v1/station-reports", json=report()).status_code == 401
    station.key = last
    assert station.post_json("/api/v1/station-reports", report()).status_code == 200
    served.wait_for_places()
    assert verify_archive(served.archive, 0).findings == ()
    served.as_owner("UPDATE station_key SET public_key = decode(repeat('ab', 32), 'hex') WHERE ended_at IS NULL")
    found = verify_archive(served.archive, 0).findings
    assert [(each.code, each.subject) for each in found] == [("row_differs", f"station_key {last.key_id}: public_key")]


def replace_key(station: SigningStation, key: SigningKey) -> httpx.Response:
    return post_key(station, {"public_key": key.public.raw.hex()}, prove_possession(key, station.id))


def test_a_key_is_taken_only_from_whoever_proves_that_he_holds_it(
    served: Any, administrator: Any, station: SigningStation
) -> None:
    code = administrator.post("/api/v1/station-codes", json={"name": "二号采集站"}).json()["code"]
    fresh, other = SigningKey.generate(), SigningKey.generate()
    form = {"code": code, "public_key": fresh.public.raw.hex()}
    proofs = [prove_possession(other, code), prove_possession(fresh, "ABCDE-FGHJK-MNPQR-STUVW"), "\xe9"]
    for wrong in proofs:
        answer = served.caller().post(
            "/api/v1/station-enrolments", json=form, headers={KEY_PROOF: wrong.encode("latin-1")}
        )
        assert (answer.status_code, kind(answer)) == (401, "credential-refused"), wrong
    unproven = served.caller().post("/api/v1/station-enrolments", json=form)
    assert (unproven.status_code, kind(unproven)) == (422, "key-unproven")
    assert "更新工作站上的采集程序" in unproven.text
    proved = {KEY_PROOF: prove_possession(fresh, code)}
    for _ in range(2):
        answer = served.caller().post("/api/v1/station-enrolments", json=form, headers=proved)
        assert answer.status_code == 201
    # The same with a replacement: the proof is bound to the station.
    (listed,) = [each for each in administrator.get("/api/v1/stations").json()["items"] if each["name"] == "一号采集站"]
    next_key = SigningKey.generate()
    body = {"public_key": next_key.public.raw.hex()}
    assert post_key(station, body, prove_possession(next_key, answer.json()["station_id"])).status_code == 401
    assert kind(station.post_json("/api/v1/station-keys", body)) == "key-unproven"
    assert post_key(station, body, prove_possession(next_key, listed["id"])).status_code == 201


def test_a_replacement_signed_with_the_new_key_says_whose_it_is_and_changes_nothing(
    served: Any, station: SigningStation
) -> None:
    fresh = SigningKey.generate()
    first = replace_key(station, fresh)
    station.key = fresh
    # Signed with the key itself: that is its proof.
    again = station.post_json("/api/v1/station-keys", {"public_key": fresh.public.raw.hex()})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["station_id"] == first.json()["station_id"]
    assert [entry.data["key_id"] for entry in served.entries("station.key_enrolled")].count(fresh.key_id) == 1


def post_key(station: SigningStation, body: dict[str, Any], proof: str) -> httpx.Response:
    content = json.dumps(body).encode()
    stated = {"Content-Type": "application/json", "Content-Digest": content_digest(content), KEY_PROOF: proof}
    return station.send("POST", "/api/v1/station-keys", stated, content)


def test_a_report_is_the_latest_state_and_alerts_are_entries_not_each_report(
    served: Any, administrator: Any, station: SigningStation
) -> None:
    answer = station.post_json("/api/v1/station-reports", {**report(), "from_a_newer_agent": 1})
    told = datetime.fromisoformat(answer.json()["server_time"])
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=30)
    (listed,) = administrator.get("/api/v1/stations").json()["items"]
    shown = {name: listed[name] for name in ("condition", "agent_version", "free_bytes", "waiting_files")}
    assert shown == {"condition": "online", "agent_version": "0.1.0", "free_bytes": 5 << 30, "waiting_files": 3}
    assert listed["reported_at"] == "2026-03-03T21:06:07Z"
    for offset in (3600, 3601, 1, 2, -7200):
        assert station.post_json("/api/v1/station-reports", report(clock_offset_seconds=offset)).status_code == 200
    assert [entry.data["offset_milliseconds"] for entry in served.entries("station.clock_off")] == [3_600_000]
    # An alert about a clock stands for an hour: a station cannot fill the ledger with its changes of mind.
    assert served.entries("station.clock_right") == []
    served.as_owner("UPDATE station_state SET clock_off_since = now() - interval '2 hours'")
    station.post_json("/api/v1/station-reports", report())
    assert len(served.entries("station.clock_right")) == 1
    for wrong in (
        {"free_bytes": -1},
        {"at": "2026-03-04T05:06:07"},
        {"clock_offset_seconds": "NaN"},
        {"agent_version": ""},
    ):
        assert station.post_json("/api/v1/station-reports", report(**wrong)).status_code == 422
    with served.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(StationReport)) == 1


def test_a_station_whose_clock_is_wrong_stands_first_and_is_told_which_way_it_is_off(
    served: Any, administrator: Any, station: SigningStation
) -> None:
    administrator.post("/api/v1/station-codes", json={"name": "尚未登记"})

    def shown(**said: Any) -> str:
        assert station.post_json("/api/v1/station-reports", report(**said)).status_code == 200
        page = administrator.get("/stations", headers={"Accept-Language": "zh-CN"}).text
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))

    right = shown(clock_offset_seconds=-2)
    assert "时钟不准" not in right
    assert "慢 2 秒" in right
    assert right.index("一号采集站") > right.index("尚未登记")
    wrong = shown(clock_offset_seconds=10_800)
    assert "有工作站时钟不准 — 与服务器相差超过 60 秒： 一号采集站（快 3 小时）" in wrong.replace("：一号", "： 一号")
    listed = wrong.index("凭证", wrong.index("剩余空间"))
    assert wrong.index("一号采集站", listed) < wrong.index("尚未登记", listed)
    # Its alert stands for an hour yet: nobody has to do anything any more.
    assert "时钟不准" not in shown(clock_offset_seconds=1)


def test_a_station_that_says_nothing_is_called_silent_until_it_is_heard_again(
    served: Any, administrator: Any, station: SigningStation
) -> None:
    assert station.post_json("/api/v1/station-reports", report()).status_code == 200
    administrator.post("/api/v1/station-codes", json={"name": "尚未登记"})
    now = datetime.now(UTC)
    look_after_stations(served.archive, now + timedelta(hours=23))
    assert served.entries("station.silent") == []
    for _ in range(2):
        look_after_stations(served.archive, now + timedelta(hours=25))
    assert len(served.entries("station.silent")) == 1
    listed = {item["name"]: item["condition"] for item in administrator.get("/api/v1/stations").json()["items"]}
    assert listed == {"一号采集站": "silent", "尚未登记": "unenrolled"}
    assert 'liuhen_stations{which="silent"} 1.0' in administrator.get("/metrics").text
    assert station.post_json("/api/v1/station-reports", report()).status_code == 200
    assert len(served.entries("station.heard_again")) == 1
    assert 'liuhen_stations{which="silent"} 0.0' in administrator.get("/metrics").text


def test_only_administrators_of_the_unit_or_above_give_and_take_credentials(served: Any, administrator: Any) -> None:
    made = administrator.post("/api/v1/stations", json={"name": "一号采集站"}).json()
    stranger = served.signed_in(served.unit(), "administrator")
    officer = served.signed_in(served.unit(), "officer")
    for deed, form in [("code", None), ("token", None), ("revoke", None), ("certificate", {"sha256": "ab" * 32})]:
        for somebody in (stranger, officer):
            answer = somebody.post(f"/api/v1/stations/{made['station_id']}/{deed}", json=form)
            assert answer.status_code == 403, (deed, answer.text)
    assert served.entries("station.code_issued") == served.entries("station.token_replaced") == []


def test_a_signature_speaks_of_what_came_over_the_wire() -> None:
    scope = {
        "method": "POST",
        "path": "/留",
        "raw_path": b"/%E7%95%99",
        "query_string": b"a=1",
        "headers": [(b"host", b"archive.test"), (b"x-a", b"1"), (b"x-a", b"2"), (b"content-length", b"0")],
    }
    presented = PresentedCredential.of(scope)
    assert (presented.target, presented.authority) == ("/%E7%95%99?a=1", "archive.test")
    assert presented.headers["x-a"] == "1, 2"
    assert not presented.has_body
    assert replace(presented, headers={"transfer-encoding": "chunked"}).has_body
