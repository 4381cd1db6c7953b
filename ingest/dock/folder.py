"""What is below a source: which files are footage, and why the others are not."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ingest.dock.errors import FolderTooDeep, FolderUnusable, SourceUnreadable
from ingest.dock.source import Source, SourceFile, opened_folder
from ingest.dock.words import reason_of

# What is called so is being written, and has its name when it is done. What has not been touched for a while will never
# be: a recorder whose battery died left its last minutes there.
_IGNORED_SUFFIXES = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp", "~")
_BEING_WRITTEN_SECONDS = 600.0
_IGNORED_NAMES = frozenset({"thumbs.db", "desktop.ini", "system volume information", "$recycle.bin", "lost+found"})
# A damaged card may hold a folder that contains itself; a recorder nests three or four.
_DEEPEST = 32
# A folder of many files takes its time, and answers all along.
_ENTRIES_A_TOUCH = 256

OutOfReach = SourceUnreadable | FolderTooDeep


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in the source.

    `out_of_reach` are files and folders that could not be looked at: there may be footage in each. `skipped` are names
    that are not footage; `why_skipped` says for each: link, hidden, system, temporary, special (a pipe, socket or
    device), empty, loop, or other volume (mounted below a recorder, and a source of its own).
    """

    files: tuple[SourceFile, ...]
    out_of_reach: tuple[OutOfReach, ...]
    skipped: tuple[str, ...]
    why_skipped: dict[str, str] = field(default_factory=dict)

    @property
    def empty(self) -> tuple[str, ...]:
        """Of those that were skipped, the files that hold nothing (yet)."""
        return tuple(name for name, why in self.why_skipped.items() if why == "empty")


def list_source(source: Source, state_folder: Path | None) -> Listing:
    """Every file below the source, by name, but for what is no footage and the agent's own notes in `state_folder`.

    Raises FolderUnusable when there is no such folder or it cannot be listed; a folder further down that cannot be
    listed or lies too deep becomes an entry of `out_of_reach`. Links are never followed, not even one that takes a
    folder's place.
    """
    walk = _Walk(source, state_folder)
    walk.run()
    skipped = dict(sorted(walk.skipped.items()))
    return Listing(
        tuple(sorted(walk.files, key=lambda file: file.name)), tuple(walk.out_of_reach), tuple(skipped), skipped
    )


class _Walk:
    """One look through the folders, the pending ones in a list: depth is the card's to choose, not our stack's."""

    def __init__(self, source: Source, state_folder: Path | None) -> None:
        self._source = source
        # Compared with every name at every look: as text, for a path takes longer to make than its file to look at.
        below = state_folder is not None and state_folder.is_relative_to(source.root)
        self._notes = state_folder.relative_to(source.root).as_posix() if state_folder and below else None
        self._seen: set[tuple[int, int]] = set()
        self.files: list[SourceFile] = []
        self.out_of_reach: list[OutOfReach] = []
        self.skipped: dict[str, str] = {}

    def run(self) -> None:
        pending = [("", 0)]
        while pending:
            folder, depth = pending.pop()
            try:
                pending += [(name, depth + 1) for name in self._read_folder(folder, depth)]
            except OSError as error:
                if depth == 0:
                    raise FolderUnusable(self._source.root, reason_of(error)) from error
                self.out_of_reach.append(SourceUnreadable(self._title(folder), reason_of(error)))

    def _read_folder(self, folder: str, depth: int) -> list[str]:
        """Note what is in a folder; the folders in it to look through are given back."""
        further: list[str] = []
        with opened_folder(self._source, folder) as descriptor:
            with self._source.touches.one():
                status = os.fstat(descriptor)
                self._seen.add((status.st_dev, status.st_ino))
                with os.scandir(descriptor) as listed:
                    entries = sorted(listed, key=lambda entry: entry.name)
            for begin in range(0, len(entries), _ENTRIES_A_TOUCH):
                with self._source.touches.one():
                    for entry in entries[begin : begin + _ENTRIES_A_TOUCH]:
                        further += self._look_at(entry, f"{folder}/{entry.name}" if folder else entry.name, depth)
        return further

    def _look_at(self, entry: os.DirEntry[str], name: str, depth: int) -> list[str]:
        try:
            return list(self._sort_entry(entry, name, depth))
        except OSError as error:
            self.out_of_reach.append(SourceUnreadable(self._title(name), reason_of(error)))
            return []

    def _sort_entry(self, entry: os.DirEntry[str], name: str, depth: int) -> Iterator[str]:
        """Note the entry, whose path below the source is `name`; a folder to look through is given back."""
        if name == self._notes:
            return
        status = entry.stat(follow_symlinks=False)
        reason = _why_no_footage(entry.name, status)
        if reason is None and not self._source.holds(status):
            reason = "other volume"
        if reason is None and stat.S_ISDIR(status.st_mode):
            if (status.st_dev, status.st_ino) in self._seen:
                reason = "loop"
            elif depth + 1 >= _DEEPEST:
                self.out_of_reach.append(FolderTooDeep(self._title(name), _DEEPEST))
                return
            else:
                yield name
                return
        if reason is not None:
            self.skipped[self._title(name)] = reason
            return
        mode = stat.S_IMODE(status.st_mode)
        self.files.append(SourceFile(name, status.st_size, status.st_mtime_ns, mode, self._source))

    def _title(self, name: str) -> str:
        return f"{self._source.label}/{name}" if self._source.label else name


def _why_no_footage(name: str, status: os.stat_result) -> str | None:
    mode = status.st_mode
    if stat.S_ISLNK(mode):
        return "link"
    if name.startswith("."):
        return "hidden"
    if name.lower() in _IGNORED_NAMES:
        return "system"
    if stat.S_ISDIR(mode):
        return None
    if not stat.S_ISREG(mode):
        return "special"
    if name.lower().endswith(_IGNORED_SUFFIXES) and abs(time.time() - status.st_mtime) < _BEING_WRITTEN_SECONDS:
        return "temporary"
    # The archive takes none (docs/tus.md); it stays where it is, for a person to see. One that grows has its turn.
    return None if status.st_size else "empty"
