"""The offset of an upload as a file of its own: crash-safe, locked, and the place where requests meet.

    page 0   slot A     magic "LHOFFSET", version u16, deferred u16, zero u16 × 2, sequence u64, offset u64, declared
    page 1   slot B     length u64, progressed u64, then the first 16 bytes of the SHA-256 of the 48 bytes before;
                        big-endian. Deferred is 1 as long as the length is unknown; then what is reserved stands in its
                        place. Progressed is when the offset last grew, in seconds since 1970; 0: it never did
    page 2   ticket     16 random bytes of the newest request that wants this upload; then three bytes, each 1 or 0:
                        the holder is writing the last bytes out; a reader asks the holder to record what it has; there
                        is a holder (1 also after it was killed). None of it survives a crash, nor needs to.

A record goes to the slot that does not hold the newest one, so a torn write leaves the older record readable: an
offset that is too low costs a few bytes sent again, one too high would cost evidence. The slots lie a page apart
because a disk may tear a whole 4 KiB sector. All pages are written at creation, so recording an offset needs no new
block even on a full disk. The lock is flock(2), which dies with its process.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import struct
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.uploads.errors import StagingDamaged, UploadGone
from integrity.durable_files import write_at

_PAGE = 4096
_SLOTS = (0, _PAGE)
_TICKET = 2 * _PAGE
_TICKET_BYTES = 16
_ENDING = _TICKET + _TICKET_BYTES
_ASKED = _ENDING + 1
_HELD = _ENDING + 2
_FIELDS = struct.Struct(">8sHHHHQQQQ")
_CHECK_BYTES = 16
_SLOT_BYTES = _FIELDS.size + _CHECK_BYTES
_MAGIC = b"LHOFFSET"
_VERSION = 2
UNFINISHED = ".new"
"""What an offset file is called before it is whole."""


@dataclass(frozen=True)
class RecordedOffset:
    """`offset` bytes of `declared_length` are durable; the last since `progressed_seconds` (Unix time), 0: none."""

    sequence: int
    offset: int
    declared_length: int
    is_deferred: bool = False
    progressed_seconds: int = 0


class OffsetFile:
    """One open offset file. Locking, tickets and reading work across threads and processes."""

    def __init__(self, descriptor: int, upload_id: str) -> None:
        self._descriptor = descriptor
        self._upload_id = upload_id
        self._is_locked = False

    @classmethod
    def create(cls, path: Path, upload_id: str, declared_length: int, *, is_deferred: bool = False) -> None:
        """There is all of it or nothing: others look at any moment. Raises FileExistsError. One caller at a time.

        Not durable on return: the first record that is written makes it so.
        """
        unfinished = path.with_suffix(UNFINISHED)
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            first = _encode(RecordedOffset(0, 0, declared_length, is_deferred))
            write_at(descriptor, first.ljust(_TICKET + _PAGE, b"\0"), 0)
            os.link(unfinished, path)
        finally:
            os.close(descriptor)
            # Whoever ends the upload removes it too, from the moment that the other name is there.
            unfinished.unlink(missing_ok=True)

    @classmethod
    def open(cls, path: Path, upload_id: str) -> OffsetFile:
        """Raises UploadGone when there is none."""
        try:
            return cls(os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW), upload_id)
        except FileNotFoundError:
            raise UploadGone(upload_id, "its staging files were removed") from None

    def close(self) -> None:
        """Also gives the lock up. Closing twice is harmless."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return
        if self._is_locked:
            with suppress(OSError):  # It spares who reads next a look at the lock, and no more.
                os.pwrite(descriptor, b"\0", _HELD)
        os.close(descriptor)

    def read(self) -> RecordedOffset:
        """The newest whole record. Raises StagingDamaged when neither slot holds one."""
        raw = os.pread(self._descriptor, _SLOTS[1] + _SLOT_BYTES, 0)
        slots = (raw[position : position + _SLOT_BYTES] for position in _SLOTS)
        found = [record for slot in slots if (record := _decode(slot)) is not None]
        if not found:
            raise StagingDamaged(self._upload_id, "its offset record is unreadable; send it again from the start")
        return max(found, key=lambda record: record.sequence)

    def write(self, last: RecordedOffset, offset: int, *, durably: bool = True) -> RecordedOffset:
        """Record that `offset` bytes are durable. Durable on return, unless it need not be. Only for the holder."""
        progressed = int(time.time()) if offset > last.offset else last.progressed_seconds
        record = replace(last, sequence=last.sequence + 1, offset=offset, progressed_seconds=progressed)
        return self._write(record, durably)

    def declare(self, last: RecordedOffset, length: int) -> RecordedOffset:
        """Record the length that was deferred. Durable on return. Only for the holder."""
        declared = replace(last, sequence=last.sequence + 1, declared_length=length, is_deferred=False)
        return self._write(declared, durably=True)

    def take_ticket(self) -> bytes:
        """Become the newest request for this upload; an older holder sees it and lets go."""
        ticket = _new_ticket()
        write_at(self._descriptor, ticket, _TICKET)
        return ticket

    def is_newest(self, ticket: bytes) -> bool:
        return os.pread(self._descriptor, _TICKET_BYTES, _TICKET) == ticket

    def try_lock(self) -> bool:
        """Take the lock if nobody has it. Raises UploadGone when the upload was removed meanwhile."""
        if not self._try_flock():
            return False
        os.pwrite(self._descriptor, b"\0\0\1", _ENDING)
        self._is_locked = True
        return True

    def try_lock_to_end(self) -> bytes | None:
        """`take_ticket`, `try_lock` and `mark_ending` at once, by whoever has all its bytes. None: somebody has it.

        Raises UploadGone when the upload was removed meanwhile.
        """
        if not self._try_flock():
            return None
        ticket = _new_ticket()
        write_at(self._descriptor, ticket + b"\1", _TICKET)
        return ticket

    def mark_ending(self) -> None:
        """Say that no more bytes come and the last ones are on their way to the disk."""
        os.pwrite(self._descriptor, b"\1", _ENDING)

    def is_ending(self) -> bool:
        """Whether a holder is about to record a last offset, so that a reader had better wait a moment."""
        return self._says(_ENDING) and self._is_locked_by_another()

    def ask_to_record(self) -> bool:
        """Ask whoever has the lock to record what arrived. False: nobody has it, and all that counts is recorded."""
        if not self._says(_HELD) or not self._is_locked_by_another():
            return False
        os.pwrite(self._descriptor, b"\1", _ASKED)
        return True

    def is_asked_to_record(self) -> bool:
        """Whether a reader waits for the holder to record. For the holder."""
        return self._says(_ASKED)

    def is_still_to_record(self) -> bool:
        """Whether the holder has not recorded yet what it was asked for, and is there. For the reader who asked."""
        return self._says(_ASKED) and self._is_locked_by_another()

    def note_recorded(self) -> None:
        """Tell the reader who asked that there is nothing more to wait for. Only for the holder."""
        os.pwrite(self._descriptor, b"\0", _ASKED)

    def _says(self, position: int) -> bool:
        return os.pread(self._descriptor, 1, position) == b"\1"

    def _is_locked_by_another(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        return False

    def _try_flock(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if os.fstat(self._descriptor).st_nlink == 0:
            raise UploadGone(self._upload_id, "it was removed while this request waited for it")
        return True

    def _write(self, record: RecordedOffset, durably: bool) -> RecordedOffset:
        write_at(self._descriptor, _encode(record), _SLOTS[record.sequence % 2])
        if durably:
            os.fdatasync(self._descriptor)
        return record


def _new_ticket() -> bytes:
    """Unlike any other; no secret. The generator is seeded anew in a forked process."""
    return random.getrandbits(8 * _TICKET_BYTES).to_bytes(_TICKET_BYTES, "big")


def _decode(slot: bytes) -> RecordedOffset | None:
    fields, check = slot[: _FIELDS.size], slot[_FIELDS.size :]
    if len(check) != _CHECK_BYTES or hashlib.sha256(fields).digest()[:_CHECK_BYTES] != check:
        return None
    magic, version, deferred, _, _, sequence, offset, declared_length, progressed = _FIELDS.unpack(fields)
    if magic != _MAGIC or version != _VERSION or offset > declared_length:
        return None
    return RecordedOffset(sequence, offset, declared_length, bool(deferred), progressed)


def _encode(record: RecordedOffset) -> bytes:
    numbers = record.sequence, record.offset, record.declared_length, record.progressed_seconds
    fields = _FIELDS.pack(_MAGIC, _VERSION, record.is_deferred, 0, 0, *numbers)
    return fields + hashlib.sha256(fields).digest()[:_CHECK_BYTES]
