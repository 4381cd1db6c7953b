"""The holders of root keys: a plain file, a file sealed with a passphrase, a token, the environment."""

from __future__ import annotations

import re
import secrets
from base64 import b64decode
from binascii import Error as NoBase64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.key_errors import KeyStoreDamaged, RootSecretUnusable, RootSecretWrong, TokenUnusable
from storage.roots import records
from storage.roots.given_secret import GivenSecret
from storage.roots.names import FIRST, ROOT_BYTES
from storage.roots.passphrase import LEAST_CHARACTERS, RECOMMENDED, Cost, open_root_with, seal_root
from storage.roots.records import RootRecord, record_path
from storage.roots.root_key import RootKey, SoftwareRoot, software_root_id
from storage.roots.token import Token, TokenAccess, TokenRoot, destroy_key, make_key


@dataclass(frozen=True, slots=True)
class RootAccess:
    """What this process is given to get at roots. Nothing of it is read before a root asks for it."""

    passphrase: GivenSecret = field(default_factory=lambda: GivenSecret("LIUHEN_ROOT_PASSPHRASE"))
    key: GivenSecret = field(default_factory=lambda: GivenSecret("LIUHEN_ROOT_KEY"))
    token: TokenAccess = field(default_factory=lambda: TokenAccess(None, None, GivenSecret("LIUHEN_PKCS11_PIN")))
    cost: Cost = RECOMMENDED


NO_SECRETS = RootAccess()
"""For a root in a plain file, which is its own secret."""


def open_root(folder: Path, record: RootRecord, access: RootAccess) -> RootKey:
    """The root of a record. Raises RootKeyError, KeyStoreDamaged."""
    path = str(record_path(folder, record.root_id))
    match record.holder:
        case "file":
            key = _plain_key(path, record)
        case "passphrase":
            key = _sealed_key(path, record, access)
        case "pkcs11":
            return TokenRoot(folder, record, access.token)
        case _:
            key = _given_key(path, record, access)
    root = SoftwareRoot(key, record.root_id if record.root_id == FIRST else None)
    if root.root_id != record.root_id:
        raise KeyStoreDamaged(path, "the root key in it is another than its name says")
    return root


def make_root(folder: Path, holder: str, access: RootAccess) -> RootRecord:
    """A new root with its record, durable on return; nothing is wrapped under it yet.

    Raises RootSecretMissing, RootSecretUnusable for what is given to hold it.
    """
    if holder == "pkcs11":
        return _make_in_token(folder, access.token)
    key = secrets.token_bytes(ROOT_BYTES)
    facts: dict[str, Any] = {}
    match holder:
        case "file":
            facts = {"key": key.hex()}
        case "passphrase":
            facts = seal_root(key, _new_passphrase(access.passphrase), access.cost)
        case "environment":
            key = _keys_given(access.key)[0]
        case _:
            raise ValueError(f"nobody is called {holder!r} who could hold a root key")
    record = RootRecord(software_root_id(key), holder, datetime.now(UTC).replace(microsecond=0), facts)
    if records.find_record(folder, record.root_id) is not None:  # A random one is never there: it was given.
        raise RootSecretUnusable(access.key.place, access.key.variable, "it is the key that is in use: give another")
    records.write_record(folder, record)
    return record


def destroy_root(folder: Path, record: RootRecord, access: RootAccess) -> None:
    """What there is of a root that wraps nothing any more. Again is no error. Raises as `Token.use`: then its record
    stays, and the next who can destroys the key in the token."""
    if record.holder == "pkcs11":
        destroy_key(Token(folder, str(record.facts.get("token")), access.token), str(record.facts.get("label")))
    records.destroy_record(folder, record.root_id)


def _make_in_token(folder: Path, access: TokenAccess) -> RootRecord:
    """The record first, without what the key makes of a known value: of what breaks off, the next finds the key."""
    if access.label is None:
        raise TokenUnusable("?", "LIUHEN_PKCS11_TOKEN does not name a token")
    root_id, made_at = secrets.token_hex(8), datetime.now(UTC).replace(microsecond=0)
    facts = {"token": access.label, "label": f"liuhen-root-{root_id}"}
    token = Token(folder, access.label, access)
    records.write_record(folder, RootRecord(root_id, "pkcs11", made_at, facts))
    record = RootRecord(root_id, "pkcs11", made_at, {**facts, "check": make_key(token, facts["label"]).hex()})
    records.replace_record(folder, record)
    return record


def _plain_key(path: str, record: RootRecord) -> bytes:
    try:
        key = bytes.fromhex(record.facts["key"])
    except (KeyError, TypeError, ValueError):
        key = b""
    if len(key) != ROOT_BYTES:
        raise KeyStoreDamaged(path, f"it holds no root key of {ROOT_BYTES} bytes")
    return key


def _sealed_key(path: str, record: RootRecord, access: RootAccess) -> bytes:
    for passphrase in access.passphrase.lines():
        try:
            key = open_root_with(record.facts, passphrase)
        except ValueError:
            raise KeyStoreDamaged(path, "it is no root key sealed with a passphrase") from None
        if key is not None:
            return key
    raise RootSecretWrong(access.passphrase.place, access.passphrase.variable, record.root_id)


def _given_key(path: str, record: RootRecord, access: RootAccess) -> bytes:
    for key in _keys_given(access.key):
        if software_root_id(key) == record.root_id:
            return key
    raise RootSecretWrong(access.key.place, access.key.variable, record.root_id)


def _new_passphrase(given: GivenSecret) -> str:
    passphrase = given.lines()[0]
    if len(passphrase) < LEAST_CHARACTERS:
        raise RootSecretUnusable(given.place, given.variable, f"shorter than {LEAST_CHARACTERS} characters")
    return passphrase


def _keys_given(given: GivenSecret) -> list[bytes]:
    keys = [_parse_key(word) for word in given.words()]
    if any(len(key) != ROOT_BYTES for key in keys):
        raise RootSecretUnusable(
            given.place, given.variable, f"no {ROOT_BYTES} bytes in 64 hex digits or base64 (openssl rand -hex 32)"
        )
    return keys


def _parse_key(word: str) -> bytes:
    """Empty for what is no key."""
    if re.fullmatch(r"[0-9A-Fa-f]{64}", word):
        return bytes.fromhex(word)
    try:
        return b64decode(word, validate=True)
    except NoBase64:
        return b""
