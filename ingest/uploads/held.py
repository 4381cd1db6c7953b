"""An upload that one request has, or waits for: its bytes taken, made durable, and only then counted.

Also many at once: what takes the longest, waiting for the disk, they share.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from ingest.uploads.errors import LengthUndeclared, TakenOver, TooLong
from ingest.uploads.offset_file import OffsetFile, RecordedOffset
from ingest.uploads.staged_bytes import Piece, StagedBytes
from integrity.durable_files import sync_folder

Naming: TypeAlias = "Future[Exception | None] | None"
"""Under way: what the names' sync failed with. None where there is no new name."""
_SYNCED_IN_TURN = 4
"""Of many uploads, by one thread: a turn of a thread costs about as much as a sync."""


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

    `path` is where its bytes are, `offset` what is recorded of them. Bytes taken by `append` count once `keep` has
    returned, and not before.
    """

    def __init__(
        self,
        upload_id: str,
        path: Path,
        record: OffsetFile,
        ticket: bytes | None,
        last: RecordedOffset | None = None,
    ) -> None:
        self.upload_id = upload_id
        self._path = path
        self._record = record
        self._ticket = ticket
        self._last = last
        self._may_begin = False
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

    def note_row_open(self) -> None:
        """The row was asked since the lock is ours, in a way that waits for an end under way, and says open."""
        self._may_begin = True

    def open_bytes(self, expected_bytes: int) -> None:
        """Make ready for about `expected_bytes` more. Cuts off what was never acknowledged.

        Where nothing is recorded that is all there is: whether it came whole, which only the row says, has to have been
        asked before (`note_row_open`). Raises RuntimeError where it was not.
        """
        if self.offset == 0 and not self._may_begin:
            raise RuntimeError(f"upload {self.upload_id} may have come whole: its row was not asked")
        self._bytes = StagedBytes(self._path, self.upload_id, self.offset, self.declared_length, expected_bytes)

    def append(self, pieces: Sequence[Piece]) -> None:
        self._staged.append(pieces)

    def keep(self) -> int:
        """Bytes durable first, then their number: the order in which a crash may only lose, never invent.

        The names become durable with the first bytes: until then nothing was acknowledged that could be lost. The last
        number itself is not synced: nobody is told of it before the row says "finished", and that is committed after
        the bytes are durable.
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
        sync_folder(self._path.parent)

    def note_kept(self, offset: int) -> None:
        self._last = self._record.write(self.recorded, offset, durably=not self._is_last(offset))

    def _is_last(self, offset: int) -> bool:
        return offset == self.declared_length and not self.length_is_deferred

    def discard(self) -> None:
        self._staged.discard()

    def mark_ending(self) -> None:
        self._record.mark_ending()

    def is_asked_to_record(self) -> bool:
        """Whether somebody wants to know how much has arrived."""
        return self._record.is_asked_to_record()

    def note_recorded(self) -> None:
        """What is recorded is all that arrived, or all that can be recorded yet."""
        self._record.note_recorded()

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


def start_naming(uploads: Sequence[Kept], side_by_side: Executor) -> Naming:
    """One sync of the folder makes the names of all durable that are there already, beside whatever is done next."""
    begun = [upload for upload in uploads if upload.offset == 0]
    return side_by_side.submit(_sync_names, begun) if begun else None


def keep_all(uploads: Sequence[Kept], side_by_side: Executor, naming: Naming) -> list[Exception | None]:
    """`keep` of each, with what it would raise, as one: all bytes are on their way before any are waited for, and some
    of the waiting is done in threads of `side_by_side`. `naming` is that of all whose bytes begin here.
    """
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
