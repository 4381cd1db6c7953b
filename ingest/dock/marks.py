"""Which files the recorder marked as evidence: by the folder it put them in, by their name, by being read-only.

The table is what cards of recorders and dash cameras commonly show (docs/docking.md); a bureau sets its own. A mark is
a claim: it decides what is sent first and is told to the archive, nothing more.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, get_args

from ingest.dock.source import SourceFile
from ingest.metadata.evidence_marks import MARKED_NAMES

ReadOnly = Literal["auto", "always", "never"]
READ_ONLY_RULES = get_args(ReadOnly)


@dataclass(frozen=True, slots=True)
class MarkRules:
    """`folders` are whole names of folders, `names` patterns of file names (* ? [ ]); the case of letters is the same.

    `read_only`: "auto" counts the attribute unless every file of the source has it, for then it says something about
    the card, not about the file.
    """

    folders: tuple[str, ...] = (
        "ro", "event", "emr", "emergency", "lock", "locked", "protect", "protected", "imp", "important", "sos",
        "重要", "重点", "紧急",
    )  # fmt: skip
    names: tuple[str, ...] = MARKED_NAMES
    read_only: ReadOnly = "auto"


def marked_files(files: Iterable[SourceFile], rules: MarkRules) -> frozenset[str]:
    """The names of the files of one source that are marked."""
    files = tuple(files)
    counts = rules.read_only == "always" or (
        rules.read_only == "auto" and any(not _is_read_only(file) for file in files)
    )
    return frozenset(
        file.name for file in files if (counts and _is_read_only(file)) or _is_marked_by_name(file.name, rules)
    )


def _is_marked_by_name(name: str, rules: MarkRules) -> bool:
    path = PurePosixPath(name.lower())
    folders = {folder.lower() for folder in rules.folders}
    if not folders.isdisjoint(path.parts[:-1]):
        return True
    return any(fnmatch.fnmatchcase(path.name, pattern.lower()) for pattern in rules.names)


def _is_read_only(file: SourceFile) -> bool:
    """FAT's attribute shows as a mode without write bits, and a copy that keeps modes carries it on."""
    return not file.mode & 0o222
