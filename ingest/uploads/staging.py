"""The staging folder: for each upload `<id>.bin` and, unless it came whole, `<id>.offset`.

It is shared by every process of its node that takes uploads.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from ingest.uploads.errors import StagingFull, UploadGone
from ingest.uploads.held import HeldUpload
from ingest.uploads.offset_file import UNFINISHED, OffsetFile, RecordedOffset
from ingest.uploads.staged_bytes import translated
from ingest.uploads.whole_file import WholeFile, is_being_written, nobody_writing
from integrity.durable_files import make_folder_durably, sync_folder

_ROOM_SECONDS = 0.1
_KINDS = (".bin", ".offset", UNFINISHED)
UPLOAD_ID = re.compile(r"[0-9a-f]{32}")


Settled = Callable[[OffsetFile], bool]
"""Whether what is recorded is what a reader wants to know, or he had better ask again in a moment."""


def as_it_is(_: OffsetFile) -> bool:
    """Of whoever wants no more than what is recorded now."""
    return True


class Staging:
    """The folder itself. Its methods are synchronous and safe from any thread and process.

    `node` is the name of the ingest node that it belongs to; '' on the one box.
    """

    def __init__(self, folder: Path, node: str = "") -> None:
        make_folder_durably(folder, 0o700)
        # Its names are synced through no link, and an operator may have put a link to another disk in its place.
        self.folder = folder.resolve()
        self._settle_name()
        self.node = node
        self._room = (0.0, 0)

    def _settle_name(self) -> None:
        """The folder's own name is durable before anything is in it: whoever made it may have been killed just then,
        and what a power failure takes with the folder is whatever it held."""
        with os.scandir(self.folder) as entries:
            is_empty = next(entries, None) is None
        if is_empty:
            # A folder above that is not ours to read: then somebody else gave us ours, or mounted it.
            with suppress(PermissionError):
                sync_folder(self.folder.parent)

    def create(self, upload_id: str, declared_length: int, *, length_is_deferred: bool = False) -> None:
        """The offset's file, which only a request that goes the long way needs. Raises StagingFull, and leaves nothing
        then.

        Not durable before the first bytes are kept: what a power failure takes is an upload of which nothing had
        arrived.
        """
        try:
            OffsetFile.create(self._offset_path(upload_id), upload_id, declared_length, is_deferred=length_is_deferred)
        except OSError as error:
            raise translated(error) from error

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

    def take_ticket(self, upload_id: str) -> HeldUpload:
        """Become the newest request for this upload; `try_lock` until it is ours. Raises UploadGone."""
        record = OffsetFile.open(self._offset_path(upload_id), upload_id)
        try:
            return HeldUpload(upload_id, self.bytes_path(upload_id), record, record.take_ticket())
        except BaseException:
            record.close()
            raise

    def take_first_ticket(
        self, upload_id: str, declared_length: int, *, length_is_deferred: bool = False
    ) -> HeldUpload | None:
        """`take_ticket`, of an upload that nobody may have begun yet; None while a whole file of it is being written.

        What it was before is only known under its lock: nothing acknowledged, or all of it, which then its row says.
        Raises StagingFull, UploadGone.
        """
        if not self._offset_path(upload_id).exists():
            with nobody_writing(self.bytes_path(upload_id)) as is_free:
                if not is_free:
                    return None
                if not self._offset_path(upload_id).exists():
                    self.create(upload_id, declared_length, length_is_deferred=length_is_deferred)
        return self.take_ticket(upload_id)

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
            ticket = record.try_lock_to_end()
            if ticket is not None:
                return HeldUpload(upload_id, self.bytes_path(upload_id), record, ticket, record.read())
        except BaseException:
            record.close()
            raise
        record.close()
        return None

    def hold_if_idle(self, upload_id: str) -> HeldUpload | None:
        """The lock, if nobody has it; otherwise None, and whoever has it is not disturbed. For sweeps."""
        record = OffsetFile.open(self._offset_path(upload_id), upload_id)
        held = HeldUpload(upload_id, self.bytes_path(upload_id), record, None)
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

    def read_offset(self, upload_id: str, is_settled: Settled = as_it_is) -> RecordedOffset | None:
        """What is durable now; None while the last bytes of a body are being written, or while what is recorded is not
        settled: ask again in a moment.

        Raises UploadGone when nothing was ever recorded, StagingDamaged.
        """
        try:
            record = OffsetFile.open(self._offset_path(upload_id), upload_id)
        except UploadGone:
            if is_being_written(self.bytes_path(upload_id)):
                return None
            raise
        try:
            return None if record.is_ending() or not is_settled(record) else record.read()
        finally:
            record.close()

    def remove(self, upload_id: str) -> None:
        """Its files, durably, those that are there. Custody calls it once the recording is sealed."""
        self.remove_all((upload_id,))

    def remove_all(self, upload_ids: Iterable[str]) -> None:
        """As `remove`, the disk being waited for once."""
        for upload_id in upload_ids:
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
