"""What `liuhen admin capacity` says: the room that each retention class takes, and when there is none left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.orm import Session

from api.archive import Archive
from api.errors import UsageRefused
from api.object_store import store_address
from api.setting_values import read_size
from api.shown import show_size
from integrity.local_time import chinese_day
from retention.capacity import ClassLoad, Outlook, class_loads, outlook

_EVERYTHING_KEPT = "全部保留 / everything kept"
_DISPOSED_OF = "到期即鉴定处置 / disposed of when due"


def capacity_facts(archive: Archive, session: Session, room: str | None) -> dict[str, Any]:
    """Bytes throughout. Raises UsageRefused for a room that is no size, or smaller than what is stored."""
    now = datetime.now(UTC)
    today = chinese_day(now)
    loads = class_loads(session, now)
    stored = sum(load.stored_bytes for load in loads)
    free = _free_bytes(archive, stored, room)
    return {
        "day": today.isoformat(),
        "stored_bytes": stored,
        "cold_bytes": sum(load.cold_bytes for load in loads),
        "daily_bytes": round(sum(load.daily_bytes for load in loads)),
        "free_bytes": free,
        "classes": [_class_facts(load, today) for load in loads],
        "keeping_all": _outlook_facts(outlook(loads, today, free, disposing=False)),
        "disposing": _outlook_facts(outlook(loads, today, free, disposing=True)),
    }


def capacity_lines(facts: dict[str, Any]) -> Iterator[str]:
    for each in facts["classes"]:
        months = "永久 / for ever" if each["keep_months"] is None else f"{each['keep_months']} 个月 / months"
        name = f"{each['name_zh']} / {each['name_en']}（{months}）"
        held = f"{each['recordings']} 条 / recordings  {show_size(each['stored_bytes'])}"
        past = each["past_last_day_bytes"]
        due = f"  其中已过期限 / of it past the last day {show_size(past)}" if past else ""
        cold = f"  另在冷存储 / in the cold place {show_size(each['cold_bytes'])}" if each["cold_bytes"] else ""
        yield f"{name}  {held}  +{show_size(each['daily_bytes'])} /天 a day{due}{cold}"
    free = facts["free_bytes"]
    known = "未知 / unknown" if free is None else show_size(free)
    yield f"合计 / in all  {show_size(facts['stored_bytes'])}  +{show_size(facts['daily_bytes'])} /天 a day"
    yield f"剩余空间 / room left  {known}"
    for words, each in ((_EVERYTHING_KEPT, facts["keeping_all"]), (_DISPOSED_OF, facts["disposing"])):
        year, three = show_size(each["in_a_year_bytes"]), show_size(each["in_three_years_bytes"])
        yield f"{words}: 一年后 / in a year {year}，三年后 / in three {three}，{_full(free, each['full_on'])}"


def _full(free: int | None, day: str | None) -> str:
    if free is None:
        return "用 --room 给出总容量，以预测何时用尽 / give --room to learn when it is full"
    return f"{day} 用尽 / full on {day}" if day else "二十年内不会用尽 / not full within twenty years"


def _free_bytes(archive: Archive, stored: int, room: str | None) -> int | None:
    """Of a bucket nobody but its server knows: then what the operator says, less what is in it."""
    if room is not None:
        most = read_size(room)
        if most is None:
            raise UsageRefused(
                f"--room 应为容量，如 10TiB，而不是“{room}”", f"--room takes a size such as 10TiB, not {room!r}"
            )
        if most < stored:
            raise UsageRefused(
                f"--room {room} 小于已存储的 {show_size(stored)}；请给出存储的总容量",
                f"--room {room} is less than the {show_size(stored)} that are stored: give the size of the whole store",
            )
        return most - stored
    if store_address(archive.settings) is not None:
        return None
    return max(0, shutil.disk_usage(archive.settings.data / "objects").free - archive.settings.disk_reserve)


def _class_facts(load: ClassLoad, today: date) -> dict[str, Any]:
    return {
        "code": load.code,
        "name_zh": load.name_zh,
        "name_en": load.name_en,
        "keep_months": load.keep_months,
        "recordings": load.recordings,
        "stored_bytes": load.stored_bytes,
        "cold_bytes": load.cold_bytes,
        "daily_bytes": round(load.daily_bytes),
        "past_last_day_bytes": sum(size for day, size in load.last_days.items() if day < today),
    }


def _outlook_facts(said: Outlook) -> dict[str, Any]:
    return {
        "in_a_year_bytes": said.in_a_year_bytes,
        "in_three_years_bytes": said.in_three_years_bytes,
        "full_on": None if said.full_on is None else said.full_on.isoformat(),
    }
