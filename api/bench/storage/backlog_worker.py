"""A custody worker's way through a backlog, without the sealing: whose turn it is, the lease, its end.

    python -m api.bench.storage.backlog_worker < JSON     {"urls", "items"}; prints "seconds_each", of each database the
                                                          median of an item, and "peak_kib", held resident at most

Of several databases one item each is taken in turn: whatever else goes on strikes all of them alike. What is taken is
given up, so that it is not due any more.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from ingest.lease import given_back, name_worker
from ingest.sealing.due import lease_due_upload
from ingest.sealing.fair_share import FairShare
from storage.database import Database

WARMING_UP = 20
"""Items before any is timed: connections are made, statements planned, caches filled."""


def work_through(urls: Sequence[str], items: int) -> list[float]:
    """Of each database the median seconds an item. Raises RuntimeError where fewer are due."""
    worker = name_worker()
    with ExitStack() as undo:
        sides = [(undo.enter_context(closing(Database(url, pool_size=6))), FairShare(most_at_once=1)) for url in urls]
        for _ in range(WARMING_UP):
            for database, share in sides:
                _take_one(database, share, worker)
        taken = [[_take_one(database, share, worker) for database, share in sides] for _ in range(items)]
    return [statistics.median(times) for times in zip(*taken, strict=True)]


def _take_one(database: Database, share: FairShare, worker: str) -> float:
    started = time.perf_counter()
    with share.choosing:
        upload = lease_due_upload(database, worker, order=share.order())
        if upload is None:
            raise RuntimeError("nothing is due")
        share.begin(upload.station_id)
    with database.transaction() as session:
        if not upload.lease.write(session, state="terminated", **given_back()):
            raise RuntimeError(f"the lease of upload {upload.id} is another's")
    share.end(upload.station_id)
    return time.perf_counter() - started


def _peak_kib() -> int:
    # Not ru_maxrss: across exec it keeps the peak of the process that started this one.
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps({"seconds_each": work_through(asked["urls"], asked["items"]), "peak_kib": _peak_kib()}))
