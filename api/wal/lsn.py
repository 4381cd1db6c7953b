"""Positions in the write-ahead log: a byte's number, as PostgreSQL writes it ("0/16B3748"), and the files for them."""

from __future__ import annotations

import re
from typing import Final

SEGMENT_BYTES: Final = 16 << 20
"""As initdb makes a cluster where it is not told otherwise, and we tell it nothing."""
_PER_NAME: Final = (1 << 32) // SEGMENT_BYTES
_PAGE_BYTES: Final = 8192
_LONGEST_HEADER: Final = 40
NAME: Final = re.compile(r"[0-9A-F]{24}")
PARTIAL: Final = ".partial"


def parse_lsn(text: str) -> int:
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) | int(low, 16)


def format_lsn(lsn: int) -> str:
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def segment_of(lsn: int) -> int:
    """The number of the segment that the byte at `lsn` is in."""
    return lsn // SEGMENT_BYTES


def segment_name(timeline: int, segment: int) -> str:
    return f"{timeline:08X}{segment // _PER_NAME:08X}{segment % _PER_NAME:08X}"


def parse_name(name: str) -> tuple[int, int]:
    """Timeline and number of a segment's file."""
    return int(name[:8], 16), int(name[8:16], 16) * _PER_NAME + int(name[16:24], 16)


def before_header(lsn: int) -> int:
    """Where the next record is to begin just behind a page's header, the record before it ends at the page's begin."""
    within = lsn % _PAGE_BYTES
    return lsn - within if within <= _LONGEST_HEADER else lsn
