"""Where the clock of an MPEG stream jumps: TS and PS (ISO/IEC 13818-1) carry times, and nothing says how long they run.

A recorder that pauses goes on in the same file, its clock run on; one that was restarted begins at nothing again. Last
time minus first is then no length: it makes twenty minutes of footage out of two pieces of four seconds with a pause of
twenty minutes between them, and four seconds out of three pieces that each begin at nothing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from itertools import chain, islice, pairwise
from typing import Any, BinaryIO, Final

from ingest.metadata.mp4 import Budget
from ingest.metadata.transport_stream import Layout, payload_at

CLOCK_HERTZ: Final = 90_000
CLOCK_TURNS_OVER: Final = 1 << 33
BREAK_TICKS: Final = 2 * CLOCK_HERTZ
"""Pictures that come in another order than they are shown in, or are left out, stay far below."""
USUAL_OF: Final = 64
STEPS_IN_A_BREAK: Final = 4
"""Of a film that takes a picture every few seconds, as a camera does that is to last for days: so many at least."""
MOST_RUNS: Final = 256
MOST_BYTES: Final = 8 << 30
MOST_HEADS: Final = 6_000_000
"""Of elementary packets, and of bytes that look like one. A program stream may begin one every 2 KiB."""
LONGEST_PROCESSOR_SECONDS: Final = 20.0
"""8 GiB of an ordinary stream take ten."""
LONGEST_PAUSE_TICKS: Final = 3600 * CLOCK_HERTZ
"""A clock that turns over every 26.5 hours says nothing of a jump that is more than a pause: it may be any number."""
LONGEST_STATED_PAUSE_TICKS: Final = 24 * LONGEST_PAUSE_TICKS
LONGEST_OFFSET_SECONDS: Final = 14 * 86400.0
_PACKETS: Final = 20_000
_PIECE_BYTES: Final = 4 << 20
_HEAD_BYTES: Final = 32
_PICTURES: Final = re.compile(rb"\x00\x00\x01[\xe0-\xef]")
_SOUND: Final = re.compile(rb"\x00\x00\x01[\xc0-\xdf]")
_PACK_START: Final = b"\x00\x00\x01\xba"

Run = dict[str, Any]
"""`offset_seconds` from the beginning of the recording, `seconds`, and `by_clock`: whether the clock says where it
lies, or nothing but that it follows the one before."""


def own_budget() -> Budget:
    until = time.process_time() + LONGEST_PROCESSOR_SECONDS
    return Budget(boxes=MOST_HEADS, bytes=2 * MOST_BYTES, until=until)


def read_runs(
    handle: BinaryIO, start: bytes, size: int, layout: Layout | None, budget: Budget | None = None
) -> list[Run]:
    """The pieces between the breaks of a stream's clock, in order; none where it has no break, or is no such stream."""
    clock = read_clock(handle, start, size, layout, budget)
    return [] if clock is None else clock.runs()


def read_clock(
    handle: BinaryIO, start: bytes, size: int, layout: Layout | None, budget: Budget | None = None
) -> StreamClock | None:
    """Of its pictures, or else of its sound, from beginning to end. None where it is no such stream.

    Of a file over MOST_BYTES nothing is said. Raises ReadingTooMuch where the budget is spent: half of the breaks
    would be another film."""
    if size > MOST_BYTES or (layout is None and not start.startswith(_PACK_START)):
        return None
    budget = budget or own_budget()
    for elementary in (_PICTURES, _SOUND):
        times = _times(handle, layout, elementary, budget)
        first = list(islice(times, USUAL_OF))
        clock = StreamClock(least_break(first))
        for ticks in chain(first, times):
            clock.take(ticks)
        if clock.has_begun:
            return clock
    return None


