"""Every key, beside the log that names it: in a stream's folder `keys`, as it is in the data folder now.

A key is durable before the row that names it, and copied here before the log that has the row: so whatever the stream
can bring back opens. It leaves when the ledger says that it was destroyed, and for no other reason: a file that is gone
by mistake is one that somebody will look for here. A signing key that was to follow leaves once it is in its place.

With a passphrase each file is sealed by itself (AES-256-GCM, its path as associated data) under a random key that
`seal.json` has under the passphrase.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from itertools import count, takewhile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api.backup.keys_part import KEKS, SIGNING, kek_path, read_keys, signing_key
from api.settings import Settings
from api.wal.errors import WalKeysSealed
from integrity.durable_files import PRIVATE, replace_durably, sync_folder
from integrity.errors import EvidenceError
from integrity.succession import FIRST_EPOCH, open_succession
from storage.kek_record import KekRecord
from storage.key_files import destroy_private, make_private_folder
from storage.roots.given_secret import GivenSecret
from storage.roots.passphrase import open_root_with, seal_root

SEAL, SEALED = "seal.json", ".sealed"
_ROOTS, _CURRENT = "keys/root/roots/", "keys/root/roots/current"
_NEXT = ".next"
_NONCE_BYTES = 12

Picture = Mapping[str, tuple[int, int, int]]
IsDestroyed = Callable[[Collection[str]], set[str]]


class KeysMirror:
    """`given`: the passphrase of backups, where there is one. `destroyed_of` says which of some keys the ledger knows
    to be destroyed; `note_destroyed` writes down for good that they were, before their copies go."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        given: GivenSecret,
        destroyed_of: IsDestroyed,
        note_destroyed: Callable[[Collection[str]], None],
    ) -> None:
        self._folder, self._settings, self._given = folder, settings, given
        self._destroyed_of, self._note_destroyed = destroyed_of, note_destroyed
        self._seen: Picture | None = None
        self._here: dict[str, bytes] = {}
        self._key: bytes | None = None

    def bring_up(self) -> None:
        """As of now; durable on return. Raises OSError, KeyStoreError, WalKeysSealed, what `destroyed_of` raises."""
        picture = _look(self._settings.data)
        if picture == self._seen:
            return
        if self._seen is None:
            self._open()
        files = read_keys(self._settings.data, self._settings.secrets_folder, self._settings.authority_folder)
        changed = [path for path, content in files.items() if self._here.get(path) != _digest(content)]
        for path in sorted(changed, key=_order):
            self._put(path, files[path])
            self._here[path] = _digest(files[path])
        self._forget(files)
        self._seen = picture

    def _open(self) -> None:
        """What is here from before. Copies of the other form go once all are here in the form that is wanted."""
        make_private_folder(self._folder, self._folder.parent)
        if self._given.value is not None or self._given.file is not None:
            self._key = open_seal(self._folder, self._given) if (self._folder / SEAL).exists() else None
            self._key = self._seal_by_the_first_line(self._key or secrets.token_bytes(32))
        self._here = {path: _digest(content) for path, content in read_mirror(self._folder, self._key).items()}

    def _seal_by_the_first_line(self, key: bytes) -> bytes:
        """A passphrase that takes another's place stands above it."""
        passphrase, path = self._given.lines()[0], self._folder / SEAL
        if not path.exists() or open_root_with(json.loads(path.read_bytes()), passphrase) is None:
            seal = {"v": 1, **seal_root(key, passphrase)}
            replace_durably(path, json.dumps(seal, indent=1).encode() + b"\n", PRIVATE)
        return key

    def _put(self, path: str, content: bytes) -> None:
        target = self._folder / path
        if self._key is not None:
            nonce = secrets.token_bytes(_NONCE_BYTES)
            content = nonce + AESGCM(self._key).encrypt(nonce, content, _bound_to(path))
            target = target.with_name(target.name + SEALED)
        make_private_folder(target.parent, self._folder)
        replace_durably(target, content, PRIVATE)

    def _forget(self, files: Mapping[str, bytes]) -> None:
        gone = {path for path in self._here if path not in files}
        keks = {path.removeprefix(KEKS).removesuffix(".json").replace("/", "."): path for path in gone if _is_kek(path)}
        destroyed = self._destroyed_of(sorted(keks)) if keks else set()
        if destroyed:
            self._note_destroyed(sorted(destroyed))
        removed = {keks[each] for each in destroyed} | _former_roots(gone, files) | _keys_in_place(gone, files)
        for path in removed:
            for each in (self._folder / path, self._folder / f"{path}{SEALED}"):
                destroy_private(each)
            del self._here[path]
        self._remove_other_form()

    def _remove_other_form(self) -> None:
        if self._seen is not None:
            return
        for path in self._here:
            other = self._folder / (path if self._key is not None else f"{path}{SEALED}")
            if other.exists():
                destroy_private(other)
        if self._key is None and (self._folder / SEAL).exists():
            destroy_private(self._folder / SEAL)
            sync_folder(self._folder)


