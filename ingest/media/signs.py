"""How long a transport stream is, by its packets.

Like damage.py this runs inside the sandbox, reads a bounded part of the file, and never raises for what it holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

from ingest.containers import PACKETS, SYNC
from ingest.media.boxes import Allowance
from ingest.media.zeros import end_of_data

IN_A_ROW: Final = 4
TAIL_BYTES: Final = 1 << 20
_MARK: Final = bytes([SYNC])


@dataclass(frozen=True)
class Packets:
    """A transport stream: the bytes of its packets once the last one is whole, and what follows them and is none."""

    declared: int
    trailing: int = 0


def read_packets(handle: BinaryIO, present: int, allowance: Allowance) -> Packets | None:
    """None where the file is no transport stream. What a maker wrote behind it is no torn packet, nor is room that a
    recorder set aside: packets begin with a mark, one after another."""
    handle.seek(0)
    start = handle.read(4 * max(size for size, _ in PACKETS) + 8)
    for size, lead in PACKETS:
        places = range(lead, min(len(start), 4 * size), size)
        if len(places) >= 3 and all(start[at] == SYNC for at in places):
            end = end_of_packets(handle, present, size, lead, allowance)
            if 0 < present - end <= lead:  # a time code, and of its packet nothing
                return Packets(end + size)
            return Packets(end, max(0, present - end))
    return None


def end_of_packets(handle: BinaryIO, present: int, size: int, lead: int, allowance: Allowance) -> int:
    """Where the last one ends by its length; among what lies before the zeros at the end of the file."""
    data_end = end_of_data(handle, present, allowance)
    begin = max(0, data_end - TAIL_BYTES)
    handle.seek(begin)
    tail = handle.read(data_end - begin)
    in_step = last_mark(tail, size, lambda at: (begin + at - lead) % size == 0)
    # Where bytes were lost within the film its packets lie elsewhere from there on.
    at_all = last_mark(tail, size, lambda _: True)
    if in_step is None or (at_all is not None and at_all - in_step >= IN_A_ROW * size):
        in_step = at_all
    return present if in_step is None else begin + in_step - lead + size


def last_mark(tail: bytes, size: int, may_be: Callable[[int], bool]) -> int | None:
    """The last of so many in a row that nothing but packets has them."""
    at = len(tail)
    while (at := tail.rfind(_MARK, 0, at)) >= 0:
        before = tail[max(0, at - (IN_A_ROW - 1) * size) : at : size] if at >= (IN_A_ROW - 1) * size else b""
        if may_be(at) and before == _MARK * (IN_A_ROW - 1):
            return at
    return None
