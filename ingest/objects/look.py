"""One look at an object: read from the medium to its end, in as many pieces as whoever looks has time for.

Read past the page cache (`cold`): what is in it says nothing of the medium. Of a large piece one thread hashes while
the other reads on, through the ring that sealing uses. What is read may be handed on as it comes (`sink`): whoever
copies an object looks at it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from ingest.objects.stated import Stated
from integrity.digest import new_sha256
from storage.catalog.object_looks import DIFFERS, MISSING, TOO_LONG, TRUNCATED, UNREADABLE, UNSIGNED, WHOLE
from storage.direct_io import PAGE_BYTES, aligned_buffer
from storage.errors import ObjectMissing, ObjectStoreError
from storage.objects.protocol import ObjectReader, ObjectStore
from storage.piece_ring import SLOT_BYTES, PieceRing

PIECE_BYTES: Final = SLOT_BYTES
"""Where a look is left off and gone on with: a multiple of these, as reading past the cache needs it."""
Sink = Callable[[memoryview], None]
"""Takes the next bytes; they are valid until it returns. Never raises an ObjectStoreError: that would be a finding."""
OPENING_BYTES: Final = 64 << 10
"""What opening an object counts for, so that a thousand tiny ones are not looked at in one go."""
SMALL_BYTES: Final = 8 << 20
"""Up to so much is read in one go and then hashed: handing over pieces would take longer than it saves."""


class Look:
    """`found` is None until it is over; `why` is what the store said of an object that it does not give out."""

    def __init__(
        self, store: ObjectStore, stated: Stated, memory: memoryview | None = None, sink: Sink | None = None
    ) -> None:
        """`memory`, page-aligned: used for what is read in one go and fits, by one look after the other."""
        self.stated = stated
        self.found: str | None = None
        self.why: str | None = stated.flaw
        self._store, self._memory, self._sink = store, memory, sink
        self._reader: ObjectReader | None = None
        self._sha256 = new_sha256()
        self._position = 0

    def go_on(self, at_most_bytes: int) -> int:
        """Read on, by whole pieces and one at least; how many bytes were read. No error of the store is raised: it is
        what is found. Raises ValueError once it is over.
        """
        if self.found is not None:
            raise ValueError("this look is over")
        before = self._position
        try:
            self.found = UNSIGNED if self.stated.flaw is not None else self._read_on(at_most_bytes)
        except ObjectMissing:
            self.found = MISSING
        except ObjectStoreError as error:
            self.found, self.why = UNREADABLE, str(error)
        if self.found is not None:
            self.close()
        return self._position - before

    def close(self) -> None:
        """Again is no error."""
        reader, self._reader = self._reader, None
        if reader is not None:
            with suppress(ObjectStoreError):
                reader.close()

    def _read_on(self, at_most_bytes: int) -> str | None:
        reader = self._opened()
        if reader.size_bytes != self.stated.size_bytes:
            return TRUNCATED if reader.size_bytes < self.stated.size_bytes else TOO_LONG
        pieces = max(1, at_most_bytes // PIECE_BYTES)
        self._hash(reader, min(reader.size_bytes, self._position + pieces * PIECE_BYTES))
        if self._position < reader.size_bytes:
            return None
        return WHOLE if self._sha256.digest() == self.stated.sha256 else DIFFERS

    def _opened(self) -> ObjectReader:
        if self._reader is None:
            self._reader = self._store.open(self.stated.object_name, cold=True)
            if self._reader.size_bytes == self.stated.size_bytes:
                self._reader.expect(0, self._reader.size_bytes)
        return self._reader

    def _hash(self, reader: ObjectReader, end: int) -> None:
        start, length = self._position, end - self._position
        if length <= SMALL_BYTES:
            buffer = self._memory_for(length)
            piece = buffer[: reader.read_into(start, buffer)]
            for consume in self._consumers():
                consume(piece)
        else:
            ring = PieceRing(length, consumers=len(self._consumers()))
            sizes = [min(PIECE_BYTES, length - each) for each in range(0, length, PIECE_BYTES)]

            def consume_pieces(number: int, consume: Sink) -> None:
                for piece in ring.pieces(number, sizes):
                    consume(piece)

            consumers = [partial(consume_pieces, number, each) for number, each in enumerate(self._consumers())]
            ring.run(lambda: ring.fill(lambda offset, slot: reader.read_into(start + offset, slot)), consumers)
        self._position = end

    def _consumers(self) -> tuple[Sink, ...]:
        return (self._sha256.update,) if self._sink is None else (self._sha256.update, self._sink)

    def _memory_for(self, length: int) -> memoryview:
        whole_pages = -(-length // PAGE_BYTES) * PAGE_BYTES
        if self._memory is None or whole_pages > len(self._memory):
            return aligned_buffer(whole_pages)
        return self._memory[:whole_pages]
