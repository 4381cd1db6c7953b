"""Where the demo works: DATA/demo, made afresh by whoever holds its lock, after ending what a killed one left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.engines.folders import make_private_folder
from api.engines.lock import DataFolderLock
from api.engines.run_record import end_leftovers
from api.errors import DataFolderUnusable

PURPOSE = "demo"
# A killed demo's archive is told by the kernel, and takes some seconds to end in good order.
WAIT_SECONDS = 45.0


@dataclass(frozen=True)
class DemoFolders:
    """`package`, `trust` and `result` are what the demo leaves for people; `private` holds tokens and is removed."""

    root: Path

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def footage(self) -> Path:
        return self.root / "footage"

    @property
    def package(self) -> Path:
        return self.root / "package"

    @property
    def trust(self) -> Path:
        return self.root / "trust"

    @property
    def result(self) -> Path:
        return self.root / "result.json"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def private(self) -> Path:
        return self.root / "private"

    @property
    def scratch(self) -> Path:
        """For copies that are tampered with, and for what is fetched; removed."""
        return self.root / "scratch"


@contextmanager
def fresh_folders(data: Path) -> Iterator[DemoFolders]:
    """The demo's folder below `data`, empty and ours alone for as long as the block runs.

    Raises DataFolderBusy while another demo, or anything else, works in it; DataFolderUnusable.
    """
    folders = DemoFolders(data / "demo")
    make_private_folder(folders.root)
    with DataFolderLock.acquire(folders.root, PURPOSE):
        _end_former_archive(folders)
        _empty(folders.root)
        for folder in (folders.log, folders.private, folders.scratch):
            make_private_folder(folder)
        try:
            yield folders
        finally:
            for folder in (folders.private, folders.scratch):
                shutil.rmtree(folder, ignore_errors=True)


def _end_former_archive(folders: DemoFolders) -> None:
    if folders.archive.is_dir():
        with DataFolderLock.acquire(folders.archive, PURPOSE, wait_seconds=WAIT_SECONDS):
            end_leftovers(folders.archive / "run")


def _empty(root: Path) -> None:
    for path in root.iterdir():
        if path.name == "liuhen.lock":
            continue
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        except OSError as error:
            raise DataFolderUnusable(path, error.strerror or str(error)) from error
