"""One process at a time owns a data folder: flock on DATA/liuhen.lock, which also says who has it.

The kernel lets go of the lock when its holder ends, however it ends, so there is no such thing as a stale one.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from api.errors import DataFolderBusy, DataFolderUnusable

_NAME = "liuhen.lock"
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Holder:
    """Who has a data folder. `instance` is a random mark of that one run."""

    pid: int
    purpose: str
    since: datetime
    instance: str


class DataFolderLock:
    """A held lock. Children do not inherit it: a worker that outlives its supervisor keeps nobody out."""

    def __init__(self, path: Path, descriptor: int, holder: Holder) -> None:
        self._path = path
        self._descriptor = descriptor
        self.holder = holder

    @classmethod
    def acquire(
        cls,
        data: Path,
        purpose: str,
        *,
        wait_seconds: float = 0.0,
        worth_waiting: Callable[[Holder | None], bool] = lambda holder: True,
    ) -> DataFolderLock:
        """Take the lock of `data`, making the folder when it is not there.

        While somebody else has it, wait up to `wait_seconds` as long as `worth_waiting`. Raises DataFolderBusy.
        """
        deadline = time.monotonic() + wait_seconds
        while True:
            lock = cls.try_acquire(data, purpose)
            if lock is not None:
                return lock
            holder = read_holder(data)
            if time.monotonic() >= deadline or not worth_waiting(holder):
                raise busy(data, holder)
            time.sleep(_PAUSE_SECONDS)

    @classmethod
    def try_acquire(cls, data: Path, purpose: str) -> DataFolderLock | None:
        """The lock, or None while somebody else has it."""
        path = data / _NAME
        try:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise DataFolderUnusable(data, error.strerror or str(error)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who had it before may have removed the file between our open and our flock: then we hold nothing.
            if not _is_same_file(path, descriptor):
                raise BlockingIOError
        except BlockingIOError:
            os.close(descriptor)
            return None
        holder = Holder(os.getpid(), purpose, datetime.now(UTC), secrets.token_hex(16))
        _write(descriptor, holder)
        return cls(path, descriptor, holder)

    def release(self) -> None:
        """Remove the file while it is still ours, then let go."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def read_holder(data: Path) -> Holder | None:
    """Who wrote the lock file last; whether they still hold it, only try_acquire knows."""
    try:
        fields = json.loads((data / _NAME).read_text(encoding="utf-8"))
        since = datetime.fromisoformat(fields["since"])
        return Holder(int(fields["pid"]), str(fields["purpose"]), since, str(fields["instance"]))
    except (OSError, ValueError, KeyError, TypeError):  # not there, or being written at this moment
        return None


def busy(data: Path, holder: Holder | None) -> DataFolderBusy:
    if holder is None:
        return DataFolderBusy(data, None, "?", None)
    return DataFolderBusy(data, holder.pid, holder.purpose, holder.since)


def _is_same_file(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _write(descriptor: int, holder: Holder) -> None:
    fields = {
        "pid": holder.pid,
        "purpose": holder.purpose,
        "since": holder.since.isoformat(),
        "instance": holder.instance,
    }
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, (json.dumps(fields) + "\n").encode(), 0)
