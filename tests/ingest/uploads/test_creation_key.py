"""Idempotency-Key: a creation that is asked for again, because its answer was lost, opens nothing twice."""

from __future__ import annotations

import base64
import hashlib

import pytest

KEY = "0123456789abcdef" * 2
STREAM = {"Content-Type": "application/offset+octet-stream"}


def create(tus, length: int, headers: dict[str, str] | None = None, body: bytes = b"", token: str = "t1"):
    named = {"Upload-Length": str(length), "Idempotency-Key": f'"{KEY}"', **(headers or {})}
    return tus.request("POST", "/uploads", named, body, token)


def test_a_creation_asked_for_again_is_the_same_upload_and_takes_no_more_room(start_server):
    tus = start_server(stations={"t1": {"max_uploads": 1, "max_waiting_bytes": 10}})
    first = create(tus, 10)
    again = create(tus, 10, {"Idempotency-Key": KEY})
    assert (first.status, again.status) == (201, 201)
    for header in ("location", "upload-expires"):
        assert again.headers[header] == first.headers[header]
    assert tus.patch(first.path, 0, b"0123").status == 204
    assert create(tus, 10).path == first.path
    assert tus.patch(first.path, 4, b"456789").status == 204
    late = create(tus, 10)
    assert (late.status, late.path, tus.head(late.path).offset) == (201, first.path, 10)
    assert "upload-expires" not in late.headers
    assert tus.finishes(first.path) == 1


def test_without_a_key_each_creation_is_another_upload(tus):
    assert tus.create(10) != tus.create(10)


def test_a_key_is_its_stations_own(start_server):
    tus = start_server()
    assert create(tus, 10).path != create(tus, 10, token="t2").path


def test_a_key_of_another_file_is_422_and_changes_nothing(start_server, wire):
    tus = start_server()
    digests = [hashlib.sha256(each).hexdigest() for each in (b"a", b"b")]
    one, other = ({"Upload-Metadata": wire.metadata(sha256=digest)} for digest in digests)
    path = create(tus, 10, one).path
    for refused in (create(tus, 11, one), create(tus, 10, other), create(tus, 10)):
        assert (refused.status, refused.problem["type"]) == (422, "urn:liuhen:problem:upload:key-reused")
        assert "location" not in refused.headers
    assert create(tus, 10, {"Upload-Metadata": wire.metadata(filename="a.mp4", sha256=digests[0])}).path == path


def test_a_key_whose_upload_was_given_up_opens_another(start_server):
    tus = start_server()
    path = create(tus, 10).path
    assert tus.request("DELETE", path).status == 204
    assert create(tus, 10).path != path


def test_a_creation_with_upload_asked_for_again_says_what_came_of_it_and_takes_nothing_twice(start_server):
    tus = start_server()
    first = create(tus, 10, STREAM, b"0123")
    again = create(tus, 10, STREAM, b"XXXXXX")
    assert (first.status, first.offset) == (again.status, again.offset) == (201, 4)
    assert again.path == first.path
    assert tus.patch(first.path, 4, b"456789").status == 204
    assert tus.staged(first.path.rpartition("/")[2]) == b"0123456789"
    assert create(tus, 10, STREAM, b"0123").offset == 10
    assert tus.finishes(first.path) == 1


def test_a_length_that_was_deferred_may_have_been_declared_meanwhile(start_server):
    tus = start_server()
    deferred = {"Upload-Length": "", "Upload-Defer-Length": "1"}
    path = create(tus, 0, deferred).path
    assert tus.patch(path, 0, b"0123", {"Upload-Length": "10"}).status == 204
    assert create(tus, 0, deferred).path == path


@pytest.mark.parametrize("key", ["short", "k" * 65, "k" * 20 + "\u00e9", '"' + "k" * 32, "k k" * 10])
def test_a_key_that_is_none_is_400(tus, key):
    reply = create(tus, 10, {"Idempotency-Key": key})
    assert reply.status == 400
    assert "Idempotency-Key" in reply.problem["title"]


def test_a_creation_that_is_late_does_not_end_what_its_successor_is_sending(start_server, wire):
    """Its body stalls; the station asks again under the same key, learns the address and sends there."""
    tus = start_server()
    first = tus.connect()
    first.sendall(
        b"POST /uploads HTTP/1.1\r\nHost: t\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer t1\r\n"
        b"Upload-Length: 10\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 10\r\n"
        b"Upload-Checksum: sha1 " + base64.b64encode(hashlib.sha1(b"0123456789").digest()) + b"\r\n"
        b'Idempotency-Key: "' + KEY.encode() + b'"\r\n\r\n0123'
    )
    wire.eventually(tus.staging.list_uploads)
    path = create(tus, 10).path
    wire.eventually(lambda: tus.is_held(path))
    assert tus.patch(path, 0, b"0123456789").status == 204
    late = wire.reply(first, "POST")
    first.close()
    assert (late.status, late.path) == (423, path)
    assert tus.finishes(path) == 1
