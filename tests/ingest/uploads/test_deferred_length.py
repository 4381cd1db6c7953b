"""Upload-Defer-Length: an upload whose length is declared later, once, by a PATCH (tus 1.0, creation-defer-length)."""

from __future__ import annotations

import json

import pytest

STREAM = {"Content-Type": "application/offset+octet-stream"}
DEFER = {"Upload-Defer-Length": "1"}
BOUND = 1000


@pytest.fixture
def tus(start_server):
    return start_server(
        limits={"max_deferred_bytes": BOUND, "max_upload_bytes": 5000},
        stations={"small": {"max_waiting_bytes": 2500}, "smallest": {"max_waiting_bytes": 500}},
    )


def begin(tus, token="t1"):
    reply = tus.request("POST", "/uploads", DEFER, token=token)
    assert reply.status == 201, reply
    return reply.path


def test_the_length_is_unknown_until_a_patch_declares_it_and_then_stays(tus):
    path = begin(tus)
    seen = tus.head(path)
    assert (seen.status, seen.offset, seen.headers["upload-defer-length"]) == (200, 0, "1")
    assert "upload-length" not in seen.headers
    assert tus.patch(path, 0, b"first ").status == 204
    reply = tus.patch(path, 6, b"second", {"Upload-Length": "20"})
    assert (reply.status, reply.offset) == (204, 12)
    seen = tus.head(path)
    assert seen.headers["upload-length"] == "20"
    assert "upload-defer-length" not in seen.headers
    assert tus.patch(path, 12, b"", {"Upload-Length": "21"}).status == 400
    assert tus.patch(path, 12, b"", {"Upload-Length": "20"}).status == 204
    assert tus.finishes(path) == 0
    assert tus.patch(path, 12, b"and last").status == 204
    assert tus.finishes(path) == 1
    assert tus.staged(path.rpartition("/")[2]) == b"first secondand last"
    assert tus.patch(path, 20, b"", {"Upload-Length": "21"}).status == 400


def test_declaring_what_has_arrived_finishes_it_once_with_or_without_a_body(tus):
    with_body, without = begin(tus), begin(tus)
    assert tus.patch(with_body, 0, b"all of it", {"Upload-Length": "9"}).status == 204
    assert tus.patch(without, 0, b"all of it").status == 204
    assert tus.finishes(without) == 0
    reply = tus.patch(without, 9, b"", {"Upload-Length": "9"})
    assert (reply.status, reply.offset) == (204, 9)
    for path in (with_body, without):
        assert tus.finishes(path) == 1
        assert tus.head(path).headers["upload-length"] == "9"


def test_a_creation_with_upload_may_defer_its_length(tus):
    reply = tus.request("POST", "/uploads", {**DEFER, **STREAM}, b"begun")
    assert (reply.status, reply.offset) == (201, 5)
    path = reply.path
    assert tus.patch(path, 5, b" and done", {"Upload-Length": "14"}).status == 204
    assert tus.finishes(path) == 1


def test_of_a_station_that_may_have_less_waiting_no_more_than_that_is_reserved(tus):
    path = begin(tus, "smallest")
    assert tus.request("POST", "/uploads", DEFER, token="smallest").status == 429  # all of it is reserved
    assert tus.patch(path, 0, b"x" * 501, token="smallest").status == 413
    assert tus.patch(path, 0, b"x" * 400, {"Upload-Length": "400"}, token="smallest").status == 204


@pytest.mark.parametrize("value", ["0", "2", "true", " ", "1, 1"])
def test_only_1_defers(tus, value):
    assert tus.request("POST", "/uploads", {"Upload-Defer-Length": value}).status == 400


def test_a_length_and_its_deferring_contradict_each_other(tus):
    assert tus.request("POST", "/uploads", {**DEFER, "Upload-Length": "5"}).status == 400


