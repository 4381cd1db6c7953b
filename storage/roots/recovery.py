"""The recovery key: every key-encryption key is also sealed for it, and it exists on paper alone, in shares.

    recovery.json      its public half, how many shares there are and how many it takes
    in each key file   the key-encryption key, sealed by HPKE (RFC 9180) for it; dies with the file

X-Wing (ML-KEM-768 with X25519) is the key agreement, since what is kept for decades should not hang on elliptic curves
alone. The seed of 32 bytes that both halves come from is what is split. It is not the root key: roots change without
new shares, and a root in a token, which nobody can split, has its way back all the same.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from storage import key_files
from storage.kek_record import KekRecord, SealedForRecovery
from storage.key_errors import KeyStoreDamaged, SharesGiveNoKey, SharesTooFew
from storage.roots.shares import SECRET_BYTES, Share, choices, recombine, split_secret

_FORMAT_VERSION = 1
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_TRIES = 1000
_MLKEM_PUBLIC_BYTES, _MLKEM_SEED_BYTES = 1184, 64


@dataclass(frozen=True, slots=True)
class RecoveryKey:
    """Its public half, which seals."""

    public: bytes
    threshold: int
    shares: int
    made_at: datetime

    @property
    def recovery_id(self) -> str:
        """8 hex digits, printed on each share."""
        return hashlib.sha256(self.public).hexdigest()[:8]

    def seal(self, kek_id: str, kek: bytes) -> SealedForRecovery:
        curve = X25519PublicKey.from_public_bytes(self.public[_MLKEM_PUBLIC_BYTES:])
        lattice = MLKEM768PublicKey.from_public_bytes(self.public[:_MLKEM_PUBLIC_BYTES])
        public = MLKEM768X25519PublicKey(lattice, curve)
        return SealedForRecovery(self.recovery_id, _SUITE.encrypt(kek, public, info=_info(kek_id)))

    def to_bytes(self) -> bytes:
        said = {"v": _FORMAT_VERSION, "public": self.public.hex(), "threshold": self.threshold, "shares": self.shares}
        return json.dumps({**said, "made_at": self.made_at.isoformat()}, indent=1).encode() + b"\n"


class RecoverySecret:
    """The seed that the shares give, and what it opens. Printed, it shows nothing."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        # The expansion of a seed that the draft of X-Wing gives (draft-connolly-cfrg-xwing-kem, section 5.2).
        expanded = hashlib.shake_256(seed).digest(_MLKEM_SEED_BYTES + 32)
        self._lattice = MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED_BYTES])
        self._curve = X25519PrivateKey.from_private_bytes(expanded[_MLKEM_SEED_BYTES:])
        self.public = self._lattice.public_key().public_bytes_raw() + self._curve.public_key().public_bytes_raw()

    def open(self, path: Path, record: KekRecord) -> bytes:
        """The key-encryption key. Raises KeyStoreDamaged where it was not sealed for this key."""
        private = MLKEM768X25519PrivateKey(self._lattice, self._curve)
        try:
            if record.recovery is None:
                raise KeyStoreDamaged(str(path), "it has no copy for the printed shares")
            return _SUITE.decrypt(record.recovery.sealed, private, info=_info(record.kek_id))
        except InvalidTag as error:
            raise KeyStoreDamaged(str(path), "its copy for the printed shares does not open with them") from error

    def split(self, recovery_id: str, threshold: int, count: int) -> tuple[Share, ...]:
        return split_secret(self._seed, recovery_id, threshold, count)


def make_recovery_key(threshold: int, count: int) -> tuple[RecoveryKey, tuple[Share, ...]]:
    """A new one, of which nothing is written yet. Raises ValueError for numbers that make no sense."""
    secret = RecoverySecret(secrets.token_bytes(SECRET_BYTES))
    key = RecoveryKey(secret.public, threshold, count, datetime.now(UTC).replace(microsecond=0))
    return key, secret.split(key.recovery_id, threshold, count)


def find_recovery_key(folder: Path) -> RecoveryKey | None:
    """The store's; None where no shares were ever made. Raises KeyExposed, KeyStoreDamaged, KeyStoreUnusable."""
    path = folder / "recovery.json"
    with key_files.disk_errors(path):
        content = key_files.read_private(path)
    if content is None:
        return None
    try:
        said = json.loads(content)
        if said["v"] != _FORMAT_VERSION or len(said["public"]) != 2 * (_MLKEM_PUBLIC_BYTES + 32):
            raise ValueError("another version")
        made_at = datetime.fromisoformat(said["made_at"])
        return RecoveryKey(bytes.fromhex(said["public"]), int(said["threshold"]), int(said["shares"]), made_at)
    except (ValueError, KeyError, TypeError) as error:
        raise KeyStoreDamaged(str(path), "it is no recovery key") from error


def write_recovery_key(folder: Path, key: RecoveryKey) -> None:
    """In the place of a former one; durable on return. The caller holds the store's lock."""
    with key_files.disk_errors(folder):
        key_files.replace_private(folder / "recovery.json", key.to_bytes())


def open_shares(key: RecoveryKey, shares: Sequence[Share]) -> RecoverySecret:
    """The secret half of `key`. Of more shares than it takes, any that belong together suffice.

    Raises SharesDiffer, SharesTooFew, SharesGiveNoKey.
    """
    if len(shares) < key.threshold:
        raise SharesTooFew(key.recovery_id, key.threshold, len(shares))
    recombine(shares, key.recovery_id)
    for group in islice(choices(shares), _TRIES):
        secret = RecoverySecret(recombine(group, key.recovery_id))
        if secret.public == key.public:
            return secret
    raise SharesGiveNoKey(key.recovery_id, tuple(each.number for each in shares))


def _info(kek_id: str) -> bytes:
    return b"liuhen recovery v1\0" + kek_id.encode()
