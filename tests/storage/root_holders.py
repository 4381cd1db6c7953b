"""Every holder of a root key, with secrets of its own in a test's folder."""

from __future__ import annotations

import secrets
from pathlib import Path
from uuid import UUID

from storage.keystore import KeyStore, WrappedKey
from storage.roots.given_secret import GivenSecret
from storage.roots.holders import RootAccess
from storage.roots.passphrase import Cost
from storage.roots.token import TokenAccess
from tests.softhsm import MODULE, PIN, TOKEN

UNIT = UUID("6f1c1f6e-0000-4000-8000-000000000001")
MONTHS = ("2027-05", "2027-06", "permanent")
PASSPHRASE = "correct horse 马 battery"
CHEAP = Cost(memory_kib=64, iterations=1, lanes=1)


class Secrets:
    """Files with secrets, as an operator writes them, and what a process gets that is given them."""

    def __init__(self, folder: Path) -> None:
        self.passphrase, self.key, self.pin = folder / "passphrase", folder / "key", folder / "pin"
        self.pin.write_text(f"{PIN}\n")
        self.token = TOKEN
        self.passphrase.write_text(f"{PASSPHRASE}\n", "utf-8")
        self.key.write_text(secrets.token_hex(32))

    @property
    def access(self) -> RootAccess:
        return RootAccess(
            passphrase=GivenSecret("LIUHEN_ROOT_PASSPHRASE", file=self.passphrase),
            key=GivenSecret("LIUHEN_ROOT_KEY", file=self.key),
            token=TokenAccess(MODULE, self.token, GivenSecret("LIUHEN_PKCS11_PIN", file=self.pin)),
            cost=CHEAP,
        )

    def renew(self, holder: str) -> None:
        """What a new root of this holder needs: its secret above the one that is in use."""
        if holder == "passphrase":
            self.passphrase.write_text(f"{secrets.token_urlsafe()}\n{self.passphrase.read_text('utf-8')}", "utf-8")
        elif holder == "environment":
            self.key.write_text(f"{secrets.token_hex(32)}\n{self.key.read_text()}")


def wrap_some(keys: KeyStore) -> dict[WrappedKey, bytes]:
    """Data keys under a key-encryption key of each month."""
    data_keys = {month: secrets.token_bytes(32) for month in MONTHS}
    return {keys.wrap_data_key(UNIT, month, key): key for month, key in data_keys.items()}


def require_all_open(keys: KeyStore, wrapped: dict[WrappedKey, bytes]) -> None:
    assert {each: keys.unwrap_data_key(each) for each in wrapped} == wrapped
