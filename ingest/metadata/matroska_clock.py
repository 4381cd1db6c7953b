"""The times of a Matroska film's pictures (RFC 9559), and where they jump: film_clock.py says why.

Elements that hold others are gone into, and all others skipped, so that those whose writer never came back to say how
long they are (live recordings) are read like any other.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from ingest.ebml import CLUSTER, HEAD_BYTES, SEGMENT, read_element, read_number
from ingest.metadata.mp4 import Budget
from ingest.metadata.stream_clock import CLOCK_HERTZ, USUAL_OF, StreamClock, least_break

INFO, TRACKS, TRACK_ENTRY = b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b", b"\xae"
BLOCK_GROUP: Final = b"\xa0"
TIME_SCALE, DURATION, TRACK_NUMBER, TRACK_TYPE = b"\x2a\xd7\xb1", b"\x44\x89", b"\xd7", b"\x83"
CLUSTER_TIME, SIMPLE_BLOCK, BLOCK, BLOCK_DURATION = b"\xe7", b"\xa3", b"\xa1", b"\x9b"
_HOLD_OTHERS: Final = frozenset((SEGMENT, INFO, TRACKS, TRACK_ENTRY, CLUSTER, BLOCK_GROUP))
# What may stand beside those within clusters and at the top: where another thing stands, something was cut out.
_SKIPPED: Final = frozenset(
    bytes.fromhex(name)
    for name in (
        *("1a45dfa3", "114d9b74", "1c53bb6b", "1254c367", "1941a469", "1043a770", "ec", "bf"),
        *("a7", "ab", "9b", "fb", "fa", "fd", "a4", "75a1", "75a2", "8e", "5854", "af", "a2", "c8"),
    )
)
_NUMBERS: Final = (TIME_SCALE, TRACK_NUMBER, TRACK_TYPE, CLUSTER_TIME, BLOCK_DURATION)
_FLOATS: Final = {4: ">f", 8: ">d"}
_KINDS: Final = (1, 2)  # pictures, sound
MOST_TRACKS: Final = 64
_PIECE_BYTES: Final = 1 << 20
_NANOSECONDS: Final = 1_000_000_000
_LONGEST_SECONDS: Final = 31 * 86400.0


@dataclass
class _Film:
    """What was read of it so far. `ends`: of each track up to when it has something, `kinds`: what they are of."""

    scale: int = 1_000_000
    declared: float = 0.0
    number: int = 0
    base: int = 0
    kinds: dict[int, int] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    begins: int | None = None
    first: list[int] = field(default_factory=list)
    clock: StreamClock | None = None
    _chosen: int | None = None
    _block: tuple[int, int] = (0, 0)

    def take_number(self, name: bytes, value: int) -> None:
        if name == TIME_SCALE:
            self.scale = value or self.scale
        elif name == TRACK_NUMBER:
            self.number = value
        elif name == TRACK_TYPE and len(self.kinds) < MOST_TRACKS:
            self.kinds.setdefault(self.number, value)
        elif name == CLUSTER_TIME:
            self.base = value
        elif name == BLOCK_DURATION:  # of the one that stands before it
            self._reach(self._block[0], self._block[1] + value)

    def take_block(self, head: bytes) -> None:
        track, width = read_number(head, 0)
        if track is None:
            return
        time = self.base + int.from_bytes(head[width : width + 2], signed=True)
        self._block = track, time
        self._reach(track, time)
        if self.kinds.get(track) in _KINDS:
            self.begins = time if self.begins is None else min(self.begins, time)
        if self._chosen is None:
            self._chosen = next((each for kind in _KINDS for each, said in self.kinds.items() if said == kind), 0)
        if track == self._chosen:
            self._take_time(time * self.scale * CLOCK_HERTZ // _NANOSECONDS)

    def _reach(self, track: int, time: int) -> None:
        if track in self.kinds:
            self.ends[track] = max(self.ends.get(track, 0), time)

    def _take_time(self, ticks: int) -> None:
        """What a break is the first ones say, all together."""
        if self.clock is not None:
            self.clock.take(ticks)
            return
        self.first.append(ticks)
        if len(self.first) == USUAL_OF:
            self.begin()

    def begin(self) -> None:
        self.clock = StreamClock(least_break(self.first), turns_over=False)
        for ticks in self.first:
            self.clock.take(ticks)

    def seconds(self, time: float) -> float:
        return round(time * self.scale / _NANOSECONDS, 3)

    def lengths(self, step_seconds: float) -> dict[str, Any]:
        """How long those tracks are that have picture or sound, which may be told of each (`DURATION`, a tag that most
        writers put). Where the film says that it is longer than any track, by more than a break: what it declares, and
        what there is. And its length, where what it says counts from a time long before its first picture (a piece of
        a longer recording), or up to the end of a line of text that is shown for longer than the film."""
        ends = {n: self.seconds(self.ends.get(n, 0)) for n in self.kinds}
        least, declared = least_break(self.first) / CLOCK_HERTZ, self.seconds(self.declared)
        shown = max((end for n, end in ends.items() if self.kinds[n] in _KINDS), default=0.0)
        begins = self.seconds(self.begins or 0)
        told: dict[str, Any] = {"break_seconds": least}
        told["ends"] = [[kind, ends[n]] for n, kind in self.kinds.items() if kind in _KINDS]
        if not 0 < declared <= _LONGEST_SECONDS:
            return told
        if max(ends.values(), default=0) + least < declared:
            told |= {"declared_seconds": declared, "reached_seconds": shown}
        elif shown + least < declared:
            told["length_seconds"] = round(shown + step_seconds - (begins if begins > least else 0), 3)
        elif begins > least and shown <= declared + least:
            told["length_seconds"] = round(declared - begins, 3)
        return told


def read_matroska(handle: BinaryIO, size: int, budget: Budget) -> dict[str, Any]:
    """Of the first track of pictures, or else of sound: `runs`, and up to when there are some in `seconds`, which a
    film says nowhere whose writer never came back; and what _Film.lengths gives. Raises ReadingTooMuch where the budget
    is spent."""
    film = _Film()
    for name, at, length in _elements(handle, size, budget):
        if name in (SIMPLE_BLOCK, BLOCK):
            handle.seek(at)
            film.take_block(handle.read(12))
        elif name in _NUMBERS:
            handle.seek(at)
            film.take_number(name, int.from_bytes(handle.read(min(length, 8))))
        elif name == DURATION and length in _FLOATS:
            handle.seek(at)
            content = handle.read(length)
            film.declared = struct.unpack(_FLOATS[length], content)[0] if len(content) == length else 0.0
    if film.clock is None:
        film.begin()
    clock = film.clock
    if clock is None or not clock.has_begun:
        return {}
    return {"runs": clock.runs(), "seconds": clock.seconds, **film.lengths(clock.step / CLOCK_HERTZ)}


def _elements(handle: BinaryIO, size: int, budget: Budget) -> Iterator[tuple[bytes, int, int]]:
    """Those that hold no others, with where their content is and how long. Where what follows is none that can be
    there, the next cluster is looked for, as players do; one that nobody knows is passed over, as they do, where
    another follows it: what it holds is of no track."""
    at, is_in_tracks = 0, False
    while at < size:
        budget.take(boxes=1)
        handle.seek(at)
        found = read_element(handle.read(HEAD_BYTES))
        if found is None:
            at = _next_cluster(handle, at + 1, size, budget)
            continue
        name, content_at = found.kind, at + found.head_bytes
        if name in _HOLD_OTHERS:
            # What a track or the film says of itself holds much that is of no use here, and nothing of it is unknown.
            is_in_tracks = name in (INFO, TRACKS, TRACK_ENTRY)
            at = content_at
            continue
        if found.size_bytes is None or content_at + found.size_bytes > size:
            at = _next_cluster(handle, at + 1, size, budget)
            continue
        after = content_at + found.size_bytes
        if is_in_tracks or name in _SKIPPED or name in (*_NUMBERS, SIMPLE_BLOCK, BLOCK):
            yield name, content_at, found.size_bytes
        elif not _may_follow(handle, after, size):
            after = _next_cluster(handle, at + 1, size, budget)
        at = after


def _may_follow(handle: BinaryIO, at: int, size: int) -> bool:
    handle.seek(at)
    found = read_element(handle.read(HEAD_BYTES))
    return at == size or (found is not None and found.kind in _HOLD_OTHERS | _SKIPPED)


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
