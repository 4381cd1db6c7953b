"""Keys: who can open what, for how long, and what a crash or a second process may do."""

from __future__ import annotations

import errno
import multiprocessing
import os
import pickle
import shutil
import stat
from pathlib import Path
from uuid import UUID

import pytest

from storage import key_files
from storage.key_errors import (
    KeyExposed,
    KeyMissing,
    KeyStoreDamaged,
    KeyStoreExists,
    KeyStoreMissing,
    KeyStoreUnusable,
    UnwrapFailed,
)
from storage.keystore import PERMANENT, KeyStore, WrappedKey, create_key_store
from tests.sampling import stride
from tests.storage.killing import KEY_FILES, run_killed_at

UNIT = UUID("6f1c1f6e-0000-4000-8000-000000000001")
OTHER_UNIT = UUID("6f1c1f6e-0000-4000-8000-000000000002")
MONTH = "2027-05"
DATA_KEY = bytes(range(32))


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return create_key_store(tmp_path / "keys")


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_wrapped_key_opens_in_every_later_process(keys: KeyStore) -> None:
    wrapped = keys.wrap_data_key(UNIT, MONTH, DATA_KEY)
    assert DATA_KEY not in wrapped.wrapped
    assert KeyStore(keys.folder).unwrap_data_key(wrapped) == DATA_KEY


def test_one_key_encryption_key_serves_a_unit_and_month_and_no_other(keys: KeyStore) -> None:
    first = keys.wrap_data_key(UNIT, MONTH, DATA_KEY).kek_id
    assert keys.wrap_data_key(UNIT, MONTH, bytes(32)).kek_id == first
    others = {
        keys.wrap_data_key(OTHER_UNIT, MONTH, DATA_KEY).kek_id,
        keys.wrap_data_key(UNIT, "2027-06", DATA_KEY).kek_id,
        keys.wrap_data_key(UNIT, PERMANENT, DATA_KEY).kek_id,
    }
    assert len(others | {first}) == 4
    assert set(keys.list_keks()) == others | {first}
    assert first.startswith(f"{UNIT}.{MONTH}.")


def test_no_key_lies_on_the_disk_in_the_clear_but_the_root(keys: KeyStore) -> None:
    wrapped = keys.wrap_data_key(UNIT, MONTH, DATA_KEY)
    root = (keys.folder / "root.key").read_bytes()
    assert len(root) == 32
    for path in _files(keys.folder):
        content = path.read_bytes()
        assert DATA_KEY not in content
        assert wrapped.wrapped not in content
        assert path.name == "root.key" or root not in content


