"""PATCH: bytes at the recorded offset, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import time

import pytest

from ingest.uploads.reception import LOOK_AROUND_SECONDS
from tests.ingest.uploads.serving import small_limits


def upload_id_of(path: str) -> str:
    return path.rpartition("/")[2]


def test_bytes_are_kept_and_the_last_patch_finishes_the_upload_once(tus):
    data = os.urandom(300_000)
    path = tus.create(len(data))
    upload_id = upload_id_of(path)

    first = tus.patch(path, 0, data[:100_001])
    assert (first.status, first.offset) == (204, 100_001)
    assert "upload-expires" in first.headers
    assert tus.finishes(path) == 0

    last = tus.patch(path, 100_001, data[100_001:])
    assert (last.status, last.offset) == (204, len(data))
    assert "upload-expires" not in last.headers
    assert tus.staged(upload_id) == data
    assert tus.finishes(path) == 1
    assert tus.state(upload_id) == "finished"


def test_a_large_body_in_odd_pieces_arrives_byte_for_byte(tus):
    data = os.urandom((9 << 20) + 4321)
    path = tus.create(len(data))
    assert tus.patch(path, 0, data[:1234]).status == 204
    assert tus.patch(path, 1234, data[1234 : (8 << 20) + 77]).status == 204
    assert tus.patch(path, (8 << 20) + 77, data[(8 << 20) + 77 :]).status == 204
    assert tus.staged(upload_id_of(path)) == data


def test_patch_without_a_token_stores_nothing_and_moves_no_offset(tus):
    path = tus.create(10)
    reply = tus.patch(path, 0, b"0123456789", token=None)
    assert reply.status == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert tus.patch(path, 0, b"0123456789", token="guessed").status == 401
    assert tus.head(path).offset == 0
    assert tus.staged(upload_id_of(path)) == b""


def test_the_body_is_not_asked_for_before_authority_is_checked(tus, wire):
    path = tus.create(10)
    expecting = {"Expect": "100-continue", "Authorization": "Bearer guessed"}
    refused = tus.begin_patch(path, 0, 10, expecting)
    assert refused.recv(65536).startswith(b"HTTP/1.1 401")
    refused.close()

    welcome = tus.begin_patch(path, 0, 10, {"Expect": "100-continue"})
    assert welcome.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    welcome.sendall(b"0123456789")
    assert wire.reply(welcome).status == 204
    welcome.close()


def test_a_neighbour_may_neither_look_nor_write_nor_delete(tus):
    path = tus.create(10)
    assert tus.head(path, token="t2").status == 403
    assert tus.patch(path, 0, b"0123456789", token="t2").status == 403
    assert tus.request("DELETE", path, token="t2").status == 403
    assert tus.head(path).offset == 0
    assert tus.staged(upload_id_of(path)) == b""


def test_a_credential_that_is_revoked_counts_at_once_even_in_mid_patch(start_server, wire):
    tus = start_server(limits={"ask_again_seconds": 0.3, "record_offset_seconds": 0.3})
    path = tus.create(1000)
    connection = tus.begin_patch(path, 0, 1000)
    connection.sendall(b"a" * 400)
    wire.eventually(lambda: tus.recorded(upload_id_of(path)) == 400)
    tus.change_register(lambda content: content["stations"].pop("t1"))
    assert wire.reply(connection).status == 401
    connection.close()
    assert tus.recorded(upload_id_of(path)) == 400
    assert tus.patch(path, 400, b"b" * 600).status == 401


def test_whoever_sends_on_after_a_refusal_reads_why(start_server, wire):
    """Most clients read nothing before they have sent all: a connection that breaks instead tells them nothing."""
    tus = start_server(limits={"ask_again_seconds": 0.3, "record_offset_seconds": 0.3})
    size = 12 << 20
    path = tus.create(size)
    connection = tus.begin_patch(path, 0, size)
    connection.sendall(b"a" * (1 << 20))
    wire.eventually(lambda: tus.recorded(upload_id_of(path)) == 1 << 20)
    tus.change_register(lambda content: content["stations"].pop("t1"))
    wire.eventually(lambda: not tus.is_held(path))
    began = time.monotonic()
    connection.sendall(b"b" * (size - (1 << 20)))
    assert wire.reply(connection).status == 401
    connection.close()
    assert time.monotonic() - began < 5
    assert tus.recorded(upload_id_of(path)) == 1 << 20


def test_a_revocation_stops_a_body_under_way_within_a_second(start_server, wire):
    """With the limits as they are, counted from outside: the best of three, as the machine has other work too."""
    limits = small_limits()
    assert limits.believe_seconds + limits.ask_again_seconds + LOOK_AROUND_SECONDS <= 0.7
    tus = start_server(stations={f"t{number}": {} for number in range(3, 6)})
    took = []
    for token in ("t3", "t4", "t5"):
        path = tus.create(1000, token=token)
        connection = tus.begin_patch(path, 0, 1000, {"Authorization": f"Bearer {token}"})
        connection.sendall(b"a" * 400)
        wire.eventually(lambda path=path: tus.is_held(path))
        tus.change_register(lambda content, token=token: content["stations"].pop(token))
        revoked_at = time.monotonic()
        assert wire.reply(connection).status == 401
        took.append(time.monotonic() - revoked_at)
        connection.close()
    assert min(took) < 0.9, took


def test_wrong_content_type_is_415_and_stores_nothing(tus):
    path = tus.create(10)
    for content_type in ("application/octet-stream", "text/plain", ""):
        reply = tus.patch(path, 0, b"0123456789", {"Content-Type": content_type})
        assert reply.status == 415
    assert tus.head(path).offset == 0
    assert tus.staged(upload_id_of(path)) == b""


@pytest.mark.parametrize("stated", [1, 5, 9, 10, 11, 1 << 62])
def test_wrong_offset_is_409_names_the_right_one_and_stores_nothing(tus, stated):
    path = tus.create(10)
    tus.patch(path, 0, b"0123")
    reply = tus.patch(path, stated, b"4")
    assert (reply.status, reply.offset) == (409, 4)
    assert tus.staged(upload_id_of(path)) == b"0123"


@pytest.mark.parametrize("stated", ["-1", "+4", "4.0", "04", "0x4", "４", " ", "9223372036854775808", "1e1", "9" * 400])
def test_an_offset_that_is_no_whole_number_is_400(tus, stated):
    path = tus.create(10)
    reply = tus.request(
        "PATCH",
        path,
        {"Content-Type": "application/offset+octet-stream", "Upload-Offset": stated.encode().decode("latin-1")},
        b"0",
    )
    assert reply.status == 400
    assert tus.head(path).offset == 0


def test_a_missing_offset_is_400(tus):
    path = tus.create(10)
    headers = {"Content-Type": "application/offset+octet-stream"}
    assert tus.request("PATCH", path, headers, b"0123").status == 400


def test_a_declared_body_longer_than_the_upload_is_refused_whole_and_poisons_nothing(tus):
    path = tus.create(10)
    reply = tus.patch(path, 0, b"0123456789+")
    assert reply.status == 413
    assert tus.head(path).offset == 0
    assert tus.patch(path, 0, b"0123456789").status == 204
    assert tus.staged(upload_id_of(path)) == b"0123456789"


def test_an_overlong_chunked_body_is_413_yet_what_fills_the_upload_is_handed_on(tus, wire):
    path = tus.create(10)
    connection = tus.begin_patch(path, 0, None)
    connection.sendall(wire.chunk(b"01234") + wire.chunk(b"56789+++") + b"0\r\n\r\n")
    assert wire.reply(connection).status == 413
    connection.close()
    assert tus.staged(upload_id_of(path)) == b"0123456789"
    assert tus.finishes(path) == 1
    assert tus.head(path).offset == 10


def test_an_overlong_chunked_body_of_many_megabytes_stores_nothing_past_the_declared_length(tus, wire):
    size = (5 << 20) + 99
    data = os.urandom(size)
    path = tus.create(size)
    connection = tus.begin_patch(path, 0, None)
    try:
        for start in range(0, size, 1 << 20):
            connection.sendall(wire.chunk(data[start : start + (1 << 20)]))
        connection.sendall(wire.chunk(b"x" * 70_000) + b"0\r\n\r\n")
    except ConnectionError:
        pass
    assert wire.reply(connection).status == 413
    connection.close()
    assert tus.staged(upload_id_of(path)) == data
    assert tus.finishes(path) == 1


def test_a_chunked_body_is_as_good_as_a_counted_one(tus, wire):
    path = tus.create(10)
    connection = tus.begin_patch(path, 0, None)
    connection.sendall(wire.chunk(b"0123") + wire.chunk(b"456789") + b"0\r\n\r\n")
    reply = wire.reply(connection)
    connection.close()
    assert (reply.status, reply.offset) == (204, 10)
    assert tus.finishes(path) == 1


def checksum(algorithm: str, data: bytes) -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_bytes_with_a_checksum_count_only_when_it_matches(tus, algorithm):
    data = os.urandom(3 << 20)
    path = tus.create(len(data) + 5)
    wrong = tus.patch(path, 0, data, {"Upload-Checksum": checksum(algorithm, data[1:])})
    assert wrong.status == 460
    assert tus.head(path).offset == 0
    assert tus.staged(upload_id_of(path)) == b""
    right = tus.patch(path, 0, data, {"Upload-Checksum": checksum(algorithm, data)})
    assert (right.status, right.offset) == (204, len(data))
    assert tus.staged(upload_id_of(path)) == data


@pytest.mark.parametrize(
    "stated",
    [
        "md5 1B2M2Y8AsgTpgAmY7PhCfg==",
        "sha1",
        "sha1 ",
        "sha1 %%%",
        "sha256 2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
        "SHA1 x",
        "sha1 QQ==",
    ],
)
def test_a_checksum_that_cannot_be_checked_is_400_and_stores_nothing(tus, stated):
    path = tus.create(10)
    assert tus.patch(path, 0, b"0123456789", {"Upload-Checksum": stated}).status == 400
    assert tus.head(path).offset == 0


def test_an_overlong_chunked_body_with_a_checksum_keeps_nothing(tus, wire):
    path = tus.create(10)
    connection = tus.begin_patch(path, 0, None, {"Upload-Checksum": checksum("sha1", b"0123456789+")})
    connection.sendall(wire.chunk(b"0123456789+") + b"0\r\n\r\n")
    assert wire.reply(connection).status == 413
    connection.close()
    assert tus.head(path).offset == 0
    assert tus.finishes(path) == 0


def test_what_arrived_before_a_cut_is_kept(tus, wire):
    data = os.urandom(200_000)
    path = tus.create(len(data))
    connection = tus.begin_patch(path, 0, len(data))
    connection.sendall(data[:150_000])
    connection.close()
    wire.eventually(lambda: tus.head(path).offset == 150_000)
    assert tus.patch(path, 150_000, data[150_000:]).status == 204
    assert tus.staged(upload_id_of(path)) == data


def test_what_arrived_together_with_the_cut_is_kept_too(tus, wire):
    """The bytes and the end of the connection lie in the server's buffer before it has looked at the first."""
    for size in (1, 100, 60_000):
        path = tus.create(100_000)
        connection = tus.begin_patch(path, 0, 100_000)
        connection.sendall(b"x" * size)
        connection.close()
        wire.eventually(lambda path=path, size=size: tus.head(path).offset == size)


