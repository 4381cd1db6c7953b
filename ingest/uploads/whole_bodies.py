"""Small files: the last bytes of an upload that are all here take one turn of a thread, from the lock to the finish.

Everything else is left to the long way (verbs.py), untouched: whatever is not as it should be, an older request that
holds the lock, a disk without room. A batch shares the waiting for the disk, one sync of the folder and one commit. One
that comes alone waits for the disk while PostgreSQL is at its row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from ingest.uploads.contract import PROMISED_BYTES, UploadRecord, nothing
from ingest.uploads.errors import ChecksumDiffers, StagingDamaged, StagingFull, UploadGone
from ingest.uploads.held import HeldUpload, Naming, keep_all, start_naming
from ingest.uploads.request import ClaimedChecksum, Request
from ingest.uploads.staging import Staging
from ingest.uploads.whole_file import WholeFile

_Taken = HeldUpload | WholeFile
Finish = Callable[[Sequence[UploadRecord], Callable[[], None]], Sequence[bool]]
"""As UploadRegister.finish_uploads (contract.py)."""

log = structlog.get_logger()

PATIENCE_SECONDS = 0.03
"""Longer than that nobody waits before the lock is taken: the newest request must be the last to ask for it."""


@dataclass(frozen=True)
class WholeBody:
    """The last bytes of an upload, from `offset` to its declared length."""

    record: UploadRecord
    offset: int
    pieces: Sequence[bytes]
    checksum: ClaimedChecksum | None


async def last_bytes(request: Request, record: UploadRecord) -> WholeBody | None:
    """What a PATCH brings that `can_finish`, if it is here within moments; else None.

    All of what it announced: whoever ends a body sooner has what came counted, byte by byte, the long way.
    """
    pieces = await request.whole_body(PATIENCE_SECONDS)
    if pieces is None:
        return None
    if sum(map(len, pieces)) != request.body_bytes:
        request.give_back(pieces)
        return None
    return WholeBody(record, request.number("upload-offset") or 0, pieces, request.checksum())


def can_finish(request: Request, record: UploadRecord) -> bool:
    """Whether a PATCH announces a body that is counted, small, and the last of its upload."""
    if not record.is_open or record.length_is_deferred or record.expires_at <= datetime.now(UTC):
        return False
    body_bytes, offset = request.body_bytes, request.number("upload-offset")
    return (
        request.carries_upload_bytes
        and request.header("upload-length") is None
        and body_bytes is not None
        and 0 < body_bytes <= PROMISED_BYTES
        and offset is not None
        and offset + body_bytes == record.declared_length
    )


class WholeBodies:
    """Takes whole bodies to their end, those that come together in one turn. Safe from several threads."""

    def __init__(self, staging: Staging, finish: Finish) -> None:
        self._staging = staging
        self._finish = finish
        self._side_by_side = ThreadPoolExecutor(4, "upload-sync")

    def settle(self, bodies: Sequence[WholeBody]) -> Sequence[bool | Exception]:
        """True for each that is durable and finished; False: nothing of it counts, it has to go the long way."""
        outcomes: list[bool | Exception] = [False] * len(bodies)
        held: dict[int, _Taken] = {}
        try:
            for place, body in enumerate(bodies):
                if (taken := self._take(body)) is not None:
                    held[place] = taken
            naming = start_naming(list(held.values()), self._side_by_side)
            for place in list(held):
                if (outcome := _write(bodies[place], held[place])) is not True:
                    outcomes[place] = outcome
                    _release(bodies[place], held.pop(place))
            self._settle(bodies, held, naming, outcomes)
        finally:
            for place, one in held.items():
                _release(bodies[place], one)
        return outcomes

    def _settle(
        self, bodies: Sequence[WholeBody], held: dict[int, _Taken], naming: Naming, outcomes: list[bool | Exception]
    ) -> None:
        if len(held) == 1:
            ((place, one),) = held.items()
            outcomes[place] = self._settle_alone(bodies[place], one, naming)
        else:
            self._settle_together(bodies, held, naming, outcomes)
        for place, one in held.items():
            if outcomes[place] is False and isinstance(one, WholeFile):
                one.give_up()

    def _settle_alone(self, body: WholeBody, held: _Taken, naming: Naming) -> bool | Exception:
        """The row and the disk at once. Of several that would have the station's row locked for as long as the slowest
        of them takes, and one that fails would undo all.
        """
        failures: list[Exception | None] = []

        def keep() -> None:
            failures.extend(keep_all([held], self._side_by_side, naming))
            if failures[0] is not None:
                raise failures[0]

        try:
            return self._finish([body.record], keep)[0]
        except Exception as error:
            if not failures:
                failures.extend(keep_all([held], self._side_by_side, naming))
            if failures[0] is None:
                self._remember(body, held)
            return failures[0] or error

    def _settle_together(
        self, bodies: Sequence[WholeBody], held: dict[int, _Taken], naming: Naming, outcomes: list[bool | Exception]
    ) -> None:
        kept = []
        for place, failure in zip(held, keep_all(list(held.values()), self._side_by_side, naming), strict=True):
            if failure is None:
                kept.append(place)
            else:
                outcomes[place] = failure
        try:
            ended: Sequence[bool | Exception] = (
                self._finish([bodies[place].record for place in kept], nothing) if kept else []
            )
        except Exception as error:
            ended = [error] * len(kept)
            for place in kept:
                self._remember(bodies[place], held[place])
        for place, outcome in zip(kept, ended, strict=True):
            outcomes[place] = outcome

    def _remember(self, body: WholeBody, held: _Taken) -> None:
        """Its row could not be asked, or did not answer: what is durable of it then counts as that of any other."""
        if isinstance(held, WholeFile):
            try:
                self._staging.record_whole(body.record.upload_id, body.record.declared_length)
            except (OSError, StagingFull) as error:
                log.exception("upload.to_be_sent_again", trace=body.record.upload_id, error=type(error).__name__)

    def _take(self, body: WholeBody) -> _Taken | None:
        """Its lock, to write under. None: not this way; whatever is wrong with its files, the long way says so to it
        alone.

        Without having asked its row, nobody may begin anew what another request has begun: it may be finished.
        """
        upload_id = body.record.upload_id
        try:
            return self._staging.begin_whole(upload_id) if body.offset == 0 else self._staging.hold_to_end(upload_id)
        except (UploadGone, StagingDamaged, StagingFull, OSError):
            return None


def _release(body: WholeBody, held: _Taken) -> None:
    """Whatever it says: the locks of the others in its batch would be left, and keep their uploads from everybody."""
    try:
        held.release()
    except Exception as error:
        log.exception("upload.not_released", trace=body.record.upload_id, error=type(error).__name__)


def _write(body: WholeBody, held: _Taken) -> bool | Exception:
    """Its bytes, not yet durable. False: not this way. An exception is the answer."""
    try:
        if isinstance(held, HeldUpload) and not _goes_on(body, held):
            return False
        _check(body)
        if isinstance(held, HeldUpload):
            held.open_bytes(held.declared_length - held.offset)
        held.append(body.pieces)
    except (UploadGone, StagingDamaged, StagingFull):
        return False
    except Exception as error:
        return error
    return True


def _goes_on(body: WholeBody, held: HeldUpload) -> bool:
    recorded = (held.offset, held.declared_length, held.length_is_deferred)
    return recorded == (body.offset, body.record.declared_length, False)


def _check(body: WholeBody) -> None:
    if body.checksum is None:
        return
    digest = hashlib.new(body.checksum.algorithm)
    for piece in body.pieces:
        digest.update(piece)
    if digest.digest() != body.checksum.value:
        raise ChecksumDiffers(body.checksum.algorithm)
