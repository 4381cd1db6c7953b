"""`liuhen bench upload`: receiving files beside npm's @tus/server, and how soon they are sealed.

Ours is the whole archive as `liuhen up` runs it; the peer is one node process with its file store, made durable the
same way. Both get the same files from the same clients, in turn (A B A B …), on the same disk; the medians count. Of
small files, of which a run is long, each gets a thousand at a time. While transfers are measured our sealing stands
still, as it may lag behind; then it is let go and measured itself.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from api.bench.errors import BenchError
from api.bench.random_file import make_random_file
from api.bench.room import require_room
from api.bench.rows import Row
from api.bench.tus_peer_process import install_peer, running_peer
from api.bench.upload_archive import MeasuredArchive, measured_archive
from api.bench.upload_clients import Order
from api.bench.upload_files import PICTURE_BYTES, make_film, make_picture
from api.bench.upload_receipt import seconds_to_receipt
from ingest.media.runner import MediaRunner
from ingest.uploads.contract import PROMISED_BYTES

MEMORY_BAR_MIB = 160
RECEIPT_BAR_SECONDS = 2.0
LARGE_BAR = 1 / 1.5
SMALL_BAR = 1 / 1.2
SEALING_BAR_SECONDS_EACH = 0.1
SMALL_CLIENTS = (1, 16, 64)
BURST_FILES = 1000


@dataclass(frozen=True)
class UploadSizes:
    """How much is sent. Bytes of the large files, and how many files a run has."""

    large: tuple[int, ...] = (100 << 20, 1 << 30)
    bytes_of_one_client: int = 1 << 30
    small_files: int = 10_000
    crowd: int = 64
    others: int = 16
    pairs: int = 3


QUICK = UploadSizes(large=(8 << 20, 64 << 20), bytes_of_one_client=64 << 20, small_files=300, pairs=1)


@dataclass(frozen=True)
class _Run:
    """`files` copies of `source`, by so many clients at once."""

    source: Path
    clients: int
    files: int
    unique: bool = False

    def order(self, port: int, token: str) -> Order:
        return Order(port, token, self.clients, self.files, str(self.source), self.unique)


def measure_uploads(folder: Path, sizes: UploadSizes, runner: MediaRunner) -> list[Row]:
    """Measure on the disk that holds `folder`; everything made there is removed again. Raises BenchError."""
    require_room(
        folder,
        sum(sizes.large)
        + 17 * max(sizes.large)
        + (2 * sizes.pairs * len(SMALL_CLIENTS) + 2) * sizes.small_files * PICTURE_BYTES,
    )
    with tempfile.TemporaryDirectory(prefix="bench-upload-", dir=folder) as name:
        workplace = Path(name)
        peer = install_peer(workplace)
        files = [make_random_file(workplace / f"{size}.bin", size) for size in sizes.large]
        picture = make_picture(workplace / "picture.jpg")
        with measured_archive(workplace) as archive:
            with archive.sealing_stopped():
                rows = _beside_peer(archive, peer, workplace, files, picture, sizes)
                rows.append(_memory(archive, workplace, files[0], sizes))
            film = make_film(workplace, sizes.large[0], runner)
            rows.append(_receipt(archive, film, sizes))
            rows.append(_sealing(archive, workplace, picture, sizes))
    return rows


def _beside_peer(
    archive: MeasuredArchive, peer: Path, workplace: Path, files: list[Path], picture: Path, sizes: UploadSizes
) -> list[Row]:
    # Nothing small is removed before all is measured. Removing ten thousand files keeps a disk busy for longer than it
    # takes, and an ext4 without a journal looks for minutes past each inode that was freed nearby before it takes one
    # for a new file: 1.5 ms a file, of whoever is measured next.
    with tempfile.TemporaryDirectory(dir=workplace) as kept:
        rows = _measure_all(archive, peer, Path(kept), files, picture, sizes)
    archive.drop("finished")
    return rows


def _measure_all(
    archive: MeasuredArchive, peer: Path, kept: Path, files: list[Path], picture: Path, sizes: UploadSizes
) -> list[Row]:
    rows = []
    for source in files:
        size_bytes = source.stat().st_size
        for clients in (1, 16):
            run = _Run(source, clients, max(clients, sizes.bytes_of_one_client // size_bytes))
            name = f"{_mib(size_bytes)} × {run.files}, {clients} 客户端 / clients"
            rows.append(_compared(name, run, LARGE_BAR, archive, peer, kept, sizes.pairs))
    for clients in SMALL_CLIENTS:
        run = _Run(picture, clients, sizes.small_files, unique=True)
        name = f"100 kB × {run.files}, {clients} 客户端 / clients"
        rows.append(_compared_in_bursts(name, run, archive, peer, kept, sizes.pairs))
    return rows


def _compared(name: str, run: _Run, bar: float, archive: MeasuredArchive, peer: Path, kept: Path, pairs: int) -> Row:
    ours, theirs = [], []
    for _ in range(pairs):
        ours.append(_ours(run, archive))
        theirs.append(_theirs(run, peer, kept))
        _say(f"{name}: {ours[-1]:.2f} s | {theirs[-1]:.2f} s")
    return Row.beside_peer(name, "s", ours=statistics.median(ours), peer=statistics.median(theirs), bar=bar)


def _compared_in_bursts(name: str, run: _Run, archive: MeasuredArchive, peer: Path, kept: Path, pairs: int) -> Row:
    """Small files, a burst of ours and a burst of theirs by turns: ten thousand take a minute, and in a minute a
    machine that others share may have become half as fast."""
    ours, theirs = [], []
    for _ in range(pairs):
        ours.append(0.0)
        theirs.append(0.0)
        with running_peer(peer, Path(tempfile.mkdtemp(dir=kept))) as port:
            for start in range(0, run.files, BURST_FILES):
                burst = dataclasses.replace(run, files=min(BURST_FILES, run.files - start))
                ours[-1] += _ours(burst, archive)
                theirs[-1] += _send(burst.order(port, "unused"))
        _say(f"{name}: {ours[-1]:.2f} s | {theirs[-1]:.2f} s")
    return Row.beside_peer(name, "s", ours=statistics.median(ours), peer=statistics.median(theirs), bar=SMALL_BAR)


def _ours(run: _Run, archive: MeasuredArchive) -> float:
    before = archive.count("finished")
    seconds = _send(run.order(archive.port, archive.token))
    received = archive.count("finished") - before
    if received != run.files:
        raise BenchError(f"{received} of {run.files} uploads were finished")
    if not run.unique:  # large: three runs would not find room, and few are removed at once
        archive.drop("finished")
    return seconds


def _theirs(run: _Run, peer: Path, workplace: Path) -> float:
    folder = Path(tempfile.mkdtemp(dir=workplace))
    with running_peer(peer, folder) as port:
        seconds = _send(run.order(port, "unused"))
    if not run.unique:
        shutil.rmtree(folder)
    return seconds


def _memory(archive: MeasuredArchive, workplace: Path, source: Path, sizes: UploadSizes) -> Row:
    """After everything before: a peak only grows. Long bodies, and small ones that are each taken whole."""
    whole = make_random_file(workplace / "whole.bin", PROMISED_BYTES)
    _ours(_Run(whole, sizes.crowd, 4 * sizes.crowd), archive)
    _ours(_Run(source, sizes.crowd, sizes.crowd), archive)
    name = f"接收进程内存 / memory of an API process, {sizes.crowd} 客户端 / clients, long bodies and of 1 MiB"
    return Row.below_bar(name, "MiB", ours=archive.http_peak_mib(), bar=MEMORY_BAR_MIB)


def _receipt(archive: MeasuredArchive, source: Path, sizes: UploadSizes) -> Row:
    """The slowest counts: nobody waits for the median of receipts."""
    name = f"{_mib(source.stat().st_size)} 录像，末字节到回执 / a film, last byte to receipt, beside {sizes.others}"
    seconds = []
    for _ in range(sizes.pairs):
        seconds.append(seconds_to_receipt(archive, source, others=sizes.others))
        _say(f"{name}: {seconds[-1]:.2f} s")
    return Row.below_bar(name, "s", ours=max(seconds), bar=RECEIPT_BAR_SECONDS)


def _sealing(archive: MeasuredArchive, workplace: Path, picture: Path, sizes: UploadSizes) -> Row:
    """From the last byte of many small files until each of them has its receipt."""
    bar = SEALING_BAR_SECONDS_EACH * sizes.small_files
    patience_seconds = max(120.0, 20 * bar)
    archive.wait_until_sealed(patience_seconds)
    _send(Order(archive.port, archive.token, 16, sizes.small_files, str(picture), unique=True))
    _say(f"{archive.count('finished', 'sealed')} of {sizes.small_files} wait to be sealed")
    seconds = archive.wait_until_sealed(patience_seconds)
    name = f"100 kB × {sizes.small_files}，末字节到最后回执 / last byte to last receipt"
    return Row.below_bar(name, "s", ours=seconds, bar=bar)


def _send(order: Order) -> float:
    """By a process of its own, on a disk that has nothing left to write from before. Raises BenchError."""
    os.sync()
    command = (sys.executable, "-P", "-m", "api.bench.upload_clients", json.dumps(dataclasses.asdict(order)))
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"the clients ended with {done.returncode}: {done.stderr.strip()[-600:]}")
    return float(done.stdout)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 30):g} GiB" if size_bytes >= 1 << 30 else f"{size_bytes / (1 << 20):g} MiB"
