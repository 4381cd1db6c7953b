"""The folders of an archive, the short one for its sockets, and the secrets the engines keep."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from pathlib import Path

from api.errors import DataFolderUnusable

# sun_path holds 108 bytes with its closing zero; the longest name of ours is that of the fork server's socket for HTTP,
# which is bound under a hidden name first (fork_server.py).
_SOCKET_PATH_BYTES = 107
_LONGEST_SOCKET_NAME = ".http-fork.sock"


def has_archive(data: Path) -> bool:
    """Whether an archive was ever started on the folder: its keys are the first that `liuhen up` makes."""
    return (data / "keys").exists()


def make_private_folder(folder: Path) -> Path:
    """Make `folder` for our eyes only, or check that it is: a real folder, our own, closed to others."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise DataFolderUnusable(folder, error.strerror or str(error)) from error
    if not stat.S_ISDIR(found.st_mode):
        raise DataFolderUnusable(folder, "not a folder")
    if found.st_uid != os.geteuid():
        raise DataFolderUnusable(folder, f"it belongs to user {found.st_uid}, not to {os.geteuid()}")
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)
    return folder


def socket_folder(data: Path) -> Path:
    """Where the sockets of the archive in `data` live: the same answer in every process that asks.

    A long path would make bind() fail, so a short one under /tmp stands in, named after the path and owned by us.
    """
    run = data / "run"
    if len(os.fsencode(run / _LONGEST_SOCKET_NAME)) <= _SOCKET_PATH_BYTES:
        return run
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path("/tmp") / f"liuhen-{os.geteuid()}-{digest}"  # noqa: S108  make_private_folder checks whose it is


def read_or_create_secret(folder: Path, name: str) -> str:
    """The secret called `name`; made at random the first time, durable before this returns."""
    make_private_folder(folder)
    path = folder / name
    try:
        return _read_secret(path)
    except FileNotFoundError:
        pass
    fresh = folder / f".{name}.{secrets.token_hex(4)}"
    write_durably(fresh, secrets.token_hex(24).encode())
    # link() fails where rename() would replace: of two that race, one wins and both read the same secret.
    with contextlib.suppress(FileExistsError):
        os.link(fresh, path)
    fresh.unlink()
    sync_folder(folder)
    return _read_secret(path)


def _read_secret(path: Path) -> str:
    secret = path.read_text(encoding="ascii").strip()
    if not secret:
        raise DataFolderUnusable(path.parent, f"the secret {path.name} is empty: bring it back from a backup")
    return secret


def write_durably(path: Path, content: bytes) -> None:
    """A new file (0600) whose bytes are on the disk when this returns; the name is so after sync_folder."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
