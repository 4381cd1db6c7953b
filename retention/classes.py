"""Retention classes (保管期限): how long a recording is kept from the day it was received.

`retain_until` is the last day on which it is kept; None is for ever. One person may lengthen, nobody shortens alone.
"""

from __future__ import annotations

import calendar
import uuid
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from integrity.local_time import chinese_day
from retention.disposal import disposal_month
from retention.errors import ClassUnchanged, ShorteningRefused, UnknownRetentionClass
from retention.permission import require
from retention.subjects import row_in_unit
from retention.wording import require_reason
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording, Rendition
from storage.catalog.redaction import RedactedCopy
from storage.catalog.retention import RetentionClass
from storage.keystore import KeyStore, WrappedKey
from storage.ledger.append import Actor, Change, record_change

CLASS_AT_SEALING = "general"
MONTHS_AT_SEALING = 6
"""What the catalog says of that class; sealing must not depend on a question to the catalog."""


def retain_until_at_sealing(received_at: datetime) -> date | None:
    """The last day on which a recording is kept, as long as nobody lengthens it."""
    return last_day_kept(chinese_day(received_at), MONTHS_AT_SEALING)


def last_day_kept(received_on: date, keep_months: int | None) -> date | None:
    """Of what was received on a Chinese day; None is for ever."""
    return None if keep_months is None else add_months(received_on, keep_months)


def add_months(day: date, months: int) -> date:
    """The same day of the month `months` later; where that month is too short, its last day."""
    years, month_index = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month_index + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def list_classes(session: Session) -> tuple[RetentionClass, ...]:
    """All classes, the shortest first."""
    return tuple(session.scalars(select(RetentionClass).order_by(RetentionClass.keep_months, RetentionClass.code)))


def lengthen_class(
    session: Session, by: Person, recording_id: uuid.UUID, code: str, reason: str, keys: KeyStore
) -> Recording:
    """Put a recording into a class that keeps it longer, and its keys under the later month.

    Raises ShorteningRefused when it would be kept for less long, ClassUnchanged, UnknownRetentionClass, and what
    `require`, `require_reason` and `row_in_unit` raise.
    """
    require(by, "lengthen")
    reason = require_reason(reason)
    recording = row_in_unit(session, by, Recording, recording_id, lock=True)
    retain_until = _retain_until(session, recording, code)
    if code == recording.retention_class:
        raise ClassUnchanged(recording.id, code)
    if not _keeps_at_least(recording.retain_until, retain_until):
        raise ShorteningRefused(recording.id, recording.retain_until, retain_until)
    former = recording.retention_class
    recording.retention_class, recording.retain_until = code, retain_until
    _wrap_keys_for_longer(session, recording, keys)
    session.flush()
    _record_lengthening(session, by, recording, former, reason)
    return recording


def keep_at_least(
    session: Session, by: Person, recording_ids: Iterable[uuid.UUID], code: str, reason: str, keys: KeyStore
) -> int:
    """Lengthen those of the recordings that would be kept for less long than the class does; how many there were.

    Always in one order, so that two who do it at once wait for each other and never in a ring. Raises as
    `lengthen_class`.
    """
    lengthened = 0
    for recording_id in sorted(recording_ids):
        recording = row_in_unit(session, by, Recording, recording_id, lock=True)
        until = _retain_until(session, recording, code)
        if recording.retain_until != until and _keeps_at_least(recording.retain_until, until):
            lengthen_class(session, by, recording_id, code, reason, keys)
            lengthened += 1
    return lengthened


def find_class(session: Session, code: str) -> RetentionClass:
    """Raises UnknownRetentionClass."""
    row = session.get(RetentionClass, code)
    if row is None:
        raise UnknownRetentionClass(code)
    return row


def _retain_until(session: Session, recording: Recording, code: str) -> date | None:
    return last_day_kept(chinese_day(recording.received_at), find_class(session, code).keep_months)


def _keeps_at_least(now: date | None, then: date | None) -> bool:
    return then is None or (now is not None and then >= now)


def _wrap_keys_for_longer(session: Session, recording: Recording, keys: KeyStore) -> None:
    """Under the former month's key the recording would become unreadable when its former neighbours are disposed of."""
    month = disposal_month(recording.retain_until)
    renditions = select(Rendition).where(Rendition.recording_id == recording.id).with_for_update(key_share=True)
    copies = select(RedactedCopy).where(RedactedCopy.recording_id == recording.id, RedactedCopy.state == "done")
    for copy in session.scalars(copies.with_for_update(key_share=True)):
        key = WrappedKey(copy.kek_id or "", copy.wrapped_data_key or b"")
        again = keys.rewrap(key, recording.unit_id, month)
        copy.kek_id, copy.wrapped_data_key = again.kek_id, again.wrapped
    for row in (recording, *session.scalars(renditions)):
        wrapped = keys.rewrap(WrappedKey(row.kek_id, row.wrapped_data_key), recording.unit_id, month)
        row.kek_id, row.wrapped_data_key = wrapped.kek_id, wrapped.wrapped


def _record_lengthening(session: Session, by: Person, recording: Recording, former: str, reason: str) -> None:
    until = recording.retain_until
    data = {
        "from": former,
        "to": recording.retention_class,
        "retain_until": None if until is None else until.isoformat(),
        "kek_id": recording.kek_id,
    }
    change = Change("retention.lengthened", "recording", str(recording.id), recording.unit_id, data, {"reason": reason})
    record_change(session, Actor.person(by.id), change)
