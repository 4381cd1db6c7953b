"""The configuration file: what it says, and what is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.dock.config import read_config
from ingest.dock.errors import ConfigUnusable
from ingest.dock.marks import MarkRules
from ingest.dock.unit import write_unit


def test_what_is_not_said_is_as_usual_and_paths_start_at_the_file(tmp_path: Path) -> None:
    path = tmp_path / "dock.toml"
    path.write_text('station_key_file = "keys/station.key"\nmounts = ["media"]\n')
    config = read_config(path)
    assert config.station_key_file == tmp_path / "keys" / "station.key"
    assert config.places.mounts == (tmp_path / "media",)
    assert (config.wipe, config.parallel, config.marks, config.url) == (False, 3, MarkRules(), "")
    assert (config.timing.poll_seconds, config.timing.settle_seconds) == (5, 10)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("limit = 3", "limit: is not known here"),
        ("parallel = 99", "parallel: is 1 to 16"),
        ("parallel = true", "parallel: is 1 to 16"),
        ("wipe = 1", "wipe: is true or false"),
        ('limits = ["all day 2"]', "08:00-18:00 2 MiB/s"),
        ('limits = "08:00-18:00 2 MiB/s"', "limits: is a list"),
        ("poll_seconds = 0", "poll_seconds: is 0.1 or more"),
        ("[marks]\nread_only = 'perhaps'", "marks.read_only"),
        ("[marks]\nfolder = []", "marks.folder: is not known here"),
        ("= broken", "configuration"),
        ("\udcff", "configuration"),
    ],
)
def test_what_cannot_be_followed_is_named(tmp_path: Path, lines: str, words: str) -> None:
    path = tmp_path / "dock.toml"
    path.write_bytes(f'folders = ["card"]\n{lines}\n'.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigUnusable) as refused:
        read_config(path)
    assert words in str(refused.value)


def test_nothing_to_watch_and_no_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "dock.toml"
    with pytest.raises(ConfigUnusable, match="no such file"):
        read_config(path)
    path.write_text("wipe = true\n")
    with pytest.raises(ConfigUnusable, match="neither folders nor mounts"):
        read_config(path)


@pytest.mark.parametrize("wipe", [True, False])
def test_unit_lets_footage_be_written_to_only_where_it_is_wiped(tmp_path: Path, wipe: bool) -> None:
    path = tmp_path / "100% mine.toml"
    path.write_text(f'folders = ["a card"]\nstate = "notes"\nwipe = {str(wipe).lower()}\n')
    unit = write_unit(read_config(path), path, Path("/opt/liuhen/bin/liuhen"))
    access = "ReadWritePaths" if wipe else "ReadOnlyPaths"
    assert f"{access}=-{tmp_path}/a\\x20card\n" in unit
    assert f"ReadWritePaths={tmp_path}/notes\n" in unit
    assert f"ExecStart=/opt/liuhen/bin/liuhen dock --config {tmp_path}/100%%\\x20mine.toml --json\n" in unit
