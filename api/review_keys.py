"""The key that opinions of legal reviews are signed with."""

from __future__ import annotations

from api.keyring import FIRST_EPOCH, Keyring
from casework.review.passes import ReviewSigner
from integrity.epoch_keys import EpochKey


def review_keys(keyring: Keyring) -> tuple[EpochKey, ...]:
    """Those of the key folder, never those that rows announce: the application's role can insert such a row.

    Raises integrity's KeyFileError.
    """
    return (EpochKey(FIRST_EPOCH, keyring.public_key("review")),)


def review_signer(keyring: Keyring) -> ReviewSigner:
    """Raises integrity's KeyFileError."""
    return ReviewSigner(keyring.signing_key("review"), FIRST_EPOCH)
