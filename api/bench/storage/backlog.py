"""A backlog of recordings that wait to be sealed: what an item costs beside it, and what memory, however long it is.

Two databases of one server have the short backlog and the long. A process that leases as custody does, and seals
nothing, takes an item of each in turn (A B A B …): sealing itself does not know what else waits. For its memory it
works through each alone.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg

from api.bench.errors import BenchError
from api.bench.plain_archive import plain_settings
from api.bench.rows import Row
from api.bench.storage.backlog_worker import WARMING_UP
from api.bench.storage.sizes import StorageSizes
from api.engines.roles import DATABASE
from api.engines.running import embedded_postgres, running_database

FLAT_BAR: Final = 1.25
MEMORY_BAR: Final = 1.1
STATIONS: Final = 100
_OTHER: Final = "liuhen_bench"
_COPY = f"""
    CREATE DATABASE {_OTHER} TEMPLATE {DATABASE} OWNER liuhen_owner;
    GRANT CONNECT ON DATABASE {_OTHER} TO liuhen_app, liuhen_worker
"""
_UNIT = "INSERT INTO unit (id, name, code) VALUES ('00000000-0000-4000-8000-000000000000', 'bench', 'BENCH')"
_STATIONS = """
    INSERT INTO station (id, unit_id, name, token_hash)
    SELECT md5('station' || number)::uuid, '00000000-0000-4000-8000-000000000000', 'bench-' || number,
        sha256(convert_to('station' || number, 'UTF8'))
    FROM generate_series(1, %(stations)s) AS number
"""
# As tus leaves them, one second after the other, from each station in turn.
_UPLOADS = """
    INSERT INTO upload (id, station_id, unit_id, declared_length, claims, state, expires_at, finished_at, attempts)
    SELECT md5('upload' || number), md5('station' || 1 + number %% %(stations)s)::uuid,
        '00000000-0000-4000-8000-000000000000', 100000000, '{"filename": "a.mp4"}', 'finished',
        now() + interval '1 day', now() - interval '3 days' + number * interval '1 second', 0
    FROM generate_series(1, %(uploads)s) AS number
"""


def measure_backlog(folder: Path, sizes: StorageSizes) -> list[Row]:
    """Two rows: the cost of an item, and the memory of a worker. Its peer is the short backlog. Raises BenchError."""
    settings = plain_settings(folder / "data")
    taken = (sizes.pairs + 1) * (WARMING_UP + sizes.leases)
    short, long = sizes.backlogs
    with running_database(settings, "bench") as addresses:
        superuser = embedded_postgres(settings).superuser_url()
        with psycopg.connect(superuser, autocommit=True) as connection:
            for statement in _COPY.split(";"):
                connection.execute(statement.encode())
        urls = addresses.worker, _in_database(addresses.worker, _OTHER)
        for url, uploads in zip(urls, (long, short), strict=True):
            # Never fewer than the row says, to the last that is taken.
            _fill(_in_database(superuser, urlsplit(url).path[1:]), uploads + taken)
        each = [_work_through(urls, sizes.leases)["seconds_each"] for _ in range(sizes.pairs)]
        peak = [_work_through([url], sizes.leases)["peak_kib"] for url in urls]
    name = f"积压 {long:,} 条与 {short:,} 条 / backlog of {long:,} beside {short:,}"
    ours, peer = (1000 * statistics.median(seconds) for seconds in zip(*each, strict=True))
    return [
        Row.beside_peer(f"{name}：每条取用 / to take an item", "ms", ours=ours, peer=peer, bar=FLAT_BAR),
        Row.beside_peer(
            f"{name}：进程内存 / memory of the worker", "MiB", ours=peak[0] / 1024, peer=peak[1] / 1024, bar=MEMORY_BAR
        ),
    ]


def _fill(url: str, uploads: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        sizes: dict[str, Any] = {"stations": STATIONS, "uploads": uploads}
        for statement in (_UNIT, _STATIONS, _UPLOADS):
            connection.execute(statement.encode(), sizes)
        # What a backlog that has grown for days has had from autovacuum.
        connection.execute("VACUUM ANALYZE")


def _work_through(urls: Sequence[str], items: int) -> dict[str, Any]:
    """By a process of its own: what it printed. Raises BenchError."""
    command = (sys.executable, "-P", "-m", "api.bench.storage.backlog_worker")
    # The addresses have passwords in them: nobody reads them off a command line.
    asked = json.dumps({"urls": list(urls), "items": items})
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"the worker on the backlog ended with {done.returncode}: {done.stderr.strip()[-600:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _in_database(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()
