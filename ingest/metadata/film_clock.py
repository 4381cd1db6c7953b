"""Where the times of an MP4's pictures jump, and what its edit list hides (ISO/IEC 14496-12).

A container says how long it is, and means from its first picture to its last. Fragments or clusters that somebody took
out of its middle, or a picture that is said to last for an hour, leave that as it was: only the times between tell.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO, Final

from ingest.metadata.mp4 import MOST_SAMPLES, Box, Budget, boxes_in, boxes_of_film, read_box
from ingest.metadata.mp4_fragments import (
    BASE_OFFSET,
    DESCRIPTION,
    DURATION,
    RUN_DURATION,
    RUN_FIRST_FLAGS,
    RUN_FLAGS,
    RUN_OFFSET,
    RUN_SHIFT,
    RUN_SIZE,
)
from ingest.metadata.stream_clock import CLOCK_HERTZ, USUAL_OF, StreamClock, least_break

LEAST_HIDDEN_SECONDS: Final = 0.25
"""Edit lists leave out what an encoder needs before the first picture: some frames."""
MOST_TRACKS: Final = 64
LONGEST_SECONDS: Final = 31 * 86400.0
MOST_EDITS: Final = 4096
STEPS_IN_A_LOSS: Final = 2
"""Where a fragment's number says that one is missing, a smaller hole is one as well."""
_INTO: Final = frozenset((b"mdia", b"minf", b"stbl", b"edts"))
_KEPT: Final = frozenset((b"tkhd", b"mdhd", b"hdlr", b"stts", b"ctts", b"elst"))
_KINDS: Final = (b"vide", b"soun")

Facts = dict[str, Any]
"""`runs`, as of a stream (stream_clock.py), `hidden_seconds` that its edit list leaves out of `seconds`, and
`declared_seconds` of a track whose pictures or sound come to their end long before, in `reached_seconds`: each only
where there are some."""


