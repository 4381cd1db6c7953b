"""The folders of an archive, the short one for its sockets, and the secrets the engines keep."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from pathlib import Path

from api.errors import DataFolderUnusable
from integrity.durable_files import PRIVATE, create_durably, make_folder_durably

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
        make_folder_durably(folder, 0o700)
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
    # Of two that race, one wins and both read the same secret.
    with contextlib.suppress(FileExistsError):
        create_durably(path, secrets.token_hex(24).encode(), PRIVATE)
    return _read_secret(path)


def _read_secret(path: Path) -> str:
    secret = path.read_text(encoding="ascii").strip()
    if not secret:
        raise DataFolderUnusable(path.parent, f"the secret {path.name} is empty: bring it back from a backup")
    return secret