def test_a_declared_length_is_judged_before_a_byte_counts_and_leaves_the_upload_as_it_was(tus):
    path = begin(tus)
    assert tus.patch(path, 0, b"0123456789").status == 204
    for length, status in {"0": 400, "9": 400, "-1": 400, "5001": 413}.items():
        assert tus.patch(path, 10, b"more", {"Upload-Length": length}).status == status
    seen = tus.head(path)
    assert (seen.offset, seen.headers["upload-defer-length"]) == (10, "1")


@pytest.mark.parametrize(("offset", "body", "length", "status"), [(13, b"more", "17", 409), (10, b"more", "11", 413)])
def test_a_refused_patch_declares_nothing(tus, offset, body, length, status):
    """Said with the wrong offset it may be of another file, and said too short the file could never be sent."""
    path = begin(tus)
    assert tus.patch(path, 0, b"0123456789").status == 204
    assert tus.patch(path, offset, body, {"Upload-Length": length}).status == status
    assert tus.head(path).headers["upload-defer-length"] == "1"
    assert tus.patch(path, 10, b"more", {"Upload-Length": "14"}).status == 204
    assert tus.finishes(path) == 1


def test_before_it_is_declared_no_more_comes_than_is_reserved(tus):
    path = begin(tus)
    reply = tus.patch(path, 0, b"x" * (BOUND + 1))
    assert reply.status == 413
    assert "Upload-Length" in reply.problem["sentences"]["zh-CN"]
    assert tus.patch(path, 0, b"x" * BOUND).status == 204
    assert tus.finishes(path) == 0
    assert tus.patch(path, BOUND, b"x").status == 413
    assert tus.patch(path, BOUND, b"x" * 500, {"Upload-Length": str(BOUND + 500)}).status == 204
    assert tus.finishes(path) == 1


def test_the_quota_holds_the_bound_first_and_the_length_then(tus):
    first, second = begin(tus, "small"), begin(tus, "small")
    assert tus.request("POST", "/uploads", DEFER, token="small").status == 429
    refused = tus.patch(first, 0, b"abc", {"Upload-Length": "1501"}, token="small")
    assert refused.status == 429
    assert refused.headers["retry-after"]
    assert tus.head(first, "small").offset == 0
    assert tus.patch(first, 0, b"abc", {"Upload-Length": "3"}, token="small").status == 204
    assert tus.patch(second, 0, b"abc", {"Upload-Length": "2497"}, token="small").status == 204


def test_a_length_that_only_the_row_got_to_know_holds_after_a_crash(tus):
    """SIGKILL between the row and the offset's file: whoever writes next reads the row first."""
    path = begin(tus)
    upload_id = path.rpartition("/")[2]
    assert tus.patch(path, 0, b"0123").status == 204

    def declare(content):
        content["uploads"][upload_id].update(length=8, deferred=False)

    tus.change_register(declare)
    assert tus.head(path).headers["upload-length"] == "8"
    assert tus.patch(path, 4, b"456789").status == 413
    assert tus.patch(path, 4, b"4567").status == 204
    assert (tus.finishes(path), tus.staged(upload_id)) == (1, b"01234567")


def test_bytes_that_were_never_acknowledged_are_not_part_of_what_is_declared(tus):
    path = begin(tus)
    upload_id = path.rpartition("/")[2]
    assert tus.patch(path, 0, b"0123").status == 204
    with tus.staging.bytes_path(upload_id).open("ab") as file:
        file.write(b"written, not recorded")
    assert tus.patch(path, 4, b"", {"Upload-Length": "4"}).status == 204
    assert (tus.finishes(path), tus.staged(upload_id)) == (1, b"0123")


def test_the_deferral_outlives_a_kill(start_server, tus):
    path = begin(tus)
    assert tus.patch(path, 0, b"0123").status == 204
    tus.kill()
    again = start_server(limits={"max_deferred_bytes": BOUND})
    seen = again.head(path)
    assert (seen.offset, seen.headers["upload-defer-length"]) == (4, "1")
    assert again.patch(path, 4, b"45", {"Upload-Length": "6"}).status == 204
    assert again.finishes(path) == 1
    assert json.loads((again.folder / "register.json").read_text())["uploads"][path.rpartition("/")[2]]["length"] == 6
