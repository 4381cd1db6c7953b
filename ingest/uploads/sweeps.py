"""What is done for uploads again and again, in any process of their node: each sweep may be stopped and repeated.

Each upload is looked after by itself: one whose files cannot be read is left as it is, files that cannot be removed
stay, and the log says so again with each sweep. Of other nodes' uploads nothing is here that could be judged: their
rows are left alone, whatever they say.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog

from ingest.uploads.contract import UploadLimits, UploadRecord, UploadRegister
from ingest.uploads.errors import RegisterUnavailable, StagingDamaged, UploadGone
from ingest.uploads.expiry import expiry_of
from ingest.uploads.handover import Handover
from ingest.uploads.staging import Staging
from ingest.uploads.unknown import UnknownBytes, note_unknown, unknown_bytes
from storage.catalog.uploads import GONE_STATES

_ORPHAN_AGE = timedelta(hours=1)
_AT_ONCE = 2000

log = structlog.get_logger()


def recover_finished(staging: Staging, register: UploadRegister, handover: Handover) -> list[str]:
    """Hand over the uploads whose bytes are all durable but whose finish was lost in a crash; returns their ids."""
    recovered = []
    for record in register.list_open(staging.node):
        with _by_itself(record.upload_id):
            if _is_complete(staging, record) and all(handover.hand_over([record])):
                recovered.append(record.upload_id)
    return recovered


def expire_stale(staging: Staging, register: UploadRegister, limits: UploadLimits, now: datetime) -> list[str]:
    """Expire open uploads whose time is over (expiry.py) and free their room; returns the ids of those it did both for.

    One that is being written to is left for the next sweep, and one that is complete is never expired but left to
    `recover_finished`.
    """
    expired = []
    for record in register.list_open(staging.node, now):
        with _by_itself(record.upload_id):
            if _expire(staging, register, limits, record, now):
                expired.append(record.upload_id)
    return expired


def remove_orphans(staging: Staging, register: UploadRegister, limits: UploadLimits, now: datetime) -> list[str]:
    """Remove staged files that nobody will ask for: of uploads that are receipted, gone or unknown. Returns their ids.

    Custody removes what it has sealed; a crash just before that leaves files of a receipted upload, which go at once.
    Those of uploads that are gone get an hour. A sealed upload without a receipt keeps its bytes, and so does a failed
    one, which a person has to look at.

    A creation's row is committed before its files are made. So bytes without a row are older than the database that
    was brought back, or of a promise that a crash took back (contract.PROMISED_BYTES): they are kept for as long as an
    unfinished upload lasts at most, and noted (unknown.py). Where there is not a byte, they get an hour.
    """
    removed, unknown = [], []
    for upload_id, state in _staged_with_states(staging, register):
        with _by_itself(upload_id):
            without_row = unknown_bytes(staging, upload_id) if state is None else None
            if without_row is not None and now - without_row.changed_at < limits.lasts_at_most:
                unknown.append(without_row)
            elif state == "receipted" or _is_over(staging, upload_id, state, now):
                if without_row is not None:
                    log.warning("upload.unknown_removed", trace=upload_id, size_bytes=without_row.size_bytes)
                staging.remove(upload_id)
                removed.append(upload_id)
    note_unknown(staging.folder, unknown)
    return removed


def list_unknown(staging: Staging, register: UploadRegister) -> list[UnknownBytes]:
    """Staged bytes that no row leads to, as they are now."""
    found = [
        unknown_bytes(staging, upload_id)
        for upload_id, state in _staged_with_states(staging, register)
        if state is None
    ]
    return [each for each in found if each is not None]


@contextmanager
def _by_itself(upload_id: str) -> Iterator[None]:
    """What goes wrong with one upload keeps nobody behind it waiting. A register that is away is no upload's fault."""
    try:
        yield
    except RegisterUnavailable:
        raise
    except Exception as error:
        log.exception("upload.not_swept", trace=upload_id, error=type(error).__name__)


def _staged_with_states(staging: Staging, register: UploadRegister) -> Iterator[tuple[str, str | None]]:
    """Each upload of which a file is here, and what its row says; None where it has none."""
    ids = sorted(staging.list_uploads())
    for begin in range(0, len(ids), _AT_ONCE):
        batch = ids[begin : begin + _AT_ONCE]
        states = register.states_of(batch)
        for upload_id in batch:
            yield upload_id, states.get(upload_id)


def _is_over(staging: Staging, upload_id: str, state: str | None, now: datetime) -> bool:
    """Whether it is gone or unknown, and was for a while."""
    if state is not None and state not in GONE_STATES:
        return False
    changed = staging.last_change(upload_id)
    return changed is not None and now - changed >= _ORPHAN_AGE


def _is_complete(staging: Staging, record: UploadRecord) -> bool:
    """By the row's length: a crash may have kept a declared one from the offset's file, never the other way round."""
    if record.length_is_deferred:
        return False
    try:
        recorded = staging.read_offset(record.upload_id)
    except (UploadGone, StagingDamaged):
        return False
    return recorded is not None and recorded.offset == record.declared_length


def _expire(
    staging: Staging, register: UploadRegister, limits: UploadLimits, record: UploadRecord, now: datetime
) -> bool:
    """Under the upload's lock, so that no PATCH can complete it meanwhile."""
    try:
        held = staging.hold_if_idle(record.upload_id)
    except UploadGone:  # nothing was ever recorded of it
        with staging.nobody_begins(record.upload_id) as is_free:
            return is_free and _give_up(staging, register, record)
    except StagingDamaged as error:
        log.warning("upload.expired_unread", trace=record.upload_id, reason=error.reason)
        with staging.lock_unread(record.upload_id) as is_ours:
            return is_ours and _give_up(staging, register, record)
    if held is None:
        return False
    with held:
        is_complete = held.offset == record.declared_length and not record.length_is_deferred
        is_over = expiry_of(record, held.recorded, limits) <= now
        return is_over and not (is_complete or held.is_complete) and _give_up(staging, register, record)


def _give_up(staging: Staging, register: UploadRegister, record: UploadRecord) -> bool:
    expired = register.expire_upload(record)
    if expired:
        staging.remove(record.upload_id)
    return expired