def test_a_cut_after_the_last_byte_still_hands_the_upload_on(tus, wire):
    path = tus.create(10)
    connection = tus.begin_patch(path, 0, 10)
    connection.sendall(b"0123456789")
    connection.close()
    wire.eventually(lambda: tus.finishes(path) == 1)


def test_bytes_before_a_cut_are_not_kept_when_their_checksum_is_still_to_come(tus, wire):
    path = tus.create(1000)
    tus.patch(path, 0, b"abc")
    connection = tus.begin_patch(path, 3, 997, {"Upload-Checksum": checksum("sha1", b"x" * 997)})
    connection.sendall(b"x" * 500)
    connection.close()
    time.sleep(0.3)
    wire.eventually(lambda: tus.staged(upload_id_of(path)) == b"abc")
    assert tus.head(path).offset == 3


def test_repeating_the_last_patch_after_its_answer_was_lost_changes_nothing(tus):
    path = tus.create(4)
    assert tus.patch(path, 0, b"0123").status == 204
    assert tus.patch(path, 0, b"0123").status == 409
    assert tus.patch(path, 4, b"").status == 204
    assert tus.patch(path, 4, b"4").status in (409, 413)
    assert tus.finishes(path) == 1


def test_an_empty_patch_is_fine_and_moves_nothing(tus):
    path = tus.create(4)
    reply = tus.patch(path, 0, b"")
    assert (reply.status, reply.offset) == (204, 0)


