"""Any folder may be shown, but for those that would get into the demo's own way."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from api.demo.errors import FootageUnusable
from api.demo.footage_folder import choose_folder, digest_all, look_at


@pytest.mark.parametrize("named", ["data", "data/demo", "data/demo/footage"])
def test_a_folder_around_or_within_the_demos_own_is_refused_and_untouched(tmp_path: Path, named: str) -> None:
    (tmp_path / "data/demo/footage").mkdir(parents=True)
    (tmp_path / "data/demo/footage/a.mp4").write_bytes(b"kept")
    with pytest.raises(FootageUnusable, match="contains the demo's own folder"):
        choose_folder(tmp_path / named, tmp_path / "data/demo")
    assert (tmp_path / "data/demo/footage/a.mp4").read_bytes() == b"kept"


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FootageUnusable, match="no such folder"):
        choose_folder(tmp_path / "nowhere", tmp_path / "demo")


def test_empty_hidden_and_linked_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.mp4").write_bytes(b"a")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / ".hidden").write_bytes(b"h")
    (tmp_path / "link.mp4").symlink_to("sub/a.mp4")
    footage = look_at(tmp_path)
    assert [each.name for each in footage.files] == ["sub/a.mp4"]
    assert footage.empty == ("empty.mp4",)
    assert footage.skipped == (".hidden", "link.mp4")
    assert footage.size_bytes == 1


def test_a_folder_with_nothing_in_any_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(FootageUnusable, match="no file in it that holds anything"):
        look_at(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "locked.mp4").write_bytes(b"x")
    (tmp_path / "locked.mp4").chmod(0)
    with pytest.raises(FootageUnusable, match=r"locked\.mp4"):
        look_at(tmp_path)


def test_digests_are_those_of_the_bytes_whatever_the_name(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\n.mp4")
    (tmp_path / name).write_bytes(b"content" * 400_000)
    footage = look_at(tmp_path)
    assert digest_all(footage.files) == {name: hashlib.sha256(b"content" * 400_000).hexdigest()}
