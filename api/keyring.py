"""The archive's own keys and its name in the ledger: made on the first start, never replaced, never in the database.

keys/root/                    the key store: root key and key-encryption keys (storage/keystore.py)
keys/signing/<purpose>.key    one Ed25519 key each for manifests, receipts, packages and the ledger
keys/origin                   the ledger's name, as in its checkpoints
tsa/                          our own time-stamping authority, when no other is named
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.engines.folders import make_private_folder
from api.errors import KeysUnusable
from api.root_access import PLAIN, root_access, telling_keys
from api.settings import Settings
from integrity.checkpoint import encode_vkey
from integrity.durable_files import PRIVATE, create_durably, new_folder
from integrity.keys import PublicKey, SigningKey, create_signing_key, load_signing_key
from storage.catalog.ledger import KEY_PURPOSES, SigningKeyEpoch
from storage.database import Database
from storage.keystore import KeyStore, create_key_store
from storage.ledger.append import Actor, Change, record_change
from storage.roots.by_shares import seal_rest
from storage.roots.holders import NO_SECRETS, RootAccess
from storage.roots.records import current_holder

FIRST_EPOCH = 1


@dataclass(frozen=True)
class Keyring:
    """Where the keys are. Private halves are loaded one by one, by whoever signs with them."""

    folder: Path

    @property
    def key_store_folder(self) -> Path:
        return self.folder / "root"

    @property
    def origin(self) -> str:
        return (self.folder / "origin").read_text("ascii").strip()

    def signing_key(self, purpose: str) -> SigningKey:
        """The private key for `purpose`. Raises integrity's KeyFileError."""
        return load_signing_key(self._path(purpose))

    def public_key(self, purpose: str) -> PublicKey:
        return self.signing_key(purpose).public

    @property
    def ledger_vkey(self) -> str:
        """The ledger's key and name as one line, for whoever checks its checkpoints."""
        return encode_vkey(self.origin, self.public_key("ledger"))

    def _path(self, purpose: str) -> Path:
        return self.folder / "signing" / f"{purpose}.key"

    def create_missing(self, access: RootAccess = NO_SECRETS, holder: str = PLAIN) -> None:
        """Make what is not there yet. What is there stays as it is. A root key that is made is held by `holder`."""
        make_private_folder(self.folder)
        make_private_folder(self.folder / "signing")
        if not self.key_store_folder.exists():
            self._create_key_store(access, holder)
        for purpose in KEY_PURPOSES:
            if not self._path(purpose).exists():
                create_signing_key(self._path(purpose))
        if not (self.folder / "origin").exists():
            create_durably(self.folder / "origin", f"liuhen.local/{secrets.token_hex(8)}\n".encode(), PRIVATE)

    def _create_key_store(self, access: RootAccess, holder: str) -> None:
        """Under its name once it is whole: where what is to hold its root key is wanting, there is none."""
        with telling_keys(), new_folder(self.key_store_folder) as passing:
            create_key_store(passing, access, holder)


def open_keyring(settings: Settings) -> Keyring:
    return Keyring(settings.data / "keys")


def create_missing_keys(settings: Settings) -> Keyring:
    """All that an archive signs and encrypts with, made on its first start. For the holder of the data folder only."""
    keyring = open_keyring(settings)
    keyring.create_missing(root_access(settings), settings.root_holder or PLAIN)
    if not settings.tsa_urls and not settings.authority_folder.exists():
        # Once in an archive's life.
        from integrity.authority import create_authority

        create_authority(settings.authority_folder)
    return keyring


def require_keys(settings: Settings) -> None:
    """Return where the key store's root key opens with what the settings give, and is held by whom they say. For the
    holder of the data folder: what broke off of making shares is gone on with.

    Raises KeysUnusable, which says what to do.
    """
    folder = open_keyring(settings).key_store_folder
    with telling_keys():
        seal_rest(KeyStore(folder, root_access(settings)))
        held_by = current_holder(folder)
    if settings.root_holder not in (None, held_by):
        raise KeysUnusable(
            f"LIUHEN_ROOT_HOLDER 为 {settings.root_holder}，而根密钥仍由 {held_by} 保管；"
            f"请先执行 liuhen keys rotate root --to {settings.root_holder}，或取消该设置",
            f"LIUHEN_ROOT_HOLDER is {settings.root_holder}, and the root key is still held by {held_by}: run "
            f"`liuhen keys rotate root --to {settings.root_holder}` first, or do not set it",
        )


def announce_keys(database: Database, keyring: Keyring) -> None:
    """Enter each key's public half with its epoch into the ledger, once."""
    with database.transaction() as session:
        known = set(session.scalars(select(SigningKeyEpoch.purpose)))
        for purpose in KEY_PURPOSES:
            if purpose not in known:
                _announce(session, purpose, keyring.public_key(purpose))


def _announce(session: Session, purpose: str, key: PublicKey) -> None:
    data = {"purpose": purpose, "epoch": FIRST_EPOCH, "public_key": key.raw.hex()}
    entry = record_change(session, Actor.system("keys"), Change("key.activated", "key", key.key_id, None, data))
    session.flush()
    session.add(
        SigningKeyEpoch(purpose=purpose, epoch=FIRST_EPOCH, key_id=key.key_id, public_key=key.raw, entry_id=entry.id)
    )