def test_ids_are_our_own(tus):
    path = tus.create(4, {"Upload-Metadata": "filename " + base64.b64encode(b"../../x").decode()})
    assert re.fullmatch(r"/uploads/[0-9a-f]{32}", path)


@pytest.mark.parametrize("suffix", [".json", ".offset", ".bin", "/", "/..", "%2e%2e", "%00"])
def test_addresses_beside_an_upload_reach_nothing(tus, suffix):
    path = tus.create(10)
    for method in ("HEAD", "DELETE", "PATCH"):
        assert tus.request(method, path + suffix).status == 404
    assert tus.head(path).status == 200
    assert tus.patch(path, 0, b"0123456789").status == 204


def test_a_catalog_that_does_not_answer_is_503_and_nothing_is_lost(start_server):
    tus = start_server()
    path = tus.create(4)
    tus.kill()
    tus.start()
    tus.change_register(lambda content: content.update(down=True))
    reply = tus.patch(path, 0, b"0123")
    assert (reply.status, reply.headers["retry-after"]) == (503, "30")
    assert tus.recorded(upload_id_of(path)) == 0
    tus.change_register(lambda content: content.update(down=False))
    assert tus.patch(path, 0, b"0123").status == 204


def test_bytes_that_arrived_are_kept_when_the_catalog_is_gone_by_their_end(start_server):
    tus = start_server(limits={"believe_seconds": 1000})
    path = tus.create(4)
    tus.change_register(lambda content: content.update(down=True))
    assert tus.patch(path, 0, b"0123").status == 503
    tus.change_register(lambda content: content.update(down=False))
    assert tus.head(path).offset == 4
    assert tus.finishes(path) == 1
    assert tus.staged(upload_id_of(path)) == b"0123"


