"""Where an upload stands: how far it is, until when it may go on, and whether it has ended, by its row and its file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from ingest.uploads.answers import http_date
from ingest.uploads.contract import UploadLimits, UploadRecord, UploadRegister
from ingest.uploads.errors import AtAnotherNode, UploadBusy, UploadGone
from ingest.uploads.expiry import expiry_of
from ingest.uploads.offset_file import OffsetFile, RecordedOffset
from ingest.uploads.request import path_of_upload
from ingest.uploads.staging import Settled, Staging, as_it_is
from ingest.uploads.threads import Threads

POLL_SECONDS = 0.05
"""Between two looks at what another request does with the upload."""
RECORD_PATIENCE_SECONDS = 1.0
"""For a holder who looks around five times a second, and for its disk."""


class RecordPatience:
    """Of one reader with whoever has the lock: it asks once to record what has arrived, and waits so long at most."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._has_asked = False

    def is_settled(self, record: OffsetFile) -> bool:
        if not self._has_asked:
            self._has_asked = True
            return not record.ask_to_record()
        return not record.is_still_to_record() or time.monotonic() > self._until


class UploadStatus:
    """For the requests of one event loop. `finish_soon` hands an upload to custody; True for whoever did it."""

    def __init__(
        self,
        register: UploadRegister,
        staging: Staging,
        limits: UploadLimits,
        threads: Threads,
        finish_soon: Callable[[UploadRecord], Awaitable[bool]],
    ) -> None:
        self._register = register
        self._staging = staging
        self._limits = limits
        self._threads = threads
        self._finish_soon = finish_soon

    async def finish(self, record: UploadRecord) -> None:
        """Hand over an upload whose bytes are all durable, unless that was done.

        Raises UploadGone when it ended without, AtAnotherNode when it was moved there meanwhile: its bytes here then
        count for nothing, and nobody is told that they do.
        """
        if not await self._finish_soon(record):
            found = await self.find_again(record)
            if found.is_gone:
                raise UploadGone(record.upload_id, found.state)
            if found.is_open:
                raise AtAnotherNode(record.upload_id, found.node, path_of_upload(record.upload_id, found.node))

    async def find_again(self, record: UploadRecord) -> UploadRecord:
        """As its row is now. Raises UploadGone when there is none."""
        return await self._threads.in_catalog(lambda: self.look_up(record))

    async def find_settled(self, record: UploadRecord) -> UploadRecord:
        """`find_again`, once whoever is ending it at the moment has done so, or given up."""
        found = await self._threads.in_catalog(lambda: self._register.find_settled(record.upload_id))
        if found is None:
            raise UploadGone(record.upload_id, "it was removed meanwhile")
        return found

    def look_up(self, record: UploadRecord) -> UploadRecord:
        """`find_again`, in a thread."""
        found = self._register.find_upload(record.upload_id)
        if found is None:
            raise UploadGone(record.upload_id, "it was removed meanwhile")
        return found

    async def measure(self, record: UploadRecord) -> RecordedOffset:
        """What is durable of it. Whose bytes turn out to be all here is handed over on the way.

        Raises UploadGone, UploadBusy.
        """
        recorded = await self.read_up_to_now(record)
        if not record.is_open:
            return recorded
        if recorded.offset == 0:
            record = await self.find_again(record)
            if record.is_gone:
                raise UploadGone(record.upload_id, record.state)
            if not record.is_open:
                return recorded_of_finished(record)
        if recorded.offset == record.declared_length and not record.length_is_deferred:
            await self.finish(record)
        elif expiry_of(record, recorded, self._limits) <= datetime.now(UTC):
            raise UploadGone(record.upload_id, "expired")
        return recorded

    async def read(self, record: UploadRecord, is_settled: Settled = as_it_is) -> RecordedOffset:
        """What is recorded of it, whatever that is worth now. Raises UploadBusy."""
        if not record.is_open:
            return recorded_of_finished(record)
        deadline = time.monotonic() + self._limits.record_offset_seconds
        while (recorded := await self._threads.on_disk(lambda: self._read_once(record, is_settled))) is None:
            if time.monotonic() > deadline:
                raise UploadBusy(record.upload_id)
            await asyncio.sleep(POLL_SECONDS)
        return recorded

    async def read_up_to_now(self, record: UploadRecord) -> RecordedOffset:
        """`read`, after whoever is sending has recorded what arrived: of a link that died, the next request goes on
        just there. Whoever cannot record soon keeps nobody waiting.
        """
        patience = RecordPatience(min(RECORD_PATIENCE_SECONDS, self._limits.record_offset_seconds / 2))
        return await self.read(record, patience.is_settled)

    async def check_time(self, record: UploadRecord) -> None:
        """Raises UploadGone for an open upload whose time is over. One that is being written is in time."""
        if not record.is_open or record.expires_at > datetime.now(UTC):
            return
        recorded = await self._threads.on_disk(lambda: self._read_once(record))
        if recorded is not None and expiry_of(record, recorded, self._limits) <= datetime.now(UTC):
            raise UploadGone(record.upload_id, "expired")

    def tell_expiry(self, record: UploadRecord, recorded: RecordedOffset) -> tuple[tuple[str, str], ...]:
        """The header that says until when it may go on. None for one that is all here, whatever `record` says."""
        is_complete = recorded.offset == record.declared_length and not record.length_is_deferred
        if is_complete or not record.is_open:
            return ()
        return (("Upload-Expires", http_date(expiry_of(record, recorded, self._limits))),)

    def _read_once(self, record: UploadRecord, is_settled: Settled = as_it_is) -> RecordedOffset | None:
        """None: ask again in a moment. 0 also when nothing was ever recorded, as of one that came whole."""
        try:
            return self._staging.read_offset(record.upload_id, is_settled)
        except UploadGone:
            return RecordedOffset(0, 0, record.declared_length, record.length_is_deferred)


def recorded_of_finished(record: UploadRecord) -> RecordedOffset:
    """What there is of an upload that is finished."""
    return RecordedOffset(0, record.declared_length, record.declared_length)
