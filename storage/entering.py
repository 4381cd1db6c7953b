"""Whose a transaction is: the database itself checks the secret that somebody signs in with (migration 0051).

What may be seen of the tables under row security is decided there, by functions that the application can call and not
read: no word of ours names a person or a unit to them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Shown:
    """What is shown to the database. `whole`: to see every unit, as the topmost one's auditor may."""

    secret: bytes
    whole: bool = False


NOBODY = Shown(b"")
_shown: ContextVar[Shown | None] = ContextVar("shown", default=None)


@contextmanager
def showing(secret: str | None) -> Iterator[None]:
    """For as long as the block runs, each transaction of a `Database` for people begins as this secret's person's.

    `secret`: a session's cookie or a bearer token. It need not be a good one: nobody is entered then. Threads that the
    block starts with its context (contextvars) go by it as well.
    """
    with _set(None if secret is None else Shown(_bytes_of(secret))):
        yield


@contextmanager
def showing_whole() -> Iterator[None]:
    """Within the block every unit is seen, by the auditor of the topmost one whose secret is shown already.

    For verification alone, whose findings may be of any unit. A transaction of anybody else raises NotLetIn: what sees
    less than all would find things missing.
    """
    now = _shown.get()
    with _set(None if now is None else replace(now, whole=True)):
        yield


def shown_now() -> Shown | None:
    return _shown.get()


def enter(session: Session, secret: str) -> uuid.UUID | None:
    """Go on with the transaction as that secret's person; returns him, or None: then nothing is seen any more."""
    return session.scalar(select(func.enter(_bytes_of(secret))))


def enter_by_password(session: Session, sign_in_name: str, proof: str) -> uuid.UUID | None:
    """Go on as the active person of that name, whose password hash is `proof`; None, and no change, for a wrong one."""
    return session.scalar(select(func.enter_by_password(sign_in_name, proof)))


def enter_by_code(session: Session, letters: str) -> bool:
    """Go on as whoever sets up an archive without administrator, by the operator's live code; False for another."""
    return bool(session.scalar(select(func.enter_by_code(letters))))


@contextmanager
def _set(shown: Shown | None) -> Iterator[None]:
    token = _shown.set(shown)
    try:
        yield
    finally:
        _shown.reset(token)


def _bytes_of(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogateescape")
