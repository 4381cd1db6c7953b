"""POST, OPTIONS and HEAD: creation, creation with upload, and what the server says of itself."""

from __future__ import annotations

import base64
import email.utils
import hashlib
import os
import re
from datetime import UTC, datetime, timedelta

import pytest

STREAM = {"Content-Type": "application/offset+octet-stream"}


def test_options_says_exactly_what_is_offered_and_asks_nobody_who_he_is(tus):
    reply = tus.request("OPTIONS", "/uploads", {"Tus-Resumable": ""}, token=None)
    assert reply.status == 204
    assert reply.body == b""
    assert reply.headers["tus-version"] == "1.0.0"
    offered = "creation,creation-with-upload,creation-defer-length,checksum,termination,expiration"
    assert reply.headers["tus-extension"] == offered
    assert reply.headers["tus-checksum-algorithm"] == "sha1,sha256"
    assert reply.headers["tus-max-size"] == str(16 << 30)
    assert reply.headers["tus-resumable"] == "1.0.0"


def test_creation_says_where_and_until_when(tus):
    reply = tus.request("POST", "/uploads", {"Upload-Length": "10"})
    assert reply.status == 201
    assert reply.headers["tus-resumable"] == "1.0.0"
    until = email.utils.parsedate_to_datetime(reply.headers["upload-expires"])
    assert timedelta(days=2, hours=23) < until - datetime.now(UTC) <= timedelta(days=3)
    seen = tus.head(reply.path)
    assert (seen.status, seen.offset, seen.headers["upload-length"]) == (200, 0, "10")
    assert seen.headers["cache-control"] == "no-store"
    assert seen.headers["upload-expires"] == reply.headers["upload-expires"]


def test_the_address_is_absolute_unless_a_proxy_that_nobody_named_says_otherwise(tus):
    def location(**headers):
        return tus.request("POST", "/uploads", {"Upload-Length": "10", **headers}).headers["location"]

    assert re.fullmatch(rf"http://127\.0\.0\.1:{tus.port}/uploads/[0-9a-f]{{32}}", location())
    assert location(Host="archive.test:8443").startswith("http://archive.test:8443/uploads/")
    assert location(Host="[::1]:80").startswith("http://[::1]:80/uploads/")
    assert location(Host="archive+test:8443").startswith("/uploads/")
    assert location(**{"X-Forwarded-Proto": "https"}).startswith("/uploads/")
    assert tus.request("POST", "/uploads", {"Upload-Length": "10", "Host": "user@archive.test/x?"}).status == 400


def test_everything_else_is_left_to_the_other_application(tus):
    assert tus.request("GET", "/uploadsx").status == 418
    assert tus.request("GET", "/").status == 418


@pytest.mark.parametrize("version", ["", "0.2.2", "1.0.1", "1.0.0, 1.0.0"])
@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
def test_another_version_of_tus_is_412_and_changes_nothing(tus, method, version):
    path = tus.create(10)
    headers = {"Tus-Resumable": version, "Upload-Length": "10", "Upload-Offset": "0", **STREAM}
    reply = tus.request(method, "/uploads" if method == "POST" else path, headers)
    assert reply.status == 412
    assert reply.headers["tus-version"] == "1.0.0"
    assert tus.head(path).offset == 0


@pytest.mark.parametrize("version", [{}, {"Tus-Resumable": "0.2.2"}])
def test_a_method_that_is_none_of_tus_is_405_and_not_told_to_update(tus, version):
    """Whoever opens an upload's address in a browser has no client to update."""
    path = tus.create(10)
    for method, at, offered in (("GET", path, "OPTIONS, HEAD, PATCH, DELETE"), ("GET", "/uploads", "OPTIONS, POST")):
        reply = tus.request(method, at, {"Tus-Resumable": "", **version})
        assert (reply.status, reply.headers["allow"]) == (405, offered)
        assert "更新客户端" not in reply.problem["title"]
    assert tus.head(path).offset == 0


@pytest.mark.parametrize("length", ["-1", "+1", "1.5", "01", " ", "ten", "9223372036854775808", "1" * 300])
def test_a_length_that_is_no_length_is_400(tus, length):
    assert tus.request("POST", "/uploads", {"Upload-Length": length}).status == 400


def test_a_creation_without_length_or_with_what_is_not_offered_is_400(tus):
    assert tus.request("POST", "/uploads").status == 400
    assert tus.request("POST", "/uploads", {"Upload-Length": "5", "Upload-Concat": "partial"}).status == 400


def test_an_empty_file_is_refused_with_a_sentence_that_says_so(tus):
    reply = tus.request("POST", "/uploads", {"Upload-Length": "0"})
    assert reply.status == 400
    assert "空文件" in reply.problem["sentences"]["zh-CN"]
    assert "Empty file" in reply.problem["sentences"]["en"]


