"""What containers are told by, for all who read files: ingest/media and ingest/metadata, inside the sandbox too."""

from __future__ import annotations

TYPE_CHECKING = False  # typing takes longer to import than all of this
if TYPE_CHECKING:
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


def read_at(handle: BinaryIO, at: int, size: int) -> bytes:
    """What stands at a place that the file names itself. Beyond any file there is nothing: a file system may refuse to
    go there (ext4 from 16 TiB on), which would be taken for a disk that cannot be read."""
    if size <= 0 or not 0 <= at < MOST_FILE_BYTES:
        return b""
    handle.seek(at)
    return handle.read(size)