def test_a_small_file_asks_the_catalog_for_nothing_it_knows(start_server):
    """Whoever may send is believed for a moment; what it sends to is known from its creation."""
    tus = start_server(limits={"believe_seconds": 1000})
    path = tus.create(4)
    tus.change_register(lambda content: content["stations"].pop("t1"))
    assert tus.patch(path, 0, b"0123").status == 204
    assert tus.head(path).status == 401
    assert tus.request("POST", "/uploads", {"Upload-Length": "4"}).status == 401
    assert tus.finishes(path) == 1


def test_an_upload_that_ended_elsewhere_is_gone_for_whoever_remembers_it(start_server):
    tus = start_server(limits={"believe_seconds": 1000})
    other = start_server(limits={"believe_seconds": 1000})
    for size in (4, 100_000):
        path = tus.create(size)
        assert other.request("DELETE", path).status == 204
        assert tus.patch(path, 0, b"x" * size).status == 410
        path = tus.create(size)
        assert other.patch(path, 0, b"x" * size).status == 204
        reply = tus.patch(path, 0, b"x" * size)
        assert (reply.status, reply.offset) == (409, size)
        assert tus.finishes(path) == 1


def test_the_last_byte_of_an_upload_that_expired_meanwhile_is_not_acknowledged(start_server, wire):
    """Its row says that nobody will seal it: the station must not take it for delivered."""
    tus = start_server()
    path = tus.create(2 << 20)
    connection = tus.begin_patch(path, 0, 2 << 20)
    connection.sendall(b"x" * (1 << 20))
    wire.eventually(lambda: tus.is_held(path))
    end = {"state": "expired"}
    tus.change_register(lambda content: content["uploads"][upload_id_of(path)].update(end))
    connection.sendall(b"x" * (1 << 20))
    assert wire.reply(connection).status == 410
    connection.close()
    assert tus.finishes(path) == 0


def test_no_bytes_are_taken_for_an_upload_that_ended_before_its_files_were_removed(start_server):
    """As when the row's end was committed and the process died before it removed the files."""
    tus = start_server(limits={"believe_seconds": 1000})
    path = tus.create(4)
    end = {"state": "terminated"}
    tus.change_register(lambda content: content["uploads"][upload_id_of(path)].update(end))
    assert tus.patch(path, 0, b"0123").status == 410
    assert tus.finishes(path) == 0
