"""A store whose caller does what custody does when it is told that the store does not work: the same once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from storage.errors import StoreUnavailable
from storage.objects.handles import AbortingWriter, SpanReader
from storage.objects.protocol import Keeping, Listed, ObjectReader, ObjectStore, ObjectWriter, StoredObject

if TYPE_CHECKING:
    from typing_extensions import Buffer

TRIES = 12
T = TypeVar("T")


def repeated(call: Callable[[], T]) -> T:
    for _ in range(TRIES - 1):
        try:
            return call()
        except StoreUnavailable:
            continue
    return call()


class RepeatingWriter(AbortingWriter):
    """Keeps what was written, as custody keeps the staged file, and writes all of it anew where it has to."""

    def __init__(self, begin: Callable[[], ObjectWriter]) -> None:
        self._begin = begin
        self._pieces: list[bytes] = []
        self._writer: ObjectWriter | None = repeated(begin)

    def write(self, piece: Buffer) -> None:
        self._pieces.append(bytes(piece))
        try:
            if self._writer is not None:
                self._writer.write(self._pieces[-1])
        except StoreUnavailable:
            self.abort()

    def commit(self) -> StoredObject:
        return repeated(self._commit)

    def _commit(self) -> StoredObject:
        writer, self._writer = self._writer, None
        with writer or self._rewritten() as writer:
            return writer.commit()

    def _rewritten(self) -> ObjectWriter:
        writer = self._begin()
        try:
            for piece in self._pieces:
                writer.write(piece)
        except BaseException:
            writer.abort()
            raise
        return writer

    def abort(self) -> None:
        if self._writer is not None:
            self._writer.abort()
            self._writer = None


class RepeatingReader(SpanReader):
    def __init__(self, reader: ObjectReader) -> None:
        self._reader = reader
        super().__init__(reader.name, reader.size_bytes)
        self.is_remote = reader.is_remote

    def expect(self, offset: int, length: int) -> None:
        self._reader.expect(offset, length)

    def read_span(self, offset: int, length: int) -> bytes:
        return repeated(lambda: self._reader.read_span(offset, length))

    def read_into(self, offset: int, buffer: memoryview) -> int:
        return repeated(lambda: self._reader.read_into(offset, buffer))

    def read_at_hand(self, offset: int, buffer: memoryview) -> bool:
        return repeated(lambda: self._reader.read_at_hand(offset, buffer))

    def close(self) -> None:
        self._reader.close()


class RepeatingStore:
    """See ObjectStore."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def create(self, name: str, size_bytes: int | None = None, *, read_back: bool = False) -> RepeatingWriter:
        return RepeatingWriter(lambda: self._store.create(name, size_bytes, read_back=read_back))

    def mend(self, name: str, size_bytes: int | None = None, *, read_back: bool = False) -> RepeatingWriter:
        return RepeatingWriter(lambda: self._store.mend(name, size_bytes, read_back=read_back))

    def put(self, name: str, data: bytes) -> StoredObject:
        return repeated(lambda: self._store.put(name, data))

    def open(self, name: str, cold: bool = False) -> RepeatingReader:
        return RepeatingReader(repeated(lambda: self._store.open(name, cold)))

    def stat(self, name: str) -> StoredObject | None:
        return repeated(lambda: self._store.stat(name))

    def list(self, prefix: str = "") -> Iterator[str]:
        yield from repeated(lambda: [*self._store.list(prefix)])

    def survey(self, prefix: str = "") -> Iterator[Listed]:
        yield from repeated(lambda: [*self._store.survey(prefix)])

    def inspect(self, name: str) -> Listed | None:
        return repeated(lambda: self._store.inspect(name))

    def delete(self, name: str) -> None:
        repeated(lambda: self._store.delete(name))

    def keep_until(self, name: str, until: datetime) -> Keeping:
        return repeated(lambda: self._store.keep_until(name, until))

    def hold(self, name: str) -> Keeping:
        return repeated(lambda: self._store.hold(name))

    def release(self, name: str) -> Keeping:
        return repeated(lambda: self._store.release(name))

    def keeping(self, name: str) -> Keeping:
        return repeated(lambda: self._store.keeping(name))

    def sweep_abandoned(self) -> int:
        return repeated(self._store.sweep_abandoned)

    def require_working(self) -> None:
        repeated(self._store.require_working)
