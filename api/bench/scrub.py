"""`liuhen bench scrub`: how fast stored objects are read again, beside `sha256sum` over the same files.

Both run in turn (A B A B …), each after the page cache was asked to forget the files: `sha256sum` reads them through
it, with the kernel's reading ahead; ours reads past it, and takes turns, leases and records what it saw as well.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from api.bench.custodian import forget, require_tools
from api.bench.custody import RunningCustody
from api.bench.errors import BenchError, PeerFailed
from api.bench.random_file import make_random_file
from api.bench.room import require_room
from api.bench.rows import Row
from api.scrubbing import open_scrubber
from ingest.objects.throttle import AT_ONCE_BYTES
from ingest.scrub.due import Selection
from storage.catalog.recordings import Recording

TIME_BAR: Final = 1.25
"""At least 0.8 times as fast as sha256sum."""
SMALL_FILES, SMALL_BYTES = 64, 4 << 20


def measure_scrub(custody: RunningCustody, folder: Path, *, size_bytes: int, pairs: int) -> list[Row]:
    """Of one large object, and of many small ones. `folder`: where the files are made that are sealed first.

    Raises BenchError.
    """
    require_tools()
    require_room(folder, 2 * (size_bytes + SMALL_FILES * SMALL_BYTES))
    large = _seal(custody, folder, [size_bytes])
    small = _seal(custody, folder, [SMALL_BYTES] * SMALL_FILES)
    names = (f"巡检 / scrub {_mib(size_bytes)}", f"巡检 / scrub {SMALL_FILES} × {_mib(SMALL_BYTES)}")
    return [_measured(name, custody, objects, pairs) for name, objects in zip(names, (large, small), strict=True)]


def _seal(custody: RunningCustody, folder: Path, sizes: Sequence[int]) -> Mapping[uuid.UUID, Path]:
    """Where each recording's object is in the store."""
    before = _stored(custody)
    for size_bytes in sizes:
        source = make_random_file(folder / "source.bin", size_bytes)
        custody.seal(source)
        source.unlink()
    return {each: path for each, path in _stored(custody).items() if each not in before}


def _stored(custody: RunningCustody) -> dict[uuid.UUID, Path]:
    objects = custody.settings.data / "objects"
    with custody.archive.database.reading() as session:
        rows = session.execute(select(Recording.id, Recording.object_name))
        return {row[0]: objects / row[1] for row in rows}


def _measured(name: str, custody: RunningCustody, objects: Mapping[uuid.UUID, Path], pairs: int) -> Row:
    ours, peer = [], []
    for _ in range(pairs):
        ours.append(_seconds(objects, lambda: _scrub(custody, objects)))
        peer.append(_seconds(objects, lambda: _sum(objects)))
    return Row.beside_peer(name, "s", ours=statistics.median(ours), peer=statistics.median(peer), bar=TIME_BAR)


def _scrub(custody: RunningCustody, objects: Mapping[uuid.UUID, Path]) -> None:
    with custody.archive.database.reading() as session:
        now = session.scalars(select(func.now())).one()
    scrubber = open_scrubber(custody.archive, Selection.all_before(now, tuple(objects)))
    whole = 0
    while not (step := scrubber.go_on(AT_ONCE_BYTES)).idle:
        whole += sum(each.is_whole for each in step.seen)
    if whole != len(objects):
        raise BenchError(f"{whole} of {len(objects)} objects are whole")


def _sum(objects: Mapping[uuid.UUID, Path]) -> None:
    command = ("sha256sum", *map(str, objects.values()))
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PeerFailed("sha256sum", done.returncode, done.stderr)


def _seconds(objects: Mapping[uuid.UUID, Path], work: Callable[[], None]) -> float:
    os.sync()
    for path in objects.values():
        forget(path)
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 20):g} MiB"
