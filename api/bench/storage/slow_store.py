"""A store that answers after a while, as one far away does: what is measured with it is waiting, and not this machine.

Wraps a real one: everything that is stored really is, and is read back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage.objects.handles import AbortingWriter
from storage.objects.protocol import ObjectReader, ObjectStore, ObjectWriter, StoredObject

if TYPE_CHECKING:
    from typing_extensions import Buffer


@dataclass(frozen=True)
class SlowStore:
    """`seconds` pass before an object is committed, and again before one is opened to be read from its medium.

    What else is asked of it is the wrapped store's own; see ObjectStore.
    """

    store: ObjectStore
    seconds: float

    def create(self, name: str, size_bytes: int | None = None, *, read_back: bool = False) -> ObjectWriter:
        return _SlowWriter(self.store.create(name, size_bytes, read_back=read_back), self.seconds)

    def open(self, name: str, cold: bool = False) -> ObjectReader:
        if cold:
            time.sleep(self.seconds)
        return self.store.open(name, cold)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@dataclass(frozen=True)
class _SlowWriter(AbortingWriter):
    writer: ObjectWriter
    seconds: float

    def write(self, piece: Buffer) -> None:
        self.writer.write(piece)

    def commit(self) -> StoredObject:
        time.sleep(self.seconds)
        return self.writer.commit()

    def abort(self) -> None:
        self.writer.abort()
