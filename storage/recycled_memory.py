"""Memory that is used again once nobody looks at it any more: fresh pages cost more than what is done with them.

To be given a megabyte of fresh memory and to touch it takes four times as long as to decrypt into one that is there.
But what was decrypted may still be on its way to somebody, in the hands of a loop that says to nobody when it is done:
so what is lent comes back when the last view of it has gone, and not before.
"""

from __future__ import annotations

import ctypes
import weakref
from collections import deque
from typing import Any

from storage.direct_io import aligned_buffer


class RecycledMemory:
    """Pieces of `size_bytes` each, page-aligned. Threads may share it; at most `most_spare` wait to be lent again."""

    def __init__(self, size_bytes: int, most_spare: int) -> None:
        self._size_bytes = size_bytes
        self._lender = ctypes.c_ubyte * size_bytes
        # What comes back to a full one is let go. Both are safe to use from any thread, and within a collection of
        # garbage, where a lock is not.
        self._spare: deque[memoryview] = deque(maxlen=most_spare)
        self._lent: dict[int, tuple[weakref.ref[Any], memoryview]] = {}

    def lend(self) -> memoryview:
        """One piece, with whatever was written into it before; it is lent again when no view of it is left."""
        try:
            memory = self._spare.pop()
        except IndexError:
            memory = aligned_buffer(self._size_bytes)
        lender = self._lender.from_buffer(memory)
        tie = weakref.ref(lender, self._take_back)
        self._lent[id(tie)] = tie, memory
        return memoryview(lender).cast("B")

    def _take_back(self, gone: weakref.ref[Any]) -> None:
        _, memory = self._lent.pop(id(gone))
        self._spare.append(memory)
