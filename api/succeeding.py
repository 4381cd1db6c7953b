"""A signing key gives way to another: what it signed stays as it is, and what it was pinned for is handed on.

    1. the new key                              signing/<purpose>.next: nothing signs with it
    2. its succession, signed by both           signing/<purpose>-<epoch>.json
    3. its entry in the ledger, and its row     from here on it is known to whoever verifies
    4. it takes the former one's place          signing/<purpose>.key; the former private half is overwritten

Whatever line the power fails on, a key that is announced signs. What broke off is brought to its end by a repeat, by
the next start, and by custody before it signs anything: `liuhen verify` counts from the entry on, and a former key that
went on signing after a command was killed would look like a stolen one. Whoever signs reads the key anew each time, so
that no process has to be started again. docs/decisions/0035-signing-keys.md says why it is so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import func, select

from api.errors import KeysUnusable
from api.keyring import Keyring, announce_up_to, require_agreement
from integrity.epoch_keys import EpochSigner, public_keys
from integrity.errors import EvidenceError
from integrity.keys import SigningKey, load_signing_key
from integrity.succession import open_succession, sign_succession
from storage import key_files
from storage.catalog.ledger import SigningKeyEpoch
from storage.database import Database

SUCCEEDED = ("manifest", "receipt", "package", "review")
"""The ledger's own key is not among them: who checks a checkpoint still pins one."""
_LOOKS = 3
"""A key that is changed between a look at the folder and one at the rows is not changed again at once."""


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
    with alone_with_keys(keyring), telling_signing_keys():
        former = keyring.signer(purpose)
        require_agreement(database, keyring, purpose)
        _forget_lost(database, keyring, purpose, former)
        begun = not keyring.succession_path(purpose, former.epoch + 1).exists()
        if begun:
            _write_succession(keyring, purpose, former, _next_key(keyring, purpose))
        return _take_place(database, keyring, purpose, former, begun=begun)


def bring_to_end(database: Database, keyring: Keyring, *purposes: str) -> None:
    """What broke off of changing these keys, and what it left of a key that is destroyed; done again it changes
    nothing. Raises as `succeed_key`."""
    with alone_with_keys(keyring), telling_signing_keys():
        for purpose in purposes:
            if is_broken_off(keyring, purpose):
                former = keyring.signer(purpose)
                require_agreement(database, keyring, purpose)
                _forget_lost(database, keyring, purpose, former)
                if is_broken_off(keyring, purpose):
                    _take_place(database, keyring, purpose, former, begun=False)


def signer_in_force(database: Database, keyring: Keyring, purpose: str) -> EpochSigner:
    """Who signs for `purpose`: the key that was announced last. What broke off is brought to its end before.

    Raises as `succeed_key`, and KeysUnusable where this host's key folder is a copy from before the last change.
    """
    for _ in range(_LOOKS):
        with telling_signing_keys():
            broken_off = is_broken_off(keyring, purpose)
        if broken_off:
            bring_to_end(database, keyring, purpose)
        with telling_signing_keys():
            signer = keyring.signer(purpose)
        statement = select(func.max(SigningKeyEpoch.epoch)).where(SigningKeyEpoch.purpose == purpose)
        with database.reading() as session:
            announced = session.scalar(statement)
        if signer.epoch == announced:
            return signer
    raise KeysUnusable(
        f"{keyring.signing_folder} 中的 {purpose} 密钥为第 {signer.epoch} 期，已公示的为第 {announced} 期；"
        f"请将最新的 keys/signing 复制到本机；如系他人伪造，执行 liuhen keys strike {purpose}",
        f"the {purpose} key in {keyring.signing_folder} is of epoch {signer.epoch}, and epoch {announced} was "
        f"announced: copy the latest keys/signing to this host; if somebody forged it, `liuhen keys strike {purpose}`",
    )


@contextmanager
def telling_signing_keys() -> Iterator[None]:
    """Raise what is wrong with signing keys and their successions as KeysUnusable, in both languages."""
    try:
        yield
    except EvidenceError as error:
        raise KeysUnusable(
            f"签名密钥目录不可用或自相矛盾（{error}）；请从较新的备份恢复 keys/signing",
            f"the folder of signing keys cannot be used or contradicts itself ({error}): bring keys/signing back from "
            "a newer backup",
        ) from error


@contextmanager
def alone_with_keys(keyring: Keyring) -> Iterator[None]:
    """No key is changed by anybody else meanwhile, nor copied; what a crash left is swept up."""
    with key_files.locked(keyring.key_store_folder / "rotation.lock"):
        with key_files.disk_errors(keyring.signing_folder):
            key_files.sweep_passing(keyring.signing_folder)
        yield


def _take_place(database: Database, keyring: Keyring, purpose: str, former: EpochSigner, *, begun: bool) -> Succeeded:
    epoch = former.epoch + 1
    following = load_signing_key(keyring.next_path(purpose))
    with database.transaction() as session:
        announce_up_to(session, keyring, purpose, epoch)
    with key_files.disk_errors(keyring.signing_folder):
        key_files.supersede_private(keyring.key_path(purpose), keyring.next_path(purpose))
    return Succeeded(begun, purpose, epoch, former.key.key_id, following.key_id)


def is_broken_off(keyring: Keyring, purpose: str) -> bool:
    """Whether a succession stands that has not come to its end."""
    return keyring.epoch_keys(purpose)[-1].key != keyring.public_key(purpose)


def _forget_lost(database: Database, keyring: Keyring, purpose: str, former: EpochSigner) -> None:
    """What a key folder that came back from elsewhere may hold: a succession whose key is missing, or a key to come
    that was in its place already. Raises KeysUnusable where what is missing was announced."""
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
    # Not the one that signs alone: a copy that missed later changes has an earlier one.
    if held in public_keys(keyring.epoch_keys(purpose)[: former.epoch]):
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
