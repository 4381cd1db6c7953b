"""A root in a token, here SoftHSM: it never leaves, and what is wrong with a token is told apart and harms nothing."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from pkcs11 import Attribute

from storage.key_errors import KeyStoreDamaged, RootSecretMissing, RootSecretWrong, TokenLocked, TokenUnusable
from storage.keystore import KeyStore, create_key_store
from storage.roots import records, token
from storage.roots.by_shares import make_shares, recover_root
from storage.roots.holders import RootAccess
from storage.roots.rotation import rotate_root
from storage.roots.token import TokenAccess
from tests.softhsm import MODULE, PIN, make_token, tokens_folder
from tests.storage.root_holders import Secrets, require_all_open, wrap_some


@pytest.fixture
def keys(tmp_path: Path, given: Secrets, request: pytest.FixtureRequest) -> KeyStore:
    """In a token of the test's own."""
    given.token = f"t{abs(hash(request.node.name)) % 10**10}"
    make_token(given.token)
    return create_key_store(tmp_path / "keys", given.access, "pkcs11")


def objects(keys: KeyStore, given: Secrets) -> list[Any]:
    return token.Token(keys.folder, given.token, given.access.token).use(lambda session: list(session.get_objects()))


def begin_anew() -> None:
    """As a process does that has just started."""
    token._SESSIONS.forget()


def lose_token(given: Secrets) -> Path:
    """Pulled out. Where it lies now."""
    for folder in tokens_folder().iterdir():
        if given.token.encode() in (folder / "token.object").read_bytes():
            return Path(shutil.move(folder, tokens_folder().parent / f"pulled-{given.token}"))
    raise AssertionError(given.token)


def test_the_root_is_made_in_the_token_and_can_be_read_by_nobody(keys: KeyStore, given: Secrets) -> None:
    wrapped = wrap_some(keys)
    (root,) = objects(keys, given)
    assert root.label == f"liuhen-root-{keys.roots.current().root_id}"
    assert (root[Attribute.SENSITIVE], root[Attribute.EXTRACTABLE], root[Attribute.NEVER_EXTRACTABLE]) == (
        True,
        False,
        True,
    )
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        root[Attribute.VALUE]
    assert not (keys.folder / "root.key").exists()
    require_all_open(KeyStore(keys.folder, given.access), wrapped)
    assert PIN not in repr(given.access)


def test_a_changed_wrapping_does_not_open_and_the_token_goes_on(keys: KeyStore, given: Secrets) -> None:
    wrapped = wrap_some(keys)
    record = keys.read_kek(next(keys.list_keks()))
    for changed in (record.wrapped[:-1] + bytes([record.wrapped[-1] ^ 1]), record.wrapped[:-8], b"", bytes(60)):
        with pytest.raises(KeyStoreDamaged):
            keys.open_record(type(record)(record.kek_id, changed, record.root_id))
    require_all_open(keys, wrapped)


def test_a_former_root_is_destroyed_in_the_token_too(keys: KeyStore, given: Secrets) -> None:
    wrapped = wrap_some(keys)
    rotate_root(keys, None, lambda record: None)
    (root,) = objects(keys, given)
    assert root.label == f"liuhen-root-{keys.roots.current().root_id}"
    require_all_open(keys, wrapped)
    rotate_root(keys, "file", lambda record: None)
    assert objects(keys, given) == []
    require_all_open(KeyStore(keys.folder), wrapped)


