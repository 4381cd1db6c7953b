"""What each request does: POST creates, HEAD tells the offset, PATCH appends, DELETE terminates (tus 1.0).

In each of them authority comes first: nobody's body is asked for before the credential and the owner were checked.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from ingest.uploads.admission import Admission
from ingest.uploads.answers import Answer, http_date
from ingest.uploads.contract import (
    PROMISED_BYTES,
    Opening,
    StationIdentity,
    UploadLimits,
    UploadRecord,
    UploadRegister,
)
from ingest.uploads.errors import (
    ContentTypeWrong,
    LengthUndeclared,
    OffsetDiffers,
    RequestMalformed,
    TooLong,
    UploadBusy,
    UploadFinished,
    UploadGone,
    UploadRefused,
)
from ingest.uploads.gathering import Gathering
from ingest.uploads.lengths import check_declared, check_length_stays, plan_length
from ingest.uploads.metadata import parse_metadata
from ingest.uploads.reception import BodyReception
from ingest.uploads.request import Request
from ingest.uploads.staging import HeldUpload, Staging
from ingest.uploads.sweeps import wake_up
from ingest.uploads.whole_bodies import WholeBodies, WholeBody, last_bytes

_DISK_THREADS = 8
_REGISTER_THREADS = 16
_POLL_SECONDS = 0.05

T = TypeVar("T")


class ClientGone(Exception):
    """The connection was cut; what arrived is settled, and nobody is there to answer."""


class Verbs:
    """All that blocks runs in threads, the catalog's work and the bytes' in different ones: none waits for the other.

    What requests ask of the catalog is gathered, so that many small uploads at once share its round trips and commits.
    """

    def __init__(
        self, register: UploadRegister, staging: Staging, limits: UploadLimits, on_finished: Callable[[str], None]
    ) -> None:
        self._register = register
        self._staging = staging
        self._limits = limits
        self._on_finished = on_finished
        self._disk = ThreadPoolExecutor(_DISK_THREADS, "upload-disk")
        self._catalog = ThreadPoolExecutor(_REGISTER_THREADS, "upload-catalog")
        self._admission = Admission(register, limits.believe_seconds)
        self._open_soon: Gathering[Opening, None] = Gathering(register.open_uploads, "upload-open")
        self._finish_soon: Gathering[UploadRecord, bool] = Gathering(self._finish_all, "upload-finish")
        whole_bodies = WholeBodies(staging, self._finish_all)
        self._settle_soon: Gathering[WholeBody, bool] = Gathering(whole_bodies.settle, "upload-whole")

    async def create(self, request: Request) -> Answer:
        """POST to the collection: creation, or creation with upload."""
        opening = self._plan_opening(request, await self._admission.station_of(request))
        await self._open_soon(opening)
        record = opening.record
        self._admission.remember(record)
        location = request.address_of(record.upload_id)
        headers = [("Location", location), ("Upload-Expires", http_date(record.expires_at))]
        if request.carries_upload_bytes:
            headers.append(("Upload-Offset", str(await self._receive_first(request, record, location))))
        return Answer(201, tuple(headers))

    async def tell_offset(self, request: Request, upload_id: str) -> Answer:
        """HEAD: how far it is. It disturbs nobody, a running PATCH included."""
        _, record = await self._admission.upload_of(request)
        if record.is_gone:
            raise UploadGone(upload_id, record.state)
        length = ("Upload-Length", str(record.declared_length))
        headers = [
            ("Upload-Offset", str(await self._current_offset(record))),
            ("Upload-Defer-Length", "1") if record.length_is_deferred else length,
        ]
        if record.claims.header:
            headers.append(("Upload-Metadata", record.claims.header))
        if record.is_open:
            headers.append(("Upload-Expires", http_date(record.expires_at)))
        return Answer(200, tuple(headers))

    async def append_bytes(self, request: Request, upload_id: str) -> Answer:
        """PATCH: the next bytes at the recorded offset, durable before the answer."""
        remembered = self._admission.remembered_upload(request)
        if remembered is not None and await self._append_whole(request, remembered):
            return _after_append(remembered, remembered.declared_length, is_complete=True)
        station, record = await self._admission.upload_of(request)
        # What did not go the short way just now is not kept waiting for it a second time.
        if remembered is None and await self._append_whole(request, record):
            return _after_append(record, record.declared_length, is_complete=True)
        return await self._append_part(request, station, record)

    async def _append_whole(self, request: Request, record: UploadRecord) -> bool:
        """The short way, for a small body that finishes its upload. False: nothing has happened, and all is there."""
        whole = await last_bytes(request, record)
        if whole is None:
            return False
        if await self._settle_soon(whole):
            self._admission.forget(record.upload_id)
            return True
        request.give_back(whole.pieces)
        return False

    async def _append_part(self, request: Request, station: StationIdentity, record: UploadRecord) -> Answer:
        if not self._adds_bytes(request, record):
            return _after_append(record, record.declared_length, is_complete=True)
        held = await self._claim(record)
        try:
            await self._wait_for_lock(held)
            if held.offset == 0:
                # Nothing was recorded of it; also when it came whole meanwhile, of which only its row knows.
                record = await self._in_catalog(lambda: self._find_again(record))
                if not self._adds_bytes(request, record):
                    return _after_append(record, record.declared_length, is_complete=True)
            if held.length_is_deferred:
                record = await self._in_catalog(lambda: self._learn_length(request, station, held))
            else:
                check_length_stays(request, held.declared_length)
            await self._receive_body(request, record, held)
            return _after_append(record, held.offset, is_complete=held.is_complete)
        finally:
            await self._release(held)

    async def terminate(self, request: Request, upload_id: str) -> Answer:
        """DELETE: give an unfinished upload up and free its room. A PATCH under way is stopped first."""
        _, record = await self._admission.upload_of(request)
        if record.is_gone:
            raise UploadGone(upload_id, record.state)
        if not record.is_open:
            raise UploadFinished(upload_id)
        held = await self._claim(record)
        try:
            await self._wait_for_lock(held)
            await self._in_catalog(lambda: self._terminate(record, held))
        finally:
            await self._release(held)
        return Answer(204)

    # In a thread that answers for all who ask at the time.

    def _finish_all(self, records: Sequence[UploadRecord]) -> Sequence[bool]:
        """Hand them to custody, each once: whoever gets True says so. A wake-up may be lost, the row may not."""
        outcomes = self._register.finish_uploads(records)
        for record, is_first in zip(records, outcomes, strict=True):
            if is_first:
                wake_up(self._on_finished, record.upload_id)
        return outcomes

    # Without waiting for anything but the staging disk's names.

    def _plan_opening(self, request: Request, station: StationIdentity) -> Opening:
        """What a POST asks for, as soon as its station is known. Raises what is wrong with it."""
        length, is_deferred = plan_length(request, self._limits)
        claims = parse_metadata(request.header("upload-metadata") or "")
        if request.has_body and not request.carries_upload_bytes:
            raise ContentTypeWrong
        if (request.body_bytes or 0) > length:
            raise (LengthUndeclared if is_deferred else TooLong)(length)
        request.checksum()
        self._staging.check_room(length, self._limits.keep_free_bytes)
        expires_at = datetime.now(UTC).replace(microsecond=0) + self._limits.expires_after
        return Opening(station, uuid.uuid4().hex, length, claims, expires_at, is_deferred)

    def _adds_bytes(self, request: Request, record: UploadRecord) -> bool:
        """Whether a PATCH may add to the upload. False when it is finished, and this a repeat of the last one."""
        if not request.carries_upload_bytes:
            raise ContentTypeWrong
        stated = request.number("upload-offset")
        if stated is None:
            raise RequestMalformed("Upload-Offset", "缺失", "is missing")
        request.checksum()
        if record.is_gone or (record.is_open and record.expires_at <= datetime.now(UTC)):
            raise UploadGone(record.upload_id, record.state if record.is_gone else "expired")
        if record.is_open:
            return True
        if stated != record.declared_length:
            raise OffsetDiffers(stated, record.declared_length)
        if request.has_body:
            raise UploadFinished(record.upload_id)
        check_length_stays(request, record.declared_length)
        return False

    # In a thread.

    def _recorded_offset(self, record: UploadRecord) -> int | None:
        """None: ask again in a moment. 0 also when nothing was ever recorded, as of one that came whole."""
        try:
            recorded = self._staging.read_offset(record.upload_id)
        except UploadGone:
            return 0
        return None if recorded is None else recorded.offset

    def _find_again(self, record: UploadRecord) -> UploadRecord:
        found = self._register.find_upload(record.upload_id)
        if found is None:
            raise UploadGone(record.upload_id, "it was removed meanwhile")
        return found

    def _learn_length(self, request: Request, station: StationIdentity, held: HeldUpload) -> UploadRecord:
        """Under the lock: the length that was deferred, if this request or the row says it; the upload as it is then.

        The row first, then the offset's file. A crash between leaves a row that knows more: hence the row is read
        here again, and nothing is written before the file knows what it does.
        """
        record = self._register.find_upload(held.upload_id)
        if record is None or not record.is_open:
            raise UploadGone(held.upload_id, "it ended meanwhile")
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

    def _terminate(self, record: UploadRecord, held: HeldUpload) -> None:
        if held.is_complete:
            self._finish_all([record])
            raise UploadFinished(held.upload_id)
        if not self._register.terminate_upload(record):
            if not self._find_again(record).is_gone:
                raise UploadFinished(held.upload_id)
            raise UploadGone(held.upload_id, "it ended meanwhile")
        self._staging.remove(held.upload_id)

    # On the event loop.

    async def _claim(self, record: UploadRecord) -> HeldUpload:
        """Become the newest request for the upload, after one that writes all of it at once."""
        length, is_deferred = record.declared_length, record.length_is_deferred
        deadline = time.monotonic() + self._limits.takeover_seconds
        while True:
            held = await self._on_disk(
                lambda: self._staging.claim_first(record.upload_id, length, length_is_deferred=is_deferred)
            )
            if held is not None:
                return held
            if time.monotonic() > deadline:
                raise UploadBusy(record.upload_id)
            await asyncio.sleep(_POLL_SECONDS)

    async def _wait_for_lock(self, held: HeldUpload) -> None:
        """The older request sees our ticket and lets go, in this process or another."""
        deadline = time.monotonic() + self._limits.takeover_seconds
        while not await self._on_disk(held.try_lock):
            if time.monotonic() > deadline:
                raise UploadBusy(held.upload_id)
            await asyncio.sleep(_POLL_SECONDS)

    async def _release(self, held: HeldUpload) -> None:
        """What is left of a request that ended well is a descriptor, and no reason to wait for a thread."""
        if held.has_open_bytes:
            await self._on_disk(held.release)
        else:
            held.release()

    async def _receive_first(self, request: Request, record: UploadRecord, location: str) -> int:
        """The body of a creation. Nobody knows the address yet: an upload of which nothing was kept is given up."""
        held = await self._claim(record)
        try:
            await self._wait_for_lock(held)
            await self._receive_body(request, record, held, stated_offset=0)
            return held.offset
        except (UploadRefused, ClientGone) as error:
            if isinstance(error, UploadRefused) and held.offset > 0:
                error.location = location
            elif not held.is_complete:
                await self._in_catalog(lambda: self._terminate(record, held))
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
            await self._finish_soon(record)
        if stated != held.offset:
            raise OffsetDiffers(stated or 0, held.offset)
        if held.is_complete and not request.has_body:
            return
        if (request.body_bytes or 0) > held.declared_length - held.offset:
            raise held.too_long()
        if held.declared_length <= PROMISED_BYTES:
            await self._in_catalog(self._register.keep_promises)
        again = partial(self._admission.prove_again, request.presented)
        reception = BodyReception(request, held, self._limits, self._disk, again)
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
                    await self._finish_soon(record)
        if request.was_cut:
            raise ClientGone

    async def _current_offset(self, record: UploadRecord) -> int:
        if not record.is_open:
            return record.declared_length
        deadline = time.monotonic() + self._limits.record_offset_seconds
        while (offset := await self._on_disk(lambda: self._recorded_offset(record))) is None:
            if time.monotonic() > deadline:
                raise UploadBusy(record.upload_id)
            await asyncio.sleep(_POLL_SECONDS)
        if offset == 0:
            record = await self._in_catalog(lambda: self._find_again(record))
            if record.is_gone:
                raise UploadGone(record.upload_id, record.state)
            if not record.is_open:
                return record.declared_length
        if offset == record.declared_length and not record.length_is_deferred:
            await self._finish_soon(record)
        elif record.expires_at <= datetime.now(UTC):
            raise UploadGone(record.upload_id, "expired")
        return offset

    async def _in_catalog(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._catalog, work)

    async def _on_disk(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)


def _after_append(record: UploadRecord, offset: int, *, is_complete: bool) -> Answer:
    headers = [("Upload-Offset", str(offset))]
    if not is_complete:
        headers.append(("Upload-Expires", http_date(record.expires_at)))
    return Answer(204, tuple(headers))
