"""A part of a stored file in the clear, as playback reads it."""

from __future__ import annotations

from collections.abc import Iterator

from storage.encryption.segments import SegmentReader
from storage.objects.protocol import ObjectReader


def decrypt_span(
    reader: ObjectReader,
    data_key: bytes,
    aad: bytes,
    offset: int,
    length: int,
    *,
    piece_bytes: int = 256 * 1024,
    pinned_bytes: int | None = None,
) -> Iterator[memoryview]:
    """Plaintext [offset, offset + length); size and header are looked at before this returns."""
    return SegmentReader(reader, data_key, aad, pinned_bytes).pieces(offset, length, piece_bytes)
