"""Encryption at rest: Tink's AES256_GCM_HKDF_1MB without a prefix, so that others can open what we sealed.

The format is specified in docs/formats/encryption.md. In short: a header of 40 bytes, then segments of at most 2^20
bytes, each authenticated for itself together with its number and whether it is the last. Any part can therefore be
read alone; that a whole file was not cut or exchanged shows only where its size and digest are pinned elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.errors import DecryptionFailed, SpanOutside
from storage.recycled_memory import RecycledMemory

if TYPE_CHECKING:
    from storage.objects.protocol import ObjectReader

Octets: TypeAlias = bytes | bytearray | memoryview

SEGMENT_BYTES = 1 << 20
TAG_BYTES = 16
HEADER_BYTES = 40
DATA_KEY_BYTES = 32
SALT_BYTES = 32
NONCE_PREFIX_BYTES = 7
PLAINTEXT_SEGMENT_BYTES = SEGMENT_BYTES - TAG_BYTES
"""Plaintext in every segment but the first, which gives HEADER_BYTES of it to the header, and the last."""

_MEMORY = RecycledMemory(16 * SEGMENT_BYTES)
"""Of segments on their way, at rest and opened."""

_ALTERED = "it does not open: changed, cut short, moved from elsewhere, or sealed under another key"


def segment_count(plaintext_bytes: int) -> int:
    """How many segments hold `plaintext_bytes`. An empty plaintext has one too."""
    return -(-(plaintext_bytes + HEADER_BYTES) // PLAINTEXT_SEGMENT_BYTES)


def ciphertext_size(plaintext_bytes: int) -> int:
    """Bytes at rest for so many bytes of plaintext."""
    return plaintext_bytes + HEADER_BYTES + TAG_BYTES * segment_count(plaintext_bytes)


def plaintext_size(ciphertext_bytes: int) -> int:
    """Bytes of plaintext in so many bytes at rest. Raises ValueError where no plaintext has that size at rest."""
    plaintext_bytes = ciphertext_bytes - HEADER_BYTES - TAG_BYTES * -(-ciphertext_bytes // SEGMENT_BYTES)
    if plaintext_bytes < 0 or ciphertext_size(plaintext_bytes) != ciphertext_bytes:
        raise ValueError(f"no plaintext is {ciphertext_bytes} bytes long once sealed")
    return plaintext_bytes


def plaintext_sizes(plaintext_bytes: int) -> Iterator[int]:
    """How the plaintext is cut: the plaintext size of each segment, from the first to the last."""
    start = 0
    for index in range(segment_count(plaintext_bytes)):
        end = min((index + 1) * PLAINTEXT_SEGMENT_BYTES - HEADER_BYTES, plaintext_bytes)
        yield end - start
        start = end


class SegmentCipher:
    """Seals and opens the segments of one file. Threads may share it.

    `data_key` (32 bytes) must never meet the same `salt` (32) and `nonce_prefix` (7) with another plaintext.
    `aad` binds the file to what it is; storage/sealed_object.py says how.
    """

    def __init__(self, data_key: bytes, salt: bytes, nonce_prefix: bytes, aad: bytes) -> None:
        if (len(salt), len(nonce_prefix)) != (SALT_BYTES, NONCE_PREFIX_BYTES):
            raise ValueError(f"salt is {SALT_BYTES} and nonce prefix {NONCE_PREFIX_BYTES} bytes long")
        if len(data_key) != DATA_KEY_BYTES:
            raise ValueError(f"a data key is {DATA_KEY_BYTES} bytes long")
        self.header = bytes([HEADER_BYTES]) + salt + nonce_prefix
        self._nonce_prefix = nonce_prefix
        self._aead = AESGCM(HKDF(SHA256(), DATA_KEY_BYTES, salt, aad).derive(data_key))

    @classmethod
    def of_header(cls, header: bytes, data_key: bytes, aad: bytes) -> SegmentCipher:
        """The cipher of a file that begins with `header`. Raises ValueError where that is none."""
        if len(header) != HEADER_BYTES or header[0] != HEADER_BYTES:
            raise ValueError("it does not begin with the header of a sealed file")
        return cls(data_key, header[1 : 1 + SALT_BYTES], header[1 + SALT_BYTES :], aad)

    def seal_into(self, index: int, last: bool, plaintext: Octets, buffer: memoryview) -> int:
        """Encrypt segment `index` into `buffer`, exactly TAG_BYTES longer than `plaintext`; bytes written."""
        return self._aead.encrypt_into(self._nonce(index, last), plaintext, None, buffer)

    def open_into(self, index: int, last: bool, ciphertext: Octets, buffer: memoryview) -> int:
        """Decrypt segment `index` into `buffer`, exactly TAG_BYTES shorter. Raises cryptography's InvalidTag."""
        return self._aead.decrypt_into(self._nonce(index, last), ciphertext, None, buffer)

    def _nonce(self, index: int, last: bool) -> bytes:
        return self._nonce_prefix + index.to_bytes(4, "big") + bytes([last])


