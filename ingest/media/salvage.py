"""Pictures out of a film that lost its index, and what a decoder needs out of one that has it. Runs inside the sandbox.

    python -I -S -B salvage.py sets MEDIA PACKAGE…              the parameter sets of a whole film
    python -I -S -B salvage.py pictures MEDIA OUT SETS PACKAGE…  writes OUT; SETS: as the first gave them, or "none"

One line of JSON. A recorder that is switched off has written its samples, one after another, and not yet the index that
says where each begins. But H.264 and HEVC samples are chains of units, each with its length before it (ISO/IEC
14496-15, 5.3.2): a chain is followed as long as it holds; where it breaks (sound lies between), the next place is
looked for at which one begins again. Sound has no such marks and is not recovered. Nothing is changed in a picture: the
units are copied, with start codes instead of lengths (Rec. ITU-T H.264, annex B).
"""

from __future__ import annotations

import json
import mmap
import os
import re
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Final

if TYPE_CHECKING:
    from ingest.media.parameter_sets import ParameterSets

START_CODE: Final = b"\0\0\0\1"
LONGEST_SECONDS: Final = 300.0
"""Of the processor: what else the machine has to do cuts no film short."""
LOOKS_A_CLOCK: Final = 64
MOST_UNIT_BYTES: Final = 4 << 20
# Where the chain is broken by sound after each picture, a longer one is believed by itself.
SHORTEST_ALONE: Final = 64
# How far in-band parameter sets are looked for: they stand before the first picture, or before each that can be sought.
SETS_WITHIN_BYTES: Final = 16 << 20
# A length of less than 16 MiB, then the first byte of a unit. H.264: a slice, an instantaneous refresh, SEI, SPS, PPS,
# delimiter, with the importance each is written with. HEVC: slices, refreshes, VPS, SPS, PPS, delimiter, SEI.
FIRST_BYTES: Final = {
    "h264": rb"[\x01\x21\x41\x61\x25\x45\x65\x06\x27\x47\x67\x28\x48\x68\x09]",
    "hevc": rb"[\x00\x02\x04\x06\x08\x0a\x0c\x0e\x10\x12\x26\x28\x2a\x40\x42\x44\x46\x4e\x50]",
}
IN_BAND_SPS: Final = rb"\x00\x00[\x00\x01].[\x27\x47\x67][\x42\x4d\x58\x64]"


class Pictures:
    """The units of one codec in a file that is mapped, never read as a whole. `until`: by this process's own clock.

    `complete` is False once that time came before the end of the file."""

    def __init__(self, data: mmap.mmap, sets: ParameterSets, until: float) -> None:
        self.data, self.size, self.until = data, len(data), until
        self.complete, self.looks = True, 0
        self.codec, self.sets = sets.codec, frozenset(sets.sets)
        self.start = re.compile(rb"[\x00-\x3f][\x00-\xff]{2}" + FIRST_BYTES[sets.codec], re.DOTALL)
        self.first = re.compile(FIRST_BYTES[sets.codec], re.DOTALL)
        self.cut_at_end = False

    def time_is_up(self) -> bool:
        if self.looks % LOOKS_A_CLOCK == 0 and time.process_time() >= self.until:
            self.complete = False
        self.looks += 1
        return not self.complete

    def unit_at(self, at: int) -> int | None:
        """The length of the unit whose length stands at `at`; None where none can begin there."""
        length = int.from_bytes(self.data[at : at + 4], "big")
        if not 2 <= length <= MOST_UNIT_BYTES or not self.first.match(self.data[at + 4 : at + 5]):
            return None
        if at + 4 + length > self.size:
            self.cut_at_end = True
            return None
        return length if self.is_sound(at + 4, length) else None

    def is_sound(self, at: int, length: int) -> bool:
        """Whether these may be a unit's first bytes, and its last: no zero ends one, no start code lies within."""
        head = self.data[at : at + min(length, 12)]
        if b"\0\0\1" in head or b"\0\0\0" in head or self.data[at + length - 1] == 0:
            return False
        return self.is_sound_hevc(head) if self.codec == "hevc" else self.is_sound_avc(head, at, length)

    def is_sound_hevc(self, head: bytes) -> bool:
        """Of the base layer, each picture in one slice, as recorders write it (Rec. ITU-T H.265, 7.3.1.2, 7.3.6.1)."""
        if len(head) < 3 or not 1 <= head[1] <= 3:
            return False
        return head[0] >> 1 >= 32 or head[2] & 0x80 > 0

    def is_sound_avc(self, head: bytes, at: int, length: int) -> bool:
        """first_mb_in_slice, slice_type and pic_parameter_set_id are Exp-Golomb codes (Rec. ITU-T H.264, 7.3.3)."""
        kind = head[0] & 0x1F
        if kind in (7, 8):
            return self.data[at : at + length] in self.sets
        if kind == 9:
            return length == 2
        return kind not in (1, 5) or self.slice_begins_well(head[1:])

    @staticmethod
    def slice_begins_well(head: bytes) -> bool:
        bits, values = "".join(f"{byte:08b}" for byte in head), list[int]()
        at = 0
        while len(values) < 3:
            zeros = len(bits[at:]) - len(bits[at:].lstrip("0"))
            if zeros > 16 or at + 2 * zeros + 1 > len(bits):
                return False
            values.append(int(bits[at + zeros : at + 2 * zeros + 1], 2) - 1)
            at += 2 * zeros + 1
        return values[1] <= 9 and values[2] <= 3

    def chain(self, at: int) -> Iterator[tuple[int, int]]:
        """Every unit as (its first byte, its length)."""
        while at + 6 < self.size and not self.time_is_up():
            length = self.unit_at(at)
            if length is None:
                found = self.next_start(at + 1)
                if found is None:
                    return
                at = found
                continue
            yield at + 4, length
            at += 4 + length

    def next_start(self, at: int) -> int | None:
        """Where a chain begins again: at two units in a row, or at a lone picture that holds no such pair within."""
        for place in self.candidates(at, self.size):
            if self.is_paired(place):
                return place
            length = self.unit_at(place)
            if length is None or length < SHORTEST_ALONE or not self.is_picture(place + 4):
                continue
            inner = self.candidates(place + 1, min(self.size, place + 4 + length))
            return next((one for one in inner if self.is_paired(one)), place)
        return None

    def candidates(self, at: int, end: int) -> Iterator[int]:
        while (found := self.start.search(self.data, at, end)) is not None and not self.time_is_up():
            # The first byte of a length below 4 MiB is 0; the pattern begins at its second.
            place = found.start() - 1
            if place >= 0 and self.data[place] == 0 and self.unit_at(place) is not None:
                yield place
            at = found.start() + 1

    def is_paired(self, place: int) -> bool:
        length = self.unit_at(place)
        return length is not None and self.unit_at(place + 4 + length) is not None

    def is_picture(self, at: int) -> bool:
        """The first slice of one: its first bit says macroblock 0 in H.264; HEVC has a flag, looked at before."""
        if self.codec == "hevc":
            return self.data[at] >> 1 < 32
        return self.data[at] & 0x1F in (1, 5) and self.data[at + 1] & 0x80 > 0


