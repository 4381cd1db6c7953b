"""The key store: root → key-encryption key per (unit, disposal month) → the data key of one recording.

    <folder>/                       0700
      root.key, roots/              the root key, or what opens it (storage/roots/records.py)
      lock                          held while a key is made, rewrapped or destroyed
      keys/<unit>/<month>/<generation>-<random>.json      0600, one key-encryption key, wrapped by a root (RFC 3394)

Nothing in here may reach PostgreSQL, write-once storage or an undated backup: destroying a key-encryption key is what
disposal means, and a copy that remembers it undoes that (docs/decisions/0003-keys.md). Only data keys wrapped here
leave, with the id of the key that wrapped them.

Any number of processes may use one store: files appear whole or not at all, and what changes the set of keys holds the
lock. Keys are read from the disk each time, so that no process remembers one that another has destroyed.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from integrity.durable_files import sync_folder
from storage import key_files
from storage.kek_record import KekRecord
from storage.key_errors import KeyMissing, KeyStoreDamaged, KeyStoreExists, RootKeyError, RootRefused, UnwrapFailed
from storage.roots import records
from storage.roots.holders import NO_SECRETS, RootAccess, destroy_root, make_root
from storage.roots.names import ROOT_BYTES
from storage.roots.recovery import find_recovery_key
from storage.roots.root_key import RootKey
from storage.roots.roots import Roots

KEY_BYTES = 32
PERMANENT = "permanent"
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])|permanent")
_KEK_ID = re.compile(
    r"(?P<unit>[0-9a-f-]{36})\.(?P<month>[0-9]{4}-[0-9]{2}|permanent)\.(?P<file>[0-9]{6}-[0-9a-f]{16})"
)


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key that only the key store can open, and the id of the key-encryption key that it needs for that."""

    kek_id: str
    wrapped: bytes


class KeyStore:
    """The keys in `folder`, which `create_key_store` made.

    Raises KeyStoreMissing, KeyExposed, KeyStoreDamaged when opened, RootKeyError where the root does not open with what
    `access` gives, and KeyStoreError for whatever the disk refuses.
    """

    def __init__(self, folder: Path, access: RootAccess = NO_SECRETS, *, opened: bool = True) -> None:
        """`opened` false: for whoever looks after a store whose root may not open."""
        self.folder = folder
        self.roots = Roots(folder, access)
        self._keys = folder / "keys"
        self.lock = folder / "lock"
        self._durable_keks: set[str] = set()
        if opened:
            self.require_usable()

    def require_usable(self) -> None:
        """Return where keys can be made and opened now. Raises what opening raises."""
        with key_files.disk_errors(self.folder):
            if self.folder.exists():
                key_files.require_private(self.folder, self.folder.stat().st_mode)
        self.roots.require_usable()

    def wrap_data_key(self, unit_id: UUID, disposal_month: str, data_key: bytes) -> WrappedKey:
        """Wrap `data_key` so that it lives no longer than `disposal_month` ("2027-05" or "permanent") lets it.

        Makes the key-encryption key when the unit has none for that month yet; durable on return.
        """
        kek_id = self._current_kek(unit_id, disposal_month) or self._make_kek(unit_id, disposal_month, renew=False)
        self._make_name_durable(kek_id)
        return WrappedKey(kek_id, aes_key_wrap(self._open_kek(kek_id), data_key))

    def unwrap_data_key(self, key: WrappedKey) -> bytes:
        """The data key. Raises KeyMissing once its key-encryption key is destroyed, UnwrapFailed for altered bytes."""
        return _unwrap(self.folder, self._open_kek(key.kek_id), key)

    def rewrap(self, key: WrappedKey, unit_id: UUID, disposal_month: str) -> WrappedKey:
        """The same data key under the unit's current key-encryption key for `disposal_month`.

        A hold or a longer retention moves it to a later month; see `renew_kek` for its neighbours' disposal. The
        old wrapping opens until its key-encryption key is destroyed.
        """
        return self.wrap_data_key(unit_id, disposal_month, self.unwrap_data_key(key))

    def renew_kek(self, unit_id: UUID, disposal_month: str) -> str:
        """Make a fresh key-encryption key current for (unit, month) and give its id. The old one goes on opening.

        For disposing of one recording among several: renew, rewrap its neighbours, then destroy the old key.
        """
        return self._make_kek(unit_id, disposal_month, renew=True)

    def destroy_kek(self, kek_id: str) -> None:
        """Make everything wrapped under `kek_id` unreadable for good. Durable on return; again is no error.

        The caller has made sure that no recording needs it, and that no attempt still wraps under it.
        """
        path = self._path(kek_id)
        with key_files.locked(self.lock), key_files.disk_errors(path):
            key_files.destroy_private(path)
            key_files.sweep_passing(path.parent)

    def list_keks(self) -> Iterator[str]:
        """The ids of all key-encryption keys, sorted. Retention compares them with those that rows still name."""
        for path in sorted(self._keys.glob("*/*/[0-9]*.json")):
            yield f"{path.parent.parent.name}.{path.parent.name}.{path.stem}"

    def _current_kek(self, unit_id: UUID, disposal_month: str) -> str | None:
        folder = self._month_folder(unit_id, disposal_month)
        stems = [path.stem for path in folder.glob("[0-9]*.json")]
        return f"{unit_id}.{disposal_month}.{max(stems)}" if stems else None

    def _make_kek(self, unit_id: UUID, disposal_month: str, *, renew: bool) -> str:
        folder = self._month_folder(unit_id, disposal_month)
        with key_files.locked(self.lock), key_files.disk_errors(folder):
            current = self._current_kek(unit_id, disposal_month)
            if current is not None and not renew:
                return current  # another process was faster
            kek_id = f"{unit_id}.{disposal_month}.{_next_generation(current):06d}-{secrets.token_hex(8)}"
            key_files.make_private_folder(folder, self.folder)
            key_files.sweep_passing(folder)
            key_files.write_private(self._path(kek_id), self._new_record(kek_id))
            return kek_id

    def _make_name_durable(self, kek_id: str) -> None:
        # Another process may have made it a moment ago, and die with the power before its name is on the disk: what
        # we wrap under it would be lost with it.
        if kek_id not in self._durable_keks:
            with key_files.disk_errors(self._path(kek_id)):
                sync_folder(self._path(kek_id).parent)
            self._durable_keks.add(kek_id)

    def _new_record(self, kek_id: str) -> bytes:
        return self.wrap_kek(kek_id, secrets.token_bytes(KEY_BYTES), self.roots.current()).to_bytes()

    def wrap_kek(self, kek_id: str, kek: bytes, root: RootKey) -> KekRecord:
        """The record of a key-encryption key under `root`, opened once to see that it does; and sealed for the printed
        shares, where there are some."""
        wrapped = root.wrap(kek)
        if root.unwrap(wrapped) != kek:
            raise RootRefused(root.root_id)
        recovery = find_recovery_key(self.folder)
        return KekRecord(kek_id, wrapped, root.root_id, None if recovery is None else recovery.seal(kek_id, kek))

    def read_kek(self, kek_id: str) -> KekRecord:
        """What its file says now. Raises KeyMissing, KeyExposed, KeyStoreDamaged."""
        path = self._path(kek_id)
        with key_files.disk_errors(path):
            content = key_files.read_private(path)
        if content is None:
            raise KeyMissing(str(self.folder), kek_id)
        return KekRecord.parse(path, content, kek_id)

    def rewrite_kek(self, kek_id: str, change: Callable[[KekRecord], KekRecord | None]) -> bool:
        """Put what `change` makes of a key's record in its place, durably; None leaves it. False where it was destroyed
        meanwhile: it stays so."""
        path = self._path(kek_id)
        with key_files.locked(self.lock), key_files.disk_errors(path):
            content = key_files.read_private(path)
            if content is None:
                return False
            key_files.sweep_passing(path.parent)
            changed = change(KekRecord.parse(path, content, kek_id))
            if changed is not None:
                key_files.replace_private(path, changed.to_bytes())
        return True

    def open_record(self, record: KekRecord) -> bytes:
        """The key-encryption key. Raises KeyStoreDamaged, RootUnknown and what opening its root raises."""
        try:
            return self.roots.named(record.root_id).unwrap(record.wrapped)
        except RootRefused as error:
            path = str(self._path(record.kek_id))
            raise KeyStoreDamaged(path, "it does not open under this store's root key") from error

    def _open_kek(self, kek_id: str) -> bytes:
        record = self.read_kek(kek_id)
        while True:
            try:
                return self.open_record(record)
            except RootKeyError:
                # Between our two looks another process may have put it under a new root and destroyed the old one.
                again = self.read_kek(kek_id)
                if again.root_id == record.root_id:
                    raise
                record = again

    def _path(self, kek_id: str) -> Path:
        # The id comes from a database row: it must not be able to name any other file.
        parts = _KEK_ID.fullmatch(kek_id)
        if parts is None:
            raise KeyMissing(str(self.folder), kek_id)
        return self._keys / parts["unit"] / parts["month"] / f"{parts['file']}.json"

    def _month_folder(self, unit_id: UUID, disposal_month: str) -> Path:
        if not _MONTH.fullmatch(disposal_month):
            raise ValueError(f"a disposal month is written 2027-05 or {PERMANENT}, not {disposal_month!r}")
        return self._keys / str(unit_id) / disposal_month


