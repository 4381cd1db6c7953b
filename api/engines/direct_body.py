"""The rest of a long body as the socket gives it: past the parser, which has nothing more to find in it, and past
uvicorn's queue. The socket is read into the very memory that whoever asked for it gets, page-aligned, so that it can be
written to a disk as it lies: no byte is copied on its way, where it would be four times.

An application finds it in the scope, as an extension of ASGI (ingest/uploads/asgi.py), and may ask for it once it
has taken some of the body the usual way. Behind any other server there is none, and bodies come as they always do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from ingest.uploads.short_waits import ShortWaits
from ingest.uploads.staged_bytes import Piece
from storage.recycled_memory import RecycledMemory

_SIZES: Final = tuple(1 << power for power in range(15, 21))
_MEMORY: Final = RecycledMemory(2 << 20)
"""As much waits as bodies have of blocks together (ingest/uploads/reception.py), whatever their number: of a block that
is mapped anew, its pages cost more than its bytes."""


class Flow(Protocol):
    """Uvicorn's: whether the socket is read."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class DirectBody:
    """`left`: bytes of the body that the socket has not given yet. Read only while somebody waits for bytes."""

    def __init__(self, flow: Flow, left: int, come: bytes, on_end: Callable[[], None]) -> None:
        """`come`: what was read before and nobody has taken yet. `on_end` is called once nothing is left to come."""
        self.left = left
        self.was_cut = False
        self._flow = flow
        self._on_end = on_end
        self._pieces: list[Piece] = [come] if come else []
        self._gathered_bytes = len(come)
        self._memory = memoryview(b"")
        """What is being filled, as far as `_filled_bytes`; nobody has seen it yet."""
        self._filled_bytes = 0
        self._wanted_bytes = 0
        self._waits = ShortWaits()

    @property
    def has_ended(self) -> bool:
        """Whether all of it was taken."""
        return self.left == 0 and self._gathered_bytes == 0

    async def gather(self, wanted_bytes: int, patience_seconds: float) -> None:
        """Until so many bytes lie here, or the last ones, or the connection was cut; or so many seconds have passed.
        Cancelled, it loses nothing."""
        self._wanted_bytes = wanted_bytes
        if not self._is_enough():
            self._flow.resume_reading()
            await self._waits.wait(patience_seconds)

    def take(self) -> list[Piece]:
        """What lies here, perhaps nothing. Views are of memory that is used again once none of them is left."""
        self._set_aside()
        pieces, self._pieces, self._gathered_bytes = self._pieces, [], 0
        return pieces

    # For the connection.

    def space(self) -> memoryview:
        """Where the next bytes are to be put: of those still wanted, and of the body's, no more."""
        wanted_bytes = max(self._wanted_bytes - self._gathered_bytes, _SIZES[0])
        if self._filled_bytes == len(self._memory):
            self._set_aside()
            size = next((size for size in _SIZES if size >= min(wanted_bytes, self.left)), _SIZES[-1])
            self._memory = _MEMORY.lend(size)
        return self._memory[self._filled_bytes : self._filled_bytes + min(wanted_bytes, self.left)]

    def put(self, size_bytes: int) -> None:
        """So many were put into what `space` gave."""
        self.left -= size_bytes
        self._filled_bytes += size_bytes
        self._gathered_bytes += size_bytes
        if self._is_enough():
            self._waits.wake()
        if self.left == 0:
            self._on_end()
        elif self._is_enough():
            self._flow.pause_reading()

    def throw_away(self, size_bytes: int) -> None:
        """What comes after the answer was given: nobody takes it."""
        self.left -= size_bytes
        if self.left == 0:
            self._on_end()

    def cut(self) -> None:
        self.was_cut = True
        self._waits.wake()

    def _set_aside(self) -> None:
        """What has been filled becomes a piece. Little of it is copied: crumbs do not hold on to a block each."""
        filled = self._memory[: self._filled_bytes]
        if len(filled) > len(self._memory) // 2:
            self._pieces.append(filled)
            self._memory = memoryview(b"")
        elif filled:
            self._pieces.append(bytes(filled))
        self._filled_bytes = 0

    def _is_enough(self) -> bool:
        return self._gathered_bytes >= self._wanted_bytes or self.left == 0 or self.was_cut
