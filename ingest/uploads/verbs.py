"""What each request does: POST creates, HEAD tells the offset, PATCH appends, DELETE terminates (tus 1.0).

In each of them authority comes first: nobody's body is asked for before the credential and the owner were checked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import structlog

from ingest.errors import RequestRefused
from ingest.uploads.admission import Admission
from ingest.uploads.answers import Answer
from ingest.uploads.body_room import BodyRoom, Place
from ingest.uploads.contract import (
    PROMISED_BYTES,
    Opening,
    StationIdentity,
    UploadLimits,
    UploadRecord,
    UploadRegister,
)
from ingest.uploads.creation_key import check_same_creation
from ingest.uploads.errors import (
    AtAnotherNode,
    ContentTypeWrong,
    OffsetDiffers,
    RequestMalformed,
    TakenOver,
    UploadBusy,
    UploadFinished,
    UploadGone,
)
from ingest.uploads.gathering import Gathering, in_threads, on_loop
from ingest.uploads.held import HeldUpload
from ingest.uploads.lengths import check_declared, check_fits, check_length_stays
from ingest.uploads.offset_file import RecordedOffset
from ingest.uploads.openings import plan_opening
from ingest.uploads.reception import BlockShares, BodyReception
from ingest.uploads.request import Request, path_of_upload
from ingest.uploads.sightings import Sightings
from ingest.uploads.staging import Staging
from ingest.uploads.standing import POLL_SECONDS, Standing, recorded_of_finished
from ingest.uploads.sweeps import wake_up
from ingest.uploads.threads import Threads
from ingest.uploads.whole_bodies import WholeBodies, WholeBody, can_finish, last_bytes

log = structlog.get_logger()


class ClientGone(Exception):
    """The connection was cut; what arrived is settled, and nobody is there to answer."""


class Verbs:
    """What requests ask of the catalog is gathered, so that many small uploads share its round trips and commits."""

    def __init__(
        self, register: UploadRegister, staging: Staging, limits: UploadLimits, on_finished: Callable[[str], None]
    ) -> None:
        self._register = register
        self._staging = staging
        self._limits = limits
        self._on_finished = on_finished
        self._threads = Threads()
        self._admission = Admission(register, limits.believe_seconds)
        self._open_soon: Gathering[Opening, UploadRecord] = on_loop(register.open_uploads)
        finish_soon: Gathering[UploadRecord, bool] = in_threads(self._finish_all, "upload-finish")
        self._standing = Standing(register, staging, limits, self._threads, finish_soon)
        self._sightings = Sightings(register, self._threads)
        self._room = BodyRoom()
        self._shares = BlockShares()
        whole_bodies = WholeBodies(staging, self._finish_all)
        self._settle_soon: Gathering[WholeBody, bool] = in_threads(whole_bodies.settle, "upload-whole")

    async def create(self, request: Request) -> Answer:
        """POST to the collection: creation, or creation with upload."""
        opening = plan_opening(request, await self._admission.station_of(request), self._staging, self._limits)
        record = await self._open_soon(opening)
        if record.upload_id != opening.upload_id:
            return await self._tell_created(request, opening, record)
        self._admission.remember(record)
        recorded = RecordedOffset(0, 0, record.declared_length)
        if request.carries_upload_bytes:
            recorded = await self._receive_first(request, opening)
        return self._after_creation(request, record, recorded)

    async def _tell_created(self, request: Request, opening: Opening, record: UploadRecord) -> Answer:
        """The answer to a creation once more, as it was lost. A body is left unread: what counts of the first one's is
        said, and the rest is for a PATCH.
        """
        check_same_creation(opening, record)
        recorded = await self._standing.read(record) if self._is_here(record) else None
        return self._after_creation(request, record, recorded)

    def _after_creation(self, request: Request, record: UploadRecord, recorded: RecordedOffset | None) -> Answer:
        """None where another node knows how far it is: then only that is not said."""
        headers = [("Location", request.address_of(record.upload_id, record.node))]
        if record.is_open:
            headers.append(self._standing.tell_expiry(record, recorded or RecordedOffset(0, 0, record.declared_length)))
        if request.carries_upload_bytes and recorded is not None:
            headers.append(("Upload-Offset", str(recorded.offset)))
        return Answer(201, tuple(headers))

    async def tell_offset(self, request: Request, upload_id: str) -> Answer:
        """HEAD: how far it is. It disturbs nobody, a running PATCH included."""
        _, record = await self._admission.upload_of(request)
        if record.is_gone:
            raise UploadGone(upload_id, record.state)
        self._require_here(record)
        recorded = await self._standing.measure(record)
        length = ("Upload-Length", str(record.declared_length))
        headers = [
            ("Upload-Offset", str(recorded.offset)),
            ("Upload-Defer-Length", "1") if record.length_is_deferred else length,
        ]
        if record.claims.header:
            headers.append(("Upload-Metadata", record.claims.header))
        if record.is_open:
            headers.append(self._standing.tell_expiry(record, recorded))
        return Answer(200, tuple(headers))

    async def append_bytes(self, request: Request, upload_id: str) -> Answer:
        """PATCH: the next bytes at the recorded offset, durable before the answer."""
        with self._room.place() as place:
            request.on_taken_up = place.leave
            remembered = self._admission.remembered_upload(request)
            if remembered is not None and await self._append_whole(request, remembered, place):
                return _after_last(remembered)
            station, record = await self._admission.upload_of(request)
            self._require_here(record)
            # What did not go the short way just now is not kept waiting for it a second time.
            if remembered is None and await self._append_whole(request, record, place):
                return _after_last(record)
            return await self._append_part(request, station, record)

    async def _append_whole(self, request: Request, record: UploadRecord, place: Place) -> bool:
        """The short way, for a small body that finishes its upload. False: nothing has happened, and all is there."""
        if not can_finish(request, record) or not place.take(record.upload_id, request.body_bytes or 0):
            return False
        whole = await last_bytes(request, record)
        if whole is None:
            return False
        if await self._settle_soon(whole):
            self._admission.forget(record.upload_id)
            return True
        request.give_back(whole.pieces)
        return False

    async def _append_part(self, request: Request, station: StationIdentity, record: UploadRecord) -> Answer:
        if request.has_body:
            request.hold_back()
        if not self._adds_bytes(request, record):
            return _after_last(record)
        await self._standing.check_time(record)
        await self._check_follows(request, record)
        held = await self._claim(record)
        try:
            record = await self._lock(record, held)
            if not self._adds_bytes(request, record):
                return _after_last(record)
            if held.length_is_deferred:
                record = await self._threads.in_catalog(lambda: self._learn_length(request, station, held))
            else:
                check_length_stays(request, held.declared_length)
            await self._receive_body(request, record, held)
            if held.is_complete:
                return _after_last(record)
            return Answer(204, (("Upload-Offset", str(held.offset)), self._standing.tell_expiry(record, held.recorded)))
        finally:
            await self._release(held)

    async def _check_follows(self, request: Request, record: UploadRecord) -> None:
        """What cannot follow on what is recorded takes nobody's place: whoever is sending goes on.

        Raises OffsetDiffers, TooLong. Under the lock all of it is looked at again.
        """
        recorded = await self._standing.read(record)
        if recorded.offset == recorded.declared_length and not recorded.is_deferred:
            return  # Before that is named in a refusal, the row has to say it.
        stated = request.number("upload-offset")
        if stated != recorded.offset:
            if recorded.offset == 0 and not (await self._standing.find_again(record)).is_open:
                return  # It came whole meanwhile, or ended.
            raise OffsetDiffers(stated or 0, recorded.offset)
        check_fits(request, recorded)

    async def terminate(self, request: Request, upload_id: str) -> Answer:
        """DELETE: give an unfinished upload up and free its room. A PATCH under way is stopped first."""
        _, record = await self._admission.upload_of(request)
        if record.is_gone:
            raise UploadGone(upload_id, record.state)
        if not record.is_open:
            raise UploadFinished(upload_id)
        self._require_here(record)
        held = await self._claim(record)
        try:
            record = await self._lock(record, held)
            await self._terminate(record, held)
        finally:
            await self._release(held)
        return Answer(204)

    # In a thread that answers for all who ask at the time.

    def _finish_all(self, records: Sequence[UploadRecord]) -> Sequence[bool]:
        """Hand them to custody, each once: whoever gets True says so. A wake-up may be lost, the row may not."""
        outcomes = self._register.finish_uploads(records)
        for record, is_first in zip(records, outcomes, strict=True):
            if is_first:
                log.info("upload.finished", trace=record.upload_id, size_bytes=record.declared_length)
                wake_up(self._on_finished, record.upload_id)
        return outcomes

    # Without waiting for anything.

    def _is_here(self, record: UploadRecord) -> bool:
        """Whether this node can answer for it: of what has ended the row says all there is to say."""
        return record.node == self._staging.node or not record.is_open

    def _require_here(self, record: UploadRecord) -> None:
        """Raises AtAnotherNode, before any of our own files is looked at or made."""
        if not self._is_here(record):
            log.warning("upload.at_another_node", trace=record.upload_id, node=record.node, asked=self._staging.node)
            raise AtAnotherNode(record.upload_id, record.node, path_of_upload(record.upload_id, record.node))

    def _adds_bytes(self, request: Request, record: UploadRecord) -> bool:
        """Whether a PATCH may add to the upload. False when it is finished, and this a repeat of the last one."""
        if not request.carries_upload_bytes:
            raise ContentTypeWrong
        stated = request.number("upload-offset")
        if stated is None:
            raise RequestMalformed("Upload-Offset", "缺失", "is missing")
        request.checksum()
        if record.is_gone:
            raise UploadGone(record.upload_id, record.state)
        if record.is_open:
            return True
        if stated != record.declared_length:
            raise OffsetDiffers(stated, record.declared_length)
        if request.has_body:
            raise UploadFinished(record.upload_id)
        check_length_stays(request, record.declared_length)
        return False

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
        ended = self._finish_all([record])[0] if held.is_complete else self._register.terminate_upload(record)
        if not ended and self._standing.look_up(record).is_gone:
            raise UploadGone(held.upload_id, "it ended meanwhile")
        if held.is_complete or not ended:
            raise UploadFinished(held.upload_id)
        self._staging.remove(held.upload_id)

    # On the event loop.

    async def _claim(self, record: UploadRecord) -> HeldUpload:
        """Become the newest request for the upload, after one that writes all of it at once."""
        length, is_deferred = record.declared_length, record.length_is_deferred
        deadline = time.monotonic() + self._limits.takeover_seconds
        while True:
            held = await self._threads.on_disk(
                lambda: self._staging.claim_first(record.upload_id, length, length_is_deferred=is_deferred)
            )
            if held is not None:
                return held
            if time.monotonic() > deadline:
                raise UploadBusy(record.upload_id)
            await asyncio.sleep(POLL_SECONDS)

    async def _lock(self, record: UploadRecord, held: HeldUpload) -> UploadRecord:
        """Have the upload's lock; then the upload as its row has it, where that may know more than the offset's file.

        An upload of which nothing is recorded may have come whole meanwhile, which only its row says: nobody may open
        its bytes from the start before he has asked for that.
        """
        await self._wait_for_lock(held)
        return await self._standing.find_settled(record) if held.offset == 0 else record

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

    async def _terminate(self, record: UploadRecord, held: HeldUpload) -> None:
        """Give it up, under its lock. Raises UploadGone, UploadFinished."""
        self._admission.forget(record.upload_id)
        await self._threads.in_catalog(lambda: self._terminate_held(record, held))

    async def _receive_first(self, request: Request, opening: Opening) -> RecordedOffset:
        """The body of a creation. An upload that nobody can come back to, or need not, is given up with it."""
        record = opening.record
        request.created = request.address_of(record.upload_id, record.node)
        held = await self._claim(record)
        try:
            record = await self._lock(record, held)
            if record.is_gone:
                raise UploadGone(record.upload_id, record.state)
            if not record.is_open:
                return recorded_of_finished(record)
            await self._receive_body(request, record, held, stated_offset=0)
            return held.recorded
        except UploadGone:
            request.created = None
            raise
        except (RequestRefused, ClientGone) as error:
            if _is_left_alone(opening, held, error):
                await self._terminate(record, held)
                request.created = None
            raise
        finally:
            await self._release(held)

    async def _receive_body(
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

    async def _finish(self, record: UploadRecord) -> None:
        """Hand it over, unless that was done. Raises UploadGone."""
        self._admission.forget(record.upload_id)
        await self._standing.finish(record)

    async def _prove_again(self, request: Request, record: UploadRecord, held: HeldUpload, begun_at: int) -> None:
        """That a body under way may still be sent."""
        await self._admission.prove_again(request.presented)
        await self._note_progress(record, held, begun_at)

    async def _note_progress(self, record: UploadRecord, held: HeldUpload, begun_at: int) -> None:
        """A request that has brought something is a sign of its station's life."""
        if held.offset > begun_at:
            await self._sightings.note(record)


def _is_left_alone(opening: Opening, held: HeldUpload, error: Exception) -> bool:
    """Whether a creation that ends with `error` leaves an upload behind that nothing can come of.

    Its address was told to nobody, unless the creation has a key: whoever brings that again learns it, and may be
    sending already. Without our having its lock, or once a newer request asks for it, it is somebody else's.
    """
    if opening.creation_key is not None or not held.is_locked or isinstance(error, TakenOver):
        return False
    return not held.is_complete and (held.offset == 0 or isinstance(error, ClientGone))


def _after_last(record: UploadRecord) -> Answer:
    return Answer(204, (("Upload-Offset", str(record.declared_length)),))
