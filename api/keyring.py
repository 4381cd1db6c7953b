"""The archive's own keys and its name in the ledger: made on the first start, never in the database.

keys/root/                               the key store: root key and key-encryption keys (storage/keystore.py)
keys/signing/<purpose>.key               the Ed25519 key that signs manifests, receipts, packages, opinions, the ledger
keys/signing/<purpose>.next              the one that is about to take its place (api/succeeding.py)
keys/signing/<purpose>-<epoch>.json      how the key of this epoch, the second or a later one, succeeded the one before
keys/origin                              the ledger's name, as in its checkpoints
tsa/                                     our own time-stamping authority, when no other is named

Which keys there have been is read from this folder, and never from rows, which the application's role may insert: each
succession is signed by the key after it, and so by one that leads to the key whose private half lies here.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.engines.folders import make_private_folder
from api.errors import KeysUnusable
from api.root_access import PLAIN, root_access, telling_keys
from api.settings import Settings
from integrity.checkpoint import encode_vkey
from integrity.dsse import Envelope, encode_base64
from integrity.durable_files import PRIVATE, create_durably, new_folder
from integrity.epoch_keys import EpochKey, EpochSigner, public_keys
from integrity.errors import EvidenceContradiction, KeyFileUnreadable
from integrity.keys import PublicKey, SigningKey, create_signing_key, load_signing_key
from integrity.succession import ACTIVATED, FIRST_EPOCH, open_line
from storage.catalog.ledger import KEY_PURPOSES, SigningKeyEpoch
from storage.database import Database
from storage.keystore import KeyStore, create_key_store
from storage.ledger.append import Actor, Change, record_change
from storage.roots.by_shares import seal_rest
from storage.roots.holders import NO_SECRETS, RootAccess
from storage.roots.records import current_holder


@dataclass(frozen=True, slots=True)
class HeldKey:
    """The public half of an epoch's key, and the envelope that says how it succeeded the one before it, if any did."""

    epoch: int
    key: PublicKey
    succession: bytes | None


@dataclass(frozen=True)
class Keyring:
    """Where the keys are. Private halves are loaded one by one, by whoever signs with them, each time anew: a key that
    another took the place of signs nothing more."""

    folder: Path

    @property
    def key_store_folder(self) -> Path:
        return self.folder / "root"

    @property
    def origin(self) -> str:
        return (self.folder / "origin").read_text("ascii").strip()

    def signing_key(self, purpose: str) -> SigningKey:
        """The private key for `purpose`. Raises integrity's KeyFileError."""
        path = self.key_path(purpose)
        while True:
            opened = _file_at(path)
            try:
                return load_signing_key(path)
            except KeyFileUnreadable:
                # Another may have taken its place just now: then what was opened is overwritten by the time it is read.
                if _file_at(path) == opened:
                    raise

    def public_key(self, purpose: str) -> PublicKey:
        return self.signing_key(purpose).public

    def signer(self, purpose: str) -> EpochSigner:
        """The private key for `purpose`, and the epoch that it signs in. Raises as `epoch_keys`."""
        key = self.signing_key(purpose)
        return next(EpochSigner(each.epoch, key) for each in self.epoch_keys(purpose) if each.key == key.public)

    def epoch_keys(self, purpose: str) -> tuple[EpochKey, ...]:
        """Every key there has been, the one that is to follow last, where its succession is here already.

        Raises integrity's KeyFileError, and EvidenceError for successions that do not lead to the key that is here.
        """
        return tuple(EpochKey(each.epoch, each.key) for each in self.held_keys(purpose))

    def held_keys(self, purpose: str) -> tuple[HeldKey, ...]:
        """As `epoch_keys`, each with its succession."""
        # In this order: a key's succession is here before the key is.
        present = self.public_key(purpose)
        successions = self.successions(purpose)
        keys = open_line(successions, self.origin, purpose) or (EpochKey(FIRST_EPOCH, present),)
        if present not in public_keys(keys):
            raise EvidenceContradiction(f"{purpose}.key", "its successions", "the key of one of them", present.key_id)
        return tuple(HeldKey(each.epoch, each.key, by) for each, by in zip(keys, (None, *successions), strict=True))

    def successions(self, purpose: str) -> tuple[bytes, ...]:
        """The envelopes of `integrity.succession`, in order."""
        found: list[bytes] = []
        with suppress(FileNotFoundError):
            found.extend(self.succession_path(purpose, each).read_bytes() for each in count(FIRST_EPOCH + 1))
        return tuple(found)

    def succession_path(self, purpose: str, epoch: int) -> Path:
        return self.signing_folder / f"{purpose}-{epoch}.json"

    def next_path(self, purpose: str) -> Path:
        return self.signing_folder / f"{purpose}.next"

    @property
    def signing_folder(self) -> Path:
        return self.folder / "signing"

    @property
    def ledger_vkey(self) -> str:
        """The ledger's key and name as one line, for whoever checks its checkpoints."""
        return encode_vkey(self.origin, self.public_key("ledger"))

    def key_path(self, purpose: str) -> Path:
        return self.signing_folder / f"{purpose}.key"

    def create_missing(self, access: RootAccess = NO_SECRETS, holder: str = PLAIN) -> None:
        """Make what is not there yet. What is there stays as it is. A root key that is made is held by `holder`."""
        make_private_folder(self.folder)
        make_private_folder(self.signing_folder)
        if not self.key_store_folder.exists():
            self._create_key_store(access, holder)
        for purpose in KEY_PURPOSES:
            if not self.key_path(purpose).exists():
                create_signing_key(self.key_path(purpose))
        if not (self.folder / "origin").exists():
            create_durably(self.folder / "origin", f"liuhen.local/{secrets.token_hex(8)}\n".encode(), PRIVATE)

    def _create_key_store(self, access: RootAccess, holder: str) -> None:
        """Under its name once it is whole: where what is to hold its root key is wanting, there is none."""
        with telling_keys(), new_folder(self.key_store_folder) as passing:
            create_key_store(passing, access, holder)


