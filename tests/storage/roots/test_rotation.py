"""One root takes the place of another: nothing is lost at any line, and nobody who reads meanwhile notices."""

from __future__ import annotations

import errno
import itertools
import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage import key_files
from storage.kek_record import KekRecord
from storage.key_errors import KeyMissing, KeyStoreUnusable, RootSecretUnusable, RootSecretWrong
from storage.keystore import KeyStore, WrappedKey, create_key_store
from storage.roots import records
from storage.roots.names import FIRST, HOLDERS
from storage.roots.records import RootRecord
from storage.roots.rotation import Rotation, rotate_root
from tests.sampling import stride
from tests.storage.killing import ROOT_FILES, run_killed_at
from tests.storage.root_holders import MONTHS, UNIT, Secrets, require_all_open, wrap_some

READERS = 8


@pytest.fixture
def keys(tmp_path: Path, given: Secrets) -> KeyStore:
    return create_key_store(tmp_path / "keys", given.access)


def rotate(keys: KeyStore, holder: str | None = None) -> Rotation:
    return rotate_root(keys, holder, lambda record: None)


def root_files(keys: KeyStore) -> list[str]:
    paths = [keys.folder / "root.key", *(keys.folder / "roots").glob("*")]
    return sorted(path.name for path in paths if path.exists() and path.name != "pin.lock")


@pytest.mark.parametrize(("first", "second"), list(itertools.product(HOLDERS, HOLDERS)))
def test_every_holder_hands_on_to_every_other(tmp_path: Path, given: Secrets, first: str, second: str) -> None:
    keys = create_key_store(tmp_path / "keys", given.access, first)
    wrapped, former = wrap_some(keys), keys.roots.current().root_id
    if second == first:
        given.renew(second)
    done = rotate(keys, second)
    assert (done.begun, done.rewrapped, done.present.holder) == (True, len(MONTHS), second)
    assert [each.root_id for each in done.former] == [former]
    assert {keys.read_kek(each).root_id for each in keys.list_keks()} == {done.present.root_id} != {former}
    assert root_files(keys) == sorted([f"{done.present.root_id}.json", "current"])
    require_all_open(keys, wrapped)
    require_all_open(KeyStore(keys.folder, given.access), wrapped)
    assert keys.wrap_data_key(UNIT, MONTHS[0], bytes(32)).kek_id in {each.kek_id for each in wrapped}
    assert keys.read_kek(keys.renew_kek(UNIT, MONTHS[0])).root_id == done.present.root_id


def test_an_archive_that_never_changed_its_root_has_files_that_former_versions_read(keys: KeyStore) -> None:
    record = keys.read_kek(wrap_some(keys).popitem()[0].kek_id)
    assert record == KekRecord(record.kek_id, record.wrapped, FIRST)
    assert b'"v": 1' in record.to_bytes()
    assert b"root_id" not in record.to_bytes()


def test_a_new_root_is_announced_before_anything_hangs_on_it(keys: KeyStore, given: Secrets) -> None:
    wrapped = wrap_some(keys)

    def refuse(record: RootRecord) -> None:
        assert records.current_id(keys.folder) == FIRST
        raise RuntimeError(record.root_id)

    with pytest.raises(RuntimeError) as refused:
        rotate_root(keys, "passphrase", refuse)
    require_all_open(KeyStore(keys.folder), wrapped)
    assert rotate(keys).present.root_id != str(refused.value)
    assert len(list(records.list_records(keys.folder))) == 1, "nor does anything stay of what was refused"


def test_the_passphrase_and_the_key_that_are_in_use_make_no_new_root(tmp_path: Path, given: Secrets) -> None:
    keys = create_key_store(tmp_path / "keys", given.access, "environment")
    wrapped = wrap_some(keys)
    with pytest.raises(RootSecretUnusable, match="in use"):
        rotate(keys)
    require_all_open(KeyStore(keys.folder, given.access), wrapped)


def test_a_root_that_does_not_open_is_not_replaced(tmp_path: Path, given: Secrets) -> None:
    keys = create_key_store(tmp_path / "keys", given.access, "passphrase")
    wrapped, right = wrap_some(keys), given.passphrase.read_text("utf-8")
    given.passphrase.write_text("a passphrase of another archive", "utf-8")
    with pytest.raises(RootSecretWrong):
        rotate(KeyStore(keys.folder, given.access, opened=False), "file")
    given.passphrase.write_text(right, "utf-8")
    require_all_open(KeyStore(keys.folder, given.access), wrapped)


