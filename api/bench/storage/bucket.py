"""The store in S3 beside the bare client: sealing into it, reading a whole object, and a span from anywhere in one.

The same plaintext goes both ways, over the same bucket, in turn (A B A B …), each under a name of its own that is
removed again. What was read is held against what was sent: a read that gives other bytes is no measurement.
"""

from __future__ import annotations

import hashlib
import os
import random
import statistics
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from api.bench.errors import BenchError
from api.bench.random_file import make_random_file
from api.bench.rows import Row
from api.bench.search import percentile
from api.bench.storage.minio_peer import BareClient
from api.bench.storage.sizes import StorageSizes
from storage.encryption.segments import SegmentReader
from storage.objects.s3 import S3Store
from storage.objects.s3_address import S3Address
from storage.sealing import SealingPlan, read_back, write_sealed

TIME_BAR: Final = 1 / 0.8
"""At least 0.8 times as fast as the bare client."""
SPAN_BAR: Final = 2.0
SPAN_BYTES: Final = 1 << 20
PREFIX: Final = "bench/"
"""Of every object that is made here."""
_PIECE_BYTES = 1 << 20
_AAD = b"bench"


def rows_left_out(sizes: StorageSizes) -> list[Row]:
    """Those of `measure_bucket` where no S3 is named."""
    return [Row.left_out(name, unit, bar=bar) for name, unit, bar in _measures(sizes)]


def measure_bucket(address: S3Address, workplace: Path, sizes: StorageSizes) -> list[Row]:
    """Raises BenchError, and what the store raises."""
    sent = _Sent.made(workplace / "object.bin", sizes.object_bytes)
    prefix = f"{PREFIX}{uuid.uuid4().hex}/"
    stored, whole, spans = _Times(), _Times(), _Times()
    written: list[float] = []
    with _Ours(address, prefix) as ours, _Bare(address, prefix) as bare:
        for _ in range(sizes.pairs):
            ours.drop()
            stored.ours.append(_seconds(lambda: ours.put(sent.path)))
            written.append(ours.written_seconds)
            bare.drop()
            stored.peer.append(_seconds(lambda: bare.put(sent.path)))
        for _ in range(sizes.pairs):
            for side, times in ((ours, whole.ours), (bare, whole.peer)):
                times.append(_seconds(lambda side=side: side.read(workplace / "read.bin")))  # type: ignore[misc]
                sent.require_same(workplace / "read.bin")
        for offset in _offsets(sizes):
            spans.ours.append(_span_seconds(ours, offset, sent))
            spans.peer.append(_span_seconds(bare, offset, sent))
    sent.path.unlink()
    figures = (
        stored.medians(),
        _Times(written, stored.peer).medians(),
        whole.medians(),
        (percentile(sorted(spans.ours), 0.95), percentile(sorted(spans.peer), 0.95)),
    )
    return [
        Row.beside_peer(name, unit, ours=ours_took, peer=peer_took, bar=bar)
        for (name, unit, bar), (ours_took, peer_took) in zip(_measures(sizes), figures, strict=True)
    ]


def _measures(sizes: StorageSizes) -> tuple[tuple[str, str, float], ...]:
    size = _mib(sizes.object_bytes)
    return (
        (f"S3：封存并读回核对 / S3: seal {size}, read back", "s", TIME_BAR),
        (f"S3：封存，写入为止 / S3: seal {size}, until it is stored", "s", TIME_BAR),
        (f"S3：读取整个对象 / S3: read {size} whole", "s", TIME_BAR),
        (f"S3：随机读取 {_mib(SPAN_BYTES)} / S3: a random span, p95 of {sizes.spans}", "s", SPAN_BAR),
    )


@dataclass
class _Times:
    ours: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)

    def medians(self) -> tuple[float, float]:
        return statistics.median(self.ours), statistics.median(self.peer)


