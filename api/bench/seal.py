"""`liuhen bench seal`: how long sealing takes beside a careful custodian's script, and how much memory it holds.

Ours and the peer run in turn on the same disk and the same file (A B A B …), each in a fresh folder, because deleting
on a disk mounted with `discard` slows what comes next. Both find the source in the page cache, which only the peer
profits from; both read their stored copy back from the disk. The median of each counts.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from api.bench.custodian import keep_by_hand, require_tools
from api.bench.errors import BenchError
from api.bench.random_file import make_random_file
from api.bench.room import require_room
from api.bench.rows import Row
from storage.objects.folder import FolderStore
from storage.sealing import SealingPlan, read_back, write_sealed

Seal: TypeAlias = Callable[[Path], None]
Resident: TypeAlias = Callable[[Path, int], float]

TIME_BAR = 0.65
MEMORY_BAR_MIB = 160
_BLOCK_BYTES = 1 << 20


def measure_seal(
    folder: Path,
    *,
    size_bytes: int = 1 << 30,
    pairs: int = 3,
    memory_bytes: int = 4 << 30,
    seal: Seal | None = None,
    resident: Resident | None = None,
) -> list[Row]:
    """Measure on the disk that holds `folder`; everything made there is removed again.

    `seal` takes a finished upload to whatever shall be measured, its durable receipt at best; without one it is
    storage's part alone: write, commit, read back. `resident` measures the memory of a process that does the same to a
    file it makes in a folder. Raises BenchError.
    """
    require_tools()
    require_room(folder, size_bytes * (1 + 3 * pairs) + memory_bytes)
    with tempfile.TemporaryDirectory(prefix="bench-seal-", dir=folder) as name:
        workplace = Path(name)
        source = make_random_file(workplace / "source.bin", size_bytes)
        ours, peer = _take_turns(
            source, workplace, pairs, seal or (lambda path: seal_to_folder(path, _fresh(workplace)))
        )
        resident_mib = (resident or measure_resident_mib)(workplace, memory_bytes)
    return [
        Row.beside_peer(f"封存 / seal {_gib(size_bytes)}", "s", ours=ours, peer=peer, bar=TIME_BAR),
        Row.below_bar(f"封存内存 / memory, seal {_gib(memory_bytes)}", "MiB", ours=resident_mib, bar=MEMORY_BAR_MIB),
    ]


def seal_to_folder(source: Path, folder: Path) -> None:
    """Seal `source` into a store in `folder` and read it back from the disk."""
    store, plan = FolderStore(folder), SealingPlan.fresh("recordings/bench/original", b"bench")
    read_back(store, plan, write_sealed(source, store, plan))


def measure_resident_mib(folder: Path, size_bytes: int) -> float:
    """The most that a process of its own ever held resident while it sealed a file of `size_bytes`."""
    source = folder / "memory.bin"
    with source.open("wb") as file:
        file.truncate(size_bytes)
    command = (sys.executable, "-m", "api.bench.seal", str(source), str(_fresh(folder)))
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(
            f"the process that seals {_gib(size_bytes)} ended with {done.returncode}: {done.stderr.strip()}"
        )
    return int(done.stdout) / 1024


def _take_turns(source: Path, workplace: Path, pairs: int, seal: Seal) -> tuple[float, float]:
    ours, peer = [], []
    for _ in range(pairs):
        ours.append(_seconds(lambda: seal(source), source))
        peer.append(_seconds(lambda: keep_by_hand(source, _fresh(workplace)), source))
    return statistics.median(ours), statistics.median(peer)


def _seconds(work: Callable[[], None], source: Path) -> float:
    # Neither side pays for what the other left to be written, nor for a source that fell out of the cache meanwhile.
    os.sync()
    with source.open("rb", buffering=0) as file:
        while file.read(_BLOCK_BYTES):
            pass
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _fresh(workplace: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=workplace))


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 30):g} GiB"


def _print_own_peak(source: Path, folder: Path) -> None:
    seal_to_folder(source, folder)
    # Not ru_maxrss: across exec it keeps the peak of the process that started this one.
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    print(next(line.split()[1] for line in status if line.startswith("VmHWM:")))


if __name__ == "__main__":
    _print_own_peak(Path(sys.argv[1]), Path(sys.argv[2]))
