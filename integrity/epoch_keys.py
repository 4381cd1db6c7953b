"""Keys that sign for an epoch, pinned before any evidence is seen.

Apart from the rest of a trust folder, because whoever answers people signs and checks with them all day, and reads no
time stamp: what that takes (ASN.1, an RFC 3161 client) is imported by who does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from integrity.errors import EvidenceContradiction
from integrity.keys import PublicKey, SigningKey


@dataclass(frozen=True, slots=True)
class EpochKey:
    """A key and the epoch it signs in. What is signed names its epoch, so that a stolen old key cannot sign as new."""

    epoch: int
    key: PublicKey


@dataclass(frozen=True, slots=True)
class EpochSigner:
    """The private half of an epoch's key: whoever signs states the epoch beside it."""

    epoch: int
    key: SigningKey


def public_keys(keys: Iterable[EpochKey]) -> tuple[PublicKey, ...]:
    """The keys without their epochs, as `open_receipt` and `verify_envelope` take them."""
    return tuple(each.key for each in keys)


def require_epoch(keys: Iterable[EpochKey], key_id: str, stated: int, what: str) -> None:
    """Check that `key_id` is the key of the epoch that `what` states. Raises EvidenceContradiction."""
    epochs = [each.epoch for each in keys if each.key.key_id == key_id]
    if stated not in epochs:
        pinned = ", ".join(map(str, epochs)) or "no epoch"
        raise EvidenceContradiction(
            what, f"the pinned trust for its key {key_id}", f"epoch {pinned}", f"epoch {stated}"
        )
