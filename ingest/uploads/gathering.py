"""Small pieces of blocking work, done together by a thread for all requests that want one at the time.

A thread for each request costs more than the work: two switches, and with a commit its own wait for the disk. So what
comes while a batch is under way goes with the next one. Alone, a request waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Given = TypeVar("Given")
_MOST_TOGETHER = 200


class Gathering(Generic[Asked, Given]):
    """`work` answers each of a batch in order; an exception among its answers is raised to whoever asked.

    Two batches may be under way at once, so that one that is held up does not hold up all. To be called on one event
    loop. A request that is cancelled leaves its work to be done all the same.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Given | Exception]], name: str, lanes: int = 2):
        self._work = work
        self._threads = ThreadPoolExecutor(lanes, name)
        self._free_lanes = lanes
        self._waiting: list[tuple[Asked, asyncio.Future[Given]]] = []

    async def __call__(self, asked: Asked) -> Given:
        """The answer to one. Raises what `work` gives or raises for it."""
        future: asyncio.Future[Given] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, future))
        self._start_batch()
        return await future

    def _start_batch(self) -> None:
        if not self._waiting or not self._free_lanes:
            return
        batch, self._waiting = self._waiting[:_MOST_TOGETHER], self._waiting[_MOST_TOGETHER:]
        self._free_lanes -= 1
        running = asyncio.get_running_loop().run_in_executor(self._threads, self._work, [asked for asked, _ in batch])
        running.add_done_callback(lambda done: self._end_batch([future for _, future in batch], done))

    def _end_batch(
        self, futures: Sequence[asyncio.Future[Given]], done: asyncio.Future[Sequence[Given | Exception]]
    ) -> None:
        self._free_lanes += 1
        failure = asyncio.CancelledError() if done.cancelled() else done.exception()
        answers = [failure] * len(futures) if failure is not None else done.result()
        for future, answer in zip(futures, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        self._start_batch()
