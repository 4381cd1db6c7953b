"""A lost root key: what shares bring back, what they do not, and what breaking off leaves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from storage.key_errors import (
    KeyMissing,
    KeyStoreDamaged,
    NoSharesMade,
    RootSecretWrong,
    SharesDiffer,
    SharesGiveNoKey,
    SharesTooFew,
)
from storage.keystore import KeyStore, create_key_store
from storage.roots.by_shares import keys_without_copy, make_shares, recover_root, seal_rest
from storage.roots.names import HOLDERS
from storage.roots.recovery import find_recovery_key
from storage.roots.rotation import Rotation, kek_records, rotate_root
from storage.roots.shares import Share
from tests.sampling import stride
from tests.storage.killing import ROOT_FILES, run_killed_at
from tests.storage.root_holders import MONTHS, UNIT, Secrets, require_all_open, wrap_some


@pytest.fixture
def keys(tmp_path: Path, given: Secrets) -> KeyStore:
    return create_key_store(tmp_path / "keys", given.access, "passphrase")


def shares_of(keys: KeyStore, threshold: int = 2, count: int = 3) -> tuple[Share, ...]:
    handed: list[Share] = []
    make_shares(keys, threshold, count, lambda key, shares: handed.extend(shares))
    return tuple(handed)


def recover(keys: KeyStore, given: Secrets, shares: Sequence[Share], holder: str | None = None) -> Rotation:
    return recover_root(KeyStore(keys.folder, given.access, opened=False), shares, holder, lambda record: None)


def lose_passphrase(given: Secrets) -> None:
    given.passphrase.write_text("the only one I remember", "utf-8")


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_lost_passphrase_is_recovered_by_any_that_suffice(keys: KeyStore, given: Secrets, holder: str) -> None:
    wrapped = wrap_some(keys)
    shares = shares_of(keys)
    wrapped |= {keys.wrap_data_key(UNIT, "2029-01", bytes(32)): bytes(32)}
    lose_passphrase(given)
    with pytest.raises(RootSecretWrong):
        KeyStore(keys.folder, given.access)
    done = recover(keys, given, shares[1:], holder)
    assert (done.begun, done.rewrapped, done.left, done.present.holder) == (True, len(MONTHS) + 1, (), holder)
    require_all_open(KeyStore(keys.folder, given.access), wrapped)
    assert recover(keys, given, shares).rewrapped == 0, "there is nothing left to recover"


def test_shares_outlive_every_change_of_the_root(keys: KeyStore, given: Secrets) -> None:
    shares, wrapped = shares_of(keys), wrap_some(keys)
    for holder in ("file", "environment", "passphrase"):
        rotate_root(keys, holder, lambda record: None)
    lose_passphrase(given)
    recover(keys, given, shares[:2])
    require_all_open(KeyStore(keys.folder, given.access), wrapped)


@pytest.mark.parametrize("lost", ["record", "current", "roots"])
def test_a_root_whose_files_are_gone_is_recovered_too(keys: KeyStore, given: Secrets, lost: str) -> None:
    wrapped = wrap_some(keys)
    shares = shares_of(keys)
    for path in list((keys.folder / "roots").iterdir()):
        if lost == "roots" or (path.name == "current") == (lost == "current"):
            path.unlink()
    recover(keys, given, shares[:2])
    require_all_open(KeyStore(keys.folder, given.access), wrapped)


def test_what_does_not_suffice_changes_nothing(keys: KeyStore, given: Secrets, tmp_path: Path) -> None:
    wrap_some(keys)
    with pytest.raises(NoSharesMade):
        recover(keys, given, ())
    shares = shares_of(keys)
    strangers = shares_of(create_key_store(tmp_path / "other", given.access))
    forged = Share(shares[1].recovery_id, 2, 2, bytes(32))
    lose_passphrase(given)
    before = {path: path.read_bytes() for path in keys.folder.rglob("*") if path.is_file()}
    for entered, error in (
        (shares[:1], SharesTooFew),
        ((shares[0], strangers[1]), SharesDiffer),
        ((shares[0], forged), SharesGiveNoKey),
        ((), SharesTooFew),
    ):
        with pytest.raises(error):
            recover(keys, given, entered)
    assert {path: path.read_bytes() for path in keys.folder.rglob("*") if path.is_file()} == before
    assert recover(keys, given, (forged, shares[0], shares[2])).left == (), "a forged one among enough does no harm"


def test_new_shares_end_the_former_ones(keys: KeyStore, given: Secrets) -> None:
    wrapped, former = wrap_some(keys), shares_of(keys)
    present = shares_of(keys, 3, 5)
    lose_passphrase(given)
    with pytest.raises(SharesDiffer):
        recover(keys, given, (*former, *present[:1]))
    recover(keys, given, present[2:])
    require_all_open(KeyStore(keys.folder, given.access), wrapped)


def test_a_destroyed_key_is_not_brought_back_by_shares(keys: KeyStore, given: Secrets) -> None:
    wrapped = wrap_some(keys)
    shares = shares_of(keys)
    condemned = next(iter(wrapped))
    keys.destroy_kek(condemned.kek_id)
    lose_passphrase(given)
    recover(keys, given, shares[:2])
    after = KeyStore(keys.folder, given.access)
    with pytest.raises(KeyMissing):
        after.unwrap_data_key(condemned)
    wrapped.pop(condemned)
    require_all_open(after, wrapped)


def test_a_key_without_a_copy_is_left_as_it_was_and_keeps_none_of_the_others(
    keys: KeyStore, given: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapped = wrap_some(keys)
    shares = shares_of(keys)
    odd = next(iter(wrapped))
    right = given.passphrase.read_text("utf-8")

    def forget_copy(record: Any) -> Any:
        return type(record)(record.kek_id, record.wrapped, record.root_id)

    keys.rewrite_kek(odd.kek_id, forget_copy)
    assert keys_without_copy(kek_records(keys), find_recovery_key(keys.folder)) == [odd.kek_id]
    lose_passphrase(given)
    done = recover(keys, given, shares[:2])
    assert done.left == (odd.kek_id,)
    after = KeyStore(keys.folder, given.access)
    require_all_open(after, {each: key for each, key in wrapped.items() if each != odd})
    given.passphrase.write_text(f"{given.passphrase.read_text('utf-8')}\n{right}", "utf-8")
    require_all_open(KeyStore(keys.folder, given.access), wrapped)
    assert rotate_root(keys, None, lambda record: None).rewrapped == 1, "once its passphrase is found, it goes on"
    assert seal_rest(keys) == 0


@pytest.mark.timeout(900)
def test_a_kill_at_any_line_of_making_shares_or_recovering_loses_nothing(
    keys: KeyStore, given: Secrets, tmp_path: Path
) -> None:
    wrapped, line, ended = wrap_some(keys), 0, False
    shares, step = shares_of(keys), max(stride(11), 2)  # each try recovers twice
    while not ended:  # former shares end only when the new ones are out of our hands
        line += step
        out = tmp_path / f"shares-{line}"

        def print_shares(key: Any, made: tuple[Share, ...], out: Path = out) -> None:
            out.write_text("\n\n".join(each.text() for each in made))

        ended = run_killed_at(line, lambda to=print_shares: make_shares(keys, 2, 3, to), *ROOT_FILES)
        seal_rest(keys)
        require_all_open(KeyStore(keys.folder, given.access), wrapped)
    shares, line, ended = shares_of(keys), 0, False
    assert keys_without_copy(kek_records(keys), find_recovery_key(keys.folder)) == []
    while not ended:
        line += step
        given.passphrase.write_text(f"passphrase number {line}", "utf-8")
        ended = run_killed_at(line, lambda: recover(keys, given, shares[:2]), *ROOT_FILES)
        assert recover(keys, given, shares[1:]).left == ()
        require_all_open(KeyStore(keys.folder, given.access), wrapped)
    assert line > 100


def test_a_flipped_byte_in_a_copy_for_shares_shows(keys: KeyStore, given: Secrets) -> None:
    wrapped = wrap_some(keys)
    shares = shares_of(keys)
    odd = next(iter(wrapped))
    path = next(keys.folder.glob(f"keys/*/*/{odd.kek_id.rsplit('.', 1)[1]}.json"))
    content = path.read_bytes()
    at = content.index(b'"sealed": "') + 500
    path.write_bytes(content[:at] + (b"0" if content[at : at + 1] != b"0" else b"1") + content[at + 1 :])
    require_all_open(keys, wrapped)
    lose_passphrase(given)
    assert recover(keys, given, shares[:2]).left == (odd.kek_id,)
    with pytest.raises((KeyStoreDamaged, RootSecretWrong)):
        KeyStore(keys.folder, given.access).unwrap_data_key(odd)
