"""The staging folder: for each upload `<id>.bin` and, unless it came whole, `<id>.offset`.

It is shared by every process that takes uploads.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from ingest.uploads.errors import LengthUndeclared, StagingFull, TakenOver, TooLong, UploadGone
from ingest.uploads.offset_file import UNFINISHED, OffsetFile, RecordedOffset
from ingest.uploads.staged_bytes import NO_ROOM, StagedBytes
from ingest.uploads.whole_file import WholeFile, is_being_written, nobody_writing
from integrity.durable_files import sync_folder

_SYNCED_IN_TURN = 4
"""Of many uploads, by one thread: a turn of a thread costs about as much as a sync."""
_ROOM_SECONDS = 0.1
_KINDS = (".bin", ".offset", UNFINISHED)
UPLOAD_ID = re.compile(r"[0-9a-f]{32}")


class Kept(Protocol):
    """What `keep_all` keeps: a held upload, or a whole file. The steps of `HeldUpload.keep`."""

    @property
    def offset(self) -> int: ...
    def send(self) -> None: ...
    def sync_bytes(self) -> int: ...
    def sync_names(self) -> None: ...
    def note_kept(self, offset: int) -> None: ...


class HeldUpload:
    """An upload that this request has the lock of, or waits for.

    `offset` is what is recorded. Bytes taken by `append` count once `keep` has returned, and not before.
    """

    def __init__(
        self,
        staging: Staging,
        upload_id: str,
        record: OffsetFile,
        ticket: bytes | None,
        last: RecordedOffset | None = None,
    ) -> None:
        self.upload_id = upload_id
        self._staging = staging
        self._record = record
        self._ticket = ticket
        self._last = last
        self._bytes: StagedBytes | None = None

    def try_lock(self) -> bool:
        """True once the lock is ours. Raises TakenOver when a newer request waits, UploadGone when removed."""
        self.check_newest()
        if not self._record.try_lock():
            return False
        self._last = self._record.read()
        return True

    def check_newest(self) -> None:
        """Raises TakenOver when a newer request waits for this upload."""
        if self._ticket is not None and not self._record.is_newest(self._ticket):
            raise TakenOver(self.upload_id)

    @property
    def is_locked(self) -> bool:
        """Whether the lock is ours; what is recorded is known from then on."""
        return self._last is not None

    @property
    def recorded(self) -> RecordedOffset:
        """What is recorded of it."""
        if self._last is None:
            raise RuntimeError(f"upload {self.upload_id} is not locked")
        return self._last

    @property
    def offset(self) -> int:
        return self.recorded.offset

    @property
    def declared_length(self) -> int:
        return self.recorded.declared_length

    @property
    def length_is_deferred(self) -> bool:
        return self.recorded.is_deferred

    @property
    def is_complete(self) -> bool:
        return self._is_last(self.offset)

    def too_long(self) -> TooLong:
        """What to raise when more comes than may."""
        return (LengthUndeclared if self.length_is_deferred else TooLong)(self.declared_length)

    def cut_to_offset(self) -> None:
        """Durably without the bytes that were never acknowledged: the length may be declared as what is left."""
        self.open_bytes(0)
        self._staged.keep()
        self.close_bytes()

    def declare_length(self, length: int) -> None:
        self._last = self._record.declare(self.recorded, length)

    def open_bytes(self, expected_bytes: int) -> None:
        """Make ready for about `expected_bytes` more. Cuts off what was never acknowledged."""
        path = self._staging.bytes_path(self.upload_id)
        self._bytes = StagedBytes(path, self.upload_id, self.offset, self.declared_length, expected_bytes)

    def append(self, pieces: Sequence[bytes]) -> None:
        self._staged.append(pieces)

    def keep(self) -> int:
        """Bytes durable first, then their number: the order in which a crash may only lose, never invent.

        The names become durable with the first bytes: until then nothing was acknowledged that could be lost. Nor need
        the last number be durable, only the bytes: nobody is told of it before the row says that they are all there.
        """
        offset = self.sync_bytes()
        if offset != self.offset:
            if self.offset == 0:
                self.sync_names()
            self.note_kept(offset)
        return offset

    # The steps of `keep`, for `keep_all`.

    def send(self) -> None:
        self._staged.send()

    def sync_bytes(self) -> int:
        return self._staged.keep()

    def sync_names(self) -> None:
        self._staging.sync_folder()

    def note_kept(self, offset: int) -> None:
        self._last = self._record.write(self.recorded, offset, durably=not self._is_last(offset))

    def _is_last(self, offset: int) -> bool:
        return offset == self.declared_length and not self.length_is_deferred

    def discard(self) -> None:
        self._staged.discard()

    def mark_ending(self) -> None:
        self._record.mark_ending()

    def close_bytes(self) -> None:
        """Give back what was never kept of them."""
        staged, self._bytes = self._bytes, None
        if staged is not None:
            staged.close()

    @property
    def has_open_bytes(self) -> bool:
        """Whether `release` may have to wait for the disk."""
        return self._bytes is not None

    def release(self) -> None:
        """Give up the lock. Releasing twice is harmless."""
        try:
            self.close_bytes()
        finally:
            self._record.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    @property
    def _staged(self) -> StagedBytes:
        if self._bytes is None:
            raise RuntimeError(f"upload {self.upload_id} is not open for writing")
        return self._bytes


def keep_all(uploads: Sequence[Kept], side_by_side: Executor) -> list[Exception | None]:
    """`keep` of each, with what it would raise, as one: all bytes are on their way before any are waited for, some of
    the waiting is done in threads of `side_by_side`, and one sync of the folder makes all names durable meanwhile.
    """
    begun = [upload for upload in uploads if upload.offset == 0]
    naming = side_by_side.submit(_sync_names, begun) if begun else None
    for upload in uploads[1:] and uploads:
        upload.send()
    parts = [uploads[start : start + _SYNCED_IN_TURN] for start in range(0, len(uploads), _SYNCED_IN_TURN)]
    rest = [side_by_side.submit(_sync_bytes, part) for part in parts[1:]]
    synced = _sync_bytes(parts[0]) if parts else []
    for each in rest:
        synced += each.result()
    names = naming.result() if naming is not None else None
    return [
        _note_kept(upload, end, names) if isinstance(end, int) else end
        for upload, end in zip(uploads, synced, strict=True)
    ]


def _sync_bytes(uploads: Sequence[Kept]) -> list[int | Exception]:
    ends: list[int | Exception] = []
    for upload in uploads:
        try:
            ends.append(upload.sync_bytes())
        except Exception as error:
            ends.append(error)
    return ends


def _sync_names(begun: Sequence[Kept]) -> Exception | None:
    """Of one, which makes the names of all durable."""
    try:
        begun[0].sync_names()
    except OSError as error:
        return error
    return None


def _note_kept(upload: Kept, end: int, names: Exception | None) -> Exception | None:
    if upload.offset == 0 and names is not None:
        return names
    try:
        upload.note_kept(end)
    except OSError as error:
        return error
    return None


class Staging:
    """The folder itself. Its methods are synchronous and safe from any thread and process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Its names are synced through no link, and an operator may have put a link to another disk in its place.
        self.folder = folder.resolve()
        self._room = (0.0, 0)

    def create(self, upload_id: str, declared_length: int, *, length_is_deferred: bool = False) -> None:
        """The offset's file, which only a request that goes the long way needs. Raises StagingFull, and leaves nothing
        then.

        Not durable before the first bytes are kept: what a power failure takes is an upload of which nothing had
        arrived.
        """
        try:
            OffsetFile.create(self._offset_path(upload_id), upload_id, declared_length, is_deferred=length_is_deferred)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise StagingFull from error
            raise

    def check_room(self, size_bytes: int, keep_free_bytes: int) -> None:
        """Raises StagingFull when that much does not fit now. Only a write itself can be sure of its room.

        Of many who ask within a moment, those for whom there was room are not each looked for.
        """
        now, needed_bytes = time.monotonic(), size_bytes + keep_free_bytes
        looked_at, room_bytes = self._room
        if now - looked_at > _ROOM_SECONDS or room_bytes < needed_bytes:
            room = os.statvfs(self.folder)
            looked_at, room_bytes = now, room.f_bavail * room.f_frsize
            if room_bytes < needed_bytes:
                raise StagingFull
        self._room = looked_at, room_bytes - size_bytes

    def claim(self, upload_id: str) -> HeldUpload:
        """Become the newest request for this upload; `try_lock` until it is ours. Raises UploadGone."""
        record = OffsetFile.open(self._offset_path(upload_id), upload_id)
        try:
            return HeldUpload(self, upload_id, record, record.claim())
        except BaseException:
            record.close()
            raise

    def claim_first(
        self, upload_id: str, declared_length: int, *, length_is_deferred: bool = False
    ) -> HeldUpload | None:
        """`claim`, of an upload that nobody may have begun yet; None while a whole file of it is being written.

        What it was before is only known under its lock: nothing acknowledged, or all of it, which then its row says.
        Raises StagingFull, UploadGone.
        """
        if not self._offset_path(upload_id).exists():
            with nobody_writing(self.bytes_path(upload_id)) as is_free:
                if not is_free:
                    return None
                if not self._offset_path(upload_id).exists():
                    self.create(upload_id, declared_length, length_is_deferred=length_is_deferred)
        return self.claim(upload_id)

    @contextmanager
    def nobody_begins(self, upload_id: str) -> Iterator[bool]:
        """Whether nobody has begun to write this upload; if so, nobody does before the block ends. Raises StagingFull.

        For whoever gives it up: a request that made its files meanwhile would write on without a row.
        """
        with nobody_writing(self.bytes_path(upload_id)) as is_free:
            yield is_free and not self._offset_path(upload_id).exists()

    def begin_whole(self, upload_id: str) -> WholeFile | None:
        """The upload's bytes, to be written in one go; None when anybody has begun it before. Raises StagingFull."""
        return WholeFile.begin(self.bytes_path(upload_id), self._offset_path(upload_id))

    def record_whole(self, upload_id: str, declared_length: int) -> None:
        """Record durably that all bytes are, by whoever has the lock of the whole file. Raises StagingFull."""
        self.create(upload_id, declared_length)
        record = OffsetFile.open(self._offset_path(upload_id), upload_id)
        try:
            record.write(record.read(), declared_length)
        finally:
            record.close()
        self.sync_folder()

    def hold_to_end(self, upload_id: str) -> HeldUpload | None:
        """Become the newest request for this upload, with its lock and all its bytes at hand; None when another has it.

        Raises UploadGone.
        """
        record = OffsetFile.open(self._offset_path(upload_id), upload_id)
        try:
            ticket = record.try_claim_ending()
            if ticket is not None:
                return HeldUpload(self, upload_id, record, ticket, record.read())
        except BaseException:
            record.close()
            raise
        record.close()
        return None

    def hold_if_idle(self, upload_id: str) -> HeldUpload | None:
        """The lock, if nobody has it; otherwise None, and whoever has it is not disturbed. For sweeps."""
        record = OffsetFile.open(self._offset_path(upload_id), upload_id)
        held = HeldUpload(self, upload_id, record, None)
        try:
            locked = held.try_lock()
        except BaseException:
            held.release()
            raise
        if not locked:
            held.release()
        return held if locked else None

    @contextmanager
    def lock_unread(self, upload_id: str) -> Iterator[bool]:
        """Whether nobody has the lock; if so it is ours until the block ends, whatever the record says. For sweeps."""
        record = OffsetFile.open(self._offset_path(upload_id), upload_id)
        try:
            yield record.try_lock()
        finally:
            record.close()

    def read_offset(self, upload_id: str) -> RecordedOffset | None:
        """What is durable now; None while the last bytes of a body are being written: ask again in a moment.

        Raises UploadGone when nothing was ever recorded, StagingDamaged.
        """
        try:
            record = OffsetFile.open(self._offset_path(upload_id), upload_id)
        except UploadGone:
            if is_being_written(self.bytes_path(upload_id)):
                return None
            raise
        try:
            return None if record.is_ending() else record.read()
        finally:
            record.close()

    def remove(self, upload_id: str) -> None:
        """Its files, durably, those that are there. Custody calls it once the recording is sealed."""
        offset_path, bytes_path = self._offset_path(upload_id), self.bytes_path(upload_id)
        for path in (offset_path, offset_path.with_suffix(UNFINISHED), bytes_path):
            path.unlink(missing_ok=True)
        self.sync_folder()

    def bytes_path(self, upload_id: str) -> Path:
        """Where the bytes are. Ids are our own; anything else is a mistake of the caller's."""
        return self.folder / f"{_checked(upload_id)}.bin"

    def list_uploads(self) -> set[str]:
        """Ids of all uploads of which a file is here. Nothing else is asked: there may be a hundred thousand."""
        found = set()
        with os.scandir(self.folder) as entries:
            for entry in entries:
                upload_id, dot, kind = entry.name.partition(".")
                if dot and f".{kind}" in _KINDS and UPLOAD_ID.fullmatch(upload_id):
                    found.add(upload_id)
        return found

    def last_change(self, upload_id: str) -> datetime | None:
        """When any of its files was last written; None when there is none any more."""
        changes = []
        for kind in _KINDS:
            with suppress(FileNotFoundError):
                changes.append((self.folder / f"{_checked(upload_id)}{kind}").lstat().st_mtime)
        return datetime.fromtimestamp(max(changes), UTC) if changes else None

    def _offset_path(self, upload_id: str) -> Path:
        return self.folder / f"{_checked(upload_id)}.offset"

    def sync_folder(self) -> None:
        """Make the names in it durable."""
        sync_folder(self.folder)


def _checked(upload_id: str) -> str:
    if not UPLOAD_ID.fullmatch(upload_id):
        raise ValueError(f"{upload_id!r} is not an upload id")
    return upload_id
