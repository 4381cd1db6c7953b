"""Whatever of a backup is not what was made is named, and nothing of it is put in place; and what breaks off leaves
nothing half done."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.backup import making, restoring
from api.backup.checking import check_backup, check_objects
from api.backup.errors import BackupDamaged, NoRoomForBackup, RestoreDiffers
from api.backup.making import BackupMade
from api.backup.place import BackupPlace
from tests.api.backup.conftest import NO_PASSPHRASE, Box, restore
from tests.sampling import some_of

CONTENT = b"no picture, but evidence\n" * 1_000


@pytest.fixture(scope="module")
def kept(box: Box, tmp_path_factory: pytest.TempPathFactory) -> tuple[BackupPlace, BackupMade]:
    """A backup that every test mends again after it damaged it."""
    box.archive.seal(CONTENT)
    place = BackupPlace.at(tmp_path_factory.mktemp("kept") / "place")
    return place, box.back_up(place)


def files_of(place: BackupPlace, name: str) -> Iterator[Path]:
    for folder in (place.folder / name, place.keys / name, place.pool):
        yield from sorted(path for path in folder.rglob("*") if path.is_file())


def whole(place: BackupPlace, name: str) -> None:
    check_objects(check_backup(place, name, NO_PASSPHRASE))


@pytest.mark.thorough
def test_one_flipped_bit_anywhere_is_named(kept: tuple[BackupPlace, BackupMade]) -> None:
    place, made = kept
    whole(place, made.name)
    paths = list(files_of(place, made.name))
    chosen = [path for path in paths if "database/base" not in path.as_posix() and path.stat().st_size]
    chosen += [path for path in paths if "database/base" in path.as_posix() and path.stat().st_size][::40]
    for path in chosen:
        content = path.read_bytes()
        path.chmod(0o600)
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(BackupDamaged) as refused:
            whole(place, made.name)
        assert str(path) in "\n".join(refused.value.flaws), path
        path.write_bytes(content)
    whole(place, made.name)


def test_a_file_that_is_gone_or_too_many_is_named(kept: tuple[BackupPlace, BackupMade]) -> None:
    place, made = kept
    for path in list(files_of(place, made.name))[::60]:
        aside = path.with_name(f"{path.name}.aside")
        path.rename(place.folder / "aside")
        with pytest.raises(BackupDamaged) as refused:
            whole(place, made.name)
        assert str(path) in "\n".join(refused.value.flaws)
        (place.folder / "aside").rename(path)
        assert not aside.exists()
    stranger = place.folder / made.name / "database" / "base" / "stranger"
    stranger.write_bytes(b"")
    with pytest.raises(BackupDamaged, match="stranger"):
        whole(place, made.name)
    stranger.unlink()
    whole(place, made.name)


def test_a_damaged_backup_is_not_put_in_place(kept: tuple[BackupPlace, BackupMade], tmp_path: Path) -> None:
    place, made = kept
    damaged = next(path for path in files_of(place, made.name) if path.is_relative_to(place.pool))
    content = damaged.read_bytes()
    damaged.chmod(0o600)
    damaged.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        with pytest.raises(RestoreDiffers) as refused:
            restore(place, made.name, tmp_path / "data")
        assert damaged.name in str(refused.value.differences)
        assert list(tmp_path.iterdir()) == []
    finally:
        damaged.write_bytes(content)


STEPS = ("copy_cluster", "verify_cluster", "read_keys", "started_copy", "write_keys", "list_files", "digest_file")


@pytest.mark.parametrize("step", some_of(STEPS, one_in=4))
def test_a_full_disk_at_any_step_leaves_no_backup_and_the_next_one_is_whole(
    box: Box, place: BackupPlace, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place.folder))

    with monkeypatch.context() as patch:
        patch.setattr(making, step, full)
        with pytest.raises(NoRoomForBackup, match="No space left"):
            box.back_up(place)
    assert place.names() == []
    assert [path for path in place.keys.rglob("*") if path.is_file()] == []
    whole(place, box.back_up(place).name)


@pytest.mark.thorough
def test_what_breaks_off_while_restoring_leaves_nothing_and_the_same_again_works(
    kept: tuple[BackupPlace, BackupMade], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, made = kept

    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    for step in ("copy_durably", "read_facts", "put_object", "republish", "verify_archive"):
        with monkeypatch.context() as patch:
            patch.setattr(restoring, step, broken)
            with pytest.raises(NoRoomForBackup):
                restore(place, made.name, tmp_path / "data")
        assert list(tmp_path.iterdir()) == []
    assert restore(place, made.name, tmp_path / "data").audit.holds
