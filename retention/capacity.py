"""How much room footage takes, class by class (保管期限), and on what day there will be no more of it.

Two answers, because nothing is disposed of by itself (retention/disposal.py): the day on which the store is full when
everything is kept, and the one when whatever falls due is appraised and disposed of on its day. What comes in is taken
to go on as in the last four weeks, in the classes that those recordings have by now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Select, and_, cast, func, select, union_all
from sqlalchemy.orm import Session

from retention.classes import add_months, last_day_kept, list_classes
from storage.catalog.cold import COLD, ColdObject
from storage.catalog.recordings import Recording, Rendition
from storage.catalog.redaction import RedactedCopy

WINDOW_DAYS = 28
HORIZON_YEARS = 20


@dataclass(frozen=True)
class ClassLoad:
    """What one class holds: bytes are those of stored objects, originals with all copies made of them. What lies in the
    cold place alone takes no room in the store, and is told by itself."""

    code: str
    name_zh: str
    name_en: str
    keep_months: int | None
    recordings: int
    stored_bytes: int
    daily_bytes: float
    """Of the window: received in it, a day."""
    last_days: Mapping[date, int]
    """Bytes by the last day on which they are kept; what is kept for ever is not in it."""
    cold_bytes: int = 0


@dataclass(frozen=True)
class Outlook:
    """In how many bytes the store ends, and when. A day of None: not within HORIZON_YEARS."""

    in_a_year_bytes: int
    in_three_years_bytes: int
    full_on: date | None


def class_loads(session: Session, now: datetime) -> tuple[ClassLoad, ...]:
    """Every class with what it holds, the shortest first. Counts every recording: seconds, of millions.

    The window is shorter where the first recording is younger than it.
    """
    since = now - timedelta(days=WINDOW_DAYS)
    rows = session.execute(_by_class_and_last_day(since)).all()
    window_days = _window_days(session.scalar(select(func.min(Recording.received_at))), now)
    held: defaultdict[str, list[tuple[date | None, int, int, int]]] = defaultdict(list)
    cold: defaultdict[str, int] = defaultdict(int)
    for code, last_day, count, stored, received, moved in rows:
        held[code].append((last_day, count, int(stored), int(received)))
        cold[code] += int(moved)
    return tuple(
        ClassLoad(
            code=each.code,
            name_zh=each.name_zh,
            name_en=each.name_en,
            keep_months=each.keep_months,
            recordings=sum(count for _, count, _, _ in held[each.code]),
            stored_bytes=sum(stored for _, _, stored, _ in held[each.code]),
            daily_bytes=sum(received for *_, received in held[each.code]) / window_days,
            last_days={
                last_day: stored
                for last_day, _, stored, _ in held[each.code]
                if last_day is not None and each.keep_months is not None
            },
            cold_bytes=cold[each.code],
        )
        for each in list_classes(session)
    )


def outlook(loads: Sequence[ClassLoad], today: date, free_bytes: int | None, *, disposing: bool) -> Outlook:
    """Day by day. `free_bytes` None: how much room there is, nobody knows, and so not when it ends.

    `disposing`: what is kept until a day is gone on the next one; a hold or an open case may keep it longer.
    """
    stored = float(sum(load.stored_bytes for load in loads))
    most = None if free_bytes is None else stored + free_bytes
    leaving = _leaving(loads, today) if disposing else {}
    in_a_year, in_three_years = add_months(today, 12), add_months(today, 36)
    then: dict[date, float] = {}
    full_on = None
    for number in range(1, HORIZON_YEARS * 366):
        day = today + timedelta(days=number)
        for load in loads:
            stored += load.daily_bytes
            last_day = last_day_kept(day, load.keep_months) if disposing else None
            if last_day is not None:
                leaving[last_day + timedelta(days=1)] += load.daily_bytes
        stored -= leaving.pop(day, 0.0) if disposing else 0.0
        if day in (in_a_year, in_three_years):
            then[day] = stored
        if most is not None and full_on is None and stored > most:
            full_on = day
        if day >= in_three_years and (full_on is not None or most is None):
            break
    return Outlook(round(then[in_a_year]), round(then[in_three_years]), full_on)


def _leaving(loads: Sequence[ClassLoad], today: date) -> defaultdict[date, float]:
    """Bytes by the day on which they are gone; what should have been long ago goes tomorrow."""
    leaving: defaultdict[date, float] = defaultdict(float)
    for load in loads:
        for last_day, size_bytes in load.last_days.items():
            leaving[max(last_day, today) + timedelta(days=1)] += size_bytes
    return leaving


def _window_days(first: datetime | None, now: datetime) -> float:
    """A day at least: the first hour of an archive says little of a day."""
    if first is None:
        return float(WINDOW_DAYS)
    return min(max((now - first) / timedelta(days=1), 1.0), float(WINDOW_DAYS))


def _by_class_and_last_day(since: datetime) -> Select[*tuple[Any, ...]]:
    """Rows of class, last day, how many, their bytes in the store, the bytes of those that came since, and those that
    lie in the cold place alone."""
    copies = union_all(
        select(Rendition.recording_id.label("recording_id"), Rendition.ciphertext_size_bytes.label("size_bytes")),
        select(RedactedCopy.recording_id, RedactedCopy.ciphertext_size_bytes).where(RedactedCopy.state == "done"),
    ).subquery()
    of_each = (
        select(copies.c.recording_id, cast(func.sum(copies.c.size_bytes), BigInteger).label("size_bytes"))
        .group_by(copies.c.recording_id)
        .subquery()
    )
    moved = func.coalesce(ColdObject.size_bytes, 0)
    size = Recording.ciphertext_size_bytes + func.coalesce(of_each.c.size_bytes, 0)
    received = func.coalesce(func.sum(size).filter(Recording.received_at >= since), 0)
    columns = func.count(), func.sum(size - moved), received, func.sum(moved)
    return (
        select(Recording.retention_class, Recording.retain_until, *columns)
        .outerjoin(of_each, of_each.c.recording_id == Recording.id)
        .outerjoin(
            ColdObject,
            and_(ColdObject.id == Recording.id, ColdObject.state == COLD, ColdObject.given_up_at.is_not(None)),
        )
        .group_by(Recording.retention_class, Recording.retain_until)
    )
