"""Whoever has more to send goes on in turn, a few between two looks at the network: who has just asked waits for those
few, and not for one piece of everybody's film."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

_FEW: Final = 3
"""Pieces of up to a megabyte: some milliseconds."""


class GoingOn:
    """For one event loop."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._letting = False

    async def turn(self) -> None:
        """Return when it is one's turn, which comes at the next look at the network or a later one."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._waiting.append(future)
        if not self._letting:
            self._letting = True
            loop.call_soon(self._let_few, loop)
        await future

    def _let_few(self, loop: asyncio.AbstractEventLoop) -> None:
        let = 0
        while self._waiting and let < _FEW:
            future = self._waiting.popleft()
            if not future.done():  # whoever gave up takes nobody's turn
                future.set_result(None)
                let += 1
        self._letting = bool(self._waiting)
        if self._letting:
            loop.call_soon(self._let_few, loop)
