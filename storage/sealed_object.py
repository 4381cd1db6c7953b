"""Opening what was sealed: unwrap the key, bind it to the id it was sealed under, hold the size against the row's."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

from storage.catalog.access import RequestAttachment
from storage.catalog.recordings import Recording, Rendition
from storage.catalog.redaction import RedactedCopy
from storage.encryption.segments import SegmentReader
from storage.keystore import KeyStore, WrappedKey
from storage.objects.protocol import ObjectReader, ObjectStore


def aad_of(sealed_id: uuid.UUID) -> bytes:
    """What binds ciphertext to what it is: the id of its recording or rendition, in the letters of its row."""
    return str(sealed_id).encode()


@dataclass(frozen=True, slots=True)
class AtRest:
    """Where a sealed object is and what opens it. `size_bytes` is that of the ciphertext, as signed or recorded."""

    id: uuid.UUID
    object_name: str
    size_bytes: int
    wrapped_key: WrappedKey

    @classmethod
    def of(cls, row: Recording | Rendition | RequestAttachment) -> AtRest:
        return cls(row.id, row.object_name, row.ciphertext_size_bytes, WrappedKey(row.kek_id, row.wrapped_data_key))

    @classmethod
    def of_copy(cls, row: RedactedCopy) -> AtRest:
        """Of a redacted copy that was made: before, nothing is there to be opened."""
        key = WrappedKey(row.kek_id or "", row.wrapped_data_key or b"")
        return cls(row.id, row.object_name or "", row.ciphertext_size_bytes or 0, key)


class OpenedObject:
    """A sealed object's plaintext. Every piece has been checked before it is given out."""

    def __init__(self, reader: ObjectReader, segments: SegmentReader) -> None:
        self._reader, self._segments = reader, segments

    @property
    def is_remote(self) -> bool:
        """Whether a piece may have to come over a network first: then an event loop leaves it to a thread."""
        return self._reader.is_remote

    def pieces(self, offset: int, length: int, piece_bytes: int) -> Iterator[memoryview]:
        """Plaintext [offset, offset + length). Raises SpanOutside, and while it is read DecryptionFailed."""
        return self._segments.pieces(offset, length, piece_bytes)

    def close(self) -> None:
        self._reader.close()

    def __enter__(self) -> OpenedObject:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_sealed(store: ObjectStore, key_store: KeyStore, at_rest: AtRest) -> OpenedObject:
    """Size and header are looked at before this returns.

    Raises DecryptionFailed where it is not what was sealed, and what key store and store raise.
    """
    data_key = key_store.unwrap_data_key(at_rest.wrapped_key)
    reader = store.open(at_rest.object_name)
    try:
        return OpenedObject(reader, SegmentReader(reader, data_key, aad_of(at_rest.id), at_rest.size_bytes))
    except BaseException:
        reader.close()
        raise
