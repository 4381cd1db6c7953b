"""A signing key gives way to another: what it signed stays as it is, and what it was pinned for is handed on.

    1. the new key                              signing/<purpose>.next: nothing signs with it
    2. its succession, signed by both           signing/<purpose>-<epoch>.json
    3. its entry in the ledger, and its row     from here on it is known to whoever verifies
    4. it takes the former one's place          signing/<purpose>.key; the former private half is overwritten

Whatever line the power fails on, a key that is announced signs, and a repeat goes on. Whoever signs reads the key anew
each time, so that no process has to be started again. docs/decisions/0035-signing-keys.md says why it is so.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from api.errors import KeysUnusable
from api.keyring import Keyring, announce_up_to
from integrity.epoch_keys import EpochSigner
from integrity.keys import SigningKey, load_signing_key
from integrity.succession import open_succession, sign_succession
from storage import key_files
from storage.catalog.ledger import SigningKeyEpoch
from storage.database import Database

SUCCEEDED = ("manifest", "receipt", "package", "review")
"""The ledger's own key is not among them: who checks a checkpoint still pins one."""


@dataclass(frozen=True, slots=True)
class Succeeded:
    """`begun` false: an earlier one, which broke off, was brought to its end."""

    begun: bool
    purpose: str
    epoch: int
    former_id: str
    key_id: str


def succeed_key(database: Database, keyring: Keyring, purpose: str) -> Succeeded:
    """Bring what broke off to its end; if nothing did, put a new key in the place of the one that signs for `purpose`.

    Raises KeysUnusable, and what key folder, disk and database raise; then a repeat goes on.
    """
    with key_files.locked(keyring.key_store_folder / "rotation.lock"):
        with key_files.disk_errors(keyring.signing_folder):
            key_files.sweep_passing(keyring.signing_folder)
        former = keyring.signer(purpose)
        _forget_lost(database, keyring, purpose, former)
        begun = not keyring.succession_path(purpose, former.epoch + 1).exists()
        following = _next_key(keyring, purpose)
        if begun:
            _write_succession(keyring, purpose, former, following)
        with database.transaction() as session:
            announce_up_to(session, keyring, purpose, former.epoch + 1)
        with key_files.disk_errors(keyring.signing_folder):
            key_files.supersede_private(keyring.key_path(purpose), keyring.next_path(purpose))
        return Succeeded(begun, purpose, former.epoch + 1, former.key.key_id, following.key_id)


def is_broken_off(keyring: Keyring, purpose: str) -> bool:
    """Whether a succession stands that has not come to its end."""
    return keyring.epoch_keys(purpose)[-1].key != keyring.public_key(purpose)


def _forget_lost(database: Database, keyring: Keyring, purpose: str, former: EpochSigner) -> None:
    """What a key folder that came back from elsewhere may hold: a succession whose key is missing, or a key to come
    that is in its place already. Raises KeysUnusable where what is missing was announced."""
    path, next_path = keyring.succession_path(purpose, former.epoch + 1), keyring.next_path(purpose)
    named = open_succession(path.read_bytes()).following if path.exists() else None
    held = load_signing_key(next_path).public if next_path.exists() else None
    if named is not None and named != held:
        with database.reading() as session:
            announced = session.scalar(select(SigningKeyEpoch.key_id).where(SigningKeyEpoch.key_id == named.key_id))
        if announced is not None:
            raise KeysUnusable(
                f"已公示的 {purpose} 密钥 {named.key_id} 不在 {next_path}；请从较新的备份恢复密钥目录",
                f"the {purpose} key {named.key_id} was announced and is not at {next_path}: bring the key folder back "
                "from a newer backup",
            )
        key_files.destroy_private(path)
    if held is not None and held == former.key.public:
        key_files.destroy_private(next_path)


def _next_key(keyring: Keyring, purpose: str) -> SigningKey:
    """The one that was made before, which nothing was signed with yet, or a new one."""
    path = keyring.next_path(purpose)
    if not path.exists():
        with key_files.disk_errors(path):
            key_files.write_private(path, SigningKey.generate().private_pem())
    return load_signing_key(path)


def _write_succession(keyring: Keyring, purpose: str, former: EpochSigner, following: SigningKey) -> None:
    epoch = former.epoch + 1
    envelope = sign_succession(keyring.origin, purpose, epoch, former.key, following)
    path = keyring.succession_path(purpose, epoch)
    with key_files.disk_errors(path):
        key_files.write_private(path, envelope.to_bytes())