def test_everything_in_the_store_is_its_owners_alone(keys: KeyStore) -> None:
    old_umask = os.umask(0)
    try:
        create_key_store(keys.folder.with_name("more")).wrap_data_key(UNIT, MONTH, DATA_KEY)
    finally:
        os.umask(old_umask)
    for path in [keys.folder.with_name("more"), *keys.folder.with_name("more").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
@pytest.mark.parametrize("name", ["root.key", "key"])
def test_a_key_file_that_others_can_get_at_is_refused(keys: KeyStore, name: str, mode: int) -> None:
    wrapped = keys.wrap_data_key(UNIT, MONTH, DATA_KEY)
    path = keys.folder / "root.key" if name == "root.key" else next(keys.folder.rglob("*.json"))
    path.chmod(mode)
    with pytest.raises(KeyExposed) as exposed:
        KeyStore(keys.folder).unwrap_data_key(wrapped)
    assert exposed.value.path == str(path)
    assert f"{mode:04o}" in str(exposed.value)
    assert "chmod" in str(exposed.value)


def test_a_folder_that_others_can_enter_is_refused(keys: KeyStore, tmp_path: Path) -> None:
    keys.folder.chmod(0o750)
    with pytest.raises(KeyExposed):
        KeyStore(keys.folder)
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    with pytest.raises(KeyExposed):
        create_key_store(shared)
    assert _files(shared) == []


def test_a_missing_store_is_never_made_silently(tmp_path: Path) -> None:
    for folder in (tmp_path / "absent", tmp_path):
        with pytest.raises(KeyStoreMissing):
            KeyStore(folder)
    assert list(tmp_path.iterdir()) == []


def test_a_root_key_is_never_written_over_and_never_replaced_when_lost(keys: KeyStore) -> None:
    keys.wrap_data_key(UNIT, MONTH, DATA_KEY)
    root = (keys.folder / "root.key").read_bytes()
    with pytest.raises(KeyStoreExists):
        create_key_store(keys.folder)
    assert (keys.folder / "root.key").read_bytes() == root
    (keys.folder / "root.key").unlink()
    with pytest.raises(KeyStoreDamaged, match="gone"):
        create_key_store(keys.folder)


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_root_key_of_the_wrong_length_is_damage(keys: KeyStore, content: bytes) -> None:
    (keys.folder / "root.key").write_bytes(content)
    with pytest.raises(KeyStoreDamaged, match="32 bytes"):
        KeyStore(keys.folder)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"v": 1', b"null"])
def test_a_key_file_that_is_none_is_damage_not_a_missing_key(keys: KeyStore, content: bytes) -> None:
    wrapped = keys.wrap_data_key(UNIT, MONTH, DATA_KEY)
    next(keys.folder.rglob("*.json")).write_bytes(content)
    with pytest.raises(KeyStoreDamaged):
        keys.unwrap_data_key(wrapped)


def test_a_flipped_byte_of_a_key_file_shows_and_never_gives_another_key(keys: KeyStore) -> None:
    wrapped = keys.wrap_data_key(UNIT, MONTH, DATA_KEY)
    path = next(keys.folder.rglob("*.json"))
    content = path.read_bytes()
    shown = 0
    for position in range(len(content)):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        try:
            assert keys.unwrap_data_key(wrapped) == DATA_KEY
        except KeyStoreDamaged:
            shown += 1
    assert shown >= len(content) - 1  # the new line at the end may become other white space


def test_keys_exchanged_between_two_stores_open_nothing(keys: KeyStore, tmp_path: Path) -> None:
    wrapped = keys.wrap_data_key(UNIT, MONTH, DATA_KEY)
    other = create_key_store(tmp_path / "other")
    with pytest.raises(KeyMissing):
        other.unwrap_data_key(wrapped)
    shutil.copytree(keys.folder / "keys", other.folder / "keys")
    with pytest.raises(KeyStoreDamaged, match="root key"):
        other.unwrap_data_key(wrapped)


def test_an_altered_wrapping_and_one_under_another_key_do_not_open(keys: KeyStore) -> None:
    wrapped = keys.wrap_data_key(UNIT, MONTH, DATA_KEY)
    elsewhere = keys.wrap_data_key(OTHER_UNIT, MONTH, DATA_KEY)
    altered = bytes([wrapped.wrapped[0] ^ 1]) + wrapped.wrapped[1:]
    for wrong in (altered, elsewhere.wrapped, b"", b"short", wrapped.wrapped[:-8]):
        with pytest.raises(UnwrapFailed) as failed:
            keys.unwrap_data_key(WrappedKey(wrapped.kek_id, wrong))
        assert failed.value.kek_id == wrapped.kek_id


@pytest.mark.parametrize(
    "kek_id",
    [
        "",
        "root",
        f"{UNIT}.{MONTH}",
        "../../root.key",
        f"{UNIT}.{MONTH}.../../../root",
        f"{UNIT}.{MONTH}.000001-" + "g" * 16,
    ],
)
def test_an_id_from_a_row_cannot_name_another_file(keys: KeyStore, kek_id: str) -> None:
    for call in (lambda: keys.unwrap_data_key(WrappedKey(kek_id, bytes(40))), lambda: keys.destroy_kek(kek_id)):
        with pytest.raises(KeyMissing):
            call()
    assert (keys.folder / "root.key").exists()


@pytest.mark.parametrize("month", ["2027-13", "2027-5", "27-05", "2027-00", "", "Permanent", "2027-05-01", "../.."])
def test_a_month_that_is_none_is_refused(keys: KeyStore, month: str) -> None:
    with pytest.raises(ValueError, match="2027-05"):
        keys.wrap_data_key(UNIT, month, DATA_KEY)


def test_what_was_rewrapped_outlives_its_first_key(keys: KeyStore) -> None:
    first = keys.wrap_data_key(UNIT, MONTH, DATA_KEY)
    held = keys.rewrap(first, UNIT, PERMANENT)
    keys.destroy_kek(first.kek_id)
    assert keys.unwrap_data_key(held) == DATA_KEY
    with pytest.raises(KeyMissing) as missing:
        keys.unwrap_data_key(first)
    assert missing.value.kek_id == first.kek_id
    with pytest.raises(KeyMissing):
        keys.rewrap(first, UNIT, PERMANENT)


def test_one_recording_is_disposed_of_by_renewing_its_neighbours(keys: KeyStore) -> None:
    disposed, neighbour = keys.wrap_data_key(UNIT, MONTH, DATA_KEY), keys.wrap_data_key(UNIT, MONTH, bytes(32))
    renewed = keys.renew_kek(UNIT, MONTH)
    moved = keys.rewrap(neighbour, UNIT, MONTH)
    assert moved.kek_id == renewed != disposed.kek_id
    keys.destroy_kek(disposed.kek_id)
    assert keys.unwrap_data_key(moved) == bytes(32)
    with pytest.raises(KeyMissing):
        keys.unwrap_data_key(disposed)


def test_a_destroyed_key_leaves_no_file_and_its_id_never_comes_back(keys: KeyStore) -> None:
    ids = set()
    for _ in range(3):
        kek_id = keys.wrap_data_key(UNIT, MONTH, DATA_KEY).kek_id
        keys.destroy_kek(kek_id)
        keys.destroy_kek(kek_id)
        ids.add(kek_id)
        assert list(keys.list_keks()) == []
        assert [path.name for path in _files(keys.folder)] in (["root.key", "lock"], ["lock", "root.key"])
    assert len(ids) == 3


def test_a_process_that_used_a_key_forgets_it_with_the_file(keys: KeyStore) -> None:
    wrapped = keys.wrap_data_key(UNIT, MONTH, DATA_KEY)
    assert keys.unwrap_data_key(wrapped) == DATA_KEY
    KeyStore(keys.folder).destroy_kek(wrapped.kek_id)
    with pytest.raises(KeyMissing):
        keys.unwrap_data_key(wrapped)


def _wrap_in_process(folder: Path, number: int) -> WrappedKey:
    return KeyStore(folder).wrap_data_key(UNIT, f"2027-{number % 3 + 1:02d}", number.to_bytes(32, "big"))


def test_processes_at_once_make_one_key_a_month_and_lose_none(keys: KeyStore) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        wrapped = pool.starmap(_wrap_in_process, [(keys.folder, number) for number in range(24)])
    assert len({key.kek_id for key in wrapped}) == 3
    assert [keys.unwrap_data_key(key) for key in wrapped] == [number.to_bytes(32, "big") for number in range(24)]


def test_a_kill_at_any_line_of_making_a_store_or_key_can_be_repeated(tmp_path: Path) -> None:
    line, ended = 0, False
    while not ended:
        line += stride(4)
        folder = tmp_path / str(line)
        ended = run_killed_at(
            line, lambda folder=folder: create_key_store(folder).wrap_data_key(UNIT, MONTH, DATA_KEY), *KEY_FILES
        )
        try:
            keys = KeyStore(folder)
        except KeyStoreMissing:
            keys = create_key_store(folder)
        wrapped = keys.wrap_data_key(UNIT, MONTH, DATA_KEY)
        assert keys.unwrap_data_key(wrapped) == DATA_KEY
        assert len(list(keys.list_keks())) == 1
    assert line > 60


def test_a_kill_at_any_line_of_destroying_leaves_a_whole_key_or_none(keys: KeyStore) -> None:
    line, ended = 0, False
    while not ended:
        line += 1
        wrapped = keys.wrap_data_key(UNIT, MONTH, DATA_KEY)
        ended = run_killed_at(line, lambda wrapped=wrapped: keys.destroy_kek(wrapped.kek_id), *KEY_FILES)
        if wrapped.kek_id in keys.list_keks():
            assert keys.unwrap_data_key(wrapped) == DATA_KEY
        keys.destroy_kek(wrapped.kek_id)
        assert list(keys.list_keks()) == []
        assert sorted(path.name for path in _files(keys.folder)) == ["lock", "root.key"]
    assert line > 15


def test_a_disk_that_fails_is_an_error_of_the_store_and_the_repeat_succeeds(
    keys: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(key_files, "create_durably", full)
        with pytest.raises(KeyStoreUnusable, match="No space left"):
            keys.wrap_data_key(UNIT, MONTH, DATA_KEY)
    assert keys.unwrap_data_key(keys.wrap_data_key(UNIT, MONTH, DATA_KEY)) == DATA_KEY


def test_its_errors_survive_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(UnwrapFailed("/keys", "some.key")))
    assert (error.path, error.kek_id) == ("/keys", "some.key")
    assert "some.key" in str(error)