def test_more_than_the_largest_upload_is_413_and_names_the_largest(start_server):
    tus = start_server(limits={"max_upload_bytes": 100})
    reply = tus.request("POST", "/uploads", {"Upload-Length": "101"})
    assert (reply.status, reply.headers["tus-max-size"]) == (413, "100")
    assert tus.request("POST", "/uploads", {"Upload-Length": "100"}).status == 201


@pytest.mark.parametrize("token", [None, "", "guessed", "t1 t1", "t" * 5000])
def test_creation_without_a_credential_is_401(tus, token):
    assert tus.request("POST", "/uploads", {"Upload-Length": "5"}, token=token).status == 401


def test_other_schemes_than_bearer_are_401(tus):
    for value in ("Basic dDE6", "t1", "bearer", "Token t1"):
        reply = tus.request("POST", "/uploads", {"Upload-Length": "5", "Authorization": value})
        assert reply.status == 401


def test_creation_with_upload_finishes_when_all_is_there(tus):
    data = os.urandom(200_000)
    reply = tus.request("POST", "/uploads", {"Upload-Length": str(len(data)), **STREAM}, data)
    assert (reply.status, reply.offset) == (201, len(data))
    assert "upload-expires" not in reply.headers, "it goes on no more"
    path = reply.path
    assert tus.finishes(path) == 1
    assert tus.staged(path.rpartition("/")[2]) == data


def test_creation_with_part_of_the_upload_goes_on_with_patch(tus):
    reply = tus.request("POST", "/uploads", {"Upload-Length": "10", **STREAM}, b"0123")
    assert (reply.status, reply.offset) == (201, 4)
    assert "upload-expires" in reply.headers
    path = reply.path
    assert tus.finishes(path) == 0
    assert tus.patch(path, 4, b"456789").status == 204
    assert tus.finishes(path) == 1


def test_creation_with_a_checksum_that_differs_leaves_no_upload_behind(tus):
    stated = "sha256 " + base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    before = sorted(tus.staging.list_uploads())
    reply = tus.request("POST", "/uploads", {"Upload-Length": "4", "Upload-Checksum": stated, **STREAM}, b"0123")
    assert reply.status == 460
    assert "location" not in reply.headers
    assert sorted(tus.staging.list_uploads()) == before


def test_creation_with_more_than_declared_is_413(tus, wire):
    assert tus.request("POST", "/uploads", {"Upload-Length": "4", **STREAM}, b"01234").status == 413
    connection = tus.connect()
    connection.sendall(
        b"POST /uploads HTTP/1.1\r\nHost: t\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer t1\r\nUpload-Length: 4\r\n"
        b"Content-Type: application/offset+octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        + wire.chunk(b"0123+++")
        + b"0\r\n\r\n"
    )
    reply = wire.reply(connection, "POST")
    connection.close()
    assert reply.status == 413
    assert tus.finishes(reply.path) == 1


def test_a_creation_cut_in_its_body_leaves_no_quota_taken(start_server, wire):
    tus = start_server(stations={"t1": {"max_uploads": 1}})
    connection = tus.connect()
    connection.sendall(
        b"POST /uploads HTTP/1.1\r\nHost: t\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer t1\r\nUpload-Length: 9\r\n"
        b"Content-Type: application/offset+octet-stream\r\nContent-Length: 9\r\n\r\n0123"
    )
    wire.eventually(tus.staging.list_uploads)
    connection.close()
    wire.eventually(lambda: tus.request("POST", "/uploads", {"Upload-Length": "5"}).status == 201)


def test_a_body_that_is_not_a_stream_of_bytes_is_415(tus):
    assert tus.request("POST", "/uploads", {"Upload-Length": "4", "Content-Type": "text/plain"}, b"0123").status == 415


def test_metadata_comes_back_to_the_byte_utf8_or_not(tus, wire):
    stated = wire.metadata(
        filename="AB00001_000123_20260101093000.MP4",
        officer="张三",
        gbk="执法记录".encode("gbk"),
        raw=b"\xff\xfe\x00\x80",
    )
    path = tus.create(4, {"Upload-Metadata": stated + ",flag"})
    assert tus.head(path).headers["upload-metadata"] == stated + ",flag"


def test_head_needs_no_file_name(tus):
    path = tus.create(4)
    reply = tus.head(path)
    assert reply.status == 200
    assert "upload-metadata" not in reply.headers


