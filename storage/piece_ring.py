"""One reader, several consumers that each see every byte in order, and a fixed amount of memory between them.

The ring is one stretch of page-aligned memory, filled in slots of 1 MiB. A slot is free again once the slowest
consumer has passed it. Consumers cut the stream as they need it (chunks of 2^20, segments of 2^20 − 16), and get it
without copying except where a piece wraps round the end of the ring.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import copy_context
from functools import partial

from storage.direct_io import aligned_buffer

SLOT_BYTES = 1 << 20
SLOTS = 24


class RingStopped(Exception):
    """Somebody else failed; what they failed with is raised by `run`."""


class PieceRing:
    """A stream of `size_bytes` on its way from one producer to `consumers`, numbered from 0, each in its own thread."""

    def __init__(self, size_bytes: int, consumers: int) -> None:
        self._size_bytes = size_bytes
        self._capacity_bytes = SLOT_BYTES * max(1, min(SLOTS, -(-size_bytes // SLOT_BYTES)))
        self._buffer = aligned_buffer(self._capacity_bytes)
        self._changed = threading.Condition()
        self._filled_bytes = 0
        self._passed_bytes = [0] * consumers
        self._failure: BaseException | None = None

    def fill(self, read_into: Callable[[int, memoryview], int]) -> None:
        """Produce the stream: `read_into(offset, slot)` fills the slot as far as the stream goes."""
        for offset in range(0, self._size_bytes, SLOT_BYTES):
            self._wait(partial(self._has_room, offset + SLOT_BYTES))
            start = offset % self._capacity_bytes
            got_bytes = read_into(offset, self._buffer[start : start + SLOT_BYTES])
            with self._changed:
                self._filled_bytes = offset + got_bytes
                self._changed.notify_all()

    def pieces(self, consumer: int, sizes: Iterable[int]) -> Iterator[memoryview]:
        """The stream cut into `sizes`, each at most the ring less a slot.

        A piece is valid until the next one is asked for.
        """
        position = 0
        for size_bytes in sizes:
            end = position + size_bytes
            self._wait(partial(self._has_bytes, end))
            yield self._cut(position, size_bytes)
            position = end
            with self._changed:
                self._passed_bytes[consumer] = position
                self._changed.notify_all()

    def run(self, produce: Callable[[], None], consume: Sequence[Callable[[], None]]) -> None:
        """Run `produce` here and each of `consume` in a thread until all are done.

        The first exception in any of them ends all the others and is raised; no thread is left when this returns.
        """
        threads = [
            # Each has this thread's context: what is logged there names the upload as well.
            threading.Thread(target=copy_context().run, args=(self._guarded, job), name=f"ring-{n}")
            for n, job in enumerate(consume)
        ]
        try:
            for thread in threads:
                thread.start()
            produce()
            _join(threads)
        except BaseException as error:
            # Also a KeyboardInterrupt, or a task's time limit, that came while we only waited.
            self._stop(error)
            _join(threads)
        if self._failure is not None:
            raise self._failure

    def _guarded(self, job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            self._stop(error)

    def _stop(self, error: BaseException) -> None:
        with self._changed:
            if self._failure is None:
                self._failure = error
            self._changed.notify_all()

    def _has_room(self, end: int) -> bool:
        return end - min(self._passed_bytes) <= self._capacity_bytes

    def _has_bytes(self, end: int) -> bool:
        return end <= self._filled_bytes

    def _wait(self, ready: Callable[[], bool]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or ready())
            if self._failure is not None:
                raise RingStopped

    def _cut(self, position: int, size_bytes: int) -> memoryview:
        start = position % self._capacity_bytes
        whole = self._buffer[start : start + size_bytes]
        if len(whole) == size_bytes:
            return whole
        return memoryview(b"".join((whole, self._buffer[: size_bytes - len(whole)])))


def _join(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        if thread.ident is not None:
            thread.join()