@dataclass(frozen=True)
class _Sent:
    """The plaintext, and how what came back is held against it."""

    path: Path
    size_bytes: int
    sha256: bytes

    @classmethod
    def made(cls, path: Path, size_bytes: int) -> _Sent:
        return cls(make_random_file(path, size_bytes), size_bytes, _sha256(path))

    def require_same(self, path: Path) -> None:
        """Raises BenchError; what was read is removed."""
        found = _sha256(path)
        path.unlink()
        if found != self.sha256:
            raise BenchError(f"{path.name}: what was read from S3 is not what was sent")

    def require_span(self, offset: int, got: bytes) -> None:
        """Raises BenchError."""
        with self.path.open("rb") as file:
            file.seek(offset)
            if got != file.read(min(SPAN_BYTES, self.size_bytes)):
                raise BenchError(f"the span from {offset} that was read from S3 is not what was sent")


class _Side(ABC):
    """One object at a time: a bucket need not have room for more. Nothing of it stays.

    What is sealed here is not locked: custody alone does that, once a row stands.
    """

    def __init__(self, address: S3Address, prefix: str) -> None:
        self._address, self._prefix = address, prefix
        self._name = ""

    @abstractmethod
    def put(self, source: Path) -> None: ...

    @abstractmethod
    def read(self, path: Path) -> None:
        """All of it, into a file: as a media worker unpacks an original."""

    @abstractmethod
    def span(self, offset: int, length: int) -> bytes: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def _fresh_name(self) -> str:
        self._name = f"{self._prefix}{uuid.uuid4().hex}"
        return self._name

    def drop(self) -> None:
        """Remove what was put, if anything was."""
        if self._name:
            S3Store(self._address).delete(self._name)
            self._name = ""


class _Ours(_Side):
    written_seconds = 0.0
    """Of the last `put`: until the object was stored, before it was read back."""

    def __init__(self, address: S3Address, prefix: str) -> None:
        super().__init__(address, prefix)
        self._store = S3Store(address)
        self._plan = SealingPlan.fresh("bench/none", _AAD)

    def put(self, source: Path) -> None:
        self._plan = SealingPlan.fresh(self._fresh_name(), _AAD)
        started = time.perf_counter()
        sealed = write_sealed(source, self._store, self._plan)
        self.written_seconds = time.perf_counter() - started
        read_back(self._store, self._plan, sealed)

    def read(self, path: Path) -> None:
        with self._store.open(self._name) as reader, path.open("wb") as file:
            segments = SegmentReader(reader, self._plan.data_key, _AAD)
            for piece in segments.pieces(0, segments.size_bytes, _PIECE_BYTES):
                file.write(piece)

    def span(self, offset: int, length: int) -> bytes:
        """Opened anew each time, as for each request of a player."""
        with self._store.open(self._name) as reader:
            return b"".join(SegmentReader(reader, self._plan.data_key, _AAD).pieces(offset, length, _PIECE_BYTES))


class _Bare(_Side):
    def __init__(self, address: S3Address, prefix: str) -> None:
        super().__init__(address, prefix)
        self._client = BareClient(address)

    def put(self, source: Path) -> None:
        self._client.put_file(self._fresh_name(), source)

    def read(self, path: Path) -> None:
        self._client.get_file(self._name, path)

    def span(self, offset: int, length: int) -> bytes:
        return self._client.get_span(self._name, offset, length)


def _span_seconds(side: _Side, offset: int, sent: _Sent) -> float:
    started = time.perf_counter()
    got = side.span(offset, min(SPAN_BYTES, sent.size_bytes))
    seconds = time.perf_counter() - started
    sent.require_span(offset, got)
    return seconds


def _offsets(sizes: StorageSizes) -> Iterator[int]:
    """The same for both, and in every run."""
    chance = random.Random(1)  # noqa: S311  places to read, not a secret
    for _ in range(sizes.spans):
        yield chance.randrange(max(1, sizes.object_bytes - SPAN_BYTES))


def _seconds(work: Callable[[], None]) -> float:
    os.sync()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 30):g} GiB" if size_bytes >= 1 << 30 else f"{size_bytes / (1 << 20):g} MiB"
