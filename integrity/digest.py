"""What a recording's bytes are known by: SHA-256, SM3 (GB/T 32905) and the Merkle root over its 1 MiB chunks.

The two digests identify the whole; the chunk root lets a part be checked without the whole: an excerpt, or a browser
that plays from the middle. Chunk n holds plaintext bytes [n·2^20, (n+1)·2^20), the last one may be shorter, and an
empty recording has no chunk.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, cast

from cryptography.hazmat.primitives import hashes

from integrity.errors import DigestMismatch, MalformedEvidence
from integrity.merkle import LEAF_PREFIX, MerkleAccumulator

if TYPE_CHECKING:
    from typing_extensions import Buffer

Algorithm: TypeAlias = Literal["sha256", "sm3"]

CHUNK_BYTES = 1 << 20
DIGEST_BYTES = 32


class Hasher(Protocol):
    """The part of hashlib's objects that is used here. `update` releases the GIL for large pieces."""

    def update(self, data: Buffer, /) -> None: ...
    def digest(self) -> bytes: ...


class _CryptographySm3:
    """SM3 where Python's own OpenSSL was built without it; the one inside `cryptography` always has it."""

    def __init__(self) -> None:
        self._context = hashes.Hash(hashes.SM3())

    def update(self, data: Buffer, /) -> None:
        self._context.update(memoryview(data))

    def digest(self) -> bytes:
        return self._context.copy().finalize()


def new_sha256() -> Hasher:
    """A SHA-256 in progress."""
    return hashlib.sha256()


def new_sm3() -> Hasher:
    """An SM3 in progress."""
    try:
        return hashlib.new("sm3")
    except ValueError:
        return _CryptographySm3()


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest that knows its algorithm. Two digests are equal when both are."""

    algorithm: Algorithm
    value: bytes

    def __post_init__(self) -> None:
        if self.algorithm not in ("sha256", "sm3"):
            raise MalformedEvidence("digest", f"unknown algorithm {self.algorithm!r}")
        if not isinstance(self.value, bytes) or len(self.value) != DIGEST_BYTES:
            raise MalformedEvidence("digest", f"{self.algorithm} is {DIGEST_BYTES} bytes long")

    @property
    def hex(self) -> str:
        """Lower-case hex, as sha256sum prints it."""
        return self.value.hex()

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"

    def hex_as(self, algorithm: Algorithm) -> str:
        """Hex for a place whose name says the algorithm. Raises MalformedEvidence for a digest by another one."""
        if self.algorithm != algorithm:
            raise MalformedEvidence("digest", f"a {self.algorithm} digest where {algorithm} is meant")
        return self.hex

    @classmethod
    def of(cls, algorithm: str, data: Buffer) -> Digest:
        """Digest of `data`. Raises MalformedEvidence for an unknown algorithm."""
        hasher = {"sha256": new_sha256, "sm3": new_sm3}.get(algorithm)
        if hasher is None:
            raise MalformedEvidence("digest", f"unknown algorithm {algorithm!r}")
        running = hasher()
        running.update(data)
        return cls(cast(Algorithm, algorithm), running.digest())

    @classmethod
    def parse(cls, algorithm: str, hex: str) -> Digest:
        """The digest written as 64 lower-case hex digits; anything else raises MalformedEvidence."""
        return cls(cast(Algorithm, algorithm), parse_hex(hex, f"{algorithm} digest", DIGEST_BYTES))


def parse_hex(text: object, what: str, length_bytes: int) -> bytes:
    """The bytes that exactly `2 · length_bytes` lower-case hex digits stand for. Raises MalformedEvidence."""
    if not isinstance(text, str) or len(text) != 2 * length_bytes or not set(text) <= set("0123456789abcdef"):
        raise MalformedEvidence(what, f"{text!r} is not {2 * length_bytes} lower-case hex digits")
    return bytes.fromhex(text)


@dataclass(frozen=True, slots=True)
class ContentDigests:
    """All that is known about some content without holding it."""

    size_bytes: int
    sha256: Digest
    sm3: Digest
    chunk_root: bytes


class ChunkLeaves:
    """Takes content in pieces of any size and gives the RFC 6962 root over its chunks. O(log size) memory."""

    def __init__(self) -> None:
        self._tree = MerkleAccumulator()
        self._chunk = hashlib.sha256(LEAF_PREFIX)
        self._filled_bytes = 0
        self._size_bytes = 0

    @property
    def size_bytes(self) -> int:
        """Content so far."""
        return self._size_bytes

    def update(self, view: Buffer) -> None:
        """Take the next piece."""
        with memoryview(view) as whole, whole.cast("B") as piece:
            position = 0
            while position < len(piece):
                taken_bytes = min(CHUNK_BYTES - self._filled_bytes, len(piece) - position)
                with piece[position : position + taken_bytes] as part:
                    self._chunk.update(part)
                self._filled_bytes += taken_bytes
                position += taken_bytes
                if self._filled_bytes == CHUNK_BYTES:
                    self._close_chunk()
            self._size_bytes += len(piece)

    def root(self) -> bytes:
        """End the content and give the root. Nothing may follow."""
        if self._filled_bytes:
            self._close_chunk()
        return self._tree.root()

    def _close_chunk(self) -> None:
        self._tree.append_leaf_hash(self._chunk.digest())
        self._chunk = hashlib.sha256(LEAF_PREFIX)
        self._filled_bytes = 0


class ContentHasher:
    """All three parts in one pass, in the caller's thread. Who wants threads runs the parts apart:

    `new_sm3()`, `new_sha256()` and `ChunkLeaves()` know nothing of each other.
    """

    def __init__(self) -> None:
        self._sha256 = new_sha256()
        self._sm3 = new_sm3()
        self._leaves = ChunkLeaves()

    def update(self, view: Buffer) -> None:
        """Take the next piece, of any size."""
        self._sha256.update(view)
        self._sm3.update(view)
        self._leaves.update(view)

    def finish(self) -> ContentDigests:
        """End the content and give what it is known by. Nothing may follow."""
        return ContentDigests(
            size_bytes=self._leaves.size_bytes,
            sha256=Digest("sha256", self._sha256.digest()),
            sm3=Digest("sm3", self._sm3.digest()),
            chunk_root=self._leaves.root(),
        )


def digest_stream(pieces: Iterable[Buffer]) -> ContentDigests:
    """Digest content that comes in pieces of any size, in one pass."""
    hasher = ContentHasher()
    for piece in pieces:
        hasher.update(piece)
    return hasher.finish()


def require_digest(path: str, expected: Digest, found: Digest) -> None:
    """Raise DigestMismatch, naming `path` and both digests, unless the two are the same."""
    if expected.algorithm != found.algorithm or not hmac.compare_digest(expected.value, found.value):
        raise DigestMismatch(path, expected.algorithm, expected.hex, found.hex)
