"""What each request does: POST creates, HEAD tells the offset, PATCH appends, DELETE terminates (tus 1.0).

In each of them authority comes first: nobody's body is asked for before the credential and the owner were checked.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

from ingest.uploads.answers import Answer, http_date
from ingest.uploads.contract import StationIdentity, UploadLimits, UploadRecord, UploadRegister
from ingest.uploads.errors import (
    ContentTypeWrong,
    NotOwner,
    OffsetDiffers,
    RequestMalformed,
    TooLong,
    UploadBusy,
    UploadEmpty,
    UploadFinished,
    UploadGone,
    UploadRefused,
    UploadUnknown,
)
from ingest.uploads.metadata import parse_metadata
from ingest.uploads.reception import BodyReception
from ingest.uploads.request import Request
from ingest.uploads.staging import HeldUpload, Staging

_DISK_THREADS = 8
_REGISTER_THREADS = 16
_POLL_SECONDS = 0.05

T = TypeVar("T")
log = logging.getLogger(__name__)


class ClientGone(Exception):
    """The connection was cut; what arrived is settled, and nobody is there to answer."""


class Verbs:
    """All that blocks runs in threads, the catalog in one pool and bytes in another: neither waits for the other."""

    def __init__(
        self, register: UploadRegister, staging: Staging, limits: UploadLimits, on_finished: Callable[[str], None]
    ) -> None:
        self._register = register
        self._staging = staging
        self._limits = limits
        self._on_finished = on_finished
        self._disk = ThreadPoolExecutor(_DISK_THREADS, "upload-disk")
        self._catalog = ThreadPoolExecutor(_REGISTER_THREADS, "upload-catalog")

    async def create(self, request: Request) -> Answer:
        """POST to the collection: creation, or creation with upload."""
        record = await self._in_catalog(lambda: self._create(request))
        location = f"{request.root_path}/{record.upload_id}"
        headers = [("Location", location), ("Upload-Expires", http_date(record.expires_at))]
        if request.carries_upload_bytes:
            headers.append(("Upload-Offset", str(await self._receive_first(request, record, location))))
        return Answer(201, tuple(headers))

    async def tell_offset(self, request: Request, upload_id: str) -> Answer:
        """HEAD: how far it is. It disturbs nobody, a running PATCH included."""
        record = await self._in_catalog(lambda: self._admit(request, upload_id))
        if record.is_gone:
            raise UploadGone(upload_id, record.state)
        headers = [
            ("Upload-Offset", str(await self._current_offset(record))),
            ("Upload-Length", str(record.declared_length)),
        ]
        if record.claims.header:
            headers.append(("Upload-Metadata", record.claims.header))
        if record.is_open:
            headers.append(("Upload-Expires", http_date(record.expires_at)))
        return Answer(200, tuple(headers))

    async def append_bytes(self, request: Request, upload_id: str) -> Answer:
        """PATCH: the next bytes at the recorded offset, durable before the answer."""
        record, held = await self._in_catalog(lambda: self._begin_append(request, upload_id))
        if held is None:
            return self._after_append(record, record.declared_length)
        try:
            await self._wait_for_lock(held)
            await self._receive_body(request, held)
            return self._after_append(record, held.offset)
        finally:
            await self._on_disk(held.release)

    async def terminate(self, request: Request, upload_id: str) -> Answer:
        """DELETE: give an unfinished upload up and free its room. A PATCH under way is stopped first."""
        record = await self._in_catalog(lambda: self._admit(request, upload_id))
        if record.is_gone:
            raise UploadGone(upload_id, record.state)
        if not record.is_open:
            raise UploadFinished(upload_id)
        held = await self._on_disk(lambda: self._staging.claim(upload_id))
        try:
            await self._wait_for_lock(held)
            await self._in_catalog(lambda: self._terminate(held))
        finally:
            await self._on_disk(held.release)
        return Answer(204)

    # In a thread of the catalog's pool.

    def _create(self, request: Request) -> UploadRecord:
        station = self._register.authenticate(request.presented)
        length = self._declared_length(request)
        claims = parse_metadata(request.header("upload-metadata") or "")
        if request.has_body and not request.carries_upload_bytes:
            raise ContentTypeWrong
        if (request.body_bytes or 0) > length:
            raise TooLong(length)
        request.checksum()
        self._staging.check_room(length, self._limits.keep_free_bytes)
        upload_id = uuid.uuid4().hex
        expires_at = datetime.now(UTC).replace(microsecond=0) + self._limits.expires_after
        self._register.open_upload(station, upload_id, length, claims, expires_at)
        try:
            self._staging.create(upload_id, length)
        except BaseException:
            self._register.terminate_upload(upload_id)
            raise
        return UploadRecord(upload_id, station.station_id, length, claims, "open", expires_at)

    def _declared_length(self, request: Request) -> int:
        if request.header("upload-defer-length") is not None:
            raise RequestMalformed("Upload-Defer-Length", "is not offered; state Upload-Length")
        if request.header("upload-concat") is not None:
            raise RequestMalformed("Upload-Concat", "is not offered; send the file as one upload")
        length = request.number("upload-length")
        if length is None:
            raise RequestMalformed("Upload-Length", "is missing")
        if length == 0:
            raise UploadEmpty
        if length > self._limits.max_upload_bytes:
            raise TooLong(self._limits.max_upload_bytes)
        return length

    def _admit(self, request: Request, upload_id: str) -> UploadRecord:
        """Authority: the credential, then the upload, then whether the one belongs to the other."""
        station = self._register.authenticate(request.presented)
        record = self._register.find_upload(upload_id)
        if record is None:
            raise UploadUnknown
        if record.station_id != station.station_id:
            raise NotOwner(upload_id)
        return record

    def _begin_append(self, request: Request, upload_id: str) -> tuple[UploadRecord, HeldUpload | None]:
        """None for the upload when it is finished and this request adds nothing: a repeat of the last PATCH."""
        record = self._admit(request, upload_id)
        if not request.carries_upload_bytes:
            raise ContentTypeWrong
        stated = request.number("upload-offset")
        if stated is None:
            raise RequestMalformed("Upload-Offset", "is missing")
        request.checksum()
        if record.is_gone or (record.is_open and record.expires_at <= datetime.now(UTC)):
            raise UploadGone(upload_id, record.state if record.is_gone else "expired")
        if record.is_open:
            return record, self._staging.claim(upload_id)
        if stated != record.declared_length:
            raise OffsetDiffers(stated, record.declared_length)
        if request.has_body:
            raise UploadFinished(upload_id)
        return record, None

    def _finish(self, upload_id: str) -> None:
        """Hand it to custody, once: whoever gets True says so. A wake-up may be lost, the row may not."""
        if not self._register.finish_upload(upload_id):
            return
        try:
            self._on_finished(upload_id)
        except Exception:
            log.exception("upload %s is finished, but nobody could be woken up for it", upload_id)

    def _terminate(self, held: HeldUpload) -> None:
        if held.is_complete:
            self._finish(held.upload_id)
            raise UploadFinished(held.upload_id)
        if not self._register.terminate_upload(held.upload_id):
            raise UploadGone(held.upload_id, "it ended meanwhile")
        self._staging.remove(held.upload_id)

    # On the event loop.

    async def _wait_for_lock(self, held: HeldUpload) -> None:
        """The older request sees our ticket and lets go, in this process or another."""
        deadline = time.monotonic() + self._limits.takeover_seconds
        while not await self._on_disk(held.try_lock):
            if time.monotonic() > deadline:
                raise UploadBusy(held.upload_id)
            await asyncio.sleep(_POLL_SECONDS)

    async def _receive_first(self, request: Request, record: UploadRecord, location: str) -> int:
        """The body of a creation. Nobody knows the address yet: an upload of which nothing was kept is given up."""
        held = await self._on_disk(lambda: self._staging.claim(record.upload_id))
        try:
            await self._wait_for_lock(held)
            await self._receive_body(request, held, stated_offset=0)
            return held.offset
        except (UploadRefused, ClientGone) as error:
            if isinstance(error, UploadRefused) and held.offset > 0:
                error.location = location
            elif not held.is_complete:
                await self._in_catalog(lambda: self._terminate(held))
            raise
        finally:
            await self._on_disk(held.release)

    async def _receive_body(self, request: Request, held: HeldUpload, stated_offset: int | None = None) -> None:
        """Take the body and settle it; finish the upload whenever it is complete, however the request itself ends."""
        stated = request.number("upload-offset") if stated_offset is None else stated_offset
        if stated != held.offset:
            raise OffsetDiffers(stated or 0, held.offset)
        if held.is_complete and not request.has_body:
            await self._in_catalog(lambda: self._finish(held.upload_id))
            return
        room = held.declared_length - held.offset
        if (request.body_bytes or 0) > room:
            raise TooLong(held.declared_length)
        body_bytes = room if request.body_bytes is None else request.body_bytes
        await self._on_disk(lambda: held.open_bytes(body_bytes))
        reception = BodyReception(request, held, self._limits, self._disk, lambda: self._ask_again(request))
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
                    await self._in_catalog(lambda: self._finish(held.upload_id))
        if reception.was_cut:
            raise ClientGone

    async def _current_offset(self, record: UploadRecord) -> int:
        if not record.is_open:
            return record.declared_length
        deadline = time.monotonic() + self._limits.record_offset_seconds
        while (recorded := await self._on_disk(lambda: self._staging.read_offset(record.upload_id))) is None:
            if time.monotonic() > deadline:
                raise UploadBusy(record.upload_id)
            await asyncio.sleep(_POLL_SECONDS)
        if recorded.offset == record.declared_length:
            await self._in_catalog(lambda: self._finish(record.upload_id))
        elif record.expires_at <= datetime.now(UTC):
            raise UploadGone(record.upload_id, "expired")
        return recorded.offset

    def _after_append(self, record: UploadRecord, offset: int) -> Answer:
        headers = [("Upload-Offset", str(offset))]
        if offset < record.declared_length:
            headers.append(("Upload-Expires", http_date(record.expires_at)))
        return Answer(204, tuple(headers))

    async def _ask_again(self, request: Request) -> StationIdentity:
        return await self._in_catalog(lambda: self._register.authenticate(request.presented, again=True))

    async def _in_catalog(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._catalog, work)

    async def _on_disk(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)
