"""The times of a Matroska film's pictures (RFC 9559), and where they jump: film_clock.py says why.

Elements that hold others are gone into, and all others skipped, so that those whose writer never came back to say how
long they are (live recordings) are read like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, BinaryIO, Final

from ingest.metadata.mp4 import Budget
from ingest.metadata.stream_clock import CLOCK_HERTZ, USUAL_OF, StreamClock, least_break

MAGIC: Final = b"\x1a\x45\xdf\xa3"
SEGMENT, INFO, TRACKS, TRACK_ENTRY = b"\x18\x53\x80\x67", b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b", b"\xae"
CLUSTER, BLOCK_GROUP = b"\x1f\x43\xb6\x75", b"\xa0"
TIME_SCALE, TRACK_NUMBER, TRACK_TYPE = b"\x2a\xd7\xb1", b"\xd7", b"\x83"
CLUSTER_TIME, SIMPLE_BLOCK, BLOCK = b"\xe7", b"\xa3", b"\xa1"
_HOLD_OTHERS: Final = frozenset((SEGMENT, INFO, TRACKS, TRACK_ENTRY, CLUSTER, BLOCK_GROUP))
# What may stand beside those within clusters and at the top: where another thing stands, something was cut out.
_SKIPPED: Final = frozenset(
    bytes.fromhex(name)
    for name in (
        *("1a45dfa3", "114d9b74", "1c53bb6b", "1254c367", "1941a469", "1043a770", "ec", "bf"),
        *("a7", "ab", "9b", "fb", "fa", "fd", "a4", "75a1", "75a2", "8e", "5854", "af", "a2", "c8"),
    )
)
_KINDS: Final = (1, 2)  # pictures, sound
_PIECE_BYTES: Final = 1 << 20
_NANOSECONDS: Final = 1_000_000_000
_HEAD_BYTES: Final = 24


def read_matroska(handle: BinaryIO, size: int, budget: Budget) -> dict[str, Any]:
    """Of the first track of pictures, or else of sound: `runs`, and up to when there are some in `seconds`, which a
    film says nowhere whose writer never came back. Raises ReadingTooMuch where the budget is spent."""
    times = _times(handle, size, budget)
    first = list(islice(times, USUAL_OF))
    clock = StreamClock(least_break(first), turns_over=False)
    for ticks in chain(first, times):
        clock.take(ticks)
    if not clock.has_begun:
        return {}
    last = clock.all_runs()[-1]
    return {"runs": clock.runs(), "seconds": round(last["offset_seconds"] + last["seconds"], 3)}


def _times(handle: BinaryIO, size: int, budget: Budget) -> Iterator[int]:
    scale, number, base = 1_000_000, 0, 0
    kinds: dict[int, int] = {}
    chosen: int | None = None
    for name, at, length in _elements(handle, size, budget):
        if name in (SIMPLE_BLOCK, BLOCK):
            if chosen is None:
                chosen = next((each for kind in _KINDS for each, said in kinds.items() if said == kind), 0)
            handle.seek(at)
            head = handle.read(12)
            track, width = _number(head, 0)
            if width and track == chosen:
                time = base + int.from_bytes(head[width : width + 2], signed=True)
                yield time * scale * CLOCK_HERTZ // _NANOSECONDS
        elif name in (TIME_SCALE, TRACK_NUMBER, TRACK_TYPE, CLUSTER_TIME):
            handle.seek(at)
            value = int.from_bytes(handle.read(min(length, 8)))
            if name == TIME_SCALE:
                scale = value or scale
            elif name == TRACK_NUMBER:
                number = value
            elif name == TRACK_TYPE:
                kinds.setdefault(number, value)
            else:
                base = value


def _elements(handle: BinaryIO, size: int, budget: Budget) -> Iterator[tuple[bytes, int, int]]:
    """Those that hold no others, with where their content is and how long. Where what follows is none that can be
    there, the next cluster is looked for, as players do; one that nobody knows is passed over, as they do, where
    another follows it: what it holds is of no track."""
    at, is_in_tracks = 0, False
    while at < size:
        budget.take(boxes=1)
        handle.seek(at)
        head = handle.read(_HEAD_BYTES)
        width = 9 - head[0].bit_length() if head and head[0] else 0
        name = head[:width]
        length, more = _number(head, width) if 1 <= width <= 4 else (None, 0)
        content_at = at + width + more
        if name in _HOLD_OTHERS and more:
            # What a track or the film says of itself holds much that is of no use here, and nothing of it is unknown.
            is_in_tracks = name in (INFO, TRACKS, TRACK_ENTRY)
            at = content_at
            continue
        known = is_in_tracks or name in _SKIPPED or name in (CLUSTER_TIME, SIMPLE_BLOCK, BLOCK)
        if not more or length is None or content_at + length > size:
            at = _next_cluster(handle, at + 1, size, budget)
            continue
        if not known:
            after = content_at + length
            at = after if _may_follow(handle, after, size) else _next_cluster(handle, at + 1, size, budget)
            continue
        yield name, content_at, length
        at = content_at + length


def _may_follow(handle: BinaryIO, at: int, size: int) -> bool:
    handle.seek(at)
    head = handle.read(4)
    return at == size or (bool(head and head[0]) and head[: 9 - head[0].bit_length()] in _HOLD_OTHERS | _SKIPPED)


def _number(head: bytes, at: int) -> tuple[int | None, int]:
    """A number and its width; None: of unknown length. Width 0 where there is none."""
    if at >= len(head) or not head[at]:
        return None, 0
    width = 9 - head[at].bit_length()
    value = int.from_bytes(head[at : at + width]) & ((1 << 7 * width) - 1)
    if at + width > len(head):
        return None, 0
    return (None if value == (1 << 7 * width) - 1 else value), width


def _next_cluster(handle: BinaryIO, at: int, size: int, budget: Budget) -> int:
    while at < size:
        handle.seek(at)
        piece = handle.read(_PIECE_BYTES)
        budget.take(bytes_=len(piece))
        found = piece.find(CLUSTER)
        if found >= 0:
            return at + found
        if len(piece) < _PIECE_BYTES:
            return size
        at += len(piece) - len(CLUSTER) + 1
    return size
