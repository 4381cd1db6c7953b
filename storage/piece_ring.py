"""One reader, several consumers that each see every byte in order, and a fixed amount of memory between them.

The ring is one stretch of page-aligned memory, filled in slots of 1 MiB. A slot is free again once the slowest
consumer has passed it. Consumers cut the stream as they need it (chunks of 2^20, segments of 2^20 − 16), and get it
without copying except where a piece wraps round the end of the ring.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial

from storage.direct_io import aligned_buffer

SLOT_BYTES = 1 << 20
SLOTS = 24
# Who fills waits for a third of the ring, and who takes for a sixth: whoever is behind has more than that before him.
_FREE_BYTES = 7 * SLOT_BYTES
_FILLED_BYTES = 3 * SLOT_BYTES


class RingStopped(Exception):
    """Somebody else failed; what they failed with is raised by `run`."""


@dataclass(frozen=True, eq=False)
class _Sleeper:
    is_time: Callable[[], bool]
    woken: threading.Event = field(default_factory=threading.Event)


class PieceRing:
    """A stream of `size_bytes` on its way from one producer to `consumers`, numbered from 0, each in its own thread.

    On a busy machine each time that a thread is woken costs it a turn of waiting for a processor. So nobody sleeps
    while there is something to go on with, and who does sleeps until several slots are free or filled.
    """

    def __init__(self, size_bytes: int, consumers: int) -> None:
        self._size_bytes = size_bytes
        self._capacity_bytes = SLOT_BYTES * max(1, min(SLOTS, -(-size_bytes // SLOT_BYTES)))
        self._buffer = aligned_buffer(self._capacity_bytes)
        self._filled_bytes = 0
        self._passed_bytes = [0] * consumers
        self._failure: BaseException | None = None
        self._sleepers: list[_Sleeper] = []

    def fill(self, read_into: Callable[[int, memoryview], int]) -> None:
        """Produce the stream: `read_into(offset, slot)` fills the slot as far as the stream goes."""
        for offset in range(0, self._size_bytes, SLOT_BYTES):
            self._wait(self._has_room, offset + SLOT_BYTES, _FREE_BYTES)
            start = offset % self._capacity_bytes
            self._filled_bytes = offset + read_into(offset, self._buffer[start : start + SLOT_BYTES])
            self._wake()

    def pieces(self, consumer: int, sizes: Iterable[int]) -> Iterator[memoryview]:
        """The stream cut into `sizes`, each at most the ring less a slot.

        A piece is valid until the next one is asked for.
        """
        position = 0
        for size_bytes in sizes:
            end = position + size_bytes
            self._wait(self._has_bytes, end, _FILLED_BYTES)
            yield self._cut(position, size_bytes)
            self._passed_bytes[consumer] = position = end
            self._wake()

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
        if self._failure is None:
            self._failure = error
        for sleeper in tuple(self._sleepers):
            sleeper.woken.set()

    def _has_room(self, end: int) -> bool:
        return min(end, self._size_bytes) - min(self._passed_bytes) <= self._capacity_bytes

    def _has_bytes(self, end: int) -> bool:
        return min(end, self._size_bytes) <= self._filled_bytes

    def _wait(self, has_come: Callable[[int], bool], end: int, more_bytes: int) -> None:
        """Until the stream has come as far as `end`; asleep, until it has come so much further, or to its own end."""
        if not has_come(end):
            self._sleep(_Sleeper(partial(has_come, end + more_bytes)))
        if self._failure is not None:
            raise RingStopped

    def _sleep(self, sleeper: _Sleeper) -> None:
        # There to be woken before it looks once more: what comes about in between is seen by one of the two.
        self._sleepers.append(sleeper)
        try:
            while self._failure is None and not sleeper.is_time():
                sleeper.woken.wait()
                sleeper.woken.clear()
        finally:
            self._sleepers.remove(sleeper)

    def _wake(self) -> None:
        for sleeper in tuple(self._sleepers):
            if sleeper.is_time():
                sleeper.woken.set()

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