def open_seal(folder: Path, given: GivenSecret) -> bytes:
    """The key that files of a mirror are sealed with. Raises WalKeysSealed, RootSecretMissing, OSError, ValueError."""
    seal = json.loads((folder / SEAL).read_bytes())
    for line in given.lines():
        key = open_root_with(seal, line)
        if key is not None:
            return key
    raise WalKeysSealed(folder)


def read_mirror(folder: Path, key: bytes | None) -> dict[str, bytes]:
    """Contents by path: of what is sealed where there is a key, else of what lies open. Raises OSError and
    WalKeysSealed."""
    found: dict[str, bytes] = {}
    for above, _, names in os.walk(folder):
        for name in names:
            path = (Path(above) / name).relative_to(folder).as_posix()
            if path == SEAL or name.startswith("."):
                continue
            if key is None and not name.endswith(SEALED):
                found[path] = (folder / path).read_bytes()
            elif key is not None and name.endswith(SEALED):
                plain = path.removesuffix(SEALED)
                content = (folder / path).read_bytes()
                try:
                    found[plain] = AESGCM(key).decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], _bound_to(plain))
                except InvalidTag as error:
                    raise WalKeysSealed(folder / path) from error
    return found


def _look(data: Path) -> Picture:
    """Which files there are, and in which version: a file is never changed in place."""
    found: dict[str, tuple[int, int, int]] = {}
    for part in ("keys", "tsa", "secrets"):
        for above, _, names in os.walk(data / part):
            for name in names:
                # What is written or destroyed just now, the next look sees.
                with suppress(FileNotFoundError):
                    stat = (Path(above) / name).lstat()
                    found[f"{above}/{name}"] = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
    return found


def _order(path: str) -> tuple[int, str]:
    """Roots before what is wrapped under them, and which one is current last: whatever is here by then, opens."""
    if path == _CURRENT:
        return 2, path
    return (0 if path.startswith(_ROOTS) or path == "keys/root/root.key" else 1), path


def _is_kek(path: str) -> bool:
    return path.startswith(KEKS)


def _former_roots(gone: Collection[str], files: Mapping[str, bytes]) -> set[str]:
    """Roots that were destroyed: another is current, and no key is wrapped under them any more."""
    roots = {path for path in gone if path == "keys/root/root.key" or (path.startswith(_ROOTS) and path != _CURRENT)}
    current = files.get(_CURRENT, b"").decode().strip()
    if not roots or f"{_ROOTS}{current}.json" not in files:
        return set()
    named = {
        KekRecord.parse(Path(path), content, _kek_id(path)).root_id for path, content in files.items() if _is_kek(path)
    }
    return {path for path in roots if _root_id(path) not in named}


def _keys_in_place(gone: Collection[str], files: Mapping[str, bytes]) -> set[str]:
    """Signing keys that were to follow, of a purpose whose last succession is at its end: kept here, each would be a
    former private half one day."""
    to_follow = {path for path in gone if path.startswith(SIGNING) and path.endswith(_NEXT)}
    return {path for path in to_follow if _is_at_its_end(files, path.removeprefix(SIGNING).removesuffix(_NEXT))}


def _is_at_its_end(files: Mapping[str, bytes], purpose: str) -> bool:
    names = (f"{SIGNING}{purpose}-{epoch}.json" for epoch in count(FIRST_EPOCH + 1))
    line = [files[name] for name in takewhile(files.__contains__, names)]
    try:
        return not line or open_succession(line[-1]).following == signing_key(files, purpose).public
    except (EvidenceError, KeyError, ValueError, TypeError):  # whoever signs with it names what is wrong
        return False


def _kek_id(path: str) -> str:
    kek_id = path.removeprefix(KEKS).removesuffix(".json").replace("/", ".")
    assert kek_path(kek_id) == path
    return kek_id


def _root_id(path: str) -> str:
    return "first" if path == "keys/root/root.key" else path.removeprefix(_ROOTS).removesuffix(".json")


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _bound_to(path: str) -> bytes:
    return b"liuhen wal keys v1\0" + path.encode()
