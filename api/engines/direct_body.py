"""The rest of a long body as the socket gives it: past the parser, which has nothing more to find in it, and past
uvicorn's queue. Each byte is copied once on its way to whoever asked for it, where it would be four times.

An application finds it in the scope, as an extension of ASGI (ingest/uploads/request.py), and may ask for it once it
has taken some of the body the usual way. Behind any other server there is none, and bodies come as they always do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

MOST_PIECES: Final = 1024
"""Whoever sends byte by byte costs no more memory for it."""


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
        self._pieces = [come] if come else []
        self._gathered_bytes = len(come)
        self._wanted_bytes = 0
        self._waiter: asyncio.Future[None] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether all of it was taken."""
        return self.left == 0 and not self._pieces

    async def gather(self, wanted_bytes: int) -> None:
        """Until so many bytes lie here, or the last ones, or the connection was cut. Cancelled, it loses nothing."""
        self._wanted_bytes = wanted_bytes
        if not self._is_enough():
            self._waiter = asyncio.get_running_loop().create_future()
            self._flow.resume_reading()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def take(self) -> list[bytes]:
        """What lies here, perhaps nothing."""
        pieces, self._pieces, self._gathered_bytes = self._pieces, [], 0
        return pieces

    # For the connection.

    def put(self, piece: bytes) -> None:
        self.left -= len(piece)
        self._pieces.append(piece)
        self._gathered_bytes += len(piece)
        if self._is_enough():
            self._wake()
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
        self._wake()

    def _is_enough(self) -> bool:
        much = self._gathered_bytes >= self._wanted_bytes or len(self._pieces) >= MOST_PIECES
        return much or self.left == 0 or self.was_cut

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