def test_a_wrong_pin_is_shown_once_and_never_again_until_its_file_is_written(
    keys: KeyStore, given: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real token is locked after a few."""
    wrapped, shown = wrap_some(keys), []
    real = token.Token._note_refusal

    def note(self: token.Token) -> None:
        shown.append(self.label)
        real(self)

    monkeypatch.setattr(token.Token, "_note_refusal", note)
    given.pin.write_text("not the PIN of it")
    for _ in range(5):
        begin_anew()
        with pytest.raises(RootSecretWrong, match=str(given.pin)) as wrong:
            KeyStore(keys.folder, given.access)
        assert "not the PIN of it" not in str(wrong.value)
    assert len(shown) == 1
    given.pin.write_text(PIN)
    begin_anew()
    require_all_open(KeyStore(keys.folder, given.access), wrapped)


def test_a_locked_token_is_told_as_one(keys: KeyStore, given: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    """SoftHSM locks none: what others answer then, its library is made to."""
    begin_anew()

    class Locked:
        def open(self, **named: object) -> object:
            raise pkcs11.exceptions.PinLocked

    monkeypatch.setattr(token.Token, "_find", lambda self: Locked())
    with pytest.raises(TokenLocked, match=given.token):
        KeyStore(keys.folder, given.access)


def test_a_token_that_is_pulled_out_is_missed_and_goes_on_when_it_is_back(keys: KeyStore, given: Secrets) -> None:
    wrapped = wrap_some(keys)
    require_all_open(keys, wrapped)
    home = next(
        each for each in tokens_folder().iterdir() if given.token.encode() in (each / "token.object").read_bytes()
    )
    pulled = lose_token(given)
    for _ in range(2):
        with pytest.raises(TokenUnusable, match="connected"):
            keys.require_usable()
    with pytest.raises(TokenUnusable):
        KeyStore(keys.folder, given.access)
    shutil.move(pulled, home)
    keys.require_usable()
    require_all_open(keys, wrapped)


def test_another_key_under_the_name_of_the_root_is_refused(keys: KeyStore, given: Secrets) -> None:
    wrap_some(keys)
    way = token.Token(keys.folder, given.token, given.access.token)
    label = f"liuhen-root-{keys.roots.current().root_id}"
    token.destroy_key(way, label)
    with pytest.raises(TokenUnusable, match="no such key"):
        KeyStore(keys.folder, given.access)
    token.make_key(way, label)
    with pytest.raises(TokenUnusable, match="another"):
        KeyStore(keys.folder, given.access)


@pytest.mark.parametrize(
    ("module", "pin", "error"),
    [
        (None, True, TokenUnusable),
        (Path("/usr/lib/no-such-module.so"), True, TokenUnusable),
        (Path(__file__), True, TokenUnusable),
        (MODULE, False, RootSecretMissing),
    ],
)
def test_what_is_not_given_is_named(
    keys: KeyStore, given: Secrets, module: Path | None, pin: bool, error: type[Exception]
) -> None:
    whole = given.access.token
    if not pin:
        given.pin.unlink()
        begin_anew()
    with pytest.raises(error, match="LIUHEN_PKCS11_"):
        KeyStore(keys.folder, RootAccess(token=TokenAccess(module, None, whole.pin)))


def test_no_token_is_named_so_none_is_used(tmp_path: Path, given: Secrets) -> None:
    access = RootAccess(token=TokenAccess(MODULE, None, given.access.token.pin))
    with pytest.raises(TokenUnusable, match="LIUHEN_PKCS11_TOKEN"):
        create_key_store(tmp_path / "keys", access, "pkcs11")


def test_a_lost_token_is_recovered_from_by_shares(keys: KeyStore, given: Secrets) -> None:
    wrapped, handed = wrap_some(keys), []
    make_shares(keys, 2, 3, lambda key, shares: handed.extend(shares))
    former = keys.roots.current().root_id
    lose_token(given)
    begin_anew()
    after = KeyStore(keys.folder, given.access, opened=False)
    done = recover_root(after, handed[:2], "passphrase", lambda record: None)
    assert (done.left, done.former) == ((), ()), "what lies in a token that is not here could not be destroyed"
    require_all_open(KeyStore(keys.folder, given.access), wrapped)
    assert records.find_record(keys.folder, former) is not None


def test_threads_and_forked_processes_share_a_token(keys: KeyStore, given: Secrets) -> None:
    wrapped, failed = wrap_some(keys), []

    def read() -> None:
        try:
            for _ in range(50):
                require_all_open(keys, wrapped)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for each in threads:
        each.start()
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                require_all_open(keys, wrapped)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    for each in threads:
        each.join()
    assert (codes, failed) == ([0] * 4, [])
