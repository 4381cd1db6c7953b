"""What each request does: POST creates, HEAD tells the offset, PATCH appends, DELETE terminates (tus 1.0).

In each of them authority comes first: nobody's body is asked for before the credential and the owner were checked.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from ingest.uploads.admission import Admission
from ingest.uploads.answers import Answer
from ingest.uploads.body_room import BodyRoom, Reservation
from ingest.uploads.company import Company
from ingest.uploads.contract import (
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
    UploadFinished,
    UploadGone,
)
from ingest.uploads.gathering import Gathering, in_threads, on_loop
from ingest.uploads.handover import Handover
from ingest.uploads.lengths import check_fits, check_length_stays
from ingest.uploads.offset_file import RecordedOffset
from ingest.uploads.openings import plan_opening
from ingest.uploads.request import Request, path_of_upload
from ingest.uploads.single_writer import SingleWriter
from ingest.uploads.staging import Staging
from ingest.uploads.status import UploadStatus
from ingest.uploads.threads import Threads
from ingest.uploads.whole_bodies import WholeBodies, WholeBody, can_finish, last_bytes

log = structlog.get_logger()


class Verbs:
    """What requests ask of the catalog is gathered, so that many small uploads share its round trips and commits."""

    def __init__(
        self, register: UploadRegister, staging: Staging, limits: UploadLimits, on_finished: Callable[[str], None]
    ) -> None:
        self._staging = staging
        self._limits = limits
        handover, threads = Handover(register, on_finished), Threads()
        self._company = Company()
        self._admission = Admission(register, limits.believe_seconds)
        self._open_soon: Gathering[Opening, UploadRecord] = on_loop(register.open_uploads, self._company)
        finish_soon: Gathering[UploadRecord, bool] = in_threads(handover.hand_over, "upload-finish")
        self._status = UploadStatus(register, staging, limits, threads, finish_soon)
        self._writer = SingleWriter(register, staging, limits, threads, self._admission, self._status, handover)
        self._room = BodyRoom()
        whole_bodies = WholeBodies(staging, handover.hand_over)
        self._settle_soon: Gathering[WholeBody, bool] = in_threads(whole_bodies.settle, "upload-whole", self._company)

    async def create(self, request: Request) -> Answer:
        """POST to the collection: creation, or creation with upload."""
        # Before it is company to others (company.py).
        station = await self._admission.station_of(request)
        with self._company:
            opening = plan_opening(request, station, self._staging, self._limits)
            record = await self._open_soon(opening)
        request.proved(record.upload_id, is_new=record.upload_id == opening.upload_id)
        if record.upload_id != opening.upload_id:
            return await self._tell_created(request, opening, record)
        self._admission.remember(record)
        recorded = RecordedOffset(0, 0, record.declared_length)
        if request.carries_upload_bytes:
            recorded = await self._writer.receive_first(request, opening)
        return self._after_creation(request, record, recorded)

    async def _tell_created(self, request: Request, opening: Opening, record: UploadRecord) -> Answer:
        """The answer to a creation once more, as it was lost. A body is left unread: what counts of the first one's is
        said, and the rest is for a PATCH.
        """
        check_same_creation(opening, record)
        recorded = await self._status.read_up_to_now(record) if self._is_here(record) else None
        return self._after_creation(request, record, recorded)

    def _after_creation(self, request: Request, record: UploadRecord, recorded: RecordedOffset | None) -> Answer:
        """None where another node knows how far it is: then only that is not said."""
        headers = [("Location", request.address_of(record.upload_id, record.node))]
        headers += self._status.tell_expiry(record, recorded or RecordedOffset(0, 0, record.declared_length))
        if request.carries_upload_bytes and recorded is not None:
            headers.append(("Upload-Offset", str(recorded.offset)))
        return Answer(201, tuple(headers))

    async def tell_offset(self, request: Request, upload_id: str) -> Answer:
        """HEAD: how far it is. It disturbs nobody, a running PATCH included."""
        _, record = await self._admission.upload_of(request)
        if record.is_gone:
            raise UploadGone(upload_id, record.state)
        self._require_here(record)
        recorded = await self._status.measure(record)
        length = ("Upload-Length", str(record.declared_length))
        headers = [
            ("Upload-Offset", str(recorded.offset)),
            ("Upload-Defer-Length", "1") if record.length_is_deferred else length,
        ]
        if record.claims.header:
            headers.append(("Upload-Metadata", record.claims.header))
        headers += self._status.tell_expiry(record, recorded)
        return Answer(200, tuple(headers))

    async def append_bytes(self, request: Request, upload_id: str) -> Answer:
        """PATCH: the next bytes at the recorded offset, durable before the answer."""
        with self._room.reservation() as reservation:
            request.on_taken_up = reservation.leave
            remembered = self._admission.remembered_upload(request)
            if remembered is not None and await self._append_whole(request, remembered, reservation):
                return _after_last(remembered)
            station, record = await self._admission.upload_of(request)
            self._require_here(record)
            # What did not go the short way just now is not kept waiting for it a second time.
            if remembered is None and await self._append_whole(request, record, reservation):
                return _after_last(record)
            return await self._append_part(request, station, record)

    async def _append_whole(self, request: Request, record: UploadRecord, reservation: Reservation) -> bool:
        """The short way, for a small body that finishes its upload. False: nothing has happened, and all is there."""
        if not can_finish(request, record) or not reservation.take(record.upload_id, request.body_bytes or 0):
            return False
        # Before it is company to others.
        whole = await last_bytes(request, record)
        if whole is None:
            return False
        with self._company:
            is_settled = await self._settle_soon(whole)
        if is_settled:
            self._admission.forget(record.upload_id)
            return True
        request.give_back(whole.pieces)
        return False

    async def _append_part(self, request: Request, station: StationIdentity, record: UploadRecord) -> Answer:
        if request.has_body:
            request.hold_back()
        if not self._adds_bytes(request, record):
            return _after_last(record)
        await self._status.check_time(record)
        await self._check_follows(request, record)
        async with self._writer.with_ticket(record) as held:
            record = await self._writer.lock(record, held)
            if not self._adds_bytes(request, record):
                return _after_last(record)
            record = await self._writer.settle_length(request, station, record, held)
            await self._writer.receive_body(request, record, held)
            if held.is_complete:
                return _after_last(record)
            expiry = self._status.tell_expiry(record, held.recorded)
            return Answer(204, (("Upload-Offset", str(held.offset)), *expiry))

    async def _check_follows(self, request: Request, record: UploadRecord) -> None:
        """What cannot follow on what is recorded takes nobody's place: whoever is sending goes on.

        Raises OffsetDiffers, TooLong. Under the lock all of it is looked at again.
        """
        recorded = await self._status.read(record)
        if recorded.offset == recorded.declared_length and not recorded.is_deferred:
            return  # No refusal may name this offset before the row says that the upload is finished.
        stated = request.number("upload-offset")
        if stated != recorded.offset:
            if recorded.offset == 0 and not (await self._status.find_again(record)).is_open:
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
        async with self._writer.with_ticket(record) as held:
            record = await self._writer.lock(record, held)
            await self._writer.terminate(record, held)
        return Answer(204)

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


def _after_last(record: UploadRecord) -> Answer:
    return Answer(204, (("Upload-Offset", str(record.declared_length)),))
