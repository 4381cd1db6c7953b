"""Ed25519 keys (RFC 8032): made, kept in files that only their owner reads, named by a digest of their public half.

A key's id is the lower-case hex SHA-256 of its SubjectPublicKeyInfo in DER, which `openssl pkey -pubin -outform DER |
sha256sum` prints too. Private keys are PKCS #8 PEM, unencrypted: the file's mode and the disk protect them.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from integrity.durable_files import PRIVATE, create_durably
from integrity.errors import KeyFileExists, KeyFileUnreadable, KeyFileUnsafe, MalformedEvidence, SignatureInvalid

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64
# The only SubjectPublicKeyInfo header an Ed25519 key has (RFC 8410 section 4).
SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half: 32 raw bytes."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != PUBLIC_KEY_BYTES:
            raise MalformedEvidence("public key", f"{len(self.raw)} bytes, an Ed25519 key has {PUBLIC_KEY_BYTES}")

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER, 44 bytes."""
        return SPKI_PREFIX + self.raw

    @property
    def key_id(self) -> str:
        """Hex SHA-256 of the SPKI."""
        return hashlib.sha256(self.spki).hexdigest()

    @property
    def pem(self) -> bytes:
        """SPKI as PEM, as openssl and cosign read it."""
        return Ed25519PublicKey.from_public_bytes(self.raw).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def verify(self, signature: bytes, message: bytes, what: str) -> None:
        """Check that this key signed `message`. Raises SignatureInvalid naming `what`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature as error:
            raise SignatureInvalid(what, self.key_id) from error


class SigningKey:
    """The private half. Printed, it shows only its id."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = PublicKey(
            private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        )

    @classmethod
    def generate(cls) -> SigningKey:
        """A new random key, in memory alone."""
        return cls(Ed25519PrivateKey.generate())

    @property
    def key_id(self) -> str:
        """Id of the public half."""
        return self.public.key_id

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature over `message`, 64 bytes; the same message gives the same signature."""
        return self._private.sign(message)

    def private_pem(self) -> bytes:
        """PKCS #8 PEM. For key files alone."""
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id})"


def create_signing_key(path: Path) -> SigningKey:
    """Make a key and its file, mode 0600, durable on return. Raises KeyFileExists rather than write over anything."""
    key = SigningKey.generate()
    write_secret_file(path, key.private_pem())
    return key


def load_signing_key(path: Path) -> SigningKey:
    """The key in `path`. Raises KeyFileUnsafe when others may read or write it, KeyFileUnreadable when it is no key."""
    try:
        private = serialization.load_pem_private_key(read_secret_file(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileUnreadable(str(path), f"not an unencrypted PKCS #8 PEM private key: {error}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileUnreadable(str(path), "holds a private key, but not an Ed25519 one")
    return SigningKey(private)


def load_public_key(source: Path | bytes) -> PublicKey:
    """A public key from a file or from bytes: PEM, 44 bytes of DER, or 32 raw bytes.

    Raises KeyFileUnreadable for a file that cannot be read, MalformedEvidence for anything that is no such key.
    """
    what, data = ("public key", source) if isinstance(source, bytes) else (str(source), _read_plain_file(source)[0])
    if len(data) == PUBLIC_KEY_BYTES:
        return PublicKey(data)
    if data.startswith(SPKI_PREFIX):
        return PublicKey(data[len(SPKI_PREFIX) :])
    return _parse_public_pem(data, what)


def write_secret_file(path: Path, content: bytes) -> None:
    """Create `path` with mode 0600, whole and durable on return, never over another file.

    A passing file that a crash leaves behind holds a secret nothing uses. Raises KeyFileExists.
    """
    try:
        create_durably(path, content, PRIVATE)
    except FileExistsError as error:
        raise KeyFileExists(str(path), "already exists and is never written over") from error


def read_secret_file(path: Path) -> bytes:
    """Content of a file that only its owner may read. Raises KeyFileUnsafe or KeyFileUnreadable."""
    content, mode = _read_plain_file(path)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileUnsafe(str(path), f"mode {mode:04o} lets others than its owner use it")
    return content


def _read_plain_file(path: Path) -> tuple[bytes, int]:
    """Content and mode, both of the file opened: a name could point elsewhere by the time it is read again."""
    try:
        # Without O_NONBLOCK a named pipe would hold us until somebody writes into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise KeyFileUnreadable(str(path), "not a regular file")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(), stat.S_IMODE(status.st_mode)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise KeyFileUnreadable(str(path), str(error.strerror or error)) from error


def _parse_public_pem(data: bytes, what: str) -> PublicKey:
    try:
        public = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MalformedEvidence(what, f"not a PEM public key: {error}") from error
    if not isinstance(public, Ed25519PublicKey):
        raise MalformedEvidence(what, "holds a public key, but not an Ed25519 one")
    key = PublicKey(public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))
    # The PEM reader skips text around the key; a key file says one thing. Line ends may have met a Windows machine.
    if data.replace(b"\r\n", b"\n").strip() != key.pem.strip():
        raise MalformedEvidence(what, "holds something beside one PEM public key")
    return key
