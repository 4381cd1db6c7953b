"""Files and folders that are there whole, or not at all, whatever line the power fails on.

A file is written once and never over another, unless it is to take another's place whole. A folder is made under a
passing name beside its target, made durable file by file and then renamed. What a crash leaves of such a folder is
removed by the next one who makes that target; a lock on the passing folder tells what a crash left from what another
process is still writing.
"""

from __future__ import annotations

import fcntl
import glob
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


class FolderExists(FileExistsError):
    """There is something at the target already, and nothing is ever written over."""


PUBLIC = 0o644
PRIVATE = 0o600


def write_durably(path: Path, content: bytes, mode: int = PUBLIC) -> None:
    """Create `path` with `content`; its bytes are on the disk on return (its name, once the folder is synced).

    Raises FileExistsError rather than write over anything, a link included.
    """
    write_pieces_durably(path, (content,), mode)


def write_pieces_durably(path: Path, pieces: Iterable[Buffer], mode: int = PUBLIC) -> None:
    """As `write_durably`, for content that does not fit in memory."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def write_at(descriptor: int, content: bytes | memoryview, position: int) -> int:
    """Write all of `content` there, however many calls that takes, and return where it ends. Not durable by itself.

    Raises OSError: then a beginning of it may be there.
    """
    view = memoryview(content)
    while view:
        count = os.pwrite(descriptor, view, position)
        position += count
        view = view[count:]
    return position


def create_durably(path: Path, content: bytes, mode: int = PUBLIC, passing: Path | None = None) -> None:
    """As `write_durably`, and its name is durable too: a crash leaves no file, or the whole one.

    It is complete under a `passing` name beside it, before it gets its own. Raises FileExistsError: of two that race,
    one wins. A passing file that a crash leaves behind is nobody's.
    """
    with _passing_file(path, content, mode, passing) as written:
        # rename(2) would replace what is there.
        os.link(written, path)
        sync_folder(path.parent)


def replace_durably(path: Path, content: bytes, mode: int = PUBLIC, passing: Path | None = None) -> None:
    """Put a whole new file in the place of `path`, or where nothing is; bytes and name are on the disk on return.

    Whatever line the power fails on, the former file is there or the new one. Raises OSError: then either may be.
    """
    with _passing_file(path, content, mode, passing) as written:
        written.replace(path)
        sync_folder(path.parent)


@contextmanager
def _passing_file(path: Path, content: bytes, mode: int, passing: Path | None) -> Iterator[Path]:
    passing = passing or path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        write_durably(passing, content, mode)
        yield passing
    finally:
        with suppress(OSError):  # What the disk refuses now is not what is to be told.
            passing.unlink(missing_ok=True)


def make_folder_durably(folder: Path, mode: int) -> None:
    """Make `folder` with `mode`, and those above it that are missing; the names of what was made are durable on
    return. Raises FileExistsError where something else has its name."""
    if not folder.is_dir():
        make_folder_durably(folder.parent, 0o777)
        folder.mkdir(mode, exist_ok=True)
        sync_folder(folder.parent.resolve())


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    with _opened_folder(folder) as descriptor:
        os.fsync(descriptor)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Give a private, empty folder to fill; when the block ends well it becomes `target`, durably, else nothing stays.

    Raises FolderExists when there is something at `target` already, before or after. Not to be nested: the lock of the
    outer folder would be waited for by the inner one.
    """
    partial, lock = _begin_folder(target)
    try:
        yield partial
        for folder, _, _ in os.walk(partial, topdown=False):
            sync_folder(Path(folder))
        _publish_folder(partial, target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        os.close(lock)


def _begin_folder(target: Path) -> tuple[Path, int]:
    """A fresh passing folder and the descriptor that holds its lock for as long as it is being filled."""
    with _locked_folder(target.parent):
        _require_absent(target)
        _remove_abandoned(target)
        partial = Path(tempfile.mkdtemp(prefix=_passing_prefix(target), dir=target.parent))
        lock = os.open(partial, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return partial, lock


def _publish_folder(partial: Path, target: Path) -> None:
    # rename(2) replaces an empty folder without a word; the lock on the parent makes the check before it hold.
    with _locked_folder(target.parent):
        _require_absent(target)
        partial.rename(target)
        sync_folder(target.parent)


def _remove_abandoned(target: Path) -> None:
    for leftover in target.parent.glob(f"{glob.escape(_passing_prefix(target))}*"):
        with suppress(OSError), _opened_folder(leftover) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(leftover)


def _passing_prefix(target: Path) -> str:
    return f".{target.name}.partial-"


def _require_absent(target: Path) -> None:
    if os.path.lexists(target):
        raise FolderExists(f"{target} already exists")


@contextmanager
def _opened_folder(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _locked_folder(folder: Path) -> Iterator[None]:
    with _opened_folder(folder) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
