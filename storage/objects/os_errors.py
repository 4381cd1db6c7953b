"""Where errors of the operating system become errors of the store."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.errors import (
    NameRefused,
    ObjectMissing,
    ObjectStoreError,
    StoreFull,
    StoreReadOnly,
    StoreRefused,
    StoreUnavailable,
)
from storage.full_disk import is_full

_REFUSED = (errno.EACCES, errno.EPERM, errno.ELOOP)
_OTHER_KIND = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST)


@contextmanager
def writing(name: str, path: Path) -> Iterator[None]:
    """Raise the store's own error for any OSError while `name` is written; `path` is where it happened."""
    try:
        yield
    except OSError as error:
        if error.errno in _OTHER_KIND:
            raise NameRefused(name, "part of it is an object already, or it is a folder of other objects") from error
        raise _store_error(error, name, path) from error


@contextmanager
def reading(name: str, path: Path) -> Iterator[None]:
    """Raise the store's own error for any OSError while `name` is read; `path` is where it happened."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ObjectMissing(name) from error
    except OSError as error:
        raise _store_error(error, name, path) from error


def _store_error(error: OSError, name: str, path: Path) -> ObjectStoreError:
    reason = os.strerror(error.errno) if error.errno else str(error)
    if is_full(error):
        return StoreFull(name)
    if error.errno == errno.EROFS:
        return StoreReadOnly(name, str(error.filename or path), reason)
    if error.errno in _REFUSED:
        return StoreRefused(name, str(error.filename or path), reason)
    return StoreUnavailable(name, reason)
