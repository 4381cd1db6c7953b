"""Sealing a recording: one pass that digests, encrypts and stores, then a cold one that reads it back and compares.

SM3 on one core is the floor (about 520 MiB/s). So nothing else may wait for it, and nothing may be read twice: one
reader fills a ring of 24 MiB, and three threads take from it what each needs:

    reader (O_DIRECT) ─┬─ SM3
                       ├─ SHA-256 and chunk leaves
                       └─ encrypt, SHA-256 of the ciphertext, write (O_DIRECT)

hashlib and AES-GCM release the GIL. A worker stays near 60 MiB whatever the recording's size.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag

from integrity.digest import CHUNK_BYTES, ChunkLeaves, ContentDigests, Digest, new_sha256, new_sm3
from storage.direct_io import DirectFile, aligned_buffer
from storage.encryption.segments import (
    DATA_KEY_BYTES,
    HEADER_BYTES,
    NONCE_PREFIX_BYTES,
    SALT_BYTES,
    SEGMENT_BYTES,
    TAG_BYTES,
    SegmentCipher,
    ciphertext_size,
    plaintext_sizes,
    segment_count,
)
from storage.errors import CiphertextDiffers, ReadBackMismatch, SourceChanged, SourceSizeDiffers, SourceUnreadable
from storage.objects.protocol import ObjectStore, ObjectWriter, StoredObject
from storage.piece_ring import SLOT_BYTES, PieceRing


@dataclass(frozen=True, slots=True)
class SealingPlan:
    """All that decides the ciphertext besides the plaintext. Committed before the first ciphertext byte is written.

    The same plan and plaintext give the same bytes, so a repeat after a crash meets itself in a write-once store. One
    plan must never meet two plaintexts: AES-GCM would give both away.
    """

    object_name: str
    data_key: bytes = field(repr=False)
    salt: bytes
    nonce_prefix: bytes
    aad: bytes

    def __post_init__(self) -> None:
        self.cipher()

    @classmethod
    def fresh(cls, object_name: str, aad: bytes) -> SealingPlan:
        """A plan nobody has used before. `aad`: what storage/sealed_object.py makes of the id of what is sealed."""
        return cls(
            object_name=object_name,
            data_key=secrets.token_bytes(DATA_KEY_BYTES),
            salt=secrets.token_bytes(SALT_BYTES),
            nonce_prefix=secrets.token_bytes(NONCE_PREFIX_BYTES),
            aad=aad,
        )

    def cipher(self) -> SegmentCipher:
        """What encrypts and decrypts under this plan. Raises ValueError for a part of the wrong length."""
        return SegmentCipher(self.data_key, self.salt, self.nonce_prefix, self.aad)


@dataclass(frozen=True, slots=True)
class SealedObject:
    """What was read, and what was stored of it."""

    digests: ContentDigests
    stored: StoredObject
    ciphertext_sha256: Digest


def write_sealed(
    source: Path,
    store: ObjectStore,
    plan: SealingPlan,
    *,
    declared_bytes: int | None = None,
    known_sha256: Digest | None = None,
    mends_sha256: Digest | None = None,
    on_digested: Callable[[ContentDigests], None] | None = None,
) -> SealedObject:
    """Digest `source`, encrypt it under `plan` and store it; durable on return, and nothing visible on any failure.
    Whoever calls this calls `read_back` before anything rests on what is stored.

    `declared_bytes`: the length that was promised; without it, the length at opening counts. `known_sha256`: what an
    earlier attempt under this plan read; the source is then checked before the first ciphertext byte. `mends_sha256`:
    of the ciphertext that was lost from under this name; it takes the place of whatever stands there now.
    `on_digested` runs after the pass and before the object becomes visible: there the caller records what a repeat must
    find; when it raises, nothing is stored. Raises SourceUnreadable, SourceSizeDiffers, SourceChanged,
    CiphertextDiffers where another ciphertext came of it than was to be mended, ObjectExists when the name holds
    another, and what the store raises.
    """
    with _opened(source, declared_bytes) as recording:
        if known_sha256 is not None:
            recording.require_digest(known_sha256, recording.read_sha256())
        begin = store.create if mends_sha256 is None else store.mend
        with begin(plan.object_name, ciphertext_size(recording.size_bytes), read_back=True) as writer:
            digests, ciphertext_sha256 = _seal_through(recording, writer, plan)
            recording.require_size()
            recording.require_digest(known_sha256 or digests.sha256, digests.sha256)
            if mends_sha256 not in (None, ciphertext_sha256):
                raise CiphertextDiffers(plan.object_name)
            if on_digested is not None:
                on_digested(digests)
            return SealedObject(digests, writer.commit(), ciphertext_sha256)


def read_back(store: ObjectStore, plan: SealingPlan, expected: SealedObject) -> None:
    """Read the object from the medium, not from a cache, decrypt it, and compare both digests with what was sealed.

    Raises ReadBackMismatch, ObjectMissing, StoreUnavailable.
    """
    with store.open(plan.object_name, cold=True) as reader:
        _require_same(plan, "size", str(expected.stored.size_bytes), str(reader.size_bytes))
        opening = _Opening(plan, expected)
        ring = PieceRing(reader.size_bytes, consumers=2)
        reader.expect(0, reader.size_bytes)
        ring.run(
            lambda: ring.fill(reader.read_into),
            (lambda: opening.hash_ciphertext(ring, 0), lambda: opening.decrypt(ring, 1)),
        )
    _require_same(plan, "ciphertext SHA-256", expected.ciphertext_sha256.hex, opening.ciphertext_sha256.digest().hex())
    _require_same(plan, "plaintext SHA-256", expected.digests.sha256.hex, opening.plaintext_sha256.digest().hex())


@dataclass(frozen=True, slots=True)
class _Source:
    """The file to seal, open, and the size it has to keep."""

    path: Path
    file: DirectFile
    size_bytes: int

    def read_into(self, offset: int, slot: memoryview) -> int:
        wanted_bytes = min(len(slot), self.size_bytes - offset)
        try:
            got_bytes = self.file.read_at(slot, offset, wanted_bytes)
        except OSError as error:
            raise SourceUnreadable(str(self.path), error.strerror or str(error)) from error
        if got_bytes < wanted_bytes:
            raise SourceSizeDiffers(str(self.path), self.size_bytes, offset + got_bytes)
        return wanted_bytes

    def read_sha256(self) -> Digest:
        sha256, slot = new_sha256(), aligned_buffer(SLOT_BYTES)
        for offset in range(0, self.size_bytes, SLOT_BYTES):
            sha256.update(slot[: self.read_into(offset, slot)])
        return Digest("sha256", sha256.digest())

    def require_size(self) -> None:
        found_bytes = os.fstat(self.file.descriptor).st_size
        if found_bytes != self.size_bytes:
            raise SourceSizeDiffers(str(self.path), self.size_bytes, found_bytes)

    def require_digest(self, expected: Digest, found: Digest) -> None:
        if expected != found:
            raise SourceChanged(str(self.path), expected.hex, found.hex)


@contextmanager
def _opened(path: Path, declared_bytes: int | None) -> Iterator[_Source]:
    try:
        file = DirectFile(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC))
    except OSError as error:
        raise SourceUnreadable(str(path), error.strerror or str(error)) from error
    try:
        size_bytes = os.fstat(file.descriptor).st_size if declared_bytes is None else declared_bytes
        source = _Source(path, file, size_bytes)
        source.require_size()
        yield source
    finally:
        file.close()


def _seal_through(source: _Source, writer: ObjectWriter, plan: SealingPlan) -> tuple[ContentDigests, Digest]:
    sm3, sha256, leaves, ciphertext_sha256 = new_sm3(), new_sha256(), ChunkLeaves(), new_sha256()
    ring = PieceRing(source.size_bytes, consumers=3)

    def digest_sm3() -> None:
        for chunk in ring.pieces(0, _even_sizes(source.size_bytes, CHUNK_BYTES)):
            sm3.update(chunk)

    def digest_sha256() -> None:
        for chunk in ring.pieces(1, _even_sizes(source.size_bytes, CHUNK_BYTES)):
            sha256.update(chunk)
            leaves.update(chunk)

    def encrypt() -> None:
        for segment in _sealed_segments(plan, ring.pieces(2, plaintext_sizes(source.size_bytes)), source.size_bytes):
            ciphertext_sha256.update(segment)
            writer.write(segment)

    ring.run(lambda: ring.fill(source.read_into), (digest_sm3, digest_sha256, encrypt))
    digests = ContentDigests(
        source.size_bytes, Digest("sha256", sha256.digest()), Digest("sm3", sm3.digest()), leaves.root()
    )
    return digests, Digest("sha256", ciphertext_sha256.digest())


def _sealed_segments(plan: SealingPlan, pieces: Iterable[memoryview], plaintext_bytes: int) -> Iterator[memoryview]:
    """The file at rest, segment by segment, the header before the first. All in one buffer that is reused.

    Segments end on multiples of 2^20 in the file, so that each can be written past the page cache as it is.
    """
    cipher, last_index = plan.cipher(), segment_count(plaintext_bytes) - 1
    segment = aligned_buffer(SEGMENT_BYTES)
    segment[:HEADER_BYTES] = cipher.header
    start = HEADER_BYTES
    for index, piece in enumerate(pieces):
        end = start + len(piece) + TAG_BYTES
        cipher.seal_into(index, index == last_index, piece, segment[start:end])
        yield segment[:end]
        start = 0


class _Opening:
    """What reading back finds out: two digests, each by a thread of its own."""

    def __init__(self, plan: SealingPlan, expected: SealedObject) -> None:
        self._plan = plan
        self._sealed_bytes = expected.stored.size_bytes
        self._last_index = segment_count(expected.digests.size_bytes) - 1
        self.ciphertext_sha256 = new_sha256()
        self.plaintext_sha256 = new_sha256()

    def hash_ciphertext(self, ring: PieceRing, consumer: int) -> None:
        for piece in ring.pieces(consumer, _even_sizes(self._sealed_bytes, SEGMENT_BYTES)):
            self.ciphertext_sha256.update(piece)

    def decrypt(self, ring: PieceRing, consumer: int) -> None:
        cipher, plaintext = self._plan.cipher(), aligned_buffer(SEGMENT_BYTES)
        for index, piece in enumerate(ring.pieces(consumer, _even_sizes(self._sealed_bytes, SEGMENT_BYTES))):
            segment = piece[HEADER_BYTES if index == 0 else 0 :]
            opened = plaintext[: len(segment) - TAG_BYTES]
            try:
                cipher.open_into(index, index == self._last_index, segment, opened)
            except InvalidTag as error:
                raise ReadBackMismatch(self._plan.object_name, f"segment {index}", "what was sealed", "not") from error
            self.plaintext_sha256.update(opened)


def _even_sizes(size_bytes: int, piece_bytes: int) -> Iterator[int]:
    for start in range(0, size_bytes, piece_bytes):
        yield min(piece_bytes, size_bytes - start)


def _require_same(plan: SealingPlan, what: str, expected: str, found: str) -> None:
    if expected != found:
        raise ReadBackMismatch(plan.object_name, what, expected, found)
