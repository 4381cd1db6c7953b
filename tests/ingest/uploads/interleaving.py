"""Several requests and sweeps at one upload, step by step in an order that a test decides, and killed where it says.

Each actor is a process of its own, run by one thread: the whole application for one request, or a sweep. Whatever it
asks of the staging folder or of the row is a step, before which it stands still until it is let go on. So every order
of their steps can be gone through; who is killed has done what stands before that step, and nothing more: its locks are
free, its files as they are. A power cut leaves of the files what was synced, or more.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ingest.uploads.contract import UploadRecord, nothing
from tests.ingest.uploads.serving import FileRegister

PATIENCE_SECONDS = 30.0


class Killed(BaseException):
    """What a killed process would have done next it does not do, whatever it is."""


class Actor:
    """`work` in a thread of its own, one step at a time. `outcome`: what it gave, None as long as it has not ended."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.outcome: Any = None
        self.failure: BaseException | None = None
        self.steps: list[str] = []
        self.has_ended = False
        self.descriptors: set[int] = set()
        self._is_killed = self._stands = self._is_let_go = False
        self._turn = threading.Condition()
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def step(self, name: str) -> None:
        """In its own thread: it stands before this."""
        with self._turn:
            if not self._is_killed:
                self.steps.append(name)
                self._stands = True
                self._turn.notify_all()
                assert self._turn.wait_for(lambda: self._is_let_go, PATIENCE_SECONDS), self.steps
                self._is_let_go = False
            if self._is_killed:
                raise Killed

    def advance(self, steps: int) -> None:
        """So many steps, or to its end."""
        for _ in range(steps):
            self._let_go()

    def kill(self) -> None:
        """Where it stands. What it had open is closed."""
        self._is_killed = True
        self._let_go()
        self._thread.join(PATIENCE_SECONDS)
        assert self.has_ended, self.steps
        for descriptor in list(self.descriptors):
            os.close(descriptor)
        self.descriptors.clear()

    def _let_go(self) -> None:
        with self._turn:
            self._until_it_stands()
            if not self.has_ended:
                self._stands, self._is_let_go = False, True
                self._turn.notify_all()
                self._until_it_stands()

    def _until_it_stands(self) -> None:
        assert self._turn.wait_for(lambda: self._stands or self.has_ended, PATIENCE_SECONDS), self.steps

    def _run(self, work: Callable[[], Any]) -> None:
        _here.actor = self
        try:
            self.step("begins")
            self.outcome = work()
        except Killed:
            pass
        except BaseException as error:
            self.failure = error
        finally:
            with self._turn:
                self.has_ended = True
                self._turn.notify_all()


_here = threading.local()


def here() -> Actor | None:
    """The actor of this thread; None of a test's own."""
    return getattr(_here, "actor", None)


def step(name: str) -> None:
    if (actor := here()) is not None:
        actor.step(name)


