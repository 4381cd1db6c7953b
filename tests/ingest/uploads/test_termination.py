"""DELETE, and expiration: what may be given up, and what never."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

PAST = datetime(2026, 1, 1, tzinfo=UTC).isoformat()


def test_termination_removes_the_bytes_and_the_upload_is_gone(tus):
    path = tus.create(10)
    tus.patch(path, 0, b"0123")
    assert tus.request("DELETE", path).status == 204
    upload_id = path.rpartition("/")[2]
    assert upload_id not in tus.staging.list_uploads()
    assert tus.state(upload_id) == "terminated"
    for reply in (tus.head(path), tus.patch(path, 4, b"4"), tus.request("DELETE", path)):
        assert reply.status == 410


def test_a_finished_upload_can_neither_be_deleted_nor_changed(tus):
    path = tus.create(4)
    tus.patch(path, 0, b"0123")
    assert tus.request("DELETE", path).status == 409
    assert tus.patch(path, 0, b"x").status == 409
    assert tus.patch(path, 4, b"x").status == 409
    assert tus.staged(path.rpartition("/")[2]) == b"0123"
    assert tus.finishes(path) == 1


def test_a_finished_upload_is_still_seen_when_custody_has_taken_its_bytes(tus):
    path = tus.create(4)
    tus.patch(path, 0, b"0123")
    tus.staging.remove(path.rpartition("/")[2])
    assert tus.head(path).offset == 4
    assert tus.patch(path, 4, b"").status == 204
    assert tus.request("DELETE", path).status == 409


def test_termination_stops_a_patch_under_way(tus, wire):
    path = tus.create(1000)
    connection = tus.begin_patch(path, 0, 1000)
    connection.sendall(b"0123")
    wire.eventually(lambda: tus.is_held(path))
    assert tus.request("DELETE", path).status == 204
    assert wire.reply(connection).status == 423
    connection.close()
    assert path.rpartition("/")[2] not in tus.staging.list_uploads()


@pytest.mark.parametrize("override", ["PATCH", "patch", "DELETE", "HEAD"])
def test_the_method_override_counts_as_the_method(tus, override):
    path = tus.create(4)
    headers = {"X-HTTP-Method-Override": override, "Upload-Offset": "0"}
    reply = tus.request("POST", path, {**headers, "Content-Type": "application/offset+octet-stream"}, b"0123")
    assert reply.status == (200 if override == "HEAD" else 204)
    assert tus.finishes(path) == (1 if override.upper() == "PATCH" else 0)


def test_the_method_override_is_no_way_around_authority(tus):
    path = tus.create(4)
    headers = {"X-HTTP-Method-Override": "DELETE"}
    assert tus.request("POST", path, headers, token=None).status == 401
    assert tus.request("POST", path, headers, token="t2").status == 403
    assert tus.request("POST", path, {"X-HTTP-Method-Override": "BREW"}).status == 405
    assert tus.head(path).status == 200


def test_only_a_post_stands_for_another_method(tus):
    path = tus.create(4)
    assert tus.request("GET", path, {"X-HTTP-Method-Override": "DELETE"}).status == 405
    assert tus.request("HEAD", path, {"X-HTTP-Method-Override": "DELETE"}).status == 200
    assert tus.head(path).status == 200


def test_an_upload_whose_time_is_over_is_410_unless_it_is_complete(start_server):
    tus = start_server(limits={"believe_seconds": 0})  # the test moves what no upload moves
    path, complete = tus.create(10), tus.create(4)
    tus.patch(path, 0, b"0123")
    tus.patch(complete, 0, b"0123")
    tus.change_register(
        lambda content: [row.update(expires_at=PAST, latest=PAST) for row in content["uploads"].values()]
    )
    assert tus.head(path).status == 410
    assert tus.patch(path, 4, b"456789").status == 410
    assert tus.head(complete).offset == 4


def test_an_unknown_upload_is_404(tus):
    for method in ("HEAD", "PATCH", "DELETE"):
        headers = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        assert tus.request(method, "/uploads/" + "0" * 32, headers).status == 404
