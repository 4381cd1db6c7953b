"""How many bytes a container declares, against how many there are. Reads headers only; decodes nothing.

A faststart MP4 cut anywhere still opens, with its full duration: only its boxes tell that footage is missing.
This runs inside the sandbox (inside.py), and what one file may cost is bounded beforehand all the same.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO, Final

from ingest.containers import next_fragment, number_of_fragment, read_at
from ingest.ebml import MAGIC
from ingest.media.avi_chunks import PictureChunks, read_picture_chunks, read_stream_headers, seconds_of_sound
from ingest.media.boxes import Allowance, Box, read_boxes
from ingest.media.indexes import Indexed, read_avi_index, weigh_chunks, weigh_cues, weigh_fragments
from ingest.media.matroska import end_of_segment
from ingest.media.mpeg_frames import count_frames, weigh_totals
from ingest.media.program_stream import PACK, read_program
from ingest.media.riff import FORMS, HEAD_BYTES, Chunk, read_chunks
from ingest.media.sample_tables import SampleTables, TrackExtent, read_tables
from ingest.media.signs import Packets, read_packets
from ingest.media.sound_frames import count_sound
from ingest.media.sound_totals import end_of_tag, first_frame, is_mpeg_sound, read_totals
from ingest.media.sound_walk import SoundFrames
from ingest.media.still_end import JPEG, PNG, end_of_still
from ingest.media.unclaimed import Span, count_unclaimed, find_film
from ingest.media.unseen import look_for_unseen, rooms_of_matroska, rooms_of_riff

MP4_FIRST = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"uuid"})
# One of any other type that claims to reach beyond the end is no box at all: letters of a maker's tail or of garbage.
MP4_TOP = MP4_FIRST | {b"mfra", b"sidx", b"ssix", b"prft", b"pdin", b"emsg", b"meta", b"udta", b"jumb"}
DESCRIBING: Final = MP4_TOP - {b"mdat", b"free", b"skip", b"wide", b"uuid"}
"""Boxes that say something of the film: all others hold it, or something else."""
FOOTAGE: Final = ("moov", "mdat")
# Room that is kept: where it ends beyond the end of the file, nothing is gone.
PADDING: Final = frozenset({"free", "skip", "wide"})
# What writers put who do not know yet how long it will be: as large as it gets, with a header or without.
OPEN_WAVES: Final = (range(0, 1), range(0x7FFFF000, 0x80000100), range(0xFFFFFF00, 1 << 32))
MOST_TRACKS: Final = 32
MOST_BROKEN: Final = 256


@dataclass(frozen=True)
class Boxes:
    """Top-level structure of a file. `declared_bytes` never is less than what is understood of it.

    `reaching` names the box that ends beyond the end of the file, `trailing_bytes` counts what follows the last box
    and is none. Where measuring was not `complete`, what was not seen may still be there. `sample_bytes` is the sum of
    what the tables of an MP4 say of each sample, of all its tracks; `lacking` are the tracks of which some lie beyond
    the end. `nothing_lost`: it ends before its time, and what it lacks is room, or bytes that no sample is in.
    `second_at`: where another file begins, behind the first or in room that it keeps, and where it ends, if not with
    the first. `unclaimed_bytes`: what is of no track, where that is much.
    `sound_frames`: how many a stream of MPEG sound says it has. `sound_seconds`: of sound
    without a container, by its frames, and of the longest in an AVI. `chunks`: those of an AVI's picture.
    `indexed`: what its index names. `broken`: what lies between the fragments of an MP4 and is no box."""

    declared_bytes: int
    present_bytes: int
    kinds: frozenset[str] = field(default_factory=frozenset)
    reaching: str | None = None
    trailing_bytes: int = 0
    complete: bool = True
    sample_bytes: int = 0
    lacking: tuple[TrackExtent, ...] = ()
    nothing_lost: bool = False
    sound_frames: int | None = None
    sound_seconds: float | None = None
    chunks: PictureChunks | None = None
    second_at: int | None = None
    second_end: int | None = None
    unclaimed_bytes: int = 0
    broken: tuple[Span, ...] = ()
    indexed: Indexed | None = None

    @property
    def second_bytes(self) -> int:
        end = self.present_bytes if self.second_end is None else self.second_end
        return 0 if self.second_at is None else max(0, end - self.second_at)

    @property
    def film_end(self) -> int:
        """Where the film ends by its own word, and what follows is none of it. That of the file where it says nothing,
        and where samples are said to lie behind the last box."""
        end = self.present_bytes - self.trailing_bytes
        return end if self.complete and self.declared_bytes <= end else self.present_bytes

    @property
    def missing_bytes(self) -> int:
        return max(0, self.declared_bytes - self.present_bytes)


def measure_boxes(path: Path, clock: Callable[[], float] = time.process_time) -> Boxes | None:
    """None where the container does not declare its length: only MP4, RIFF, Matroska, whole TS packets, and the
    header that many encoders put before MPEG sound do; of sound without a container each frame does, and of an MPEG
    program stream each packet, and so the last one.

    Never raises for what the file holds; `clock` gives seconds, of the processor unless said otherwise (what is
    found is signed, and must not depend on the disk), and after LONGEST_SECONDS what is known has to do."""
    present = path.stat().st_size
    allowance = Allowance.of_one_file(clock)
    with path.open("rb") as handle:
        start = handle.read(12)
        if start[:4] in FORMS and len(start) == 12:
            return measure_riff(handle, present, allowance)
        if start[4:8] in MP4_FIRST:
            return measure_mp4(handle, present, allowance)
        if start[:4] == MAGIC:
            declared = end_of_segment(handle, present, allowance)
            if declared is None:
                return None
            boxes = with_what_follows(handle, Boxes(declared, present, indexed=weigh_cues(handle, present, allowance)))
            return with_unseen(handle, boxes, rooms_of_matroska(handle, present, allowance), allowance)
        if start.startswith((JPEG, PNG)):
            end = end_of_still(handle, present)
            return None if end is None else with_what_follows(handle, Boxes(end, present))
        if start.startswith(PACK):
            return measure_packets(read_program(handle, present, allowance), present, allowance)
        # Before MPEG sound: behind a tag either may stand, and in ADTS what looks like a frame of the other by chance.
        sound = count_sound(handle, present, allowance, end_of_tag(start))
        if sound is not None:
            return measure_sound(handle, sound, present)
        if is_mpeg_sound(start):
            return measure_mpeg_sound(handle, present, allowance)
        return measure_packets(read_packets(handle, present, allowance), present, allowance)


def measure_packets(packets: Packets | None, present: int, allowance: Allowance) -> Boxes | None:
    if packets is None:
        return Boxes(present, present, complete=False) if allowance.spent else None
    return Boxes(packets.declared, present, trailing_bytes=packets.trailing, complete=not allowance.spent)


def measure_sound(handle: BinaryIO, sound: SoundFrames, present: int) -> Boxes:
    boxes = Boxes(sound.end, present, complete=sound.complete, sound_seconds=sound.seconds)
    return with_what_follows(handle, boxes)


def measure_mpeg_sound(handle: BinaryIO, present: int, allowance: Allowance) -> Boxes | None:
    first = first_frame(handle)
    if first is None:
        return None
    at, start = first
    totals, counted = read_totals(handle, at, start, present), count_frames(handle, at, present, allowance)
    if totals is None:
        return None if counted is None else measure_sound(handle, counted, present)
    length = weigh_totals(totals, counted, start, present)
    complete = counted is None or counted.complete
    boxes = Boxes(length.end, present, complete=complete, sound_frames=length.frames, sound_seconds=length.seconds)
    return with_what_follows(handle, boxes)


def with_what_follows(handle: BinaryIO, boxes: Boxes) -> Boxes:
    """Of a file that ends by its own word before its bytes do."""
    start = read_at(handle, boxes.declared_bytes, 12)
    begins = start[:4] in (MAGIC, *FORMS) or start.startswith((JPEG, PNG)) or start[4:8] == b"ftyp"
    second_at = boxes.declared_bytes if begins else None
    return replace(boxes, trailing_bytes=max(0, boxes.present_bytes - boxes.declared_bytes), second_at=second_at)


def with_unseen(handle: BinaryIO, boxes: Boxes, rooms: Iterator[Box], allowance: Allowance) -> Boxes:
    """What no player shows, unless more than that is known to lie behind the film."""
    if boxes.second_at is not None:
        return boxes
    unseen = look_for_unseen(handle, rooms, boxes.present_bytes)
    if unseen.film is not None:
        return replace(boxes, second_at=unseen.film.at, second_end=unseen.film.end)
    return replace(boxes, unclaimed_bytes=unseen.bytes, complete=boxes.complete and not allowance.spent)


def read_film(handle: BinaryIO, present: int, allowance: Allowance, broken: list[Span]) -> Iterator[Box]:
    """The boxes of an MP4, also those of fragments behind what is none: where such a thing lies goes to `broken`."""
    at, number = 0, None
    while at < present:
        for box in read_boxes(handle, at, present, allowance):
            if box.end > present and box.kind not in MP4_TOP:
                break
            yield box
            at = box.end
            if box.kind == b"moof":
                number = number_of_fragment(handle, box.content_at)
        if number is None or at >= present:
            return
        further = next_fragment(handle, at, present, number, lambda: allowance.allows(boxes=1))
        if further is None:
            return
        broken.append(Span(at, further))
        at = further


def measure_mp4(handle: BinaryIO, present: int, allowance: Allowance) -> Boxes:
    reach, end, kinds, reaching, second = 0, 0, set[str](), None, None
    tracks, hidden, payloads, indexed = list[SampleTables](), list[SampleTables](), list[Box](), None
    broken = list[Span]()
    for box in read_film(handle, present, allowance, broken):
        kind = box.kind.decode("latin-1")
        # Where another film begins players follow the first alone.
        if second is None and kind in ("ftyp", "moov") and kind in kinds and not kinds.isdisjoint(FOOTAGE):
            second = Span(end, present)
        if box.kind not in DESCRIBING:
            payloads.append(box)
            second = second or (find_film(handle, box, present) if kind != "mdat" else None)
        kinds.add(kind)
        end = max(end, box.end)
        if box.end > present:
            reaching = kind
        if box.kind == b"mfra":
            indexed = weigh_fragments(handle, box, present, allowance)
        if box.kind == b"moov":
            for track in read_tables(handle, box, present, allowance):
                (hidden if track.is_renamed else tracks).append(track)
    sample_bytes = sum(track.sample_bytes for track in tracks)
    reach = max([end, *(track.furthest() for track in tracks)])
    # Without an index nobody knows where the film was to end.
    trailing = max(0, present - end) if "moov" in kinds and not allowance.spent else 0
    boxes = Boxes(
        reach,
        present,
        frozenset(kinds),
        reaching,
        trailing,
        not allowance.spent,
        sample_bytes,
        indexed=indexed,
        broken=tuple(broken[:MOST_BROKEN]),
    )
    if second is not None:
        boxes = replace(boxes, second_at=second.at, second_end=second.end)
    elif hidden:
        boxes = replace(boxes, unclaimed_bytes=sum(track.sample_bytes for track in hidden))
    elif boxes.complete and "moof" not in kinds:
        boxes = replace(boxes, unclaimed_bytes=count_unclaimed(handle, payloads, tracks, sample_bytes, present))
    return with_tracks(boxes, tracks) if boxes.missing_bytes else boxes


def with_tracks(boxes: Boxes, tracks: list[SampleTables]) -> Boxes:
    """Whose samples are beyond the end of a file that ends before its time; or that there are none. Tables that are
    torn themselves say nothing of it."""
    if boxes.reaching == "moov":
        return boxes
    known = [track for track in tracks if track.says_sizes]
    extents = [track.extent(boxes.present_bytes) for track in known]
    lacking = tuple(each for each in extents if each.present_samples < each.declared_samples)
    said = boxes.complete and "moof" not in boxes.kinds and len(known) == len(tracks) > 0
    harmless = boxes.reaching in PADDING or (boxes.reaching == "mdat" and said)
    return replace(boxes, lacking=lacking[:MOST_TRACKS], nothing_lost=harmless and not lacking)


def measure_riff(handle: BinaryIO, present: int, allowance: Allowance) -> Boxes:
    """One RIFF after another (AVI 2.0, "AVIX"). Where another film begins behind the first, that is the film."""
    if (large := size_of_rf64(handle)) is not None:
        return with_what_follows(handle, Boxes(large, present, frozenset({"WAVE"})))
    forms, second_at = list[Chunk](), None
    for form in takewhile(lambda each: each.kind == b"RIFF", read_chunks(handle, 0, present, allowance)):
        if forms and form.name != b"AVIX":
            second_at = form.at
            break
        forms.append(form)
    kinds = frozenset(form.name.decode("latin-1") for form in forms)
    if not forms or any(form.is_open or (form.name == b"WAVE" and is_open(form.size_bytes + 4)) for form in forms):
        boxes = Boxes(present, present, kinds)
        return with_pictures(handle, boxes, allowance, was_left_open=True) if "AVI " in kinds else boxes
    end = forms[-1].end
    inside = read_within(handle, forms[-1], present if second_at is None else second_at, allowance)
    if "WAVE" in kinds and inside.data_bytes is not None and is_open(inside.data_bytes):
        return Boxes(present, present, kinds)
    within = inside.data_end
    # Some count the header of the RIFF itself, and some pad what they did not count: all chunks are there.
    miscounted = within == present and end - present <= HEAD_BYTES
    reach = max(end, within) if "WAVE" in kinds else end
    # A WAV whose sound is said to end sooner than it does hides what follows, within the RIFF's own size.
    known_end = min(end, inside.end) if kinds == {"WAVE"} else end
    trailing = 0 if allowance.spent else max(0, present - known_end)
    boxes = Boxes(
        reach, present, kinds, None, trailing, not allowance.spent, nothing_lost=miscounted, second_at=second_at
    )
    boxes = with_unseen(handle, boxes, rooms_of_riff(handle, present, allowance), allowance)
    return with_pictures(handle, boxes, allowance) if "AVI " in kinds else boxes


def with_pictures(handle: BinaryIO, boxes: Boxes, allowance: Allowance, *, was_left_open: bool = False) -> Boxes:
    """`was_left_open`: nobody came back to say how much it is, or to write an index: it is looked at as a cut one."""
    present = min(boxes.declared_bytes, boxes.present_bytes)
    is_cut = was_left_open or (boxes.missing_bytes > 0 and not boxes.nothing_lost)
    headers = read_stream_headers(handle, present, allowance)
    index = None if is_cut else read_avi_index(handle, present, allowance)
    return replace(
        boxes,
        indexed=None if index is None else weigh_chunks(handle, index, allowance),
        chunks=read_picture_chunks(handle, present, headers, index, allowance),
        sound_seconds=seconds_of_sound(headers, index),
    )


def is_open(size: int) -> bool:
    return any(size in sizes for sizes in OPEN_WAVES)


@dataclass(frozen=True)
class Inside:
    """Of a RIFF: `data_bytes` is what a WAV says it has of sound, `data_end` where that ends by its own word, or else
    its last chunk; `end` where the last chunk of all does, within the file."""

    data_end: int
    data_bytes: int | None
    end: int


def read_within(handle: BinaryIO, form: Chunk, present: int, allowance: Allowance) -> Inside:
    """Whatever the RIFF says of itself."""
    end, data = form.content_at, None
    for chunk in read_chunks(handle, form.content_at, present, allowance):
        end = chunk.end + (chunk.is_odd and chunk.end < present)
        if chunk.kind == b"data" and data is None:
            data = chunk.size_bytes, end
    data_bytes, data_end = (None, end) if data is None else data
    return Inside(data_end, data_bytes, min(end, present))


def size_of_rf64(handle: BinaryIO) -> int | None:
    """EBU Tech 3306: the size of a WAV of more than 4 GiB stands in the chunk ds64 that comes first."""
    handle.seek(0)
    start = handle.read(28)
    if start[:4] != b"RF64" or start[12:16] != b"ds64" or len(start) < 28:
        return None
    return 8 + int(struct.unpack_from("<Q", start, 20)[0])
