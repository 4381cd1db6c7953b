"""What containers are told by, for all who read files: ingest/media and ingest/metadata, inside the sandbox too."""

from __future__ import annotations

TYPE_CHECKING = False  # typing takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO, Final

SYNC: Final = 0x47
PACKET_BYTES: Final = 188
PACKETS: Final = ((188, 0), (192, 4), (204, 0))
"""Bytes from one packet to the next, and where between them the packet begins (ISO/IEC 13818-1: 188 bytes, from 0x47):
M2TS puts a time code before each, a broadcast its checksum after it. For all who read transport streams here."""
STILL_BRANDS: Final = ("heic", "heix", "mif1", "avif")
"""Of a photograph in boxes (ISO/IEC 23008-12, AV1 Image File Format), as `ftyp` says."""
SEQUENCE_BRANDS: Final = ("hevc", "msf1")
"""Of several photographs in a row: a film to whoever plays it, with a photograph's EXIF."""
MOST_FILE_BYTES: Final = 1 << 43
FRAGMENT: Final = b"moof\0\0\0\x10mfhd"
"""How a fragment of an MP4 begins behind its size (ISO/IEC 14496-12, 8.8.4 f.): with the number that it has in it."""
PIECE_BYTES: Final = 1 << 20


def read_at(handle: BinaryIO, at: int, size: int) -> bytes:
    """What stands at a place that the file names itself. Beyond any file there is nothing: a file system may refuse to
    go there (ext4 from 16 TiB on), which would be taken for a disk that cannot be read."""
    if size <= 0 or not 0 <= at < MOST_FILE_BYTES:
        return b""
    handle.seek(at)
    return handle.read(size)


def is_box_type(kind: bytes) -> bool:
    """Letters; Apple's begin with a sign of copyright."""
    return all(letter == 0xA9 or 0x20 <= letter < 0x7F for letter in kind)


def number_of_fragment(handle: BinaryIO, content_at: int) -> int:
    """By its head; 0 where that says none."""
    head = read_at(handle, content_at, 16)
    return int.from_bytes(head[12:]) if head[4:8] == b"mfhd" else 0


def next_fragment(handle: BinaryIO, at: int, end: int, after: int, may_look: Callable[[], bool]) -> int | None:
    """Where the next fragment of a film begins, whatever lies before it: boxes end where one was overwritten, and those
    behind it are there all the same. None where there is none of a higher number: of another film it begins anew.
    `may_look` is asked before each MiB that is gone through."""
    while at < end and may_look():
        piece = read_at(handle, at, min(PIECE_BYTES, end - at))
        found = piece.find(FRAGMENT, 4)
        if found >= 4:
            return at + found - 4 if number_of_fragment(handle, at + found + 4) > after else None
        if len(piece) < PIECE_BYTES:
            return None
        at += len(piece) - len(FRAGMENT) - 3
    return None