class SegmentReader:
    """Opens a stored file segment by segment. Raises DecryptionFailed where it is not what was sealed.

    `pinned_bytes`, the size at rest that the manifest or the row states, shows a cut that spares the part being read.
    """

    def __init__(self, reader: ObjectReader, data_key: bytes, aad: bytes, pinned_bytes: int | None = None) -> None:
        self._reader = reader
        self.size_bytes = _sealed_size(reader, pinned_bytes)
        self._last_index = segment_count(self.size_bytes) - 1
        try:
            self._cipher = SegmentCipher.of_header(reader.read_span(0, HEADER_BYTES), data_key, aad)
        except ValueError as error:
            raise DecryptionFailed(reader.name, 0, str(error)) from error

    def segment(self, index: int) -> memoryview:
        """The plaintext of one segment, checked. It never changes as long as there is a view of it."""
        start, ciphertext = self._place(index)
        self._reader.read_into(start, ciphertext)
        return self._opened(index, ciphertext)

    def segment_at_hand(self, index: int) -> memoryview | None:
        """The same where that waits for nothing; else None."""
        start, ciphertext = self._place(index)
        return self._opened(index, ciphertext) if self._reader.read_at_hand(start, ciphertext) else None

    def _place(self, index: int) -> tuple[int, memoryview]:
        """Where a segment begins at rest, and memory that it just fits into."""
        start = max(HEADER_BYTES, index * SEGMENT_BYTES)
        end = min((index + 1) * SEGMENT_BYTES, self._reader.size_bytes)
        return start, _MEMORY.lend(SEGMENT_BYTES)[: end - start]

    def _opened(self, index: int, ciphertext: memoryview) -> memoryview:
        if len(ciphertext) < TAG_BYTES:
            raise DecryptionFailed(self._reader.name, index, _ALTERED)
        plaintext = _MEMORY.lend(SEGMENT_BYTES)[: len(ciphertext) - TAG_BYTES]
        try:
            self._cipher.open_into(index, index == self._last_index, ciphertext, plaintext)
        except InvalidTag as error:
            raise DecryptionFailed(self._reader.name, index, _ALTERED) from error
        return plaintext.toreadonly()

    def pieces(self, offset: int, length: int, piece_bytes: int, *, told: bool = False) -> Iterator[memoryview]:
        """Plaintext [offset, offset + length) in pieces of at most `piece_bytes`; reads no segment it does not need.

        `told`: before a segment that is not at hand comes an empty piece; whoever may not wait for a medium asks for
        the next one in a thread. Raises SpanOutside at once. Each piece stays valid and never changes.
        """
        if offset < 0 or length < 0 or offset + length > self.size_bytes:
            raise SpanOutside(self._reader.name, offset, length, self.size_bytes)
        return self._pieces(offset, offset + length, piece_bytes, told)

    def _pieces(self, offset: int, end: int, piece_bytes: int, told: bool) -> Iterator[memoryview]:
        if offset < end:
            self._expect(offset, end)
        while offset < end:
            index = (offset + HEADER_BYTES) // PLAINTEXT_SEGMENT_BYTES
            start = max(0, index * PLAINTEXT_SEGMENT_BYTES - HEADER_BYTES)
            segment = self.segment_at_hand(index) if told else None
            if segment is None:
                if told:
                    yield memoryview(b"")
                segment = self.segment(index)
            wanted = segment[offset - start : end - start]
            for position in range(0, len(wanted), piece_bytes):
                yield wanted[position : position + piece_bytes]
            offset += len(wanted)

    def _expect(self, offset: int, end: int) -> None:
        """Of the ciphertext, the segments that plaintext [offset, end) lies in."""
        first = (offset + HEADER_BYTES) // PLAINTEXT_SEGMENT_BYTES
        last = (end - 1 + HEADER_BYTES) // PLAINTEXT_SEGMENT_BYTES
        start = max(HEADER_BYTES, first * SEGMENT_BYTES)
        self._reader.expect(start, min((last + 1) * SEGMENT_BYTES, self._reader.size_bytes) - start)


def encrypt(data_key: bytes, salt: bytes, nonce_prefix: bytes, aad: bytes, plaintext: bytes) -> bytes:
    """A small plaintext as it is at rest. Whole files go through storage/sealing.py."""
    cipher = SegmentCipher(data_key, salt, nonce_prefix, aad)
    sealed = bytearray(ciphertext_size(len(plaintext)))
    sealed[:HEADER_BYTES] = cipher.header
    position, start, last_index = HEADER_BYTES, 0, segment_count(len(plaintext)) - 1
    with memoryview(sealed) as view:
        for index, size_bytes in enumerate(plaintext_sizes(len(plaintext))):
            part = plaintext[start : start + size_bytes]
            end = position + size_bytes + TAG_BYTES
            position += cipher.seal_into(index, index == last_index, part, view[position:end])
            start += size_bytes
    return bytes(sealed)


def _sealed_size(reader: ObjectReader, pinned_bytes: int | None) -> int:
    if pinned_bytes not in (None, reader.size_bytes):
        reason = f"it is {reader.size_bytes} bytes long, {pinned_bytes} were sealed"
        raise DecryptionFailed(reader.name, reader.size_bytes // SEGMENT_BYTES, reason)
    with suppress(ValueError):
        return plaintext_size(reader.size_bytes)
    reason = f"{reader.size_bytes} bytes is no size that a sealed file can have"
    raise DecryptionFailed(reader.name, reader.size_bytes // SEGMENT_BYTES, reason)
