"""Folders that are there whole or not at all."""

from __future__ import annotations

import errno
import multiprocessing
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from integrity.durable_files import (
    PRIVATE,
    FolderExists,
    create_durably,
    make_folder_durably,
    new_folder,
    replace_durably,
    write_at,
    write_durably,
    write_pieces_durably,
)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_is_written_once_with_its_mode(tmp_path: Path) -> None:
    write_durably(tmp_path / "key", b"secret", PRIVATE)
    assert (tmp_path / "key").read_bytes() == b"secret"
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write_durably(tmp_path / "key", b"other")
    assert (tmp_path / "key").read_bytes() == b"secret"


def test_link_in_place_of_a_file_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_durably(tmp_path / "link", b"x")
    assert not (tmp_path / "elsewhere").exists()


def test_pieces_are_joined(tmp_path: Path) -> None:
    write_pieces_durably(tmp_path / "file", (b"ab", memoryview(b"cd"), bytearray(b"e")))
    assert (tmp_path / "file").read_bytes() == b"abcde"


def test_folder_appears_only_when_the_block_has_ended_well(tmp_path: Path) -> None:
    with new_folder(tmp_path / "made") as partial:
        (partial / "inner").mkdir()
        (partial / "inner/file").write_bytes(b"x")
        assert not (tmp_path / "made").exists()
        assert stat.S_IMODE(partial.stat().st_mode) == 0o700
    assert names_in(tmp_path) == ["made"]
    assert (tmp_path / "made/inner/file").read_bytes() == b"x"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_failure_inside_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    def break_off() -> None:
        with new_folder(tmp_path / "made") as partial:
            (partial / "file").write_bytes(b"x")
            raise error

    with pytest.raises(error):
        break_off()
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("failing", ["fsync", "rename"])
def test_failure_of_the_disk_leaves_nothing(tmp_path: Path, failing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"), new_folder(tmp_path / "made"):
        monkeypatch.setattr(*((os, "fsync") if failing == "fsync" else (Path, "rename")), fail)
    assert names_in(tmp_path) == []


def test_existing_target_is_refused_before_and_after(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    with pytest.raises(FolderExists), new_folder(tmp_path / "made"):
        pytest.fail("the block must not run")
    (tmp_path / "made").rmdir()
    with pytest.raises(FolderExists), new_folder(tmp_path / "made"):
        (tmp_path / "made").mkdir()
    assert names_in(tmp_path) == ["made"]


def test_missing_parent_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), new_folder(tmp_path / "no/made"):
        pytest.fail("the block must not run")


def test_names_with_wildcards_touch_no_neighbour(tmp_path: Path) -> None:
    (tmp_path / ".a.partial-kept").mkdir()
    with new_folder(tmp_path / "[a]*"):
        pass
    assert names_in(tmp_path) == [".a.partial-kept", "[a]*"]


def fill_and_wait(target: Path, started: object, finish: object) -> None:
    with new_folder(target) as partial:
        (partial / "mine").write_bytes(b"x")
        started.set()  # type: ignore[attr-defined]
        finish.wait(60)  # type: ignore[attr-defined]


def test_what_another_process_is_still_writing_is_left_alone(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    started, finish = context.Event(), context.Event()
    writer = context.Process(target=fill_and_wait, args=(tmp_path / "made", started, finish))
    writer.start()
    try:
        assert started.wait(60)
        with pytest.raises(ValueError, match="mine"), new_folder(tmp_path / "made"):
            raise ValueError("mine")
        assert len(list(tmp_path.rglob("mine"))) == 1
    finally:
        finish.set()
        writer.join(60)
    assert names_in(tmp_path) == ["made"]


def test_a_file_takes_anothers_place_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "receipt"
    replace_durably(path, b"first", PRIVATE)
    replace_durably(path, b"second", PRIVATE)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"second", 0o600)

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="read-only"):
            replace_durably(path, b"third", PRIVATE)
        assert list(tmp_path.iterdir()) == [path]
        patch.setattr(Path, "unlink", fail)
        with pytest.raises(OSError, match="read-only"):
            replace_durably(path, b"third", PRIVATE)
    assert path.read_bytes() == b"second"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is done to the disk, in order."""
    done: list[tuple[str, str]] = []

    def noted(name: str, real: Any) -> Any:
        def step(*arguments: Any, **named: Any) -> Any:
            where = arguments[-1] if name == "link" else arguments[0]
            path = Path(f"/proc/self/fd/{where}").readlink() if isinstance(where, int) else Path(where)
            done.append((name, path.name))
            return real(*arguments, **named)

        return step

    for name in ("fsync", "link", "mkdir"):
        monkeypatch.setattr(os, name, noted(name, getattr(os, name)))
    return done


def test_a_file_gets_its_name_when_its_bytes_are_durable_and_then_that_is(
    tmp_path: Path, steps: list[tuple[str, str]]
) -> None:
    create_durably(tmp_path / "key", b"content", PRIVATE, tmp_path / "passing")
    assert steps == [("fsync", "passing"), ("link", "key"), ("fsync", tmp_path.name)]
    assert names_in(tmp_path) == ["key"]
    assert ((tmp_path / "key").read_bytes(), (tmp_path / "key").stat().st_mode & 0o777) == (b"content", 0o600)


def test_a_file_that_is_there_is_left_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"first")
    with pytest.raises(FileExistsError):
        create_durably(tmp_path / "key", b"second")
    assert (names_in(tmp_path), (tmp_path / "key").read_bytes()) == (["key"], b"first")


def test_each_folder_that_is_made_has_a_durable_name_before_the_next_one(
    tmp_path: Path, steps: list[tuple[str, str]]
) -> None:
    make_folder_durably(tmp_path / "one" / "two", 0o700)
    assert steps == [("mkdir", "one"), ("fsync", tmp_path.name), ("mkdir", "two"), ("fsync", "one")]
    assert (tmp_path / "one" / "two").stat().st_mode & 0o777 == 0o700
    steps.clear()
    make_folder_durably(tmp_path / "one" / "two", 0o700)
    assert steps == []
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        make_folder_durably(tmp_path / "file", 0o700)


@pytest.mark.parametrize("kind", [bytes, memoryview])
def test_all_of_it_is_written_where_it_belongs_however_little_each_call_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type
) -> None:
    path, pwrite = tmp_path / "file", os.pwrite
    path.write_bytes(b"0123456789")
    monkeypatch.setattr(os, "pwrite", lambda descriptor, view, position: pwrite(descriptor, view[:3], position))
    with path.open("r+b") as file:
        assert write_at(file.fileno(), kind(b"abcdefgh"), 1) == 9
        assert write_at(file.fileno(), kind(b""), 4) == 4
    assert path.read_bytes() == b"0abcdefgh9"


def test_where_there_is_no_room_for_the_rest_it_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = iter((3, 3))

    def full(descriptor: int, view: memoryview, position: int) -> int:
        if (count := next(taken, 0)) == 0:
            raise OSError(errno.ENOSPC, "full")
        return count

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="full"):
        write_at(-1, b"abcdefgh", 0)
