"""What is mounted, and which of it is whose card: sources are told apart however alike they look."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ingest.dock.mounts import find_recorders, read_mounts
from ingest.dock.source import Source
from ingest.dock.sources import Places, find_sources, tell_apart
from tests.ingest.dock.watching import mountinfo_line


def test_mountinfo_is_read_with_its_escapes_and_the_systems_own_mounts_are_no_recorders(tmp_path: Path) -> None:
    media = tmp_path / "media"
    names = ["a card", "执法仪", "under/user/deep"]
    for name in names:
        (media / name).mkdir(parents=True)
    lines = [mountinfo_line(media / name) for name in names]
    lines += [mountinfo_line(media / "fuse", "autofs"), mountinfo_line(tmp_path / "elsewhere"), "garbage\n", "\n"]
    table = tmp_path / "mountinfo"
    table.write_text("".join(lines))
    found = [mount.path for mount in find_recorders(media, read_mounts(table))]
    assert found == sorted(media / name for name in names)


def test_a_mount_point_of_any_name_is_read_as_the_kernel_writes_it(tmp_path: Path) -> None:
    """It escapes blanks, tabs, ends of lines and backslashes (proc(5)); all else stands there as it is."""
    table = tmp_path / "mountinfo"
    named = b"/media/a\r\x0b\x0c\x1b\x85\xff"
    table.write_bytes(b"40 28 8:1 / " + named + b"\\012\\134 rw - vfat /dev/sdb1 rw\n")
    (found,) = find_recorders(Path("/media"), read_mounts(table))
    assert os.fsencode(found.path) == named + b"\n\\"


def test_this_systems_own_mounts_are_read() -> None:
    assert any(mount.path == Path("/") for mount in read_mounts())


def test_sources_of_one_name_are_told_apart(tmp_path: Path) -> None:
    one, other = tmp_path / "x" / "card", tmp_path / "y" / "card"
    one.mkdir(parents=True)
    other.mkdir(parents=True)
    missing = tmp_path / "not there"
    labels = [source.label for source in find_sources(Places((one, other, missing)), {missing})]
    assert labels == [str(one).strip("/"), str(other).strip("/")]


CARD, TWIN = (Source(Path(f"/media/{name}"), "volume 1234", name, device) for name, device in (("b", 7), ("a", 8)))


def ids(*sources: Source, before: tuple[Source, ...] = ()) -> list[str]:
    return [each.id for each in tell_apart(sources, before)]


def test_two_cards_with_one_serial_number_are_two_sources() -> None:
    """A rack full of recorders whose firmware gives every card the same."""
    assert ids(TWIN, CARD) == ["volume 1234", "volume 1234 at /media/b"]
    assert len(set(ids(TWIN, CARD, replace(CARD, root=Path("/media/c"), device=9)))) == 3


def test_each_keeps_its_id_while_it_stays() -> None:
    first = tell_apart([CARD], ())
    assert ids(TWIN, CARD, before=tuple(first)) == ["volume 1234 at /media/a", "volume 1234"]
    both = tuple(tell_apart([TWIN, CARD], tuple(first)))
    assert ids(TWIN, before=both) == ["volume 1234 at /media/a"]
    assert ids(CARD, before=both) == ["volume 1234"]
    another = replace(CARD, device=9)
    assert ids(another, before=both) == ["volume 1234"], "another card in the same place is no continuation"


def test_one_volume_in_two_places_stays_one_source() -> None:
    assert ids(CARD, replace(CARD, root=Path("/media/z"))) == ["volume 1234", "volume 1234"]
