"""The keys of a backup: a part of its own, so that they can lie in another safe than the data that they open.

    keys/root, keys/signing, keys/seals, keys/origin    as they are: what a passphrase or a token holds stays so
    tsa/                                                our own time-stamping authority
    secrets/                                            the passwords of the database's roles, where it is our own

With a passphrase all of it is one file, `keys.sealed`: `seal.json` has a random key under what Argon2id makes of the
passphrase, and AES-256-GCM under that key, with the backup's name as associated data.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from api.backup.errors import BackupDamaged, BackupSecretWrong
from integrity.durable_files import PRIVATE, sync_folder, write_durably
from integrity.keys import SigningKey
from storage import key_files
from storage.key_files import destroy_private
from storage.roots.given_secret import GivenSecret
from storage.roots.passphrase import open_root_with, seal_root

SEALED, SEAL = "keys.sealed", "seal.json"
KEKS = "keys/root/keys/"
SIGNING = "keys/signing/"
PACKAGE_KEY = f"{SIGNING}package.key"
_NONCE_BYTES = 12
_PASSING = (".new-", ".destroyed-")
_LOCKS = ("lock", "rotation.lock", "pin.lock", "pin-refused")

KeyFiles = Mapping[str, bytes]
"""Contents by path, with "/" between."""


def read_keys(data: Path, passwords: Path | None, authority: Path) -> dict[str, bytes]:
    """Everything that is secret of an archive, as of one moment: no key is made, changed or destroyed meanwhile.

    `passwords`: the folder of a database of its own. `authority`: the keys of our own time-stamping authority, whether
    it has one or not. Raises OSError, KeyStoreUnusable.
    """
    parts = {"keys": data / "keys", "tsa": authority} | ({} if passwords is None else {"secrets": passwords})
    root = data / "keys" / "root"
    with key_files.locked(root / "rotation.lock"), key_files.locked(root / "lock"):
        return {
            f"{part}/{path.relative_to(folder).as_posix()}": path.read_bytes()
            for part, folder in parts.items()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name not in _LOCKS and not path.name.startswith(_PASSING)
        }


def write_keys(folder: Path, name: str, files: KeyFiles, passphrase: str | None) -> None:
    """Into the empty `folder`, 0600; sealed where there is a passphrase. Durable on return."""
    written = files if passphrase is None else _sealed(name, files, passphrase)
    for path, content in written.items():
        target = folder / path
        key_files.make_private_folder(target.parent, folder)
        write_durably(target, content, PRIVATE)
    for below in sorted(folder.rglob("*"), reverse=True):
        if below.is_dir():
            sync_folder(below)
    sync_folder(folder)


def is_sealed(folder: Path) -> bool:
    return (folder / SEAL).exists()


def open_keys(folder: Path, name: str, given: GivenSecret) -> dict[str, bytes]:
    """The contents of a backup's keys. Raises RootSecretMissing without a passphrase, BackupSecretWrong, OSError."""
    if not is_sealed(folder):
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    try:
        seal, ciphertext = json.loads((folder / SEAL).read_bytes()), (folder / SEALED).read_bytes()
        opened = [open_root_with(seal, line) for line in given.lines()]
    except (ValueError, FileNotFoundError) as error:
        raise BackupDamaged([f"密钥部分不完整 / its keys are not whole: {folder}"]) from error
    key = next((key for key in opened if key is not None), None)
    if key is None:
        raise BackupSecretWrong(given.place)
    try:
        plain = AESGCM(key).decrypt(ciphertext[:_NONCE_BYTES], ciphertext[_NONCE_BYTES:], _bound_to(name))
    except InvalidTag as error:
        raise BackupDamaged([f"内容不符 / other bytes: {folder / SEALED}"]) from error
    return {path: b64decode(content) for path, content in json.loads(plain).items()}


def kek_path(kek_id: str) -> str:
    """Where the key store keeps it, below a data folder: `<unit>.<month>.<file>` (storage/keystore.py)."""
    unit, month, file = kek_id.split(".")
    return f"{KEKS}{unit}/{month}/{file}.json"


def kek_ids(files: Iterable[str]) -> set[str]:
    """Of all key-encryption keys among the files."""
    return {path.removeprefix(KEKS).removesuffix(".json").replace("/", ".") for path in files if path.startswith(KEKS)}


def package_key(files: KeyFiles) -> SigningKey:
    """What the backup itself is signed with. Raises as `signing_key`."""
    return signing_key(files, "package")


def signing_key(files: KeyFiles, purpose: str) -> SigningKey:
    """What signs for `purpose`. Raises KeyError, ValueError or TypeError where it is not among the files."""
    private = load_pem_private_key(files[f"{SIGNING}{purpose}.key"], None)
    if not isinstance(private, Ed25519PrivateKey):
        raise TypeError("not an Ed25519 key")
    return SigningKey(private)


def destroy_in(folder: Path, destroyed: Iterable[str]) -> int:
    """Take keys that were destroyed since out of a backup's keys, where these are not sealed; how many were there."""
    found = [path for path in (folder / kek_path(each) for each in destroyed) if path.exists()]
    for path in found:
        destroy_private(path)
    return len(found)


def _sealed(name: str, files: KeyFiles, passphrase: str) -> dict[str, bytes]:
    key, nonce = secrets.token_bytes(32), secrets.token_bytes(_NONCE_BYTES)
    plain = json.dumps({path: b64encode(content).decode() for path, content in files.items()}).encode()
    seal = {"v": 1, **seal_root(key, passphrase)}
    return {
        SEAL: json.dumps(seal, indent=1).encode() + b"\n",
        SEALED: nonce + AESGCM(key).encrypt(nonce, plain, _bound_to(name)),
    }


def _bound_to(name: str) -> bytes:
    return b"liuhen backup keys v1\0" + name.encode()
