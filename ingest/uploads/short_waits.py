"""Waiting for what mostly comes at once, again and again: a timer for each wait would cost more than the waits do."""

from __future__ import annotations

import asyncio


class ShortWaits:
    """One wait after the other, on one event loop, with one timer behind them all that is set anew when it has run."""

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    async def wait(self, seconds: float) -> None:
        """Until `wake` is called, or so many seconds have passed. To be woken before is to miss it: look first."""
        if self._waiter is not None:
            raise RuntimeError("somebody waits here already")
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        self._until = loop.time() + seconds
        if self._timer is not None and self._timer_at > self._until:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._set(loop)
        try:
            await self._waiter
        finally:
            self._waiter = None

    def wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if loop.time() >= self._until:
            self.wake()
        else:  # it was set for a wait that has ended
            self._set(loop)

    def _set(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer_at = self._until
        self._timer = loop.call_at(self._timer_at, self._look, loop)
