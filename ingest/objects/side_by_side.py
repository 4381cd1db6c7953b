"""Small objects looked at side by side: while one waits for the medium, another is hashed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Final

from ingest.objects.look import SMALL_BYTES, Look
from ingest.objects.stated import Stated
from storage.direct_io import aligned_buffer
from storage.objects.protocol import ObjectStore

SIDE_BY_SIDE: Final = 2


def look_at_small(store: ObjectStore, objects: Sequence[Stated]) -> tuple[list[str | None], int]:
    """What a look at all of each found, in their order, and how many bytes were read; of up to SMALL_BYTES each."""
    with ThreadPoolExecutor(SIDE_BY_SIDE, "scrub") as threads:
        looked = list(threads.map(_OfThread(store), objects))
    return [found for found, _ in looked], sum(read for _, read in looked)


class _OfThread(threading.local):
    """Each thread has memory of its own: touching fresh one takes half as long as hashing."""

    def __init__(self, store: ObjectStore) -> None:
        self._store, self._memory = store, aligned_buffer(SMALL_BYTES)

    def __call__(self, stated: Stated) -> tuple[str | None, int]:
        with closing(Look(self._store, stated, self._memory)) as look:
            read = look.go_on(SMALL_BYTES)
            return look.found, read