def find_sets(data: mmap.mmap) -> ParameterSets | None:
    """Parameter sets that stand among the pictures themselves (H.264): the film describes itself."""
    from ingest.media.parameter_sets import MOST_SET_BYTES, ParameterSets

    for found in re.finditer(IN_BAND_SPS, data[: min(len(data), SETS_WITHIN_BYTES)], re.DOTALL):
        at, sets = found.start(), list[bytes]()
        while len(sets) < 8:
            length = int.from_bytes(data[at : at + 4], "big")
            kind = data[at + 4] & 0x1F if at + 4 < len(data) else 0
            if kind not in (7, 8) or not 2 <= length <= MOST_SET_BYTES:
                break
            sets.append(data[at + 4 : at + 4 + length])
            at += 4 + length
        if {one[0] & 0x1F for one in sets} == {7, 8}:
            return ParameterSets("h264", tuple(sets))
    return None


def copy_pictures(data: mmap.mmap, out: BinaryIO, sets: ParameterSets, begin: int) -> dict[str, Any]:
    """Write the sets, then every unit. Counts are of units and bytes; `first_at` is where the first picture began,
    `last_at` where the last one ended. Not `complete`: the time was used up there, and more may follow."""
    pictures = Pictures(data, sets, time.process_time() + LONGEST_SECONDS)
    for one in sets.sets:
        out.write(START_CODE + one)
    units, copied, first, last = 0, 0, None, begin
    for at, length in pictures.chain(begin):
        out.write(START_CODE)
        out.write(data[at : at + length])
        first = at if first is None else first
        units, copied, last = units + 1, copied + length, at + length
    return {
        "codec": sets.codec,
        "units": units,
        "picture_bytes": copied,
        "other_bytes": max(0, last - begin - copied),
        "first_at": first,
        "last_at": last,
        "complete": pictures.complete,
        "cut_at_end": pictures.cut_at_end,
    }


def samples_begin(data: mmap.mmap) -> int:
    """After the header of the first mdat that stands among the first boxes; 0 where there is none."""
    at = data.find(b"mdat", 0, 1 << 20)
    return 0 if at < 4 else at + (12 if data[at - 4 : at] == b"\0\0\0\1" else 4)


def salvage(media: str, out: str, said: str) -> dict[str, Any]:
    from ingest.media.parameter_sets import ParameterSets

    with open(media, "rb") as source:  # noqa: PTH123 - as inside.py
        data = mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)
        sets = find_sets(data) if said == "none" else ParameterSets.from_facts(json.loads(said))
        if sets is None:
            return {"units": 0, "missing": "parameter_sets"}
        with open(out, "wb") as target:  # noqa: PTH123
            return copy_pictures(data, target, sets, samples_begin(data))


def main() -> int:
    wanted, media, *rest = sys.argv[1:]
    packages = rest if wanted == "sets" else rest[2:]
    sys.path.extend({os.path.dirname(package): None for package in packages})  # noqa: PTH120
    if wanted == "sets":
        from pathlib import Path

        from ingest.media.parameter_sets import read_parameter_sets

        print(json.dumps(read_parameter_sets(Path(media)).as_facts()))
        return 0
    print(json.dumps(salvage(media, rest[0], rest[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
