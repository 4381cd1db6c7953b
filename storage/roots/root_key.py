"""What the key store asks of a root key, wherever it is; and one whose bytes this process has."""

from __future__ import annotations

import hashlib
from typing import Protocol

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from storage.key_errors import RootRefused
from storage.roots.names import ROOT_BYTES

_NAMED_BY = hashlib.sha256(b"liuhen root key id").digest()


class RootKey(Protocol):
    """Wraps key-encryption keys of 32 bytes. Nothing here gives out the root itself: in a token nobody has its bytes.

    Any number of threads may use one. Raises RootKeyError, for a token TokenAbsent and TokenLocked.
    """

    @property
    def root_id(self) -> str:
        """FIRST, or 16 hex digits that no other root of this store has."""

    def wrap(self, key: bytes) -> bytes:
        """`key` in a form that this root alone opens, and in which no change goes unseen."""

    def unwrap(self, wrapped: bytes) -> bytes:
        """Raises RootRefused for what was changed, or wrapped by another root."""


class SoftwareRoot:
    """A root of 32 bytes in this process's memory; wraps by AES-KW (RFC 3394). Printed, it shows only its id."""

    def __init__(self, key: bytes, root_id: str | None = None) -> None:
        assert len(key) == ROOT_BYTES
        self._key = key
        self.root_id = root_id or software_root_id(key)

    def wrap(self, key: bytes) -> bytes:
        return aes_key_wrap(self._key, key)

    def unwrap(self, wrapped: bytes) -> bytes:
        try:
            return aes_key_unwrap(self._key, wrapped)
        except (InvalidUnwrap, ValueError) as error:
            raise RootRefused(self.root_id) from error

    def __repr__(self) -> str:
        return f"SoftwareRoot({self.root_id})"


def software_root_id(key: bytes) -> str:
    """The name of a root by what it makes of a public value: whoever gives the key shows that it is the one."""
    return hashlib.sha256(aes_key_wrap(key, _NAMED_BY)).hexdigest()[:16]
