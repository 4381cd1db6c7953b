"""What a folder store keeps: one small file an object, below `.kept`, which its own `delete` looks at first.

It binds whoever goes through the store, and no administrator of the machine: that takes Object Lock. Whoever changes or
asks does so under one lock of the whole store, so that of a deletion and a keeping one comes wholly before the other.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from integrity.durable_files import PRIVATE, sync_folder, write_durably
from storage.errors import ObjectKept, ObjectMissing, StoreUnavailable
from storage.objects.folder_writer import DurableFolders
from storage.objects.names import require_name
from storage.objects.os_errors import reading, writing
from storage.objects.protocol import NOT_KEPT, Keeping

KEPT = ".kept"
_PASSING = ".passing"


class FolderKeeping:
    """The files below `root`/.kept. Threads and processes may share them."""

    def __init__(self, root: Path, durable: DurableFolders) -> None:
        self._root, self._durable = root, durable

    def keeping(self, name: str) -> Keeping:
        """Of an object that is there. Raises ObjectMissing."""
        self._require_object(name)
        return self._read(name)

    def lengthen(self, name: str, until: datetime) -> Keeping:
        wanted = datetime.fromtimestamp(math.ceil(until.timestamp()), UTC)
        with self._locked(name):
            now = self.keeping(name)
            return self._write(name, Keeping(wanted if now.until is None else max(now.until, wanted), now.held), now)

    def set_hold(self, name: str, held: bool) -> Keeping:
        with self._locked(name):
            now = self.keeping(name)
            return self._write(name, Keeping(now.until, held), now)

    @contextmanager
    def unkept(self, name: str) -> Iterator[None]:
        """Within it nobody begins to keep `name`. Raises ObjectKept."""
        with self._locked(name):
            now = self._read(name)
            if now.forbids(datetime.now(UTC)):
                raise ObjectKept(name, now.until, now.held)
            yield
            # After the object: a crash in between leaves a day that has passed. Most objects were never kept.
            if (kept := self._path(name)).exists():
                with writing(name, kept), suppress(FileNotFoundError):
                    kept.unlink()

    def _require_object(self, name: str) -> None:
        path = self._root.joinpath(*require_name(name))
        with reading(name, path):
            if not path.is_file() or path.is_symlink():
                raise ObjectMissing(name)

    def _read(self, name: str) -> Keeping:
        path = self._path(name)
        try:
            with reading(name, path):
                said = json.loads(path.read_bytes())
            until = said["until"]
            return Keeping(None if until is None else datetime.fromisoformat(until), bool(said["held"]))
        except ObjectMissing:
            return NOT_KEPT
        except (ValueError, KeyError, TypeError) as error:
            # What cannot be read any more may have said that the object is kept for years.
            raise StoreUnavailable(name, f"{path} does not say until when it is kept: {error}") from error

    def _write(self, name: str, wanted: Keeping, now: Keeping) -> Keeping:
        path = self._path(name)
        if wanted != now:
            said = {"until": None if wanted.until is None else wanted.until.isoformat(), "held": wanted.held}
            with writing(name, path):
                self._durable.make(path.parent)
                passing = self._root / KEPT / _PASSING
                if passing.exists():  # a crash left it; nobody else is at it
                    passing.unlink()
                write_durably(passing, json.dumps(said).encode(), PRIVATE)
                passing.replace(path)
                sync_folder(path.parent)
        return wanted

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        folder = self._root / KEPT
        with writing(name, folder):
            self._durable.make(folder)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _path(self, name: str) -> Path:
        return self._root.joinpath(KEPT, *require_name(name))
