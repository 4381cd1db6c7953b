"""The key store: root → key-encryption key per (unit, disposal month) → the data key of one recording.

    <folder>/                       0700
      root.key                      0600, 32 random bytes; wraps every key below
      lock                          held while a key is made or destroyed
      keys/<unit>/<month>/<generation>-<random>.json      0600, one key-encryption key, wrapped by the root (RFC 3394)

Nothing in here may reach PostgreSQL, write-once storage or an undated backup: destroying a key-encryption key is what
disposal means, and a copy that remembers it undoes that (docs/decisions/0003-keys.md). Only data keys wrapped here
leave, with the id of the key that wrapped them.

Any number of processes may use one store: files appear whole or not at all, and what changes the set of keys holds the
lock. Keys are read from the disk each time, so that no process remembers one that another has destroyed.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from integrity.durable_files import sync_folder
from storage import key_files
from storage.errors import KeyMissing, KeyStoreDamaged, KeyStoreExists, KeyStoreMissing, UnwrapFailed

KEY_BYTES = 32
PERMANENT = "permanent"
_FORMAT_VERSION = 1
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

    Raises KeyStoreMissing, KeyExposed, KeyStoreDamaged when opened, and KeyStoreError for whatever the disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._keys = folder / "keys"
        self._lock = folder / "lock"
        self._root = _read_root(folder)
        self._durable_keks: set[str] = set()

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
        with key_files.locked(self._lock), key_files.disk_errors(path):
            key_files.destroy_private(path)

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
        with key_files.locked(self._lock), key_files.disk_errors(folder):
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
        wrapped = aes_key_wrap(self._root, secrets.token_bytes(KEY_BYTES))
        return json.dumps({"v": _FORMAT_VERSION, "kek_id": kek_id, "wrapped": wrapped.hex()}, indent=1).encode() + b"\n"

    def _open_kek(self, kek_id: str) -> bytes:
        path = self._path(kek_id)
        with key_files.disk_errors(path):
            content = key_files.read_private(path)
        if content is None:
            raise KeyMissing(str(self.folder), kek_id)
        try:
            record = json.loads(content)
            if (record["v"], record["kek_id"]) != (_FORMAT_VERSION, kek_id):
                raise KeyStoreDamaged(str(path), f"it does not hold version {_FORMAT_VERSION} of key {kek_id}")
            return aes_key_unwrap(self._root, bytes.fromhex(record["wrapped"]))
        except InvalidUnwrap as error:
            raise KeyStoreDamaged(str(path), "it does not open under this store's root key") from error
        except (ValueError, KeyError, TypeError) as error:
            raise KeyStoreDamaged(str(path), "it is not a key file") from error

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


def create_key_store(folder: Path) -> KeyStore:
    """Make `folder` a new key store with a root key of its own; durable on return.

    Raises KeyStoreExists when there is a root key, KeyStoreDamaged when there are keys that hang on a lost one.
    """
    with key_files.disk_errors(folder):
        folder.mkdir(mode=key_files.PRIVATE_FOLDER, parents=True, exist_ok=True)
        key_files.require_private(folder, folder.stat().st_mode)
        with key_files.locked(folder / "lock"):
            _write_root(folder)
        sync_folder(folder.parent)
    return KeyStore(folder)


def _write_root(folder: Path) -> None:
    root = folder / "root.key"
    if root.exists():
        raise KeyStoreExists(str(folder))
    if (folder / "keys").exists():
        raise KeyStoreDamaged(str(root), "it is gone, but keys that it wraps are here")
    key_files.sweep_passing(folder)
    key_files.write_private(root, secrets.token_bytes(KEY_BYTES))


def _read_root(folder: Path) -> bytes:
    path = folder / "root.key"
    with key_files.disk_errors(path):
        root = key_files.read_private(path)
    if root is None:
        raise KeyStoreMissing(str(folder))
    key_files.require_private(folder, folder.stat().st_mode)
    if len(root) != KEY_BYTES:
        raise KeyStoreDamaged(str(path), f"a root key is {KEY_BYTES} bytes long, this file {len(root)}")
    return root


def _next_generation(current: str | None) -> int:
    """Ids are never used twice all the same: their random part differs also after all of a month were destroyed."""
    return int(current.rsplit(".", 1)[1][:6]) + 1 if current else 1


def _unwrap(folder: Path, kek: bytes, key: WrappedKey) -> bytes:
    try:
        return aes_key_unwrap(kek, key.wrapped)
    except (InvalidUnwrap, ValueError) as error:
        raise UnwrapFailed(str(folder), key.kek_id) from error
