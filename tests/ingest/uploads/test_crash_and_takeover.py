"""SIGKILL, full disks, and several requests or processes wanting the same upload."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
import time
from pathlib import Path

from ingest.uploads.status import RECORD_PATIENCE_SECONDS


def upload_id_of(path: str) -> str:
    return path.rpartition("/")[2]


def finish_with_tus(tus, path: str, data: bytes) -> None:
    """What every client does: ask, send the rest, and ask again when the offset was another.

    Who has to wait for another request to let go gets 423 in the end, and that is refused here.
    """
    for _ in range(5):
        reply = tus.patch(path, (offset := tus.head(path).offset), data[offset:])
        if reply.status == 204:
            return
        assert reply.status == 409
    raise AssertionError("five resumptions were not enough")


def test_sigkill_in_mid_patch_then_resume_gives_the_same_bytes(start_server, wire):
    data = os.urandom((24 << 20) + 123)
    tus = start_server(limits={"record_offset_bytes": 4 << 20, "record_offset_seconds": 0.2})
    path = tus.create(len(data))
    for until in (0.4, 0.8):
        offset = tus.head(path).offset
        connection = tus.begin_patch(path, offset, len(data) - offset)
        connection.sendall(data[offset : int(len(data) * until)])
        wire.eventually(lambda offset=offset: tus.recorded(upload_id_of(path)) > offset)
        tus.kill()
        connection.close()
        tus.start()
        resumed = tus.head(path).offset
        assert offset < resumed <= len(data) * until
    finish_with_tus(tus, path, data)
    assert tus.staged(upload_id_of(path)) == data
    assert tus.finishes(path) == 1


def test_bytes_past_the_recorded_offset_are_cut_off_whoever_wrote_them(start_server):
    tus = start_server()
    path = tus.create(20)
    tus.patch(path, 0, b"0123")
    tus.kill()
    with tus.staging.bytes_path(upload_id_of(path)).open("ab") as file:
        file.write(b"what a crash left behind")
    tus.start()
    assert tus.head(path).offset == 4
    assert tus.patch(path, 4, b"456").status == 204
    assert tus.staged(upload_id_of(path)) == b"0123456"


def test_acknowledged_bytes_that_are_missing_are_never_made_up(start_server):
    tus = start_server()
    path = tus.create(20)
    tus.patch(path, 0, b"0123456789")
    with tus.staging.bytes_path(upload_id_of(path)).open("r+b") as file:
        file.truncate(5)
    reply = tus.patch(path, 10, b"x")
    assert reply.status == 410
    assert tus.staged(upload_id_of(path)) == b"01234"


def test_a_finish_lost_in_a_crash_is_made_up_for_by_the_next_head(start_server):
    tus = start_server()
    path = tus.create(4)
    with tus.staging.take_first_ticket(upload_id_of(path), 4) as held:
        assert held.try_lock()
        held.note_row_open()
        held.open_bytes(4)
        held.append([b"0123"])
        held.keep()
    assert tus.head(path).offset == 4
    assert tus.head(path).offset == 4
    assert tus.finishes(path) == 1


def test_a_newer_patch_takes_over_from_a_stalled_one(tus, wire):
    data = os.urandom(100_000)
    path = tus.create(len(data))
    stalled = tus.begin_patch(path, 0, len(data))
    stalled.sendall(data[:40_000])
    wire.eventually(lambda: tus.is_held(path))
    finish_with_tus(tus, path, data)
    assert wire.reply(stalled).status == 423
    stalled.close()
    assert tus.staged(upload_id_of(path)) == data
    assert tus.finishes(path) == 1


def test_whoever_asks_after_a_dead_link_goes_on_just_where_its_bytes_ended(start_server, wire):
    """Its request holds the upload yet, and what arrived is recorded now and then: who did not ask would be refused."""
    data = os.urandom(3_000_000)
    seldom = {"record_offset_seconds": 60}
    first, second = start_server(limits=seldom), start_server(limits=seldom)
    path = first.create(len(data))
    links = []
    for arrived, server in ((40_000, first), (1_500_000, second), (2_999_999, first)):
        offset = server.head(path).offset
        links.append(first.begin_patch(path, offset, len(data) - offset))
        links[-1].sendall(data[offset:arrived])
        wire.eventually(lambda server=server, arrived=arrived: server.head(path).offset == arrived)
    assert second.patch(path, arrived, data[arrived:]).status == 204
    for dead in links:
        assert wire.reply(dead).status == 423
        dead.close()
    assert first.staged(upload_id_of(path)) == data
    assert first.finishes(path) == 1


def test_of_a_dead_link_with_a_checksum_nothing_counts_and_nobody_waits_for_it(tus, wire):
    data = os.urandom(100_000)
    path = tus.create(len(data))
    stated = "sha256 " + base64.b64encode(hashlib.sha256(data).digest()).decode()
    dead = tus.begin_patch(path, 0, len(data), {"Upload-Checksum": stated})
    dead.sendall(data[:40_000])
    wire.eventually(lambda: tus.is_held(path))
    began = time.monotonic()
    assert tus.head(path).offset == 0
    assert time.monotonic() - began < RECORD_PATIENCE_SECONDS
    assert tus.patch(path, 0, data).status == 204
    assert wire.reply(dead).status == 423
    dead.close()
    assert tus.staged(upload_id_of(path)) == data


def test_a_patch_that_cannot_follow_takes_nobodys_place(tus, wire):
    data = os.urandom(100_000)
    path = tus.create(len(data))
    healthy = tus.begin_patch(path, 0, len(data))
    healthy.sendall(data[:40_000])
    wire.eventually(lambda: tus.is_held(path))
    assert tus.patch(path, 17, b"x").status == 409
    assert tus.patch(path, 0, data + b"x").status == 413
    healthy.sendall(data[40_000:])
    assert wire.reply(healthy).status == 204
    healthy.close()
    assert tus.staged(upload_id_of(path)) == data


def test_a_newer_patch_takes_over_across_processes(start_server, wire):
    data = os.urandom(100_000)
    first, second = start_server(), start_server()
    path = first.create(len(data))
    stalled = first.begin_patch(path, 0, len(data))
    stalled.sendall(data[:40_000])
    wire.eventually(lambda: first.is_held(path))
    finish_with_tus(second, path, data)
    assert wire.reply(stalled).status == 423
    stalled.close()
    assert first.staged(upload_id_of(path)) == data
    assert first.finishes(path) == 1


def test_an_upload_held_by_a_killed_process_is_free_at_once(start_server, wire):
    data = os.urandom(100_000)
    first, second = start_server(), start_server()
    path = first.create(len(data))
    stalled = first.begin_patch(path, 0, len(data))
    stalled.sendall(data[:40_000])
    wire.eventually(lambda: first.is_held(path))
    first.kill()
    stalled.close()
    finish_with_tus(second, path, data)
    assert second.staged(upload_id_of(path)) == data


def test_many_patches_at_once_leave_one_consistent_upload(start_server):
    data = os.urandom(400_000)
    servers = [start_server(), start_server()]
    path = servers[0].create(len(data))

    def resume(tus) -> None:
        for _ in range(40):
            offset = tus.head(path).offset
            if offset == len(data):
                return
            tus.patch(path, offset, data[offset : offset + 50_000])

    threads = [threading.Thread(target=resume, args=(servers[n % 2],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert servers[0].staged(upload_id_of(path)) == data
    assert servers[0].finishes(path) == 1


def test_a_stalled_patch_is_seen_by_head_without_being_disturbed(start_server, wire):
    tus = start_server(limits={"record_offset_seconds": 0.3})
    path = tus.create(10)
    connection = tus.begin_patch(path, 0, 10)
    connection.sendall(b"01234")
    wire.eventually(lambda: tus.head(path).offset == 5)
    connection.sendall(b"56789")
    assert wire.reply(connection).status == 204
    connection.close()
    assert tus.staged(upload_id_of(path)) == b"0123456789"


def test_a_stopping_server_keeps_what_arrived(start_server, wire):
    # Well within the two seconds that a stopping server gives what is under way.
    tus = start_server(limits={"record_offset_seconds": 0.3})
    path = tus.create(1000)
    connection = tus.begin_patch(path, 0, 1000)
    connection.sendall(b"x" * 400)
    wire.eventually(lambda: tus.is_held(path) and wire.has_been_read(connection))
    tus.stop()
    connection.close()
    assert tus.recorded(upload_id_of(path)) == 400


def test_a_full_disk_is_507_keeps_what_fitted_and_goes_on_when_there_is_room(start_server, tiny_disk):
    """Half of a small tmpfs is taken by something else; the upload needs the whole of it."""
    size = 12 << 20
    data = os.urandom((size * 3) // 4)
    tus = start_server(limits={"keep_free_bytes": -size}, command=tiny_disk(size))
    inside = Path(f"/proc/{tus.process.pid}/root{tus.setup['staging']}")
    path = tus.create(len(data))
    reply = tus.patch(path, 0, data)
    assert (reply.status, reply.headers["retry-after"]) == (507, "30")
    kept = tus.head(path).offset
    assert 0 < kept < len(data)
    assert tus.patch(path, kept, data[kept:]).status == 507
    assert tus.request("POST", "/uploads", {"Upload-Length": "100"}).status in (201, 507)

    (inside / "ballast").unlink()
    finish_with_tus(tus, path, data)
    assert (inside / f"{upload_id_of(path)}.bin").read_bytes() == data
    assert tus.finishes(path) == 1


def test_no_room_for_what_is_declared_is_507_at_creation(start_server, tiny_disk):
    size = 8 << 20
    tus = start_server(limits={"keep_free_bytes": 1 << 20}, command=tiny_disk(size))
    refused = tus.request("POST", "/uploads", {"Upload-Length": str(size)})
    assert (refused.status, "location" in refused.headers) == (507, False)
    assert "没有收下任何字节" in refused.problem["title"]
    path = tus.create(1 << 20)
    assert tus.patch(path, 0, b"x" * (1 << 20)).status == 204


def test_a_file_size_limit_is_a_full_disk_too(start_server):
    data = os.urandom(6 << 20)
    for length in (1_500_001, 6 << 20):
        tus = start_server(file_size_limit=1_000_003)
        path = tus.create(length)
        assert tus.patch(path, 0, data[:length]).status == 507
        kept = tus.head(path).offset
        assert 900_000 < kept <= 1_000_003
        tus.kill()
        tus.setup.pop("file_size_limit")
        tus.start()
        finish_with_tus(tus, path, data[:length])
        assert tus.staged(upload_id_of(path)) == data[:length]


def test_a_full_disk_keeps_nothing_of_a_body_with_a_checksum(start_server):
    data = os.urandom(2_000_000)
    tus = start_server(file_size_limit=1_000_003)
    path = tus.create(len(data))
    stated = "sha1 " + base64.b64encode(hashlib.sha1(data).digest()).decode()
    assert tus.patch(path, 0, data, {"Upload-Checksum": stated}).status == 507
    assert tus.head(path).offset == 0
