"""SIGKILL, full disks, and several requests or processes wanting the same upload."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.uploads.sweeps import expire_stale, recover_finished


def upload_id_of(path: str) -> str:
    return path.rpartition("/")[2]


def finish_with_tus(server, path: str, data: bytes) -> None:
    """What every client does: ask, send the rest, and ask again when the offset was another."""
    for _ in range(5):
        reply = server.patch(path, (offset := server.head(path).offset), data[offset:])
        if reply.status == 204:
            return
        assert reply.status == 409
    raise AssertionError("five resumptions were not enough")


def test_sigkill_in_mid_patch_then_resume_gives_the_same_bytes(start_server, wire):
    data = os.urandom((24 << 20) + 123)
    server = start_server(limits={"record_offset_bytes": 4 << 20, "record_offset_seconds": 0.2})
    path = server.create(len(data))
    for until in (0.4, 0.8):
        offset = server.head(path).offset
        connection = server.begin_patch(path, offset, len(data) - offset)
        connection.sendall(data[offset : int(len(data) * until)])
        wire.eventually(lambda offset=offset: server.recorded(upload_id_of(path)) > offset)
        server.kill()
        connection.close()
        server.start()
        resumed = server.head(path).offset
        assert offset < resumed <= len(data) * until
    finish_with_tus(server, path, data)
    assert server.staged(upload_id_of(path)) == data
    assert server.finishes(path) == 1


def test_bytes_past_the_recorded_offset_are_cut_off_whoever_wrote_them(start_server):
    server = start_server()
    path = server.create(20)
    server.patch(path, 0, b"0123")
    server.kill()
    with server.staging.bytes_path(upload_id_of(path)).open("ab") as file:
        file.write(b"what a crash left behind")
    server.start()
    assert server.head(path).offset == 4
    assert server.patch(path, 4, b"456").status == 204
    assert server.staged(upload_id_of(path)) == b"0123456"


def test_acknowledged_bytes_that_are_missing_are_never_made_up(start_server):
    server = start_server()
    path = server.create(20)
    server.patch(path, 0, b"0123456789")
    with server.staging.bytes_path(upload_id_of(path)).open("r+b") as file:
        file.truncate(5)
    reply = server.patch(path, 10, b"x")
    assert reply.status == 410
    assert server.staged(upload_id_of(path)) == b"01234"


def test_a_finish_lost_in_a_crash_is_made_up_for_by_the_sweep_once(start_server):
    server = start_server()
    path, other = server.create(4), server.create(4)
    with server.staging.claim(upload_id_of(path)) as held:
        assert held.try_lock()
        held.open_bytes(4)
        held.append([b"0123"])
        held.keep()
    server.patch(other, 0, b"01")
    register = file_register(server)
    woken: list[str] = []
    assert recover_finished(server.staging, register, woken.append) == [upload_id_of(path)]
    assert recover_finished(server.staging, register, woken.append) == []
    assert woken == [upload_id_of(path)]
    assert server.state(upload_id_of(path)) == "finished"
    assert server.state(upload_id_of(other)) == "open"


def test_a_finish_lost_in_a_crash_is_made_up_for_by_the_next_head(start_server):
    server = start_server()
    path = server.create(4)
    with server.staging.claim(upload_id_of(path)) as held:
        assert held.try_lock()
        held.open_bytes(4)
        held.append([b"0123"])
        held.keep()
    assert server.head(path).offset == 4
    assert server.head(path).offset == 4
    assert server.finishes(path) == 1


def test_expiry_takes_what_is_stale_and_never_what_is_complete_or_being_written(start_server, wire):
    server = start_server()
    stale, complete, busy, finished = (server.create(4) for _ in range(4))
    server.patch(stale, 0, b"01")
    server.patch(finished, 0, b"0123")
    with server.staging.claim(upload_id_of(complete)) as held:
        assert held.try_lock()
        held.open_bytes(4)
        held.append([b"0123"])
        held.keep()
    connection = server.begin_patch(busy, 0, 4)
    connection.sendall(b"01")
    time.sleep(0.2)
    register = file_register(server)
    assert expire_stale(server.staging, register, datetime.now(UTC)) == []
    later = datetime.now(UTC) + timedelta(days=30)
    assert expire_stale(server.staging, register, later) == [upload_id_of(stale)]
    assert server.head(stale).status == 410
    connection.sendall(b"23")
    assert wire.reply(connection).status == 204
    connection.close()
    assert [server.staged(upload_id_of(path)) for path in (complete, busy, finished)] == [b"0123"] * 3


def test_a_newer_patch_takes_over_from_a_stalled_one(server, wire):
    data = os.urandom(100_000)
    path = server.create(len(data))
    stalled = server.begin_patch(path, 0, len(data))
    stalled.sendall(data[:40_000])
    time.sleep(0.2)
    began = time.monotonic()
    finish_with_tus(server, path, data)
    assert time.monotonic() - began < 5
    assert wire.reply(stalled).status == 423
    stalled.close()
    assert server.staged(upload_id_of(path)) == data
    assert server.finishes(path) == 1


def test_a_newer_patch_takes_over_across_processes(start_server, wire):
    data = os.urandom(100_000)
    first, second = start_server(), start_server()
    path = first.create(len(data))
    stalled = first.begin_patch(path, 0, len(data))
    stalled.sendall(data[:40_000])
    time.sleep(0.2)
    finish_with_tus(second, path, data)
    assert wire.reply(stalled).status == 423
    stalled.close()
    assert first.staged(upload_id_of(path)) == data
    assert first.finishes(path) == 1


def test_an_upload_held_by_a_killed_process_is_free_at_once(start_server):
    data = os.urandom(100_000)
    first, second = start_server(), start_server()
    path = first.create(len(data))
    stalled = first.begin_patch(path, 0, len(data))
    stalled.sendall(data[:40_000])
    time.sleep(0.2)
    first.kill()
    stalled.close()
    began = time.monotonic()
    finish_with_tus(second, path, data)
    assert time.monotonic() - began < 3
    assert second.staged(upload_id_of(path)) == data


def test_many_patches_at_once_leave_one_consistent_upload(start_server):
    data = os.urandom(400_000)
    servers = [start_server(), start_server()]
    path = servers[0].create(len(data))

    def resume(server) -> None:
        for _ in range(40):
            offset = server.head(path).offset
            if offset == len(data):
                return
            server.patch(path, offset, data[offset : offset + 50_000])

    threads = [threading.Thread(target=resume, args=(servers[n % 2],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert servers[0].staged(upload_id_of(path)) == data
    assert servers[0].finishes(path) == 1


def test_a_stalled_patch_is_seen_by_head_without_being_disturbed(start_server, wire):
    server = start_server(limits={"record_offset_seconds": 0.3})
    path = server.create(10)
    connection = server.begin_patch(path, 0, 10)
    connection.sendall(b"01234")
    wire.eventually(lambda: server.head(path).offset == 5)
    connection.sendall(b"56789")
    assert wire.reply(connection).status == 204
    connection.close()
    assert server.staged(upload_id_of(path)) == b"0123456789"


def test_a_stopping_server_keeps_what_arrived(start_server):
    server = start_server()
    path = server.create(1000)
    connection = server.begin_patch(path, 0, 1000)
    connection.sendall(b"x" * 400)
    time.sleep(0.3)
    server.stop()
    connection.close()
    assert server.recorded(upload_id_of(path)) == 400


def test_a_full_disk_is_507_keeps_what_fitted_and_goes_on_when_there_is_room(start_server, tiny_disk):
    """Half of a small tmpfs is taken by something else; the upload needs the whole of it."""
    size = 12 << 20
    data = os.urandom((size * 3) // 4)
    server = start_server(limits={"keep_free_bytes": -size}, command=tiny_disk(size))
    inside = Path(f"/proc/{server.process.pid}/root{server.setup['staging']}")
    path = server.create(len(data))
    reply = server.patch(path, 0, data)
    assert (reply.status, reply.headers["retry-after"]) == (507, "30")
    kept = server.head(path).offset
    assert 0 < kept < len(data)
    assert server.patch(path, kept, data[kept:]).status == 507
    assert server.request("POST", "/uploads", {"Upload-Length": "100"}).status in (201, 507)

    (inside / "ballast").unlink()
    finish_with_tus(server, path, data)
    assert (inside / f"{upload_id_of(path)}.bin").read_bytes() == data
    assert server.finishes(path) == 1


def test_no_room_for_what_is_declared_is_507_at_creation(start_server, tiny_disk):
    size = 8 << 20
    server = start_server(limits={"keep_free_bytes": 1 << 20}, command=tiny_disk(size))
    assert server.request("POST", "/uploads", {"Upload-Length": str(size)}).status == 507
    path = server.create(1 << 20)
    assert server.patch(path, 0, b"x" * (1 << 20)).status == 204


def test_a_file_size_limit_is_a_full_disk_too(start_server):
    data = os.urandom(6 << 20)
    for length in (1_500_001, 6 << 20):
        server = start_server(file_size_limit=1_000_003)
        path = server.create(length)
        assert server.patch(path, 0, data[:length]).status == 507
        kept = server.head(path).offset
        assert 900_000 < kept <= 1_000_003
        server.kill()
        server.setup.pop("file_size_limit")
        server.start()
        finish_with_tus(server, path, data[:length])
        assert server.staged(upload_id_of(path)) == data[:length]


def test_a_full_disk_keeps_nothing_of_a_body_with_a_checksum(start_server):
    data = os.urandom(2_000_000)
    server = start_server(file_size_limit=1_000_003)
    path = server.create(len(data))
    stated = "sha1 " + base64.b64encode(hashlib.sha1(data).digest()).decode()
    assert server.patch(path, 0, data, {"Upload-Checksum": stated}).status == 507
    assert server.head(path).offset == 0


def file_register(server):
    import importlib.util

    spec = importlib.util.spec_from_file_location("serving", Path(__file__).with_name("serving.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.FileRegister(Path(server.setup["register"]))
