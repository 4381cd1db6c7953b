"""The keys that opinions of legal reviews are signed with."""

from __future__ import annotations

from api.keyring import Keyring
from casework.review.passes import ReviewSigner
from integrity.epoch_keys import EpochKey


def review_keys(keyring: Keyring) -> tuple[EpochKey, ...]:
    """Those of the key folder, never those that rows announce: the application's role can insert such a row.

    Raises as `Keyring.epoch_keys`.
    """
    return keyring.epoch_keys("review")


def review_signer(keyring: Keyring) -> ReviewSigner:
    """Raises as `Keyring.signer`."""
    signer = keyring.signer("review")
    return ReviewSigner(signer.key, signer.epoch)
