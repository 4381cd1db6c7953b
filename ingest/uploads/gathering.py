"""Small pieces of blocking work, done together by a thread for all requests that want one at the time.

A thread for each request costs more than the work: two switches, and with a commit its own wait for the disk; a batch
of one takes nearly as long as one of ten. So what comes while a batch is under way goes with the next one, and who
comes in company waits some milliseconds for it. Alone, a request waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Given = TypeVar("Given")
_MOST_TOGETHER = 200
_HELD_UP_SECONDS = 0.1
_COMPANY_SECONDS = 0.01
_FORGETTING = 0.1
"""How much of the difference a smaller batch makes to what is expected of the next one."""


class Gathering(Generic[Asked, Given]):
    """`work` answers each of a batch in order; an exception among its answers is raised to whoever asked.

    One batch is under way at a time, unless it is held up: then others go on beside it. To be called on one event loop.
    A request that is cancelled leaves its work to be done all the same.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Given | Exception]], name: str, lanes: int = 3):
        self._work = work
        # Each lane is a thread with a queue of its own: threads that wait at one queue wake each other for nothing.
        self._free = [ThreadPoolExecutor(1, f"{name}-{number}") for number in range(lanes)]
        self._waiting: list[tuple[Asked, asyncio.Future[Given]]] = []
        self._running: _Batch[Asked, Given] | None = None
        self._company = 1.0
        self._patience: asyncio.TimerHandle | None = None

    async def __call__(self, asked: Asked) -> Given:
        """The answer to one. Raises what `work` gives or raises for it."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Given] = loop.create_future()
        self._waiting.append((asked, future))
        self._start_soon(loop)
        return await future

    def _start_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        """At once if as many are here as lately came together; else when they are, or in a moment."""
        if self._running is not None or not self._waiting:
            return
        if len(self._waiting) >= int(self._company):
            self._start(loop)
        elif self._patience is None:
            self._patience = loop.call_later(_COMPANY_SECONDS, self._start, loop)

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if self._running is not None or not self._waiting or not self._free:
            return
        came = len(self._waiting)
        self._company = max(came, self._company + (came - self._company) * _FORGETTING)
        some, self._waiting = self._waiting[:_MOST_TOGETHER], self._waiting[_MOST_TOGETHER:]
        batch = self._running = _Batch(loop, self._free.pop(), some)
        batch.watch = loop.call_later(_HELD_UP_SECONDS, self._overtake, batch)
        batch.lane.submit(self._run, batch)

    def _overtake(self, batch: _Batch[Asked, Given]) -> None:
        """Nobody waits any longer for a batch that is held up."""
        if self._running is batch:
            self._running = None
            self._start(batch.loop)

    def _run(self, batch: _Batch[Asked, Given]) -> None:
        """In a thread: one call into the loop for all answers, where a future each would take one for each."""
        answers: Sequence[Given | BaseException]
        try:
            answers = self._work([asked for asked, _ in batch.of])
        except BaseException as error:
            answers = [error] * len(batch.of)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            batch.loop.call_soon_threadsafe(self._end, batch, answers)

    def _end(self, batch: _Batch[Asked, Given], answers: Sequence[Given | BaseException]) -> None:
        if batch.watch is not None:
            batch.watch.cancel()
        self._free.append(batch.lane)
        for (_, future), answer in zip(batch.of, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        if self._running is batch:
            self._running = None
        self._start_soon(batch.loop)


class _Batch(Generic[Asked, Given]):
    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        lane: ThreadPoolExecutor,
        of: Sequence[tuple[Asked, asyncio.Future[Given]]],
    ) -> None:
        self.loop = loop
        self.lane = lane
        self.of = of
        self.watch: asyncio.TimerHandle | None = None
