"""How long a program stream is, by its last packets (ISO/IEC 13818-1, 2.5, and 11172-1, 2.4).

It says nowhere how long it is as a whole, but each of its packets does of itself: where it was torn, the last one ends
beyond the end of the file. What ends with a whole packet may have been cut there, and nobody can say; a recorder that
is switched off leaves no end code either.
Like damage.py this runs inside the sandbox, reads a bounded part of the file, and never raises for what it holds.
"""

from __future__ import annotations

import re
from typing import BinaryIO, Final

from ingest.media.boxes import Allowance
from ingest.media.signs import Packets
from ingest.media.zeros import end_of_data

PREFIX: Final = b"\0\0\1"
PACK: Final = PREFIX + b"\xba"
TAIL_BYTES: Final = 8 << 20
"""Packs follow one another within 0.7 seconds (2.7.1): so many bytes hold some at any rate that recorders have."""
MOST_PACKET_BYTES: Final = 1 << 16
END_CODE, PACK_CODE = 0xB9, 0xBA
PICTURES: Final = range(0xE0, 0xF0)
SHORTEST_PACK_BYTES: Final = 12
HEAD_BYTES: Final = 6
"""Of every packet but a pack's and the end code: its start code, and how much follows."""
# No picture and no sound of MPEG has one of these: what is coded in them has lower ones.
_NEXT: Final = re.compile(rb"\x00\x00\x01[\xb9-\xff]")


def read_program(handle: BinaryIO, present: int, allowance: Allowance) -> Packets | None:
    """The bytes of its packets once the last one is whole, and what follows them and is none. None where the file is no
    program stream, or nobody can say.

    Of a large one the end alone is gone through, from a pack on: no packet is longer than 64 KiB. Zeros that a recorder
    set aside may be more than that."""
    handle.seek(0)
    if next_pack(handle.read(SHORTEST_PACK_BYTES + 16), 0, allowance) != 0:
        return None
    begin = max(0, end_of_data(handle, present, allowance) + MOST_PACKET_BYTES - TAIL_BYTES)
    handle.seek(begin)
    tail = handle.read(TAIL_BYTES)
    at = next_pack(tail, 0, allowance)
    end = at
    while at is not None and at < len(tail) and allowance.allows(boxes=1):
        length = packet_bytes(tail, at)
        if length is None:  # A maker's own words, or a hole: what follows the next pack is footage again.
            at = next_pack(tail, at, allowance)
        else:
            at = end = at + length
    if end is None or allowance.spent:
        return None
    return Packets(begin + end, max(0, present - begin - end))


def next_pack(tail: bytes, at: int, allowance: Allowance) -> int | None:
    """Where a pack begins: a head of one of both kinds, behind which something else begins, or the file ends."""
    while (at := tail.find(PACK, at)) >= 0 and allowance.allows(boxes=1):
        length = packet_bytes(tail, at)
        if length is not None and PREFIX.startswith(tail[at + length : at + length + len(PREFIX)]):
            return at
        at += len(PACK)
    return None


def packet_bytes(tail: bytes, at: int) -> int | None:
    """Of what begins there by its own word; where its head is torn, of that at least. None where nothing does."""
    head = tail[at : at + 14]
    if not head.startswith(PREFIX) or (len(head) > len(PREFIX) and head[3] < END_CODE):
        return None
    if len(head) == len(PREFIX) or head[3] == END_CODE:
        return 4
    if head[3] == PACK_CODE:
        return pack_bytes(head)
    length = int.from_bytes(head[4:HEAD_BYTES]) if len(head) >= HEAD_BYTES else 0
    if length == 0 and len(head) >= HEAD_BYTES and head[3] in PICTURES:
        # Pictures may do so in a transport stream alone (2.4.3.7); some write it here too, and mean: up to the next.
        found = _NEXT.search(tail, at + HEAD_BYTES)
        return (len(tail) if found is None else found.start()) - at
    return HEAD_BYTES + length


def pack_bytes(head: bytes) -> int | None:
    """13818-1, 2.5.3.3, with what it is stuffed with; 11172-1, 2.4.3.2. None where it is neither's."""
    if len(head) <= 4:
        return SHORTEST_PACK_BYTES
    if head[4] >> 6 == 1:
        return 14 + (head[13] & 7 if len(head) == 14 else 0)
    return SHORTEST_PACK_BYTES if head[4] >> 4 == 2 else None