def least_break(times: Sequence[int]) -> int:
    """In ticks: what no film steps over by itself whose first pictures have these times, in whatever order."""
    steps = sorted(later - earlier for earlier, later in pairwise(sorted(set(times))))
    usual = steps[len(steps) // 2] if len(steps) >= STEPS_IN_A_BREAK else 0
    return max(BREAK_TICKS, STEPS_IN_A_BREAK * usual)


class StreamClock:
    """Takes the times of one stream's pictures, in ticks of 90 kHz, in the order of the file. Of a container whose
    clock does not turn over a pause may be as long as a day, and is then what it looks."""

    def __init__(self, break_ticks: int = BREAK_TICKS, *, turns_over: bool = True) -> None:
        self._break_ticks, self._turns_over = break_ticks, turns_over
        self._last: int | None = None
        # On a clock that never turns over: now, and where this run starts and has come to.
        self._now = self._start = self._top = 0
        self._step = 0  # how long a picture lasts: the least that lies between two
        self._offset_seconds, self._by_clock = 0.0, True
        self._ended: list[Run] = []

    @property
    def has_begun(self) -> bool:
        return self._last is not None

    @property
    def step(self) -> int:
        return self._step

    @property
    def end(self) -> int:
        """When the last picture that is shown began, on a clock that does not turn over."""
        return self._top

    def take(self, ticks: int) -> None:
        if self._last is None:
            self._last = self._now = self._start = self._top = ticks
            return
        since = ticks - self._last
        if self._turns_over:
            since = (since + CLOCK_TURNS_OVER // 2) % CLOCK_TURNS_OVER - CLOCK_TURNS_OVER // 2
        self._now, self._last = self._now + since, ticks
        if 0 < since <= self._break_ticks:
            self._step = min(self._step or since, since)
        ahead = self._now - self._top
        if abs(ahead) > self._break_ticks:
            self._break(ahead)
        else:
            self._top = max(self._top, self._now)
            self._start = min(self._start, self._now)

    def take_through(self, ticks: int, step: int) -> None:
        """On to this time by steps that are none too long, each of them a picture's."""
        if self._last is not None:
            self._now, self._last = self._now + ticks - self._last, ticks
        self._step = min(self._step or step, step)
        self._top = max(self._top, self._now)

    def break_at(self, ticks: int, *, told: bool) -> None:
        """Something else says that what lay between is missing; `told`: and this time says how much that was."""
        if self._last is not None:
            self._now, self._last = self._now + ticks - self._last, ticks
            self._break(self._now - self._top if told else 0)

    def runs(self) -> list[Run]:
        return [*self._ended, self._this_run()] if self._ended else []

    @property
    def seconds(self) -> float:
        """From the first picture to the end of the last."""
        last = self._this_run()
        return float(round(last["offset_seconds"] + last["seconds"], 3))

    def all_runs(self) -> list[Run]:
        """The one as well that nothing breaks."""
        return [*self._ended, self._this_run()]

    def _break(self, ahead: int) -> None:
        """Past MOST_RUNS the last one takes in the rest: nobody can say where that lies."""
        run = self._this_run()
        if len(self._ended) < MOST_RUNS - 1:
            self._ended.append(run)
            elapsed = (self._now - self._start) / CLOCK_HERTZ
            self._offset_seconds += elapsed if ahead > 0 and not self._is_too_far(ahead) else run["seconds"]
            self._start = self._top = self._now
        else:
            self._top = self._now
            self._start = self._now - round(run["seconds"] * CLOCK_HERTZ)
        longest = LONGEST_PAUSE_TICKS if self._turns_over else LONGEST_STATED_PAUSE_TICKS
        told = 0 < ahead <= longest and not self._is_too_far(ahead)
        self._by_clock = self._by_clock and told and len(self._ended) < MOST_RUNS - 1

    def _is_too_far(self, ahead: int) -> bool:
        """Nobody records for weeks in one file: what says so is believed of what it holds alone."""
        if self._turns_over:
            return False
        return ahead > LONGEST_STATED_PAUSE_TICKS or self._offset_seconds > LONGEST_OFFSET_SECONDS

    def _this_run(self) -> Run:
        return {
            "offset_seconds": round(self._offset_seconds, 3),
            "seconds": round((self._top - self._start + self._step) / CLOCK_HERTZ, 3),
            "by_clock": self._by_clock,
        }


def _times(handle: BinaryIO, layout: Layout | None, elementary: re.Pattern[bytes], budget: Budget) -> Iterator[int]:
    """Those of the first stream of this kind; another camera's in the same file has a clock of its own."""
    handle.seek(0)
    if layout is None:
        heads = _heads_in_pack(handle, elementary, budget)
    else:
        heads = _heads_in_packets(handle, layout, elementary, budget)
    first: bytes | None = None
    for stream, head in heads:
        ticks = time_in(head)
        if ticks is None:
            continue
        first = first or stream
        if stream == first:
            yield ticks


def _heads_in_packets(
    handle: BinaryIO, layout: Layout, elementary: re.Pattern[bytes], budget: Budget
) -> Iterator[tuple[bytes, bytes]]:
    """Of a transport stream, with what tells its streams apart: the packet id."""
    size, sync_at = layout.packet_bytes, layout.sync_at
    while piece := handle.read(_PACKETS * size):
        budget.take(bytes_=len(piece))
        for found in elementary.finditer(piece):
            budget.take(boxes=1)
            at = found.start()
            packet_at = at - at % size
            header_at = packet_at + sync_at
            if payload_at(piece, header_at) != at or not piece[header_at + 1] & 0x40:
                continue
            packet_id = bytes((piece[header_at + 1] & 0x1F, piece[header_at + 2]))
            yield packet_id, piece[at : min(at + _HEAD_BYTES, layout.end_of(packet_at))]


def _heads_in_pack(handle: BinaryIO, elementary: re.Pattern[bytes], budget: Budget) -> Iterator[tuple[bytes, bytes]]:
    """Of a program stream, where a stream's own number is in its start code."""
    rest = b""
    while piece := handle.read(_PIECE_BYTES):
        budget.take(bytes_=len(piece))
        piece = rest + piece
        whole = max(0, len(piece) - _HEAD_BYTES)
        rest = piece[whole:]
        for found in elementary.finditer(piece):
            budget.take(boxes=1)
            if found.start() < whole:
                yield found[0][3:], piece[found.start() : found.start() + _HEAD_BYTES]


def time_in(head: bytes) -> int | None:
    """The time of presentation at the head of an elementary packet, by its fixed bits; None where it has none."""
    if len(head) < 9:
        return None
    if head[6] & 0xC0 == 0x80:  # 2.4.3.6
        return _stamp_at(head, 9) if head[7] & 0x80 else None
    # ISO/IEC 11172-1, 2.4.3.3: stuffing, and the size of a buffer.
    at = 6 + len(head[6:]) - len(head[6:].lstrip(b"\xff"))
    if head[at : at + 1] and head[at] & 0xC0 == 0x40:
        at += 2
    return _stamp_at(head, at)


def _stamp_at(head: bytes, at: int) -> int | None:
    stamp = head[at : at + 5]
    if len(stamp) < 5 or stamp[0] & 0xE1 != 0x21 or not stamp[2] & stamp[4] & 1:
        return None
    return (stamp[0] >> 1 & 7) << 30 | (int.from_bytes(stamp[1:3]) >> 1) << 15 | int.from_bytes(stamp[3:5]) >> 1