def create_key_store(folder: Path, access: RootAccess = NO_SECRETS, holder: str = "file") -> KeyStore:
    """Make `folder` a new key store with a root key of its own, held by `holder`; durable on return.

    Raises KeyStoreExists when there is a root key, KeyStoreDamaged when there are keys that hang on a lost one, and
    RootKeyError, with no store made, where nothing usable is given to hold it.
    """
    with key_files.disk_errors(folder):
        folder.mkdir(mode=key_files.PRIVATE_FOLDER, parents=True, exist_ok=True)
        key_files.require_private(folder, folder.stat().st_mode)
        with key_files.locked(folder / "lock"):
            _make_first_root(folder, access, holder)
        sync_folder(folder.parent)
    return KeyStore(folder, access)


def _make_first_root(folder: Path, access: RootAccess, holder: str) -> None:
    path, current = folder / "root.key", folder / "roots" / "current"
    if path.exists() or current.exists():
        raise KeyStoreExists(str(folder))
    if (folder / "keys").exists():
        raise KeyStoreDamaged(str(path), "it is gone, but keys that it wraps are here")
    key_files.sweep_passing(folder)
    if holder == "file":
        key_files.write_private(path, secrets.token_bytes(ROOT_BYTES))
        return
    for leftover in records.list_records(folder):  # of a crash before it was current
        destroy_root(folder, leftover, access)
    records.set_current(folder, make_root(folder, holder, access).root_id)


def _next_generation(current: str | None) -> int:
    """Ids are never used twice all the same: their random part differs also after all of a month were destroyed."""
    return int(current.rsplit(".", 1)[1][:6]) + 1 if current else 1


def _unwrap(folder: Path, kek: bytes, key: WrappedKey) -> bytes:
    try:
        return aes_key_unwrap(kek, key.wrapped)
    except (InvalidUnwrap, ValueError) as error:
        raise UnwrapFailed(str(folder), key.kek_id) from error