def _file_at(path: Path) -> tuple[int, int] | None:
    """Which file has the name now."""
    with suppress(OSError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None


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
    """Enter each key's public half with its epoch into the ledger, once. One that is to follow is entered by whoever
    puts it in its place (api/succeeding.py): here it may be all that is left of what broke off."""
    with database.transaction() as session:
        for purpose in KEY_PURPOSES:
            announce_up_to(session, keyring, purpose, keyring.signer(purpose).epoch)


def announce_up_to(session: Session, keyring: Keyring, purpose: str, epoch: int) -> None:
    """Enter what is not entered yet of the keys for `purpose`, in the order of their epochs, up to this one's."""
    known = set(session.scalars(select(SigningKeyEpoch.epoch).where(SigningKeyEpoch.purpose == purpose)))
    for held in keyring.held_keys(purpose):
        if held.epoch <= epoch and held.epoch not in known:
            _announce(session, purpose, held)


def require_agreement(database: Database, keyring: Keyring, purpose: str) -> None:
    """What was announced is a beginning of the line that is here. With a key folder older than the ledger nothing may
    be destroyed, and no second key may get an epoch that has one. Raises KeysUnusable, and as `held_keys`."""
    statement = select(SigningKeyEpoch.epoch, SigningKeyEpoch.public_key).where(SigningKeyEpoch.purpose == purpose)
    with database.reading() as session:
        announced = [(row.epoch, row.public_key) for row in session.execute(statement.order_by(SigningKeyEpoch.epoch))]
    known = [(each.epoch, each.key.raw) for each in keyring.held_keys(purpose)]
    if announced != known[: len(announced)]:
        raise KeysUnusable(
            f"{keyring.signing_folder} 中的 {purpose} 密钥与已公示的不符；请从较新的备份恢复密钥目录，"
            f"并以 liuhen verify 查明；如系他人伪造，执行 liuhen keys strike {purpose}",
            f"the {purpose} keys in {keyring.signing_folder} are not those that were announced: bring the key folder "
            "back from a newer backup, and find out by `liuhen verify`; if somebody forged an epoch, "
            f"`liuhen keys strike {purpose}`",
        )


def _announce(session: Session, purpose: str, held: HeldKey) -> None:
    epoch, key = held.epoch, held.key
    data = announcement(purpose, EpochKey(epoch, key), held.succession)
    entry = record_change(session, Actor.system("keys"), Change(ACTIVATED, "key", key.key_id, None, data))
    session.flush()
    session.add(SigningKeyEpoch(purpose=purpose, epoch=epoch, key_id=key.key_id, public_key=key.raw, entry_id=entry.id))


def announcement(purpose: str, announced: EpochKey, succession: bytes | None) -> dict[str, str | int]:
    """The data of a key's entry, with what the former key and this one have signed, so that it can be checked by
    itself: what they signed follows from the entries of both and the ledger's name (docs/formats/succession.md)."""
    data: dict[str, str | int] = {"purpose": purpose, "epoch": announced.epoch, "public_key": announced.key.raw.hex()}
    if succession is None:
        return data
    by_former, by_following = Envelope.parse(succession).signatures
    return {
        **data,
        "former": by_former.key_id,
        "signed_by_former": encode_base64(by_former.signature),
        "signed_by_this": encode_base64(by_following.signature),
    }
