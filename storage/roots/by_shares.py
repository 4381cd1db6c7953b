"""Shares are made of a key store, and bring it back once its root key is lost. No footage and no row is touched.

making       the shares are in somebody's hands first; then the public half is written, then every key-encryption key
             is sealed for it, one by one. What breaks off, `seal_rest` goes on with.
recovering   a rotation in which the old root's part is the shares'. What breaks off, the same shares go on with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from storage import key_files
from storage.kek_record import KekRecord
from storage.key_errors import KeyStoreDamaged, KeyStoreMissing, NoSharesMade, RootKeyError
from storage.keystore import KeyStore
from storage.roots.recovery import (
    RecoveryKey,
    find_recovery_key,
    make_recovery_key,
    open_shares,
    write_recovery_key,
)
from storage.roots.rotation import Announce, Rotation, begin_rotation, finish_rotation, kek_records
from storage.roots.shares import Share


def make_shares(
    keys: KeyStore, threshold: int, count: int, hand_out: Callable[[RecoveryKey, tuple[Share, ...]], None]
) -> RecoveryKey:
    """`hand_out` gives the shares to people; when it returns they have them, and former ones open nothing new.

    Raises ValueError for numbers that make no sense, KeyStoreError.
    """
    with key_files.locked(keys.folder / "rotation.lock"):
        keys.require_usable()
        key, shares = make_recovery_key(threshold, count)
        hand_out(key, shares)
        with key_files.locked(keys.lock):
            write_recovery_key(keys.folder, key)
        _seal_rest(keys, key)
        return key


def seal_rest(keys: KeyStore) -> int:
    """Seal what has no copy for the present shares, because making them broke off; how many there were."""
    if not keys_without_copy(kek_records(keys), find_recovery_key(keys.folder)):
        return 0
    with key_files.locked(keys.folder / "rotation.lock"):
        key = find_recovery_key(keys.folder)
        return 0 if key is None else _seal_rest(keys, key)


def keys_without_copy(files: Iterable[KekRecord], key: RecoveryKey | None) -> list[str]:
    """Ids of the key-encryption keys that the present shares would not bring back."""
    return [] if key is None else [each.kek_id for each in files if not _has_copy(each, key)]


def recover_root(keys: KeyStore, shares: Sequence[Share], holder: str | None, announce: Announce) -> Rotation:
    """Put a new root in the place of one that opens no more. Where the current one opens, only what broke off is
    brought to its end.

    Raises SharesError, NoSharesMade, and as `rotate_root`.
    """
    with key_files.locked(keys.folder / "rotation.lock"):
        key = find_recovery_key(keys.folder)
        if key is None:
            raise NoSharesMade(str(keys.folder))
        secret = open_shares(key, shares)

        def open_by_shares(record: KekRecord) -> bytes:
            return secret.open(keys.folder, record) if _has_copy(record, key) else keys.open_record(record)

        if _opens(keys):
            return finish_rotation(keys, open_by_shares, leave_closed=True)
        return begin_rotation(keys, holder or "passphrase", announce, open_by_shares, leave_closed=True)


def _opens(keys: KeyStore) -> bool:
    try:
        keys.require_usable()
    except (RootKeyError, KeyStoreMissing, KeyStoreDamaged):
        return False
    return True


def _seal_rest(keys: KeyStore, key: RecoveryKey) -> int:
    sealed = 0

    def change(record: KekRecord) -> KekRecord | None:
        nonlocal sealed
        if _has_copy(record, key):
            return None
        sealed += 1
        return keys.wrap_kek(record.kek_id, keys.open_record(record), keys.roots.named(record.root_id))

    for kek_id in keys.list_keks():
        keys.rewrite_kek(kek_id, change)
    return sealed


def _has_copy(record: KekRecord, key: RecoveryKey) -> bool:
    return record.recovery is not None and record.recovery.recovery_id == key.recovery_id
