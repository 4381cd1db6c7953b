"""A root key in a PKCS#11 token: the token makes it, wraps and unwraps by AES-GCM, and gives it out to nobody.

The record names the token by its label and the key by its own, and has a known value wrapped, by which the key is known
again. A wrapped key is nonce 12 ‖ ciphertext ‖ tag 16, with the key's label as associated data.

A wrong PIN may lock a token after a few tries, and an archive is many processes that try again. So a PIN that was
refused is noted beside the records, and nobody shows it to the token once more until its file was written to.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from storage import key_files
from storage.key_errors import KeyStoreDamaged, RootRefused, RootSecretWrong, TokenLocked, TokenUnusable
from storage.roots.given_secret import GivenSecret
from storage.roots.records import RootRecord

Result = TypeVar("Result")
KNOWN = b"liuhen root key in a token: known"
_NONCE_BYTES, _TAG_BITS = 12, 128
_PAUSES_SECONDS: Final = (0.0, 0.05, 0.2, 0.5, 0.0)
"""After each try: one that was put back works at once; one that another process writes to is unseen for a moment."""


@dataclass(frozen=True, slots=True)
class TokenAccess:
    """The token's library, the label of the token that a new root is made in, and its PIN."""

    module: Path | None
    label: str | None
    pin: GivenSecret


class TokenRoot:
    """See RootKey. `folder`: the key store's, for the note of a refused PIN."""

    def __init__(self, folder: Path, record: RootRecord, access: TokenAccess) -> None:
        """Raises TokenUnusable, TokenLocked, RootSecretMissing, RootSecretWrong, KeyStoreDamaged."""
        try:
            token, self._label = str(record.facts["token"]), str(record.facts["label"])
            self._check = bytes.fromhex(record.facts["check"])
        except (KeyError, TypeError, ValueError):
            raise KeyStoreDamaged(str(folder), f"the record of root key {record.root_id} names no token") from None
        self.root_id = record.root_id
        self._token = Token(folder, token, access)
        if self._token.use(self._decrypt(self._check)) != KNOWN:
            raise TokenUnusable(token, f"the key {self._label} in it is another than the one that is recorded")

    def wrap(self, key: bytes) -> bytes:
        return self._token.use(encrypting(self._label, key))

    def unwrap(self, wrapped: bytes) -> bytes:
        key = self._token.use(self._decrypt(wrapped))
        if key is None:
            raise RootRefused(self.root_id)
        return key

    def _decrypt(self, wrapped: bytes) -> Callable[[Any], bytes | None]:
        """None for what was changed, or wrapped by another key: some tokens call that a general failure. Then the known
        value tells one from the other."""

        def work(session: Any) -> bytes | None:
            from pkcs11.exceptions import PKCS11Error

            key = find_key(session, self._label)
            try:
                return _decrypt(key, self._label, wrapped)
            except PKCS11Error:
                if wrapped != self._check and _decrypt(key, self._label, self._check) != KNOWN:
                    raise
                return None

        return work

    def __repr__(self) -> str:
        return f"TokenRoot({self.root_id})"


def make_key(token: Token, label: str) -> bytes:
    """A new key in the token, for good; what it makes of KNOWN."""

    def work(session: Any) -> None:
        from pkcs11 import Attribute, KeyType, MechanismFlag

        with _writing(session) as writing:
            writing.generate_key(
                KeyType.AES,
                256,
                label=label,
                id=label.encode(),
                store=True,
                capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
                template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True},
            )

    token.use(work)
    return token.use(encrypting(label, KNOWN))


def destroy_key(token: Token, label: str) -> None:
    """Again is no error."""

    def work(session: Any) -> None:
        with _writing(session) as writing:
            for key in list(writing.get_objects(_named(label))):
                key.destroy()

    token.use(work)


def encrypting(label: str, plaintext: bytes) -> Callable[[Any], bytes]:
    def work(session: Any) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        key = find_key(session, label)
        return nonce + bytes(key.encrypt(plaintext, **_gcm(label, nonce)))

    return work


def find_key(session: Any, label: str) -> Any:
    """Raises TokenUnusable where the token has none of that label."""
    found = list(session.get_objects(_named(label)))
    if len(found) != 1:
        raise TokenUnusable(label, "the token has no such key" if not found else "the token has two keys of that name")
    return found[0]


