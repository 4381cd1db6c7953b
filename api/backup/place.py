"""Where backups lie, each in a folder of its own that is there whole or not at all.

    PLACE/lock                     held while something is written here
    PLACE/<name>/                  a backup, named by its instant in UTC: 20261130T084500Z
        statement.dsse.json        signed: the digests of the three lists and of the keys
        files.jsonl                every file below database/ and config/
        objects.jsonl              every object that the database names
        facts.json                 rows and digest of each table, the ledger's length, keys in use, keys destroyed
        database/  config/
    PLACE/objects/                 objects of all backups, each once, where they are copied at all
    PLACE/keys/<name>/             the keys of a backup, or in a place of their own

Keys become visible first, marked as unfinished; the mark goes when their backup is visible. So a crash leaves keys
without a backup, which the next one destroys, and never a backup without keys.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from api.backup.errors import NoRoomForBackup
from api.errors import UsageRefused
from storage.key_files import destroy_private

STATEMENT, FILES, OBJECTS, FACTS = "statement.dsse.json", "files.jsonl", "objects.jsonl", "facts.json"
UNFINISHED = "unfinished"
_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_FORM = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class BackupPlace:
    """`folder` holds backups; `keys` the keys of each."""

    folder: Path
    keys: Path

    @classmethod
    def at(cls, folder: Path, keys: Path | None = None) -> BackupPlace:
        folder = folder.expanduser().absolute()
        return cls(folder, folder / "keys" if keys is None else keys.expanduser().absolute())

    @property
    def pool(self) -> Path:
        return self.folder / "objects"

    def names(self) -> list[str]:
        """Of all backups, the oldest first."""
        with suppress(FileNotFoundError):
            return sorted(path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name) and path.is_dir())
        return []

    @contextmanager
    def opened(self) -> Iterator[None]:
        """For writing, alone; what a crash left is removed first. Raises UsageRefused where another is at work."""
        with disk_errors(self.folder):
            for folder in (self.folder, self.keys):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageRefused(
                    f"另一个备份正在写入 {self.folder}；请等它结束",
                    f"another backup is being written to {self.folder}: wait until it has ended",
                ) from error
            with disk_errors(self.folder):
                self._sweep()
            yield
        finally:
            os.close(descriptor)

    def remove(self, name: str) -> None:
        """A backup with its keys; the objects that no other names are removed by whoever knows which these are."""
        condemned = self.folder / f".{name}.partial-removed"
        destroy_keys(self.keys / name)
        with suppress(FileNotFoundError):
            (self.folder / name).rename(condemned)
        shutil.rmtree(condemned, ignore_errors=True)

    def _sweep(self) -> None:
        for folder in (self.folder, self.keys):
            for leftover in folder.glob(".*.partial-*"):
                if folder == self.keys:
                    destroy_keys(leftover)
                elif leftover.is_dir():
                    shutil.rmtree(leftover, ignore_errors=True)
                else:
                    leftover.unlink()
        for mark in self.keys.glob(f"*/{UNFINISHED}"):
            if (self.folder / mark.parent.name).is_dir():
                mark.unlink()
            else:
                destroy_keys(mark.parent)


def destroy_keys(folder: Path) -> None:
    """Overwrite and remove every file below a folder of keys, as far as the medium overwrites in place."""
    for above, _, names in os.walk(folder):
        for name in names:
            destroy_private(Path(above) / name)
    shutil.rmtree(folder, ignore_errors=True)


def new_name(now: datetime, taken: list[str]) -> str:
    """By the second. Raises UsageRefused for a second within one."""
    name = now.astimezone(UTC).strftime(_FORM)
    if taken and name <= taken[-1]:
        raise UsageRefused(
            f"已有同时或更晚的备份 {taken[-1]}；请稍后再试，或校准时钟",
            f"there is a backup {taken[-1]} of this second or later: wait a moment, or set the clock",
        )
    return name


def instant_of(name: str) -> datetime:
    return datetime.strptime(name, _FORM).replace(tzinfo=UTC)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Raise what the disk refuses as NoRoomForBackup, which names the folder."""
    try:
        yield
    except OSError as error:
        raise NoRoomForBackup(folder, error.strerror or str(error)) from error
