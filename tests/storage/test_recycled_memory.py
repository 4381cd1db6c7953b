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
    recycled = RecycledMemory(2 * PAGE_BYTES)
    memory = recycled.lend(PAGE_BYTES)
    mark = _mark(memory)
    del memory
    assert recycled.lend(PAGE_BYTES)[:8] == mark


@pytest.mark.parametrize("keep", [lambda view: view[5:9], lambda view: view.toreadonly()[1:], memoryview])
def test_any_view_of_it_keeps_it(keep) -> None:  # type: ignore[no-untyped-def]
    recycled = RecycledMemory(2 * PAGE_BYTES)
    memory = recycled.lend(PAGE_BYTES)
    memory[:] = os.urandom(PAGE_BYTES)
    kept = keep(memory)
    content = bytes(kept)
    del memory
    gc.collect()
    others = [recycled.lend(PAGE_BYTES) for _ in range(3)]
    for other in others:
        other[:] = bytes(PAGE_BYTES)
    assert kept == content
    del kept
    others.append(recycled.lend(PAGE_BYTES))
    assert others[-1] != bytes(PAGE_BYTES), "and then it is lent again"


def test_no_more_is_kept_than_may_wait() -> None:
    recycled = RecycledMemory(PAGE_BYTES)
    first, second = recycled.lend(PAGE_BYTES), recycled.lend(PAGE_BYTES)
    marks = [_mark(first), _mark(second)]
    del first, second
    assert recycled.spare_bytes == PAGE_BYTES
    again = [recycled.lend(PAGE_BYTES) for _ in range(2)]
    assert bytes(again[0][:8]) in marks
    assert again[1] == bytes(PAGE_BYTES)
    del again
    assert not recycled._lent


def test_what_was_wanted_in_another_size_makes_room() -> None:
    recycled = RecycledMemory(4 * PAGE_BYTES)
    small = [recycled.lend(PAGE_BYTES) for _ in range(4)]
    del small
    large = recycled.lend(2 * PAGE_BYTES)
    others = [recycled.lend(2 * PAGE_BYTES) for _ in range(2)]
    marks = [_mark(each) for each in (large, *others)]
    del large, others
    assert recycled.spare_bytes == 4 * PAGE_BYTES, "of three there is room for two, and for none of the small ones"
    again = [recycled.lend(2 * PAGE_BYTES) for _ in range(2)]
    assert all(bytes(each[:8]) in marks for each in again)


def test_of_many_threads_none_is_lent_what_another_has() -> None:
    recycled = RecycledMemory(4 * PAGE_BYTES)

    def use(number: int) -> bool:
        for _ in range(200):
            memory = recycled.lend(PAGE_BYTES)
            memory[:] = bytes([number]) * PAGE_BYTES
            if memory != bytes([number]) * PAGE_BYTES:
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(8)))
