"""The configuration file: what it says, and what is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.dock.config import DockConfig, read_config
from ingest.dock.errors import ConfigUnusable
from ingest.dock.marks import MarkRules
from ingest.dock.sources import Places
from ingest.dock.unit import warn_of_homes, write_unit


def test_what_is_not_said_is_as_usual_and_paths_start_at_the_file(tmp_path: Path) -> None:
    path = tmp_path / "dock.toml"
    path.write_text('station_key_file = "keys/station.key"\nmounts = ["media"]\n')
    config = read_config(path)
    assert config.station_key_file == tmp_path / "keys" / "station.key"
    assert config.places.mounts == (tmp_path / "media",)
    assert (config.wipe, config.parallel, config.marks, config.url) == (False, 3, MarkRules(), "")
    assert (config.timing.poll_seconds, config.timing.settle_seconds) == (5, 10)


@pytest.mark.parametrize(
    ("lines", "en", "zh"),
    [
        ("limit = 3", "limit: is not known here", "limit：不认识这个成员"),
        ("parallel = 99", "parallel: is 1 to 16", "parallel：须为 1 至 16 的整数"),
        ("parallel = true", "parallel: is 1 to 16", "parallel：须为 1 至 16 的整数"),
        ("wipe = 1", "wipe: is true or false", "wipe：须为 true 或 false"),
        ("url = 1", "url: is text in quotes", "url：须为带引号的文本"),
        ("marks = 1", "marks: is a table", "marks：须为一个表"),
        ('limits = ["all day 2"]', "08:00-18:00 2 MiB/s", "limits：'all day 2' 不是有效的限速"),
        ('limits = "08:00-18:00 2 MiB/s"', "limits: is a list", "limits：须为文本列表"),
        ("poll_seconds = 0", "poll_seconds: is a number from 0.1 to 86400", "poll_seconds：须为 0.1 至 86400 的数"),
        ("poll_seconds = inf", "poll_seconds: is a number from 0.1", "poll_seconds：须为 0.1 至 86400 的数"),
        ("settle_seconds = nan", "settle_seconds: is a number from 0 ", "settle_seconds：须为 0 至 86400 的数"),
        ("report_seconds = 1e300", "report_seconds: is a number from 1 ", "report_seconds：须为 1 至 86400 的数"),
        ("[marks]\nread_only = 'perhaps'", "marks.read_only", "marks.read_only：须为 auto、always、never 之一"),
        ("[marks]\nfolder = []", "marks.folder: is not known here", "marks.folder：不认识这个成员"),
        ("= broken", "configuration", "第 2 行第 1 列不是正确的 TOML"),
        ('url = "', "configuration", "TOML"),
        ("\udcff", "configuration", "第 20 个字节起不是 UTF-8 文本"),
    ],
)
def test_what_cannot_be_followed_is_named_in_both_languages(tmp_path: Path, lines: str, en: str, zh: str) -> None:
    path = tmp_path / "dock.toml"
    path.write_bytes(f'folders = ["card"]\n{lines}\n'.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigUnusable) as refused:
        read_config(path)
    assert en in str(refused.value)
    assert zh in refused.value.words.zh


def test_nothing_to_watch_and_no_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "dock.toml"
    with pytest.raises(ConfigUnusable, match="no such file"):
        read_config(path)
    path.write_text("wipe = true\n")
    with pytest.raises(ConfigUnusable, match="neither folders nor mounts") as refused:
        read_config(path)
    assert "没有可监视的位置" in refused.value.words.zh


@pytest.mark.parametrize("wipe", [True, False])
def test_unit_lets_footage_be_written_to_only_where_it_is_wiped(tmp_path: Path, wipe: bool) -> None:
    path = tmp_path / "100% mine.toml"
    path.write_text(f'folders = ["a card"]\nstate = "notes"\nwipe = {str(wipe).lower()}\n')
    unit = write_unit(read_config(path), path, Path("/opt/liuhen/bin/liuhen"))
    access = "ReadWritePaths" if wipe else "ReadOnlyPaths"
    assert f"{access}=-{tmp_path}/a\\x20card\n" in unit
    assert f"ReadWritePaths={tmp_path}/notes\n" in unit
    assert f"ExecStart=/opt/liuhen/bin/liuhen dock --config {tmp_path}/100%%\\x20mine.toml --json\n" in unit


@pytest.mark.parametrize(
    ("program", "line", "key"),
    [
        ("/opt/liuhen/bin/liuhen", "ProtectHome=yes", "/etc/liuhen/station.key"),
        ("/home/li/liuhen/.venv/bin/liuhen", "ProtectHome=read-only", "/etc/liuhen/station.key"),
        ("/opt/liuhen/bin/liuhen", "ProtectHome=read-only", "/root/station.key"),
    ],
)
def test_unit_does_not_hide_what_it_runs_or_reads(program: str, line: str, key: str) -> None:
    config = DockConfig(Places((Path("/srv/footage"),)), station_key_file=Path(key))
    unit = write_unit(config, Path("/etc/liuhen/dock.toml"), Path(program))
    assert f"\n{line}\n" in unit
    warnings = warn_of_homes(config, Path("/etc/liuhen/dock.toml"), Path(program))
    assert bool(warnings) == (line != "ProtectHome=yes")
    for words in warnings:
        assert words.en.startswith(program if "/home/" in program else key)
        assert "在用户主目录之下" in words.zh


def test_a_unit_names_folders_from_the_root_wherever_it_was_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dock.toml").write_text('station_key_file = "station.key"\nstate = "notes"\nfolders = ["card"]\nwipe = true\n')
    unit = write_unit(read_config(Path("dock.toml")), Path("dock.toml"), Path("/opt/liuhen/bin/liuhen"))
    assert f"ReadWritePaths=-{tmp_path}\n" in unit
    assert f"ReadWritePaths={tmp_path / 'notes'}\n" in unit
    assert "=-." not in unit
