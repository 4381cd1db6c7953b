"""The room that each class takes, and on what day it ends: against lots that are counted one by one."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from retention.capacity import HORIZON_YEARS, WINDOW_DAYS, ClassLoad, class_loads, outlook
from storage.catalog.cold import ColdObject

NOW = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)
TODAY = date(2026, 3, 31)
GIB = 1 << 30


def load_of(months: int | None, *, daily: float = 0.0, last_days: dict[date, int] | None = None) -> ClassLoad:
    held = last_days or {}
    return ClassLoad("c", "类", "class", months, len(held), sum(held.values()), daily, held if months else {})


def in_months(day: date, months: int) -> date:
    """The last day of a shorter month stands for the day that it has not got."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def by_lots(loads: list[ClassLoad], room: int, *, disposing: bool) -> date | None:
    """Every day's footage as a lot of its own, with the last day on which it is kept."""
    lots = [(size, last, load.keep_months) for load in loads for last, size in load.last_days.items()]
    stored = float(sum(load.stored_bytes for load in loads))
    gone: dict[date, float] = {}
    for size, last, _ in lots:
        day = max(last, TODAY) + timedelta(days=1)
        gone[day] = gone.get(day, 0.0) + size
    most, day = stored + room, TODAY
    while day.year < TODAY.year + HORIZON_YEARS:
        day += timedelta(days=1)
        for load in loads:
            stored += load.daily_bytes
            if load.keep_months is not None:
                last = in_months(day, load.keep_months) + timedelta(days=1)
                gone[last] = gone.get(last, 0.0) + load.daily_bytes
        if disposing:
            stored -= gone.get(day, 0.0)
        if stored > most:
            return day
    return None


def test_originals_and_all_their_copies_are_counted_by_class(session: Session, archive: Any) -> None:
    unit = archive.unit()
    old, fresh = NOW - timedelta(days=200), NOW - timedelta(days=2)
    first = archive.recording(unit, received_at=old, ciphertext_size_bytes=10 * GIB, retain_until=date(2026, 3, 1))
    archive.recording(unit, received_at=fresh, ciphertext_size_bytes=4 * GIB, retain_until=date(2026, 9, 29))
    archive.recording(
        unit, received_at=fresh, ciphertext_size_bytes=3 * GIB, retention_class="permanent", retain_until=None
    )
    archive.rendition(first, "proxy", ciphertext_size_bytes=GIB)
    archive.rendition(first, "poster", ciphertext_size_bytes=7)
    session.flush()
    loads = {each.code: each for each in class_loads(session, NOW)}
    general, for_ever = loads["general"], loads["permanent"]
    assert (general.recordings, general.stored_bytes) == (2, 15 * GIB + 7)
    assert general.daily_bytes == 4 * GIB / WINDOW_DAYS
    assert general.last_days == {date(2026, 3, 1): 11 * GIB + 7, date(2026, 9, 29): 4 * GIB}
    assert (for_ever.stored_bytes, for_ever.daily_bytes, for_ever.last_days) == (3 * GIB, 3 * GIB / WINDOW_DAYS, {})
    assert all(each.stored_bytes == 0 for code, each in loads.items() if code not in ("general", "permanent"))


def test_what_lies_in_the_cold_place_takes_no_room_in_the_store_and_is_told_by_itself(
    session: Session, archive: Any
) -> None:
    unit, long_ago = archive.unit(), NOW - timedelta(days=200)
    facts = {"received_at": long_ago, "ciphertext_size_bytes": 10 * GIB, "retain_until": date(2036, 3, 1)}
    cold, moving = archive.recording(unit, **facts), archive.recording(unit, **facts)
    archive.rendition(cold, "proxy", ciphertext_size_bytes=GIB)
    for each, state in ((cold, "cold"), (moving, "moving")):
        moved = {"version_id": "1", "moved_at": NOW, "given_up_at": NOW} if state == "cold" else {}
        names = {"object_name": each.object_name, "size_bytes": 10 * GIB}
        session.add(ColdObject(id=each.id, unit_id=unit.id, state=state, **names, **moved))
    session.flush()
    general = {each.code: each for each in class_loads(session, NOW)}["general"]
    assert (general.stored_bytes, general.cold_bytes) == (11 * GIB, 10 * GIB)
    assert general.last_days == {date(2036, 3, 1): 11 * GIB}


def test_a_young_archive_is_judged_by_the_days_it_has(session: Session, archive: Any) -> None:
    assert {each.daily_bytes for each in class_loads(session, NOW)} == {0.0}, "an empty one takes nothing"
    unit = archive.unit()
    archive.recording(unit, received_at=NOW - timedelta(days=4), ciphertext_size_bytes=8 * GIB)
    daily = {each.code: each.daily_bytes for each in class_loads(session, NOW)}
    assert daily["general"] == 2 * GIB
    first_hour = class_loads(session, NOW - timedelta(days=4) + timedelta(hours=1))
    assert sum(each.daily_bytes for each in first_hour) == 8 * GIB, "a day at least"


@pytest.mark.parametrize("disposing", [False, True])
@pytest.mark.parametrize("room_days", [1, 100, 182, 190, 400, 5000])
def test_the_day_it_is_full_is_the_one_that_lots_say(disposing: bool, room_days: int) -> None:
    last_days = {TODAY - timedelta(days=3): 50, TODAY: 20, date(2026, 8, 31): 700, date(2028, 2, 29): 90}
    loads = [load_of(6, daily=10.0, last_days=last_days), load_of(36, daily=3.0), load_of(None, daily=0.5)]
    room = round(room_days * 13.5)
    said = outlook(loads, TODAY, room, disposing=disposing)
    assert said.full_on == by_lots(loads, room, disposing=disposing)


def test_where_all_that_comes_is_disposed_of_the_room_levels_off() -> None:
    loads = [load_of(6, daily=float(GIB))]
    disposing = outlook(loads, TODAY, 190 * GIB, disposing=True)
    assert disposing.full_on is None
    # Six months have 181 to 184 days.
    assert abs(disposing.in_a_year_bytes - disposing.in_three_years_bytes) <= 4 * GIB
    keeping = outlook(loads, TODAY, 190 * GIB, disposing=False)
    assert keeping.full_on == TODAY + timedelta(days=191)
    assert keeping.in_a_year_bytes == 365 * GIB


def test_without_knowing_the_room_nobody_says_when_it_ends() -> None:
    said = outlook([load_of(6, daily=1.0)], TODAY, None, disposing=False)
    assert (said.full_on, said.in_a_year_bytes, said.in_three_years_bytes) == (None, 365, 1096)
    assert outlook([], TODAY, 0, disposing=True).full_on is None