class Token:
    """One process's way into a token: one session, which its threads take turns with, logged in when it is needed.

    A token that was taken out and put back, and a process that was forked, log in anew.
    """

    def __init__(self, folder: Path, label: str, access: TokenAccess) -> None:
        self.label = label
        self._access = access
        self._refusals = folder / "roots" / "pin-refused"

    def use(self, work: Callable[[Any], Result]) -> Result:
        """What `work` makes of the session. Raises TokenUnusable, TokenLocked, RootSecretMissing, RootSecretWrong."""
        pkcs11_error = _library_error(self.label)
        for pause_seconds in _PAUSES_SECONDS:
            with _SESSIONS.turn:
                try:
                    return work(self._session())
                except TokenUnusable as error:  # Of one that was pulled out, some libraries say that it is empty.
                    unusable = error
                except pkcs11_error as error:
                    unusable = TokenUnusable(self.label, _said(error))
                _SESSIONS.forget()
            time.sleep(pause_seconds)
        raise unusable from None

    @property
    def _key(self) -> tuple[str, str]:
        return str(self._access.module), self.label

    def _session(self) -> Any:
        opened = _SESSIONS.find(self._key)
        if opened is None:
            opened = self._log_in()
            _SESSIONS.keep(self._key, opened)
        return opened

    def _log_in(self) -> Any:
        token = self._find()
        pin = self._access.pin.lines()[0]
        with key_files.locked(self._refusals.with_name("pin.lock")):
            return self._show_pin(token, pin)

    def _find(self) -> Any:
        import pkcs11

        if self._access.module is None:
            raise TokenUnusable(self.label, "LIUHEN_PKCS11_MODULE does not name the token's library")
        library = pkcs11.lib(str(self._access.module))
        if _SESSIONS.stale:
            # Tokens that came or went, and what a fork took along, are seen after that alone.
            library.reinitialize()
            _SESSIONS.stale = False
        return library.get_token(token_label=self.label)

    def _show_pin(self, token: Any, pin: str) -> Any:
        from pkcs11 import exceptions

        wrong = RootSecretWrong(self._access.pin.place, self._access.pin.variable, self.label)
        if self._was_refused():
            raise wrong
        try:
            return token.open(user_pin=pin)
        except exceptions.UserAlreadyLoggedIn:
            return token.open()  # This process is, by another session.
        except exceptions.PinLocked:
            raise TokenLocked(self.label) from None
        except (exceptions.PinIncorrect, exceptions.PinInvalid, exceptions.PinLenRange):
            self._note_refusal()
            raise wrong from None

    def _stamp(self) -> list[object] | None:
        """Of the PIN's file as it is now. None for a PIN in a variable: that is shown at each try."""
        if self._access.pin.file is None:
            return None
        status = self._access.pin.file.stat()
        return [self.label, status.st_mtime_ns, status.st_ino, status.st_size]

    def _was_refused(self) -> bool:
        stamp = self._stamp()
        with suppress(OSError, ValueError):
            return stamp is not None and json.loads(self._refusals.read_bytes()) == stamp
        return False

    def _note_refusal(self) -> None:
        stamp = self._stamp()
        if stamp is not None:
            with suppress(OSError):  # Then it is shown once more by the next who tries.
                key_files.replace_private(self._refusals, json.dumps(stamp).encode())


class _Sessions:
    """Those of this process: logging in counts for all of it, and so does logging out."""

    def __init__(self) -> None:
        self.turn = threading.RLock()
        self.stale = False
        self._process = os.getpid()
        self._opened: dict[tuple[str, str], Any] = {}

    def find(self, key: tuple[str, str]) -> Any:
        if self._process != os.getpid():  # forked: what was opened is the parent's
            self._opened.clear()
            self._process, self.stale = os.getpid(), True
        return self._opened.get(key)

    def keep(self, key: tuple[str, str], session: Any) -> None:
        self._opened[key] = session

    def forget(self) -> None:
        """All of them: after a library begins anew, none of its sessions is one."""
        self._opened.clear()
        self.stale = True


_SESSIONS = _Sessions()


def _await_turn() -> None:
    _SESSIONS.turn.acquire()


def _end_turn() -> None:
    _SESSIONS.turn.release()


def _renew_turn() -> None:
    _SESSIONS.turn = threading.RLock()


# Nobody is inside the library while a process forks: the child would inherit what it had locked, and wait for ever.
os.register_at_fork(before=_await_turn, after_in_parent=_end_turn, after_in_child=_renew_turn)


@contextmanager
def _writing(session: Any) -> Iterator[Any]:
    writing = session.token.open(rw=True)
    try:
        yield writing
    finally:
        writing.close()


def _named(label: str) -> dict[Any, Any]:
    from pkcs11 import Attribute, ObjectClass

    return {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: label}


def _gcm(label: str, nonce: bytes) -> dict[str, Any]:
    from pkcs11 import GCMParams, Mechanism

    return {"mechanism": Mechanism.AES_GCM, "mechanism_param": GCMParams(nonce, label.encode(), _TAG_BITS)}


def _decrypt(key: Any, label: str, wrapped: bytes) -> bytes:
    nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
    return bytes(key.decrypt(sealed, **_gcm(label, nonce)))


def _library_error(label: str) -> type[Exception]:
    try:
        from pkcs11.exceptions import PKCS11Error
    except ImportError:
        raise TokenUnusable(label, "python-pkcs11 is not installed here") from None
    return PKCS11Error


def _said(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()
