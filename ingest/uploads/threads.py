"""Where what blocks is run: the catalog's work and the bytes' in different threads; none waits for the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

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
        return await asyncio.get_running_loop().run_in_executor(self.disk, work)

    async def in_catalog(self, work: Callable[[], T]) -> T:
        """What `work` gives or raises."""
        return await asyncio.get_running_loop().run_in_executor(self._catalog, work)
