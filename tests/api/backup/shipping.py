"""The write-ahead log of a box, shipped in a thread as its process does it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from api.settings import Settings
from api.wal.lsn import parse_lsn
from api.wal.shipping import Shipper, keep_shipping
from api.wal.standing import WalStanding
from storage.roots.given_secret import GivenSecret
from tests.api.backup.conftest import NO_PASSPHRASE, Box


def shipper_of(box: Box, wal: Path, given: GivenSecret = NO_PASSPHRASE, **more: object) -> Shipper:
    settings = Settings(data=box.folder / "data", wal_folder=wal, **more)  # type: ignore[arg-type]
    return Shipper(settings, box.postgres.shipper_url(), box.addresses.worker, given)


@contextmanager
def shipping(box: Box, wal: Path, given: GivenSecret = NO_PASSPHRASE, **more: object) -> Iterator[None]:
    wal.mkdir(exist_ok=True)
    running, stop = shipper_of(box, wal, given, **more), threading.Event()
    thread = threading.Thread(target=keep_shipping, args=(running, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        running.close()


def await_shipped(box: Box, seconds: float = 20.0) -> WalStanding:
    """Everything that is committed by now."""
    with psycopg.connect(box.postgres.superuser_url()) as session:
        row = session.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()
    assert row is not None
    written, deadline = parse_lsn(row[0]), time.monotonic() + seconds
    while True:
        standing = WalStanding.read(box.folder / "data")
        if standing is not None and standing.failure is None and standing.lsn >= written:
            return standing
        assert time.monotonic() < deadline, standing
        time.sleep(0.02)
