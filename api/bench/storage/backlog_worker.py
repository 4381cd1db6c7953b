"""A custody worker's way through a backlog, without the sealing: whose turn it is, the lease, its end.

    python -m api.bench.storage.backlog_worker < JSON     {"url", "items"}; prints seconds an item, KiB at most resident

What is taken is given up, so that it is not due any more.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from pathlib import Path

from ingest.lease import given_back, name_worker
from ingest.sealing.due import lease_due_upload
from ingest.sealing.turns import Turns
from storage.database import Database

WARMING_UP = 20
"""Items before any is timed: connections are made, statements planned, caches filled."""


def work_through(url: str, items: int) -> float:
    """Seconds an item. Raises RuntimeError where fewer are due."""
    turns, worker = Turns(most_at_once=1), name_worker()
    with closing(Database(url, pool_size=6)) as database:
        for _ in range(WARMING_UP):
            _take_one(database, turns, worker)
        started = time.perf_counter()
        for _ in range(items):
            _take_one(database, turns, worker)
        return (time.perf_counter() - started) / items


def _take_one(database: Database, turns: Turns, worker: str) -> None:
    with turns.choosing:
        upload = lease_due_upload(database, worker, None, turns.order())
        if upload is None:
            raise RuntimeError("nothing is due")
        turns.begin(upload.station_id)
    with database.transaction() as session:
        if not upload.lease.write(session, state="terminated", **given_back()):
            raise RuntimeError(f"the lease of upload {upload.id} is another's")
    turns.end(upload.station_id)


def _peak_kib() -> int:
    # Not ru_maxrss: across exec it keeps the peak of the process that started this one.
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps({"seconds_each": work_through(asked["url"], asked["items"]), "peak_kib": _peak_kib()}))
