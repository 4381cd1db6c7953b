"""Where what blocks is run: the catalog's work and the bytes' in different threads; none waits for the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
_DISK_THREADS = 8
_CATALOG_THREADS = 8


class Threads:
    """To be called on an event loop."""

    def __init__(self) -> None:
        self.disk = ThreadPoolExecutor(_DISK_THREADS, "upload-disk")
        self._catalog = ThreadPoolExecutor(_CATALOG_THREADS, "upload-catalog")

    async def on_disk(self, work: Callable[[], T]) -> T:
        """What `work` gives or raises."""
        return await started_in(self.disk, work)

    async def in_catalog(self, work: Callable[[], T]) -> T:
        """What `work` gives or raises."""
        return await started_in(self._catalog, work)


def started_in(threads: Executor, work: Callable[[], T]) -> asyncio.Future[T]:
    """What `work` is going to give or raise. It runs to its end, whatever becomes of the future.

    As the loop's `run_in_executor`, but for the second future that is kept in step with the first there: a body of a
    gigabyte has some thousand blocks, and each is handed to a thread.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            given = work()
        except BaseException as error:
            tell(outcome.set_exception, error)
        else:
            tell(outcome.set_result, given)

    def tell(end: Callable[[Any], None], how: object) -> None:
        with suppress(RuntimeError):  # a loop that has ended has nobody left who waits
            loop.call_soon_threadsafe(lambda: None if outcome.done() else end(how))

    threads.submit(run)
    return outcome