def test_what_is_destroyed_meanwhile_stays_destroyed(keys: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped = wrap_some(keys)
    condemned = max(wrapped, key=lambda each: each.kek_id)
    listed = list(keys.list_keks())

    def destroying() -> Any:
        for kek_id in listed:
            if kek_id == condemned.kek_id and condemned.kek_id in KeyStore(keys.folder, opened=False).list_keks():
                keys.destroy_kek(kek_id)
            yield kek_id

    with monkeypatch.context() as listing:
        listing.setattr(keys, "list_keks", destroying)
        assert rotate(keys).rewrapped == len(MONTHS) - 1
    assert condemned.kek_id not in keys.list_keks()
    with pytest.raises(KeyMissing):
        keys.unwrap_data_key(condemned)
    wrapped.pop(condemned)
    require_all_open(keys, wrapped)


def test_a_full_disk_stops_a_rotation_which_goes_on_when_there_is_room(
    keys: KeyStore, given: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapped, writes = wrap_some(keys), itertools.count()

    def full_later(write: Callable[..., None]) -> Callable[..., None]:
        def full(*arguments: Any) -> None:
            if next(writes) == 3:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            write(*arguments)

        return full

    with monkeypatch.context() as broken:
        for name in ("create_durably", "replace_durably"):
            broken.setattr(key_files, name, full_later(getattr(key_files, name)))
        with pytest.raises(KeyStoreUnusable, match="No space left"):
            rotate(keys, "passphrase")
    require_all_open(keys, wrapped)
    done = rotate(keys)
    assert not done.begun
    assert 0 < done.rewrapped < len(MONTHS)
    assert root_files(keys) == sorted([f"{done.present.root_id}.json", "current"])
    require_all_open(KeyStore(keys.folder, given.access), wrapped)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("first", "second"), [("file", "file"), ("environment", "passphrase"), ("file", "pkcs11"), ("pkcs11", "pkcs11")]
)
def test_a_kill_at_any_line_of_a_rotation_loses_nothing(
    tmp_path: Path, given: Secrets, first: str, second: str
) -> None:
    keys = create_key_store(tmp_path / "keys", given.access, first)
    wrapped, line, ended = wrap_some(keys), 0, False
    # Of a token each look costs a new session: there every third line, those that all holders share are tried anyway.
    step = stride(9) if second != "pkcs11" else max(stride(9), 3)
    while not ended:
        line += step
        ended = run_killed_at(line, lambda: rotate(keys, second), *ROOT_FILES)
        reader = KeyStore(keys.folder, given.access)
        require_all_open(reader, wrapped)
        require_all_open(reader, {reader.wrap_data_key(UNIT, MONTHS[0], bytes(32)): bytes(32)})
    rotate(KeyStore(keys.folder, given.access), second)
    assert len(root_files(keys)) == 2, "no former root stays"
    assert [path.name for path in keys.folder.rglob(".*")] == []
    require_all_open(KeyStore(keys.folder, given.access), wrapped)
    assert line > 150


def read_until(folder: Path, given: Secrets, wrapped: dict[WrappedKey, bytes], seen: Path) -> None:
    """Over and over until there is `seen`/end; for each root that was current as a round began it leaves a file."""
    keys = KeyStore(folder, given.access)
    while not (seen / "end").exists():
        root_id = keys.roots.current().root_id
        require_all_open(keys, wrapped)
        keys.require_usable()
        require_all_open(keys, {keys.wrap_data_key(UNIT, "2028-01", bytes(32)): bytes(32)})
        (seen / f"{root_id}-{os.getpid()}").touch()


@pytest.mark.timeout(900)
def test_eight_processes_read_and_wrap_while_the_root_is_changed_again_and_again(
    tmp_path: Path, keys: KeyStore, given: Secrets
) -> None:
    wrapped, seen = wrap_some(keys), tmp_path / "seen"
    seen.mkdir()
    with multiprocessing.get_context("spawn").Pool(READERS) as pool:
        reading = [pool.apply_async(read_until, (keys.folder, given, wrapped, seen)) for _ in range(READERS)]

        def await_all(root_id: str) -> None:
            deadline = time.monotonic() + 120
            while len(list(seen.glob(f"{root_id}-*"))) < READERS:
                for each in reading:
                    assert not each.ready(), each.get()
                assert time.monotonic() < deadline
                time.sleep(0.02)

        try:
            await_all(FIRST)
            for holder in ("passphrase", "pkcs11", "environment", "file", "pkcs11", "pkcs11", "passphrase"):
                await_all(rotate(keys, holder).present.root_id)
        finally:
            (seen / "end").touch()
        for each in reading:
            each.get(120)
    assert len(list(records.list_records(keys.folder))) == 1
    require_all_open(KeyStore(keys.folder, given.access), wrapped)
