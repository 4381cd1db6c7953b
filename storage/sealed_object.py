"""Opening what was sealed: unwrap the key, bind it to the id it was sealed under, hold the size against the row's.

What the store has lost is read from a second one that has copies, where there is one: each piece is checked whichever
it comes from, so it is the right bytes or none.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import TracebackType

import structlog

from storage.catalog.access import RequestAttachment
from storage.catalog.recordings import Recording, Rendition
from storage.catalog.redaction import RedactedCopy
from storage.encryption.segments import SegmentReader
from storage.errors import DecryptionFailed, ObjectStoreError, StorageError
from storage.keystore import KeyStore, WrappedKey
from storage.objects.protocol import ObjectReader, ObjectStore

log = structlog.get_logger()


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

    def __init__(
        self, reader: ObjectReader, segments: SegmentReader, copy: Callable[[], OpenedObject] | None = None
    ) -> None:
        """`copy` opens the second store's."""
        self._reader, self._segments, self._copy = reader, segments, copy

    @property
    def is_remote(self) -> bool:
        """Whether a piece may have to come over a network first: then an event loop leaves it to a thread."""
        return self._reader.is_remote

    def pieces(self, offset: int, length: int, piece_bytes: int, *, told: bool = False) -> Iterator[memoryview]:
        """Plaintext [offset, offset + length). Raises SpanOutside, and while it is read DecryptionFailed.

        `told`: an empty piece says that the next one has to be waited for.
        """
        return self._segments.pieces(offset, length, piece_bytes, told=told)

    def pieces_of_either(self, offset: int, length: int, piece_bytes: int) -> Iterator[memoryview]:
        """`pieces`, and from the copy what the store does not give: for who may wait for another store to answer.

        Raises what `pieces` raises, where neither gives it.
        """
        done = 0
        while True:
            try:
                for piece in self.pieces(offset + done, length - done, piece_bytes):
                    yield piece
                    done += len(piece)
            except (DecryptionFailed, ObjectStoreError):
                if not self.turn_to_copy():
                    raise
            else:
                return

    def turn_to_copy(self) -> bool:
        """Read on from the second store's copy. False where there is none that opens, or it is read already: then
        nothing has changed. May wait for a network."""
        opening, self._copy = self._copy, None
        if opening is None:
            return False
        try:
            copy = opening()
        except StorageError as error:
            log.warning("object.copy_not_opened", object=self._reader.name, error=type(error).__name__)
            return False
        log.error("object.read_from_copy", object=self._reader.name)
        self._reader.close()
        self._reader, self._segments = copy._reader, copy._segments
        return True

    def close(self) -> None:
        self._reader.close()

    def __enter__(self) -> OpenedObject:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_sealed(
    store: ObjectStore, key_store: KeyStore, at_rest: AtRest, copies: ObjectStore | None = None
) -> OpenedObject:
    """Size and header are looked at before this returns. `copies`: the second store, asked where the first one fails.

    Raises DecryptionFailed where it is not what was sealed, and what key store and store raise.
    """
    try:
        return open_sealed_of_first(store, key_store, at_rest, copies)
    except (DecryptionFailed, ObjectStoreError) as error:
        if copies is None:
            raise
        log.warning("object.read_from_copy", object=at_rest.object_name, error=type(error).__name__)
        try:
            return _open_in(copies, at_rest, key_store.unwrap_data_key(at_rest.wrapped_key))
        except StorageError:
            raise error from None


def open_sealed_of_first(
    store: ObjectStore, key_store: KeyStore, at_rest: AtRest, copies: ObjectStore | None = None
) -> OpenedObject:
    """The same, but that `copies` are asked only for what is read later: where all is local, this waits for nobody."""
    data_key = key_store.unwrap_data_key(at_rest.wrapped_key)
    second = None if copies is None else partial(_open_in, copies, at_rest, data_key)
    return _open_in(store, at_rest, data_key, second)


def _open_in(
    store: ObjectStore, at_rest: AtRest, data_key: bytes, copy: Callable[[], OpenedObject] | None = None
) -> OpenedObject:
    reader = store.open(at_rest.object_name)
    try:
        return OpenedObject(reader, SegmentReader(reader, data_key, aad_of(at_rest.id), at_rest.size_bytes), copy)
    except BaseException:
        reader.close()
        raise
