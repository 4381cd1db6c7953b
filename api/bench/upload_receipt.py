"""How soon after its last byte a file has its receipt, while other uploads go on."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from api.bench.errors import BenchError
from api.bench.upload_archive import MeasuredArchive
from api.bench.upload_clients import Connection

_PATIENCE_SECONDS = 120.0
_LONG_BYTES = 4 << 30
"""Of each of the others: more than it can send while it is measured, and given up afterwards."""


def seconds_to_receipt(archive: MeasuredArchive, source: Path, *, others: int) -> float:
    """From the last byte sent to the receipt in hand, asked for as a station does. Raises BenchError.

    Each time another file: its last bytes are, which in a film are its filler's.
    """
    content = bytearray(source.read_bytes())
    content[-16:] = os.urandom(16)
    with _others(archive, source, others):
        connection = Connection(archive.port, archive.token)
        try:
            path = connection.create(len(content))
            connection.begin(path, len(content))
            connection.send_rest(content)
            last_byte = time.monotonic()
            connection.finish()
            _await_receipt(archive, path.rpartition("/")[2])
            return time.monotonic() - last_byte
        finally:
            connection.close()


def _await_receipt(archive: MeasuredArchive, upload_id: str) -> None:
    proved = {"Authorization": f"Bearer {archive.token}"}
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with httpx.Client(base_url=archive.running.url, headers=proved, trust_env=False, timeout=30) as client:
        while time.monotonic() < deadline:
            answer = client.get(f"/api/v1/uploads/{upload_id}/receipt")
            if answer.status_code == 200:
                return
            if answer.status_code != 202:
                raise BenchError(f"asked for its receipt, the archive answers {answer.status_code}: {answer.text}")
            time.sleep(0.02)
    raise BenchError(f"no receipt within {_PATIENCE_SECONDS} s")


@contextmanager
def _others(archive: MeasuredArchive, source: Path, number: int) -> Iterator[None]:
    """So many uploads under way, as fast as they go, until the block ends; then they are given up."""
    stop, begun = threading.Event(), threading.Barrier(number + 1)
    threads = [threading.Thread(target=_send_on, args=(archive, source, stop, begun)) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        begun.wait(_PATIENCE_SECONDS)
        time.sleep(1)  # until they are at full speed
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        archive.drop("open")


def _send_on(archive: MeasuredArchive, source: Path, stop: threading.Event, begun: threading.Barrier) -> None:
    connection = Connection(archive.port, archive.token)
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    size_bytes = os.fstat(descriptor).st_size
    try:
        connection.begin(connection.create(_LONG_BYTES), _LONG_BYTES)
        begun.wait(_PATIENCE_SECONDS)
        sent = 0
        with suppress(OSError):
            while not stop.is_set() and sent < _LONG_BYTES:
                place = sent % size_bytes
                sent += connection.send_part(descriptor, place, min(1 << 20, size_bytes - place))
    finally:
        os.close(descriptor)
        connection.close()
