"""Memory that is used again once nobody looks at it any more: fresh pages cost more than what is done with them.

To be given a megabyte of fresh memory and to touch it takes four times as long as to decrypt into one that is there.
But what was decrypted may still be on its way to somebody, in the hands of a loop that says to nobody when it is done:
so what is lent comes back when the last view of it has gone, and not before.
"""

from __future__ import annotations

import ctypes
import weakref
from collections import defaultdict, deque
from contextlib import suppress
from typing import Any

from storage.direct_io import aligned_buffer


class RecycledMemory:
    """Pieces of the sizes asked for, page-aligned. Threads may share it. About `spare_bytes` wait to be lent."""

    def __init__(self, spare_bytes: int) -> None:
        self._most_spare_bytes = spare_bytes
        # By size. Deques are safe to use from any thread, and within a collection of garbage, where a lock is not.
        self._spare: defaultdict[int, deque[memoryview]] = defaultdict(deque)
        self._lent: dict[int, tuple[weakref.ref[Any], memoryview]] = {}

    @property
    def spare_bytes(self) -> int:
        return sum(size_bytes * len(pieces) for size_bytes, pieces in tuple(self._spare.items()))

    def lend(self, size_bytes: int) -> memoryview:
        """One piece, with whatever was written into it before; it is lent again when no view of it is left."""
        try:
            memory = self._spare[size_bytes].pop()
        except IndexError:
            memory = aligned_buffer(size_bytes)
        lender = (ctypes.c_ubyte * size_bytes).from_buffer(memory)
        tie = weakref.ref(lender, self._take_back)
        self._lent[id(tie)] = tie, memory
        return memoryview(lender).cast("B")

    def _take_back(self, gone: weakref.ref[Any]) -> None:
        """What comes back is of the size that is wanted now: it stays, and what was wanted before makes room for it."""
        _, memory = self._lent.pop(id(gone))
        size_bytes = len(memory)
        self._spare[size_bytes].append(memory)
        if self.spare_bytes > self._most_spare_bytes:
            for other_bytes in [each for each in tuple(self._spare) if each != size_bytes]:
                self._let_go(other_bytes)
            self._let_go(size_bytes)

    def _let_go(self, size_bytes: int) -> None:
        """Of the pieces of a size, as many as wait beyond what may."""
        with suppress(IndexError):  # none is left of it, or another thread was quicker
            while self.spare_bytes > self._most_spare_bytes:
                self._spare[size_bytes].pop()
