"""The measures that `liuhen bench` knows, by name. Each makes what it needs on the disk it is given, and removes it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from api.bench.archive_rows import ArchiveSize
from api.bench.custody import RunningCustody, running_custody
from api.bench.errors import BenchError
from api.bench.media import measure_media
from api.bench.plain_archive import NOT_ELSEWHERE
from api.bench.rows import Row
from api.bench.scrub import measure_scrub
from api.bench.seal import measure_seal
from api.bench.search import measure_search
from api.bench.storage.measure import measure_storage
from api.bench.storage.sizes import QUICK as STORAGE_QUICK
from api.bench.storage.sizes import StorageSizes
from api.bench.upload import QUICK, UploadSizes, measure_uploads
from api.media_tools import media_runner
from api.object_store import store_address
from api.settings import Settings, child_environment, load_settings


@dataclass(frozen=True)
class Options:
    """Sizes of the files, how many pairs of runs (ours, the peer's) the medians are taken over, and of what archive
    searches are measured."""

    folder: Path
    size_bytes: int = 1 << 30
    memory_bytes: int = 4 << 30
    pairs: int = 3
    quick: bool = False
    archive: ArchiveSize = field(default_factory=ArchiveSize)
    rounds: int = 25


@dataclass(frozen=True)
class Measure:
    chinese: str
    english: str
    run: Callable[[Options], list[Row]]


def measure_custody(options: Options) -> list[Row]:
    """Sealing by the real pipeline, finished upload to receipt, and the memory of a worker. Raises BenchError."""
    with tempfile.TemporaryDirectory(prefix="bench-custody-", dir=options.folder) as name:
        with running_custody(Path(name)) as custody:
            return measure_seal(
                options.folder,
                size_bytes=options.size_bytes,
                pairs=options.pairs,
                memory_bytes=options.memory_bytes,
                seal=custody.seal,
                resident=lambda folder, size_bytes: worker_resident_mib(custody, folder, size_bytes),
            )


def worker_resident_mib(custody: RunningCustody, folder: Path, size_bytes: int) -> float:
    """The most that a custody worker, a process of its own, ever held resident while it sealed `size_bytes`."""
    source = folder / "memory.bin"
    with source.open("wb") as file:
        file.truncate(size_bytes)
    settings = custody.settings
    environment = child_environment(
        {
            **NOT_ELSEWHERE,
            "LIUHEN_DATA": str(settings.data),
            "LIUHEN_DATABASE_WORKER_URL": str(settings.database_worker_url),
            "LIUHEN_TSA_URLS": settings.tsa_urls[0],
        }
    )
    command = (sys.executable, "-P", "-m", "api.bench.custody", str(source))
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BenchError(f"the worker that seals {size_bytes} bytes ended with {done.returncode}: {done.stderr[-600:]}")
    return int(done.stdout.split()[-1]) / 1024


def measure_scrubbing(options: Options) -> list[Row]:
    """Reading stored objects again, as housekeeping and `liuhen scrub` do, without a limit. Raises BenchError."""
    with tempfile.TemporaryDirectory(prefix="bench-scrub-", dir=options.folder) as name:
        with running_custody(Path(name)) as custody:
            return measure_scrub(custody, Path(name), size_bytes=options.size_bytes, pairs=options.pairs)


def measure_media_tools(options: Options) -> list[Row]:
    """Looking at a recording and copying it, in the sandbox that this machine has. Raises BenchError."""
    return measure_media(options.folder, media_runner(Settings()), pairs=options.pairs)


def measure_upload(options: Options) -> list[Row]:
    """Receiving files beside another tus server, and sealing them. Raises BenchError."""
    sizes = QUICK if options.quick else UploadSizes(pairs=options.pairs)
    return measure_uploads(options.folder, sizes, media_runner(Settings()))


def measure_storing(options: Options) -> list[Row]:
    """The store in S3 that the settings name, playback beside nginx, two nodes, a backlog. Raises BenchError."""
    sizes = STORAGE_QUICK if options.quick else StorageSizes(object_bytes=options.size_bytes, pairs=options.pairs)
    return measure_storage(options.folder, sizes, store_address(load_settings()))


def measure_searches(options: Options) -> list[Row]:
    """Searches and lists over an archive of rows, as people at work see them. Raises BenchError."""
    return measure_search(options.folder, options.archive, options.rounds)


MEASURES: Mapping[str, Measure] = {
    "seal": Measure("封存，从上传完毕到回执", "sealing, finished upload to receipt", measure_custody),
    "media": Measure(
        "检查录像、制作封面、预览和播放副本", "probe, poster, sprite and proxy of a recording", measure_media_tools
    ),
    "scrub": Measure("巡检，与 sha256sum 相比", "reading stored objects again, beside sha256sum", measure_scrubbing),
    "search": Measure("百万条记录上的检索与列表", "searches and lists over a million recordings", measure_searches),
    "storage": Measure(
        "S3 存取、播放、多节点、积压", "S3, playback beside nginx, two nodes, a long backlog", measure_storing
    ),
    "upload": Measure("上传，与 @tus/server 相比；封存用时", "uploads beside @tus/server, and sealing", measure_upload),
}