@pytest.mark.parametrize(
    "stated",
    ["filename !!!", "filename QQ==,filename QQ==", ",", "filename QQ==,", "sha256 QQ==", "k" * 65 + " QQ==",
     "x " + "QUFB" * 2500, ",".join(f"k{n} QQ==" for n in range(40))],
)  # fmt: skip
def test_metadata_that_cannot_be_read_is_400(tus, stated):
    reply = tus.request("POST", "/uploads", {"Upload-Length": "4", "Upload-Metadata": stated})
    assert reply.status == 400
    assert "Upload-Metadata" in reply.problem["title"]


def test_the_same_file_may_be_sent_again(tus, wire):
    metadata = {"Upload-Metadata": wire.metadata(filename="a.mp4", sha256=hashlib.sha256(b"0123").hexdigest())}
    for _ in range(2):
        path = tus.create(4, metadata)
        assert tus.patch(path, 0, b"0123").status == 204
        assert tus.finishes(path) == 1


def test_too_many_uploads_and_too_many_bytes_are_429_and_one_station_is_not_anothers(start_server):
    tus = start_server(stations={"t1": {"max_uploads": 2, "max_waiting_bytes": 100}})
    first = tus.create(60)
    over = tus.request("POST", "/uploads", {"Upload-Length": "41"})
    assert (over.status, over.headers["retry-after"]) == (429, "30")
    assert "已有 60 字节，上限 100 字节，容不下这次上传所需的 41 字节" in over.problem["title"]
    tus.create(40)
    over = tus.request("POST", "/uploads", {"Upload-Length": "1"})
    assert (over.status, "已有 2 个上传未完成（上限 2 个）" in over.problem["title"]) == (429, True)
    assert tus.request("POST", "/uploads", {"Upload-Length": "60"}, token="t2").status == 201
    assert tus.request("DELETE", first).status == 204
    assert tus.request("POST", "/uploads", {"Upload-Length": "60"}).status == 201


def test_a_file_beyond_the_stations_quota_is_told_of_the_quota_not_of_its_own_size(start_server):
    tus = start_server(stations={"t1": {"max_uploads": 2, "max_waiting_bytes": 100}})
    over = tus.request("POST", "/uploads", {"Upload-Length": "101"})
    assert (over.status, over.problem["type"]) == (413, "urn:liuhen:problem:upload:longer-than-quota")
    assert "文件长 101 字节，超过本工作站的待封存限额 100 字节" in over.problem["title"]


def test_problems_speak_the_language_asked_for(tus):
    chinese = tus.request("POST", "/uploads", {"Upload-Length": "0", "Accept-Language": "en;q=0.2, zh-CN"})
    english = tus.request("POST", "/uploads", {"Upload-Length": "0", "Accept-Language": "zh;q=0.2, en-GB;q=0.9"})
    assert chinese.headers["content-language"] == "zh-CN"
    assert "空文件" in chinese.problem["title"]
    assert english.problem["title"].startswith("Empty file")
    assert english.problem["status"] == 400
    assert english.problem["type"] == "urn:liuhen:problem:upload:empty-file"


def test_other_methods_are_405_and_say_which_there_are(tus):
    path = tus.create(4)
    assert tus.request("GET", path).headers["allow"] == "OPTIONS, HEAD, PATCH, DELETE"
    reply = tus.request("DELETE", "/uploads")
    assert (reply.status, reply.headers["allow"]) == (405, "OPTIONS, POST")


MALFORMED = [
    {},
    {"Upload-Length": "-1"},
    {"Upload-Length": "5", "Upload-Concat": "partial"},
    {"Upload-Length": "5", "Upload-Defer-Length": "1"},
    {"Upload-Defer-Length": "2"},
    *({"Upload-Length": "5", "Upload-Metadata": each} for each in ("filename ?", "a YQ==,a YQ==", "sha256 YQ==")),
    *({"Upload-Length": "5", "Upload-Metadata": each} for each in ("k" * 65, "a" * 8193, ",".join("abcdefghi" * 4))),
    *({**STREAM, "Upload-Length": "5", "Upload-Checksum": each} for each in ("md5 YQ==", "sha1 ?", "sha1 YQ==")),
]
# Names of headers, algorithms and encodings are the same in every language.
NAMES = re.compile(r"Upload-[A-Z][A-Za-z-]+|sha\d+|Base64|ASCII|“\w+”", re.ASCII)


@pytest.mark.parametrize("headers", MALFORMED, ids=lambda headers: " ".join(headers)[:60] or "nothing")
def test_what_is_wrong_with_a_header_is_said_in_one_language_at_a_time(tus, headers):
    problem = tus.request("POST", "/uploads", {**headers, "Accept-Language": "zh-CN"}, b"").problem
    assert problem["type"] == "urn:liuhen:problem:upload:malformed"
    assert problem["title"] == problem["sentences"]["zh-CN"]
    assert not re.search(r"[A-Za-z]", NAMES.sub("", problem["title"])), problem["title"]
    assert problem["sentences"]["en"].isascii()
