"""One request at a time writes to an upload: under its lock a body is received, its length learnt, the upload ended.

The newest request is the writer: an older one sees its ticket and lets go, in this process or another (held.py).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from ingest.errors import RequestRefused
from ingest.sealing_sign import is_sealing_shown
from ingest.uploads.admission import Admission
from ingest.uploads.contract import (
    PROMISED_BYTES,
    Opening,
    StationIdentity,
    UploadLimits,
    UploadRecord,
    UploadRegister,
)
from ingest.uploads.errors import OffsetDiffers, TakenOver, UploadBusy, UploadFinished, UploadGone
from ingest.uploads.giving_way import GivingWay
from ingest.uploads.handover import Handover
from ingest.uploads.held import HeldUpload
from ingest.uploads.lengths import check_declared, check_length_stays
from ingest.uploads.offset_file import RecordedOffset
from ingest.uploads.reception import BlockShares, BodyReception
from ingest.uploads.request import Request
from ingest.uploads.sightings import Sightings
from ingest.uploads.staging import Staging
from ingest.uploads.status import POLL_SECONDS, UploadStatus, recorded_of_finished
from ingest.uploads.threads import Threads


class ClientGone(Exception):
    """The connection was cut; what arrived is settled, and nobody is there to answer."""


class SingleWriter:
    """For the requests of one event loop."""

    def __init__(
        self,
        register: UploadRegister,
        staging: Staging,
        limits: UploadLimits,
        threads: Threads,
        admission: Admission,
        status: UploadStatus,
        handover: Handover,
    ) -> None:
        self._register = register
        self._staging = staging
        self._limits = limits
        self._threads = threads
        self._admission = admission
        self._status = status
        self._handover = handover
        self._sightings = Sightings(register, threads)
        self._shares = BlockShares(GivingWay(partial(is_sealing_shown, staging.folder)).pause_seconds)

    @asynccontextmanager
    async def with_ticket(self, record: UploadRecord) -> AsyncIterator[HeldUpload]:
        """As the newest request for the upload, which does not have the lock yet: `lock` waits for that."""
        held = await self._take_ticket(record)
        try:
            yield held
        finally:
            await self._release(held)

    async def _take_ticket(self, record: UploadRecord) -> HeldUpload:
        """Become the newest request for the upload, after one that writes all of it at once."""
        length, is_deferred = record.declared_length, record.length_is_deferred
        deadline = time.monotonic() + self._limits.takeover_seconds
        while True:
            held = await self._threads.on_disk(
                lambda: self._staging.take_first_ticket(record.upload_id, length, length_is_deferred=is_deferred)
            )
            if held is not None:
                return held
            if time.monotonic() > deadline:
                raise UploadBusy(record.upload_id)
            await asyncio.sleep(POLL_SECONDS)

    async def lock(self, record: UploadRecord, held: HeldUpload) -> UploadRecord:
        """Have the upload's lock; then the upload as its row has it, where that may know more than the offset's file.

        An upload of which nothing is recorded may have come whole meanwhile, which only its row says: nobody may open
        its bytes from the start before he has asked for that.
        """
        await self._wait_for_lock(held)
        if held.offset != 0:
            return record
        settled = await self._status.find_settled(record)
        if settled.is_open:
            held.note_row_open()
        return settled

    async def _wait_for_lock(self, held: HeldUpload) -> None:
        """The older request sees our ticket and lets go, in this process or another."""
        deadline = time.monotonic() + self._limits.takeover_seconds
        while not await self._threads.on_disk(held.try_lock):
            if time.monotonic() > deadline:
                raise UploadBusy(held.upload_id)
            await asyncio.sleep(POLL_SECONDS)

    async def _release(self, held: HeldUpload) -> None:
        """What is left of a request that ended well is a descriptor, and no reason to wait for a thread."""
        if held.has_open_bytes:
            await self._threads.on_disk(held.release)
        else:
            held.release()

    async def settle_length(
        self, request: Request, station: StationIdentity, record: UploadRecord, held: HeldUpload
    ) -> UploadRecord:
        """Under the lock: a deferred length is learnt where it can be, any other stays. The upload as it is then."""
        if held.length_is_deferred:
            return await self._threads.in_catalog(lambda: self._learn_length(request, station, held))
        check_length_stays(request, held.declared_length)
        return record

    async def receive_first(self, request: Request, opening: Opening) -> RecordedOffset:
        """The body of a creation. An upload that nobody can come back to, or need not, is given up with it."""
        record = opening.record
        request.created = request.address_of(record.upload_id, record.node)
        async with self.with_ticket(record) as held:
            try:
                record = await self.lock(record, held)
                if record.is_gone:
                    raise UploadGone(record.upload_id, record.state)
                if not record.is_open:
                    return recorded_of_finished(record)
                await self.receive_body(request, record, held, stated_offset=0)
                return held.recorded
            except UploadGone:
                request.created = None
                raise
            except (RequestRefused, ClientGone) as error:
                if _is_left_alone(opening, held, error):
                    await self.terminate(record, held)
                    request.created = None
                raise

    async def receive_body(
        self, request: Request, record: UploadRecord, held: HeldUpload, stated_offset: int | None = None
    ) -> None:
        """Take the body and settle it; finish the upload whenever it is complete, however the request itself ends."""
        stated = request.number("upload-offset") if stated_offset is None else stated_offset
        if held.is_complete:
            # Also before the offset is named in a refusal: that all is there is only durable as the row says it.
            await self._finish(record)
        if stated != held.offset:
            raise OffsetDiffers(stated or 0, held.offset)
        if held.is_complete and not request.has_body:
            return
        if (request.body_bytes or 0) > held.declared_length - held.offset:
            raise held.too_long()
        if held.declared_length <= PROMISED_BYTES:
            await self._threads.in_catalog(self._register.keep_promises)
        begun_at = held.offset
        again = partial(self._prove_again, request, record, held, begun_at)
        reception = BodyReception(request, held, self._limits, self._threads.disk, self._shares, again)
        refused = True
        try:
            if request.has_body:
                await reception.take()
            refused = False
        finally:
            held.mark_ending()
            try:
                await reception.settle(refused=refused)
            finally:
                if held.is_complete:
                    await self._finish(record)
        await self._note_progress(record, held, begun_at)
        if request.was_cut:
            raise ClientGone

    async def terminate(self, record: UploadRecord, held: HeldUpload) -> None:
        """Give it up, under its lock. Raises UploadGone, UploadFinished."""
        self._admission.forget(record.upload_id)
        await self._threads.in_catalog(lambda: self._terminate_held(record, held))

    async def _finish(self, record: UploadRecord) -> None:
        """Hand it over, unless that was done. Raises UploadGone."""
        self._admission.forget(record.upload_id)
        await self._status.finish(record)

    async def _prove_again(self, request: Request, record: UploadRecord, held: HeldUpload, begun_at: int) -> None:
        """That a body under way may still be sent."""
        await self._admission.prove_again(request.presented)
        await self._note_progress(record, held, begun_at)

    async def _note_progress(self, record: UploadRecord, held: HeldUpload, begun_at: int) -> None:
        """A request that has brought something is a sign of its station's life."""
        if held.offset > begun_at:
            await self._sightings.note(record)

    # In a thread.

    def _learn_length(self, request: Request, station: StationIdentity, held: HeldUpload) -> UploadRecord:
        """Under the lock: the length that was deferred, if this request or the row says it; the upload as it is then.

        The row first, then the offset's file. A crash between leaves a row that knows more: hence the row is read
        here again, and nothing is written before the file knows what it does.
        """
        record = self._register.find_upload(held.upload_id)
        if record is None or not record.is_open:
            raise UploadGone(held.upload_id, "it ended meanwhile")
        if (offset := request.number("upload-offset")) != held.offset:
            raise OffsetDiffers(offset or 0, held.offset)
        stated = request.number("upload-length")
        if not record.length_is_deferred:
            check_length_stays(request, record.declared_length)
            held.declare_length(record.declared_length)
        elif stated is not None:
            check_declared(stated, held.offset, self._limits)
            self._staging.check_room(stated - held.offset, self._limits.keep_free_bytes)
            held.cut_to_offset()
            self._register.declare_length(record, station, stated)
            held.declare_length(stated)
            return replace(record, declared_length=stated, length_is_deferred=False)
        return record

    def _terminate_held(self, record: UploadRecord, held: HeldUpload) -> None:
        ended = self._handover.hand_over([record])[0] if held.is_complete else self._register.terminate_upload(record)
        if not ended and self._status.look_up(record).is_gone:
            raise UploadGone(held.upload_id, "it ended meanwhile")
        if held.is_complete or not ended:
            raise UploadFinished(held.upload_id)
        self._staging.remove(held.upload_id)


def _is_left_alone(opening: Opening, held: HeldUpload, error: Exception) -> bool:
    """Whether a creation that ends with `error` leaves an upload behind that nothing can come of.

    Its address was told to nobody, unless the creation has a key: whoever brings that again learns it, and may be
    sending already. Without our having its lock, or once a newer request asks for it, it is somebody else's.
    """
    if opening.creation_key is not None or not held.is_locked or isinstance(error, TakenOver):
        return False
    return not held.is_complete and (held.offset == 0 or isinstance(error, ClientGone))