@dataclass
class FilmTrack:
    """One track's times, as its moov has them. `length` is that of its samples where fragments say nothing."""

    tables: dict[bytes, bytes] = field(default_factory=dict)
    length: int = 0

    @property
    def number(self) -> int:
        place = self.tables.get(b"tkhd", b"")
        return int.from_bytes(place[20:24] if place[:1] == b"\1" else place[12:16])

    @property
    def declared(self) -> int:
        """How long it says it is; 0 where nobody knew."""
        head = self.tables.get(b"mdhd", b"")
        long = head[:1] == b"\1"
        said, unknown = (head[24:32], (1 << 64) - 1) if long else (head[16:20], (1 << 32) - 1)
        return 0 if int.from_bytes(said) == unknown else int.from_bytes(said)

    @property
    def kind(self) -> bytes:
        return self.tables.get(b"hdlr", b"")[8:12]

    @property
    def scale(self) -> int:
        head = self.tables.get(b"mdhd", b"")
        return int.from_bytes(head[20:24] if head[:1] == b"\1" else head[12:16])

    @property
    def total(self) -> int:
        """All its samples together."""
        return sum(count * length for count, length in zip(*self.pairs(b"stts", "I"), strict=False))

    @property
    def first(self) -> int:
        """Times of showing begin later than those of decoding where pictures come in another order."""
        times = times_of(*self.pairs(b"stts", "I"), self.pairs(b"ctts", "i"))
        return min(islice(times, USUAL_OF), default=0)

    def pairs(self, name: bytes, letter: str) -> tuple[array[int], array[int]]:
        """A table of how many, and what for each of them."""
        table = self.tables.get(name, b"")
        content = array("I", table[8 : 8 + max(0, len(table) - 8) // 8 * 8])
        if sys.byteorder == "little":
            content.byteswap()
        (most,) = struct.unpack_from(">I", table, 4) if len(table) >= 8 else (0,)
        return content[0 : 2 * most : 2], array(letter, content[1 : 2 * most : 2].tobytes())


def read_film(handle: BinaryIO, size: int, budget: Budget) -> Facts:
    """Of the first track of pictures, or else of sound. Raises ReadingTooMuch where the budget is spent."""
    tracks, movie_scale, track, clock = list[FilmTrack](), 0, None, None
    for box in boxes_of_film(handle, size, budget):
        if box.kind == b"moov" and track is None:
            movie_scale = read_moov(handle, box, tracks, budget)
            track = next((each for kind in _KINDS for each in tracks if each.kind == kind and each.scale), None)
        elif box.kind == b"moof" and track is not None and box.end < size:  # else it is torn, or nothing follows it
            clock = clock or FragmentClock(track)
            clock.take(handle, box, budget)
    if track is None:
        return {}
    if clock is not None:
        return {**with_runs(clock.runs()), **clock.seconds()}
    facts = with_runs(runs_of_tables(track, budget))
    # Sound may be hidden below a picture that is all shown.
    firsts = [next((each for each in tracks if each.kind == kind and each.scale), None) for kind in _KINDS]
    there = [each for each in firsts if each is not None]
    short = next((found for each in there if (found := short_of(each))), Facts())
    return {**facts, **hidden_of(there, movie_scale), **short}


def hidden_of(tracks: list[FilmTrack], movie_scale: int) -> Facts:
    hidden = max((hidden_by_edits(each, movie_scale) for each in tracks), default=0.0)
    if hidden < LEAST_HIDDEN_SECONDS:
        return {}
    return {"hidden_seconds": round(hidden, 3), "seconds": round(seconds_of_all(tracks, movie_scale), 3)}


def seconds_of_all(tracks: list[FilmTrack], movie_scale: int) -> float:
    """From the first to the last sample, hidden or not, each track where its first edit lays it beside the others: of
    sound that begins late the wait counts. So our copies have it (ingest/media/encoding.py, all_of_it)."""
    begins = [begin_by_edits(each, movie_scale) for each in tracks]
    ends = [begin + each.total / each.scale for begin, each in zip(begins, tracks, strict=True)]
    return max(ends) - min(begins)


def begin_by_edits(track: FilmTrack, movie_scale: int) -> float:
    """When a track's first sample is shown, in seconds; negative where it lies before what is."""
    edits = list(islice(read_edits(track.tables.get(b"elst", b"")), 2))
    waits = edits[0][0] if edits and edits[0][1] < 0 else 0
    shown_from = next((at for _, at in edits if at >= 0), 0)
    return waits / movie_scale + (track.first - shown_from) / track.scale


def with_runs(runs: list[dict[str, Any]]) -> Facts:
    return {"runs": runs} if runs else {}


def read_moov(handle: BinaryIO, moov: Box, tracks: list[FilmTrack], budget: Budget) -> int:
    """Its tracks into `tracks`; the time scale of the film as a whole."""
    scale, lengths = 0, dict[int, int]()
    for box in boxes_in(handle, moov.content_at, moov.end, budget):
        if box.kind == b"mvhd":
            head = read_box(handle, box, budget, 40)
            scale = int.from_bytes(head[20:24] if head[:1] == b"\1" else head[12:16])
        elif box.kind == b"trak" and len(tracks) < MOST_TRACKS:
            tracks.append(track := FilmTrack())
            read_track(handle, box, track.tables, budget, 0)
        elif box.kind == b"mvex":
            for each in boxes_in(handle, box.content_at, box.end, budget):
                if each.kind == b"trex":
                    said = read_box(handle, each, budget, 24)
                    lengths[int.from_bytes(said[4:8])] = int.from_bytes(said[12:16])
    for track in tracks:
        track.length = lengths.get(track.number, 0)
    return scale


def read_track(handle: BinaryIO, parent: Box, tables: dict[bytes, bytes], budget: Budget, depth: int) -> None:
    for box in boxes_in(handle, parent.content_at, parent.end, budget):
        if box.kind in _INTO and depth < 4:
            read_track(handle, box, tables, budget, depth + 1)
        elif box.kind in _KEPT and box.kind not in tables:
            tables[box.kind] = read_box(handle, box, budget)


def runs_of_tables(track: FilmTrack, budget: Budget) -> list[dict[str, Any]]:
    """Most films have no step that is long enough, and then their pictures are not gone through one by one."""
    counts, lengths = track.pairs(b"stts", "I")
    shifts = track.pairs(b"ctts", "i")
    scale = track.scale
    usual = [in_ticks(time, scale) for time in islice(times_of(counts, lengths, shifts), USUAL_OF)]
    most = least_break(usual)
    swings = shifts if shifts[1] and in_ticks(max(shifts[1]) - min(shifts[1]), scale) > most else (array("I"),) * 2
    longest = max(lengths, default=0)
    if not swings[1] and in_ticks(longest, scale) <= most:
        return []
    clock = StreamClock(most, turns_over=False)
    if swings[1]:
        for time in times_of(counts, lengths, swings):
            budget.take(boxes=1)
            clock.take(in_ticks(time, scale))
    else:
        take_spans(clock, counts, lengths, scale, most, budget)
    holds_the_last = bool(lengths) and in_ticks(lengths[-1], scale) > most
    return clock.all_runs() if holds_the_last else clock.runs()


def take_spans(
    clock: StreamClock, counts: array[int], lengths: array[int], scale: int, most: int, budget: Budget
) -> None:
    """A run of pictures of one length in one step."""
    now = 0
    for count, length in zip(counts, lengths, strict=False):
        budget.take(boxes=1)
        if in_ticks(length, scale) <= most:
            if count:
                clock.take(in_ticks(now, scale))
                clock.take_through(in_ticks(now + length * (count - 1), scale), in_ticks(length, scale))
            now += length * count
        else:
            for _ in range(count):
                budget.take(boxes=1)
                clock.take(in_ticks(now, scale))
                now += length


def short_of(track: FilmTrack) -> Facts:
    """8.4.2: a track says how long it is, which is all its samples together, and both are written when it is closed.
    Where its tables have less than that by what would be a jump of its clock, somebody shortened them."""
    counts, lengths = track.pairs(b"stts", "I")
    total = track.total
    shifts = track.pairs(b"ctts", "i")
    usual = [in_ticks(time, track.scale) for time in islice(times_of(counts, lengths, shifts), USUAL_OF)]
    lacking = in_ticks(track.declared - total, track.scale)
    if lacking <= least_break(usual) or track.declared > LONGEST_SECONDS * track.scale:
        return {}
    declared, reached = (round(time / track.scale, 3) for time in (track.declared, total))
    return {"declared_seconds": declared, "reached_seconds": reached}


def times_of(counts: array[int], lengths: array[int], shifts: tuple[array[int], array[int]]) -> Iterator[int]:
    """When each picture is shown: its place in the order of decoding, and how much later that is than then."""
    now, shift = 0, (by for many, by in zip(*shifts, strict=False) for _ in range(many))
    for count, length in zip(counts, lengths, strict=False):
        for _ in range(count):
            yield now + next(shift, 0)
            now += length


def in_ticks(time: int, scale: int) -> int:
    return time * CLOCK_HERTZ // scale


def hidden_by_edits(track: FilmTrack, movie_scale: int) -> float:
    """8.6.6: what is shown of a track, piece by piece. What is in none of them nobody sees who plays the file: how many
    seconds that is."""
    edits = list(islice(read_edits(track.tables.get(b"elst", b"")), MOST_EDITS))
    total = track.total
    if not edits or not movie_scale or not total:
        return 0.0
    begin = track.first
    end_of_all = begin + total
    pieces = ((at, at + span * track.scale // movie_scale if span else end_of_all) for span, at in edits if at >= 0)
    covered, reached = 0, begin
    for start, end in sorted(pieces):
        end = min(end, end_of_all)
        covered += max(0, end - max(start, reached))
        reached = max(reached, end)
    return (total - covered) / track.scale


def read_edits(table: bytes) -> Iterator[tuple[int, int]]:
    """How long, in the film's own time scale, and from where in the track; -1: nothing is shown for so long."""
    shape = struct.Struct(">QqI" if table[:1] == b"\1" else ">IiI")
    content = table[8 : 8 + max(0, len(table) - 8) // shape.size * shape.size]
    for span, at, _ in shape.iter_unpack(content):
        yield span, at


class FragmentClock:
    """Of one track as its fragments go by (8.8). Each has a number that is one more than the one before it, and mostly
    says when it begins."""

    def __init__(self, track: FilmTrack) -> None:
        self._track, self._number, self._now = track, 0, 0
        self._clock: StreamClock | None = None
        self._most, self._is_lost = 0, False

    def take(self, handle: BinaryIO, moof: Box, budget: Budget) -> None:
        for box in boxes_in(handle, moof.content_at, moof.end, budget):
            if box.kind == b"mfhd":
                number = int.from_bytes(read_box(handle, box, budget, 8)[4:8])
                self._is_lost = self._is_lost or 0 < self._number < number - 1
                self._number = number
            elif box.kind == b"traf":
                self._take_track(handle, box, budget)

    def runs(self) -> list[dict[str, Any]]:
        return [] if self._clock is None else self._clock.runs()

    def seconds(self) -> Facts:
        """Up to when there are pictures: of a film whose last fragment is torn nobody else says so."""
        return {} if self._clock is None else {"seconds": self._clock.seconds}

    def _take_track(self, handle: BinaryIO, traf: Box, budget: Budget) -> None:
        length, is_told = self._track.length, False
        for box in boxes_in(handle, traf.content_at, traf.end, budget):
            if box.kind == b"tfhd":
                head = read_box(handle, box, budget, 40)
                if int.from_bytes(head[4:8]) != self._track.number:
                    return
                length = length_in(head, length)
            elif box.kind == b"tfdt":
                said = read_box(handle, box, budget, 12)
                self._now, is_told = int.from_bytes(said[4:12] if said[:1] == b"\1" else said[4:8]), True
            elif box.kind == b"trun":
                self._take_pictures(read_pictures(read_box(handle, box, budget), length), is_told)

    def _take_pictures(self, pictures: list[tuple[int, int]], is_told: bool) -> None:
        scale, times = self._track.scale, list[int]()
        for length, shift in pictures:
            times.append(in_ticks(self._now + shift, scale))
            self._now += length
        if not times:
            return
        if self._clock is None:
            self._most = least_break(times[:USUAL_OF])
            self._clock = StreamClock(self._most, turns_over=False)
        elif self._is_lost and not is_told:
            self._clock.break_at(times[0], told=False)
        elif self._is_lost and min(times) > self._clock.end + STEPS_IN_A_LOSS * self._clock.step:
            self._clock.break_at(times[0], told=True)
        self._is_lost = False
        for time in times:
            self._clock.take(time)


def length_in(head: bytes, otherwise: int) -> int:
    """tfhd: that of a sample where a run says none."""
    flags = int.from_bytes(head[:4])
    at = 8 + (8 if flags & BASE_OFFSET else 0) + (4 if flags & DESCRIPTION else 0)
    return int.from_bytes(head[at : at + 4]) if flags & DURATION else otherwise


def read_pictures(run: bytes, length: int) -> list[tuple[int, int]]:
    """trun: of each sample how long it is, and how much later it is shown than decoded."""
    flags, count = struct.unpack_from(">II", run)
    at = 8 + (4 if flags & RUN_OFFSET else 0) + (4 if flags & RUN_FIRST_FLAGS else 0)
    fields = [flag for flag in (RUN_DURATION, RUN_SIZE, RUN_FLAGS, RUN_SHIFT) if flags & flag]
    if not fields:
        return [(length, 0)] * min(count, MOST_SAMPLES)
    row = struct.Struct(">" + "".join("i" if each == RUN_SHIFT else "I" for each in fields))
    content = run[at : at + min(count, max(0, len(run) - at) // row.size) * row.size]
    places = {flag: n for n, flag in enumerate(fields)}
    long, shift = places.get(RUN_DURATION), places.get(RUN_SHIFT)
    return [
        (length if long is None else said[long], 0 if shift is None else said[shift])
        for said in row.iter_unpack(content)
    ]
