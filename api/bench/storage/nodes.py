"""Two ingest nodes beside one: the same recordings, staged at one or at both, sealed into a store far away.

Each node is a process with a staging folder of its own; database, ledger, keys and store are one. The store takes its
time to answer, so that what is measured is not how many cores this machine has.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

from sqlalchemy import func, select

from api.bench.custody import RunningCustody
from api.bench.errors import BenchError
from api.bench.plain_archive import NOT_ELSEWHERE
from api.bench.random_file import make_random_file
from api.bench.rows import Row
from api.bench.storage.sizes import StorageSizes
from api.settings import child_environment
from ingest.uploads.staging import Staging
from storage.catalog.uploads import Upload

TIME_BAR: Final = 1 / 1.7
NODES: Final = ("bench-1", "bench-2")
STORE_SECONDS: Final = 1.0
"""Of every object, to be committed, and as much to be read back."""


def measure_nodes(custody: RunningCustody, workplace: Path, sizes: StorageSizes) -> list[Row]:
    """One row: two nodes, and as its peer one of them alone. Raises BenchError."""
    source = make_random_file(workplace / "node.bin", sizes.node_file_bytes)
    two, one = [], []
    for _ in range(sizes.pairs):
        two.append(_seal(custody, source, workplace, NODES, sizes.node_files))
        one.append(_seal(custody, source, workplace, NODES[:1], sizes.node_files))
    source.unlink()
    name = f"两个采集节点与一个 / two nodes beside one, {sizes.node_files} × {sizes.node_file_bytes / (1 << 20):g} MiB"
    return [Row.beside_peer(name, "s", ours=statistics.median(two), peer=statistics.median(one), bar=TIME_BAR)]


def _seal(custody: RunningCustody, source: Path, workplace: Path, nodes: Sequence[str], files: int) -> float:
    """Seconds until the last receipt. What a process needs to start is not measured. Raises BenchError."""
    uploads = [
        custody.stage(source, Staging(workplace / name, name)) for name in nodes for _ in range(files // len(nodes))
    ]
    with ExitStack() as undo:
        workers = [undo.enter_context(_worker(custody, workplace, name)) for name in nodes]
        started = time.perf_counter()
        for said, _ in workers:
            said.write("go\n")
            said.flush()
        for name, (_, heard) in zip(nodes, workers, strict=True):
            if heard.readline().strip() != str(files // len(nodes)):
                raise BenchError(f"node {name} did not seal what was staged there")
        seconds = time.perf_counter() - started
    with custody.archive.database.reading() as session:
        receipted = select(func.count()).where(Upload.id.in_(uploads), Upload.state == "receipted")
        if session.scalar(receipted) != len(uploads):
            raise BenchError("not everything that was staged has its receipt")
    return seconds


@contextmanager
def _worker(custody: RunningCustody, workplace: Path, name: str) -> Iterator[tuple[IO[str], IO[str]]]:
    """Where it is told to begin, and where it says that it is through."""
    settings, log = custody.settings, workplace / f"{name}.log"
    environment = child_environment(
        {
            **NOT_ELSEWHERE,
            "LIUHEN_DATA": str(settings.data),
            "LIUHEN_DATABASE_WORKER_URL": str(settings.database_worker_url),
            "LIUHEN_TSA_URLS": settings.tsa_urls[0],
            "LIUHEN_NODE": name,
            "LIUHEN_STAGING_FOLDER": str(workplace / name),
        }
    )
    command = (sys.executable, "-P", "-m", "api.bench.storage.node_process", str(STORE_SECONDS))
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if process.stdout.readline().strip() != "ready":
                raise BenchError(f"node {name} did not start: {log.read_text('utf-8', 'replace')[-600:]}")
            yield process.stdin, process.stdout
        finally:
            process.kill()
