"""The folder of footage that is shown: looked at before anything starts, digested independently of the archive."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from api.demo.errors import FootageUnusable
from ingest.dock.errors import DockError, FolderTooDeep
from ingest.dock.folder import list_source
from ingest.dock.source import Source, SourceFile
from integrity.hidden_signs import escaped

_PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Footage:
    """`empty` files have no byte to keep, and stay; `skipped` are no footage: links, hidden, temporary."""

    folder: Path
    files: tuple[SourceFile, ...]
    empty: tuple[str, ...]
    skipped: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        return sum(each.size_bytes for each in self.files)


def choose_folder(folder: Path, demo_root: Path) -> Path:
    """The folder as an absolute path. Raises FootageUnusable when it and the demo's own would get into each other."""
    resolved, own = folder.expanduser().resolve(), demo_root.resolve()
    if not resolved.is_dir():
        raise FootageUnusable(folder, "没有这个目录", "there is no such folder")
    if own == resolved or own in resolved.parents or resolved in own.parents:
        raise FootageUnusable(
            folder,
            f"它与演示目录 {own} 互相包含；请另选，或用 LIUHEN_DATA 另设数据目录",
            f"it contains the demo's own folder {own}, or lies within it: name another, or set LIUHEN_DATA",
        )
    return resolved


def look_at(folder: Path) -> Footage:
    """What is in the folder, as the docking agent will see it. Raises FootageUnusable for what cannot be read."""
    try:
        listing = list_source(Source(folder), state_folder=None)
    except DockError as error:
        raise FootageUnusable(folder, "无法读取", str(error)) from error
    for each in listing.out_of_reach:
        if isinstance(each, FolderTooDeep):
            raise FootageUnusable(folder, each.words.zh, each.words.en)
    unreadable = [each.name for each in listing.out_of_reach]
    unreadable += [each.name for each in listing.files if not os.access(each.path, os.R_OK)]
    if unreadable:
        names = ", ".join(escaped(name) for name in unreadable[:5])
        raise FootageUnusable(
            folder,
            f"无权读取其中的 {names}；请调整权限或移出",
            f"{names} in it cannot be read: change the permissions, or take it out",
        )
    if not listing.files:
        raise FootageUnusable(folder, "其中没有非空的文件", "there is no file in it that holds anything")
    empty = listing.empty
    return Footage(folder, listing.files, empty, tuple(name for name in listing.skipped if name not in empty))


def digest_all(files: Iterable[SourceFile]) -> Mapping[str, str]:
    """SHA-256 of each file by name, with nothing of the archive's in between."""
    return {each.name: _digest(each.path) for each in files}


def _digest(path: Path) -> str:
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            hasher.update(piece)
    return hasher.hexdigest()
