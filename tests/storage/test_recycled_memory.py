"""Memory comes back when nobody looks at it any more, and not a moment earlier."""

from __future__ import annotations

import gc
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from storage.direct_io import PAGE_BYTES
from storage.recycled_memory import RecycledMemory


def _mark(memory: memoryview) -> bytes:
    memory[:8] = mark = os.urandom(8)
    return mark


def test_what_nobody_looks_at_any_more_is_lent_again() -> None:
    recycled = RecycledMemory(PAGE_BYTES, most_spare=2)
    memory = recycled.lend()
    mark = _mark(memory)
    del memory
    assert recycled.lend()[:8] == mark


@pytest.mark.parametrize("keep", [lambda view: view[5:9], lambda view: view.toreadonly()[1:], memoryview])
def test_any_view_of_it_keeps_it(keep) -> None:  # type: ignore[no-untyped-def]
    recycled = RecycledMemory(PAGE_BYTES, most_spare=2)
    memory = recycled.lend()
    memory[:] = os.urandom(PAGE_BYTES)
    kept = keep(memory)
    content = bytes(kept)
    del memory
    gc.collect()
    others = [recycled.lend() for _ in range(3)]
    for other in others:
        other[:] = bytes(PAGE_BYTES)
    assert kept == content
    del kept
    others.append(recycled.lend())
    assert others[-1] != bytes(PAGE_BYTES), "and then it is lent again"


def test_no_more_is_kept_than_may_wait() -> None:
    recycled = RecycledMemory(PAGE_BYTES, most_spare=1)
    first, second = recycled.lend(), recycled.lend()
    _mark(first)
    mark = _mark(second)
    del first, second
    assert [bytes(recycled.lend()[:8]) in (mark, bytes(8)) for _ in range(2)] == [True, True]
    assert len(recycled._spare) <= 1
    assert not recycled._lent


def test_of_many_threads_none_is_lent_what_another_has() -> None:
    recycled = RecycledMemory(PAGE_BYTES, most_spare=4)

    def use(number: int) -> bool:
        for _ in range(200):
            memory = recycled.lend()
            memory[:] = bytes([number]) * PAGE_BYTES
            if memory != bytes([number]) * PAGE_BYTES:
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(8)))
