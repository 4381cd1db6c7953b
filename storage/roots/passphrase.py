"""A root key sealed with a passphrase: Argon2id (RFC 9106) makes a key of it, which wraps the root (RFC 3394).

Parameters stand in the record, so that they may grow with machines. Whoever has the file and guesses has to spend as
much on each guess as we do on opening it once.
"""

from __future__ import annotations

import os
import secrets
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from storage.roots.names import ROOT_BYTES

LEAST_CHARACTERS = 12
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Cost:
    """Of Argon2id. What a record asks for is bounded: a changed one must not take all memory."""

    memory_kib: int = 64 << 10
    iterations: int = 3
    lanes: int = 4

    def is_bearable(self) -> bool:
        return 8 * self.lanes <= self.memory_kib <= 1 << 20 and 1 <= self.iterations <= 64 and 1 <= self.lanes <= 64


RECOMMENDED = Cost()
"""The second recommended option of RFC 9106, section 4: 64 MiB, for machines that do other work as well."""


def seal_root(key: bytes, passphrase: str, cost: Cost = RECOMMENDED) -> dict[str, Any]:
    """What stands in the record of a root `key` of 32 bytes."""
    salt = secrets.token_bytes(_SALT_BYTES)
    derivation = {"name": "argon2id", "salt": salt.hex(), "memory_kib": cost.memory_kib}
    derivation |= {"iterations": cost.iterations, "lanes": cost.lanes}
    return {"kdf": derivation, "wrapped": aes_key_wrap(_derive(passphrase, salt, cost), key).hex()}


def open_root_with(facts: Mapping[str, Any], passphrase: str) -> bytes | None:
    """The root's 32 bytes; None where it is another passphrase's. Raises ValueError for what is no such record."""
    try:
        derivation, wrapped = facts["kdf"], bytes.fromhex(facts["wrapped"])
        name, salt = derivation["name"], bytes.fromhex(derivation["salt"])
        cost = Cost(*(int(derivation[part]) for part in ("memory_kib", "iterations", "lanes")))
    except (KeyError, TypeError) as error:
        raise ValueError("no record") from error
    if name != "argon2id" or len(salt) < _SALT_BYTES // 2 or len(wrapped) != ROOT_BYTES + 8 or not cost.is_bearable():
        raise ValueError("no record")
    try:
        return aes_key_unwrap(_derive(passphrase, salt, cost), wrapped)
    except InvalidUnwrap:
        return None


def _derive(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    # One text may be typed as several rows of code points; it is one passphrase all the same.
    typed = unicodedata.normalize("NFC", passphrase).encode()
    function = Argon2id(salt=salt, length=32, iterations=cost.iterations, lanes=cost.lanes, memory_cost=cost.memory_kib)
    with _ONE_AT_A_TIME:
        return function.derive(typed)


# OpenSSL counts the threads of all lanes for the whole process: of two derivations side by side one is told that there
# is no memory, or both wait for ever. Nor is anybody inside while a process forks, for the same reason as in token.py.
_ONE_AT_A_TIME = threading.Lock()
os.register_at_fork(
    before=_ONE_AT_A_TIME.acquire, after_in_parent=_ONE_AT_A_TIME.release, after_in_child=_ONE_AT_A_TIME.release
)