class AtOnce(Executor):
    """Nobody has a second thread: what is submitted is done by whoever submits it."""

    def __init__(self, *_: object) -> None: ...

    def submit(self, work: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        future = _Later(lambda: work(*given, **named))
        future.run()
        return future


class Lazy(AtOnce):
    """Only when it is waited for."""

    def submit(self, work: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        return _Later(lambda: work(*given, **named))


class Never(AtOnce):
    """As where no thread is to be had."""

    def submit(self, work: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        raise RuntimeError("can't start new thread")


class _Later(Future[Any]):
    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work = work

    def run(self) -> None:
        if not self.done():
            try:
                self.set_result(self._work())
            except BaseException as error:
                self.set_exception(error)

    def result(self, timeout: float | None = None) -> Any:
        self.run()
        return super().result(timeout)


@dataclass
class Disk:
    """The staging folder, and what of it a power cut would leave."""

    folder: Path
    _names: dict[str, int] = field(default_factory=dict)
    _bytes: dict[int, bytes] = field(default_factory=dict)
    """By inode."""

    def is_of(self, path: object) -> bool:
        return isinstance(path, str | Path) and Path(path).parent == self.folder

    def has_made(self, descriptor: int) -> None:
        self._bytes.pop(os.fstat(descriptor).st_ino, None)

    def has_synced(self, descriptor: int, path: Path) -> None:
        if path == self.folder:
            self._names = {entry.name: entry.inode() for entry in os.scandir(self.folder)}
        else:
            found = os.fstat(descriptor)
            self._bytes[found.st_ino] = os.pread(descriptor, found.st_size, 0)

    def cut_power(self, left: str) -> None:
        """`left`: what was "synced", names and bytes; or the "names" that there were, with no other bytes. All that was
        written is what a kill leaves."""
        there = {entry.name: entry.inode() for entry in os.scandir(self.folder)}
        names = self._names if left == "synced" else there
        for name in there:
            (self.folder / name).unlink()
        for name, inode in names.items():
            (self.folder / name).write_bytes(self._bytes.get(inode, b""))


@contextmanager
def stepping(disk: Disk, names_late: bool = False) -> Iterator[None]:
    """What actors ask of the disk are steps, and no application has threads. `names_late`: of what two threads do side
    by side, the names are synced last."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("threads", "gathering"):
            patch.setattr(f"ingest.uploads.{module}.ThreadPoolExecutor", AtOnce)
        patch.setattr("ingest.uploads.whole_bodies.ThreadPoolExecutor", Lazy if names_late else AtOnce)
        patch.setattr("ingest.uploads.handover.ThreadPoolExecutor", Never)
        for module in ("single_writer", "status"):
            patch.setattr(f"ingest.uploads.{module}.POLL_SECONDS", 0)
        # Whoever waits for nothing is found by never coming to his end.
        patch.setattr("ingest.uploads.status.RECORD_PATIENCE_SECONDS", 1000)
        for name in ("open", "link", "unlink", "stat"):
            patch.setattr(os, name, _of_paths(disk, name))
        for name in ("pwrite", "fdatasync", "fsync", "ftruncate"):
            patch.setattr(os, name, _of_descriptors(disk, name))
        patch.setattr(os, "close", _forgetting(os.close))
        patch.setattr(fcntl, "flock", _of_locks(disk))
        yield


def _of_paths(disk: Disk, name: str) -> Callable[..., Any]:
    works = getattr(os, name)

    def call(path: Any, *given: Any, **named: Any) -> Any:
        if not disk.is_of(path):
            return works(path, *given, **named)
        step(f"{name} {Path(path).suffix}")
        is_new = name == "open" and not os.path.lexists(path)
        done = works(path, *given, **named)
        if is_new:
            disk.has_made(done)
        if name == "open" and (actor := here()) is not None:
            actor.descriptors.add(done)
        return done

    return call


def _of_descriptors(disk: Disk, name: str) -> Callable[..., Any]:
    works = getattr(os, name)

    def call(descriptor: int, *given: Any) -> Any:
        if (path := _path_of(disk, descriptor)) is None:
            return works(descriptor, *given)
        step(f"{name} {path.suffix}")
        done = works(descriptor, *given)
        if name in ("fdatasync", "fsync"):
            disk.has_synced(descriptor, path)
        return done

    return call


def _of_locks(disk: Disk) -> Callable[..., Any]:
    works = fcntl.flock

    def flock(descriptor: Any, operation: int) -> None:
        if isinstance(descriptor, int) and (path := _path_of(disk, descriptor)) is not None:
            step(f"flock {path.suffix}")
        works(descriptor, operation)

    return flock


def _path_of(disk: Disk, descriptor: int) -> Path | None:
    path = Path(str(Path(f"/proc/self/fd/{descriptor}").readlink()).removesuffix(" (deleted)"))
    return path if disk.folder in (path, path.parent) else None


def _forgetting(works: Callable[[int], None]) -> Callable[[int], None]:
    def close(descriptor: int) -> None:
        if (actor := here()) is not None:
            actor.descriptors.discard(descriptor)
        works(descriptor)

    return close


@dataclass
class Rows:
    """What PostgreSQL has of all who ask it: which rows are locked, and the commits of who was killed once he had asked
    for them, which land later. `ended`: the bytes that an upload had when its finish was committed."""

    disk: Disk
    locked: set[str] = field(default_factory=set)
    under_way: list[Callable[[], object]] = field(default_factory=list)
    ended: list[bytes] = field(default_factory=list)

    def land(self) -> None:
        while self.under_way:
            self.under_way.pop()()


class SteppedRegister(FileRegister):
    """Rows that are locked while they are ended, as PostgreSQL's. `ends_late`: it gets to the row only once whatever is
    done meanwhile is done."""

    def __init__(self, path: Path, rows: Rows, ends_late: bool) -> None:
        super().__init__(path)
        self._rows, self._ends_late = rows, ends_late

    def find_upload(self, upload_id: str) -> UploadRecord | None:
        step("row: read")
        return super().find_upload(upload_id)

    def find_settled(self, upload_id: str) -> UploadRecord | None:
        self._wait_for(upload_id)
        return self.find_upload(upload_id)

    def finish_uploads(self, records: Sequence[UploadRecord], meanwhile: Callable[[], None] = nothing) -> list[bool]:
        (record,) = records
        if self._ends_late:
            meanwhile()
        self._lock(record)
        try:
            if not self._ends_late:
                meanwhile()
            step("row: finish")
        except BaseException:
            self._rows.locked.discard(record.upload_id)
            raise
        return [self._committed(lambda: self._finish(record), record)]

    def terminate_upload(self, record: UploadRecord) -> bool:
        self._lock(record)
        return self._committed(lambda: self._leave_open(record, "terminated"), record)

    def expire_upload(self, record: UploadRecord) -> bool:
        self._lock(record)
        return self._committed(lambda: self._leave_open(record, "expired"), record)

    def _finish(self, record: UploadRecord) -> bool:
        is_first = self._leave_open(record, "finished")
        if is_first:
            self._rows.ended.append((self._rows.disk.folder / f"{record.upload_id}.bin").read_bytes())
        return is_first

    def _committed(self, change: Callable[[], bool], record: UploadRecord) -> bool:
        def land() -> bool:
            self._rows.locked.discard(record.upload_id)
            return change()

        try:
            step("row: commit is asked for")
        except Killed:
            self._rows.under_way.append(land)
            raise
        return land()

    def _lock(self, record: UploadRecord) -> None:
        self._wait_for(record.upload_id)
        self._rows.locked.add(record.upload_id)

    def _wait_for(self, upload_id: str) -> None:
        step("row: lock")
        while upload_id in self._rows.locked:
            step("row: locked by another")
