"""Codes that a person reads from a screen and types in once: 99 bits of chance, in letters that are told apart."""

from __future__ import annotations

import hashlib
import re
import secrets

# No 0, 1, O, I, L: it is read from a terminal and typed in.
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_GROUPS, _GROUP = 4, 5


def make_code() -> str:
    """A new random code, as it is shown: ABCDE-FGHJK-…"""
    letters = "".join(secrets.choice(LETTERS) for _ in range(_GROUPS * _GROUP))
    return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))


def hash_code(typed: str) -> bytes:
    """What the catalog keeps of a code: the same for every way of typing it. Nothing shorter is worth guessing."""
    return hashlib.sha256(letters_of(typed).encode()).digest()


def letters_of(typed: str) -> str:
    """Without what people type between them, in capitals."""
    return re.sub(r"[^A-Z0-9]", "", typed.upper())[:40]
