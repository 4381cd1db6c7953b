"""The words that settings, records and commands have for root keys; whoever needs no more loads no cryptography."""

from __future__ import annotations

ROOT_BYTES = 32
FIRST = "first"
"""The id of the root in `root.key`, of which a key store has one at most and never a second."""
HOLDERS = ("file", "passphrase", "pkcs11", "environment")
