"""Who holds a root key: what lies on the disk, what opens it, and what is said when it does not."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

import pytest

from storage.key_errors import (
    KeyExposed,
    KeyStoreDamaged,
    KeyStoreExists,
    RootKeyError,
    RootSecretMissing,
    RootSecretUnusable,
    RootSecretWrong,
    RootUnknown,
)
from storage.keystore import KeyStore, create_key_store
from storage.roots import records
from storage.roots.given_secret import GivenSecret
from storage.roots.holders import NO_SECRETS, RootAccess
from storage.roots.names import HOLDERS
from storage.roots.passphrase import RECOMMENDED, Cost
from tests.sampling import stride
from tests.storage.root_holders import CHEAP, PASSPHRASE, Secrets, require_all_open, wrap_some

OTHERS = ["passphrase", "environment"]
"""Those whose bytes a process has; of tokens: test_token.py."""


def sealed_store(folder: Path, given: Secrets) -> KeyStore:
    return create_key_store(folder / "keys", given.access, "passphrase")


def record_path(folder: Path) -> Path:
    (path,) = (folder / "keys" / "roots").glob("*.json")
    return path


def given_words(word: str) -> RootAccess:
    """The same for passphrase and key, as in variables."""
    return RootAccess(GivenSecret("LIUHEN_ROOT_PASSPHRASE", word), GivenSecret("LIUHEN_ROOT_KEY", word), CHEAP)


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_store_opens_in_every_later_process_that_has_the_secret(tmp_path: Path, given: Secrets, holder: str) -> None:
    keys = create_key_store(tmp_path / "keys", given.access, holder)
    wrapped = wrap_some(keys)
    require_all_open(KeyStore(keys.folder, given.access), wrapped)
    assert records.current_holder(keys.folder) == holder
    with pytest.raises(KeyStoreExists):
        create_key_store(keys.folder, given.access, holder)


@pytest.mark.parametrize("holder", OTHERS)
def test_no_root_but_a_plain_one_lies_on_the_disk_in_the_clear(tmp_path: Path, given: Secrets, holder: str) -> None:
    keys = create_key_store(tmp_path / "keys", given.access, holder)
    root = keys.roots.current()
    key: bytes = root._key  # type: ignore[attr-defined]
    assert not (keys.folder / "root.key").exists()
    for path in keys.folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert key not in content
        assert key.hex().encode() not in content.lower()
        assert PASSPHRASE.encode() not in content
    assert key.hex() not in repr(root) + repr(records.find_record(keys.folder, root.root_id)) + repr(given.access)


@pytest.mark.parametrize("holder", OTHERS)
def test_without_its_secret_a_root_does_not_open_and_nothing_is_lost(
    tmp_path: Path, given: Secrets, holder: str
) -> None:
    keys = create_key_store(tmp_path / "keys", given.access, holder)
    wrapped = wrap_some(keys)
    before = {path: path.read_bytes() for path in keys.folder.rglob("*") if path.is_file()}
    wrong = given_words("f" * 64)
    for access, error in (
        (NO_SECRETS, RootSecretMissing),
        (wrong, RootSecretWrong),
        (given_words(" \n"), RootKeyError),
    ):
        with pytest.raises(error) as raised:
            KeyStore(keys.folder, access)
        assert "LIUHEN_ROOT_" in str(raised.value)
        assert "f" * 64 not in str(raised.value)
    assert {path: path.read_bytes() for path in keys.folder.rglob("*") if path.is_file()} == before
    require_all_open(KeyStore(keys.folder, given.access), wrapped)


def test_a_secret_in_a_file_is_read_anew_so_that_mending_it_suffices(tmp_path: Path, given: Secrets) -> None:
    right = given.passphrase.read_text("utf-8")
    keys = sealed_store(tmp_path, given)
    wrapped = wrap_some(keys)
    later = KeyStore(keys.folder, given.access, opened=False)
    given.passphrase.write_text("another passphrase", "utf-8")
    with pytest.raises(RootSecretWrong, match=str(given.passphrase)):
        later.require_usable()
    given.passphrase.unlink()
    with pytest.raises(RootSecretMissing, match="No such file"):
        later.require_usable()
    given.passphrase.write_bytes(b"\xff\xfe no text")
    with pytest.raises(RootSecretMissing, match="UTF-8"):
        later.require_usable()
    given.passphrase.write_text(f"\n  a wrong one above\n{right}\r\n", "utf-8")
    later.require_usable()
    require_all_open(later, wrapped)


def test_a_passphrase_is_one_however_its_letters_are_made_up(tmp_path: Path) -> None:
    composed, decomposed = "p\u00e9nombre de la nuit", "pe\u0301nombre de la nuit"
    keys = create_key_store(tmp_path / "keys", given_words(composed), "passphrase")
    KeyStore(keys.folder, given_words(decomposed))


@pytest.mark.parametrize(
    ("holder", "word"),
    [("passphrase", "too short"), ("environment", "0f" * 31), ("environment", "0g" * 32), ("environment", "QUJD")],
)
def test_what_cannot_hold_a_root_is_refused_and_no_store_is_made(tmp_path: Path, holder: str, word: str) -> None:
    with pytest.raises(RootSecretUnusable) as refused:
        create_key_store(tmp_path / "keys", given_words(word), holder)
    assert word not in str(refused.value)
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["lock"]
    create_key_store(tmp_path / "keys", given_words("0f" * 32), holder)


def test_a_key_of_the_environment_is_hex_or_base64(tmp_path: Path) -> None:
    key = bytes(range(32))
    keys = create_key_store(tmp_path / "keys", given_words(key.hex().upper()), "environment")
    KeyStore(keys.folder, given_words(f"{'0' * 64}, {b64encode(key).decode()}"))


def test_half_a_record_is_damage_and_says_so(tmp_path: Path, given: Secrets) -> None:
    keys = sealed_store(tmp_path, given)
    path = record_path(tmp_path)
    content = path.read_bytes()
    for length in range(0, len(content) - 2, stride(7)):
        path.write_bytes(content[:length])
        with pytest.raises(KeyStoreDamaged, match="record of a root key"):
            KeyStore(keys.folder, given.access)
    path.write_bytes(content)
    KeyStore(keys.folder, given.access)


def test_a_flipped_byte_of_a_record_never_gives_another_root(tmp_path: Path, given: Secrets) -> None:
    keys = sealed_store(tmp_path, given)
    wrapped = wrap_some(keys)
    path = record_path(tmp_path)
    content = path.read_bytes()
    refused = 0
    for position in range(0, len(content), stride(5)):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        try:
            require_all_open(KeyStore(keys.folder, given.access), wrapped)
        except (KeyStoreDamaged, RootSecretWrong):
            refused += 1
    assert refused > 30


def test_a_record_that_asks_for_all_memory_is_refused_unread(tmp_path: Path, given: Secrets) -> None:
    keys = sealed_store(tmp_path, given)
    said = json.loads(record_path(tmp_path).read_text())
    for part, value in (("memory_kib", 1 << 30), ("iterations", 1 << 20), ("lanes", 1 << 16), ("memory_kib", 1)):
        changed = {**said, "kdf": {**said["kdf"], part: value}}
        record_path(tmp_path).write_text(json.dumps(changed))
        with pytest.raises(KeyStoreDamaged):
            KeyStore(keys.folder, given.access)


def test_what_is_recommended_is_what_the_rfc_says() -> None:
    assert Cost(memory_kib=65536, iterations=3, lanes=4) == RECOMMENDED


def test_a_root_that_is_gone_is_named_and_none_is_made_in_its_place(tmp_path: Path, given: Secrets) -> None:
    keys = sealed_store(tmp_path, given)
    root_id = keys.roots.current().root_id
    record_path(tmp_path).unlink()
    with pytest.raises(RootUnknown, match=root_id):
        KeyStore(keys.folder, given.access)


def test_a_record_that_others_can_read_is_refused(tmp_path: Path, given: Secrets) -> None:
    keys = sealed_store(tmp_path, given)
    record_path(tmp_path).chmod(0o640)
    with pytest.raises(KeyExposed):
        KeyStore(keys.folder, given.access)


@pytest.mark.parametrize("named", ["../../root", "", "f" * 15, "F" * 16, "first\nfirst"])
def test_what_names_the_current_root_cannot_name_another_file(tmp_path: Path, given: Secrets, named: str) -> None:
    keys = sealed_store(tmp_path, given)
    (keys.folder / "roots" / "current").write_text(named)
    with pytest.raises(KeyStoreDamaged, match="no id"):
        KeyStore(keys.folder, given.access)
