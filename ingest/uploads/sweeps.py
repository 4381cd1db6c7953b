"""What housekeeping does for uploads, again and again, in any process: each sweep may be stopped and repeated."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from ingest.uploads.contract import GONE_STATES, UploadLimits, UploadRecord, UploadRegister
from ingest.uploads.errors import StagingDamaged, UploadGone
from ingest.uploads.expiry import expiry_of
from ingest.uploads.staging import Staging

_ORPHAN_AGE = timedelta(hours=1)
_AT_ONCE = 2000

log = logging.getLogger(__name__)


def recover_finished(
    staging: Staging, register: UploadRegister, on_finished: Callable[[str], None] = lambda upload_id: None
) -> list[str]:
    """Finish the uploads whose bytes are all durable but whose finish was lost in a crash; returns their ids."""
    recovered = []
    for record in register.list_open():
        if _is_complete(staging, record) and all(register.finish_uploads([record])):
            recovered.append(record.upload_id)
            wake_up(on_finished, record.upload_id)
    return recovered


def expire_stale(staging: Staging, register: UploadRegister, limits: UploadLimits, now: datetime) -> list[str]:
    """Expire open uploads whose time is over (expiry.py) and free their room; returns their ids.

    One that is being written to is left for the next sweep, and one that is complete is never expired but left to
    `recover_finished`.
    """
    return [
        record.upload_id
        for record in register.list_open()
        if record.expires_at <= now and _expire(staging, register, limits, record, now)
    ]


def remove_orphans(staging: Staging, register: UploadRegister, now: datetime) -> list[str]:
    """Remove staged files that nobody will ask for: of uploads that are receipted, gone or unknown. Returns their ids.

    Custody removes what it has sealed; a crash just before that leaves files of a receipted upload, which go at once.
    A creation's row is committed before its files are made, so files without a row come from elsewhere, or from a
    promise that a crash took back (contract.PROMISED_BYTES); they and those of uploads that are gone get an hour. A
    sealed upload without a receipt keeps its bytes, and so does a failed one, which a person has to look at.
    """
    removed = []
    ids = sorted(staging.list_uploads())
    for begin in range(0, len(ids), _AT_ONCE):
        batch = ids[begin : begin + _AT_ONCE]
        states = register.states_of(batch)
        for upload_id in batch:
            state = states.get(upload_id)
            is_gone = state is None or state in GONE_STATES
            if state == "receipted" or (is_gone and _is_old(staging, upload_id, now)):
                staging.remove(upload_id)
                removed.append(upload_id)
    return removed


def _is_old(staging: Staging, upload_id: str, now: datetime) -> bool:
    changed = staging.last_change(upload_id)
    return changed is not None and now - changed >= _ORPHAN_AGE


def wake_up(on_finished: Callable[[str], None], upload_id: str) -> None:
    """A lost wake-up is made good by the rows: whoever finished the upload goes on without it."""
    try:
        on_finished(upload_id)
    except Exception:
        log.exception("upload %s is finished, but nobody could be woken up for it", upload_id)


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
        log.warning("expired without its bytes: %s", error)
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
