"""The ring: every consumer sees every byte, and one failure ends everybody."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from storage.piece_ring import SLOT_BYTES, SLOTS, PieceRing

LARGE_BYTES = (SLOTS * 2 + 3) * SLOT_BYTES + 12_345
CONTENT = os.urandom(SLOT_BYTES) * (SLOTS * 2 + 4)


def _sizes(total_bytes: int, piece_bytes: int) -> Iterator[int]:
    for start in range(0, total_bytes, piece_bytes):
        yield min(piece_bytes, total_bytes - start)


def _read(offset: int, slot: memoryview) -> int:
    length = min(len(slot), LARGE_BYTES - offset)
    slot[:length] = CONTENT[offset : offset + length]
    return length


def test_consumers_that_cut_and_hurry_differently_all_see_the_whole_stream() -> None:
    ring = PieceRing(LARGE_BYTES, consumers=3)
    seen: list[list[bytes]] = [[], [], []]

    def consume(number: int, piece_bytes: int, delay_seconds: float) -> None:
        for piece in ring.pieces(number, _sizes(LARGE_BYTES, piece_bytes)):
            time.sleep(delay_seconds)
            seen[number].append(bytes(piece))

    ring.run(
        lambda: ring.fill(_read),
        (
            lambda: consume(0, SLOT_BYTES, 0),
            lambda: consume(1, SLOT_BYTES - 16, 0.002),
            lambda: consume(2, 700_001, 0),
        ),
    )
    for pieces in seen:
        assert b"".join(pieces) == CONTENT[:LARGE_BYTES]


class _BrokenError(Exception):
    pass


def _threads_of_rings() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("ring-")]


@pytest.mark.parametrize("breaks", ["producer", "fast consumer", "slow consumer"])
def test_the_first_failure_ends_all_and_is_raised(breaks: str) -> None:
    ring = PieceRing(LARGE_BYTES, consumers=2)

    def produce() -> None:
        ring.fill(lambda offset, slot: _fail_at(offset) if breaks == "producer" else _read(offset, slot))

    def consume(number: int, broken: bool) -> None:
        for count, _piece in enumerate(ring.pieces(number, _sizes(LARGE_BYTES, SLOT_BYTES))):
            if broken and count == 5:
                raise _BrokenError
            time.sleep(0.001 * number)

    with pytest.raises(_BrokenError):
        ring.run(
            produce, (lambda: consume(0, breaks == "fast consumer"), lambda: consume(1, breaks == "slow consumer"))
        )
    assert _threads_of_rings() == []


def _fail_at(offset: int) -> int:
    raise _BrokenError(offset)


def test_an_interrupt_while_only_waiting_ends_the_threads_too() -> None:
    ring = PieceRing(LARGE_BYTES, consumers=1)

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ring.run(interrupted, (lambda: [None for _ in ring.pieces(0, (1,))] and None,))
    assert _threads_of_rings() == []
