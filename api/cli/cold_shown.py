"""What `liuhen cold` says: bytes and instants for a program, sizes and Chinese time for a person."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from api.archive import Archive
from api.cli.scrub_shown import FOUND
from api.cooling import require_cold
from api.shown import show_size
from ingest.cold.errors import ColdError
from ingest.cold.overview import ColdOverview, Deed, read_overview
from ingest.cold.place import COLD_PLACE
from ingest.cold.standing import read_cold_standing, require_cold_place
from integrity.fields import format_instant
from integrity.local_time import show_written
from retention.recalls import COMING, Whereabouts, where_is

Facts = dict[str, Any]
NOT_WHOLE: Final = "OriginalsNotWhole"
DEEDS: Final[Mapping[str, str]] = {
    "recall": "调回 / bring back",
    "remove": "从冷存储销毁 / remove from the cold place",
    "give_up": "由主存储放开 / have the store let go of",
    "move": "移入 / move there",
}
_AMOUNTS: Final[Mapping[str, str]] = {
    "cold": "只在冷存储中 / in the cold place alone",
    "kept_by_store": "其中主存储尚未放开 / of these, not let go of by the store yet",
    "both": "调回后两处都有 / brought back, and in both places",
    "moving": "已选定待移入 / chosen to be moved there",
    "disposed": "已处置，待从冷存储销毁 / disposed of, to be removed there",
}
_WRONG: Final[Mapping[str, str]] = {
    "ColdFailing": "不能使用，移入和调回暂停，恢复后自行继续 / it does not work; moving and recalls go on once it does",
    "RecallsLate": "有人等候超过一天：看 worker-cold 的日志，或提高 LIUHEN_COLD_RATE / somebody has waited for a day: "
    "see the log of worker-cold, or raise LIUHEN_COLD_RATE",
    NOT_WHOLE: "有原件不完好，见下 / originals are not whole, see below",
}


def state_facts(archive: Archive, first: int) -> Facts:
    """By what the worker has recorded: the place itself is not asked. Raises UsageRefused where none is named."""
    place = require_cold(archive).place
    with archive.database.reading() as session:
        known = COLD_PLACE.find_in_use(session)
        standing, overview = read_cold_standing(session, place), read_overview(session, first)
        wrong = None
        try:
            require_cold_place(session, place, datetime.now(UTC))
        except ColdError as error:
            wrong = type(error).__name__
        expected = {each.recording_id: where_is(session, each.recording_id) for each in overview.asked_for}
    rate = int(archive.settings.cold_rate)
    return {
        "place": place,
        "known_as": None if known is None else known.place,
        "wrong": wrong or (NOT_WHOLE if overview.not_whole_in_all else None),
        "failure": standing.failure,
        "failing_since": _instant(standing.failing_since),
        **_amounts(overview),
        "asked_for": _asked_for(overview, expected, rate),
        "in_hand": [_deed(each) for each in overview.in_hand],
        "next": None if overview.next is None else _deed(overview.next),
        "next_at": _instant(overview.next_at),
        "not_whole_in_all": overview.not_whole_in_all,
        "not_whole": [asdict(each) | {"recording_id": str(each.recording_id)} for each in overview.not_whole],
    }


def state_lines(facts: Facts) -> Iterator[str]:
    yield f"冷存储 / the cold place: {facts['place']}"
    if facts["known_as"] is None:
        yield "尚未启用：由 liuhen up 的 worker-cold 启用 / not begun yet: the worker-cold of `liuhen up` begins it"
    elif facts["known_as"] != facts["place"]:
        yield f"上次启用时为 / when it was used last it was: {facts['known_as']}"
    if facts["wrong"] is not None:
        since = f"（{facts['failure']}，{show_written(facts['failing_since'])}）" if facts["failure"] else ""
        yield f"{facts['wrong']}: {_WRONG[facts['wrong']]}{since}"
    for name, words in _AMOUNTS.items():
        if facts[name]["originals"] or name == "cold":
            yield f"{words}: {_many(facts[name])}"
    yield from _asked_for_lines(facts)
    for each in facts["in_hand"]:
        yield f"正在进行 / in hand: {_deed_words(each)}"
    yield from _next_lines(facts)
    yield from _not_whole_lines(facts)


def recall_facts(archive: Archive, order: tuple[uuid.UUID, uuid.UUID], where: Whereabouts | None) -> Facts:
    recording_id, grant_id = order
    named = {"recording_id": str(recording_id), "grant_id": str(grant_id)}
    if where is None:
        return named | {"state": "store", "size_bytes": None, "asked_at": None, "estimated_seconds": None}
    return named | {
        "state": where.state,
        "size_bytes": where.size_bytes,
        "asked_at": _instant(where.asked_at),
        "estimated_seconds": where.estimated_seconds(int(archive.settings.cold_rate)),
    }


def recall_lines(facts: Facts) -> Iterator[str]:
    if facts["state"] != COMING:
        yield "原件在主存储中，无需调回 / the original is in the store: there is nothing to bring back"
        return
    yield f"已申请调回 / asked for: {facts['recording_id']}，{show_size(facts['size_bytes'])}，{_expected(facts)}"
    yield "由 liuhen up 的 worker-cold 调回 / the worker-cold of `liuhen up` brings it back"


def _amounts(overview: ColdOverview) -> Facts:
    amounts = {name: asdict(amount) for name, amount in overview.amounts.items()}
    waiting = asdict(overview.asked_for_in_all)
    return amounts | {"kept_by_store": asdict(overview.kept_by_store), "asked_for_in_all": waiting}


def _asked_for(overview: ColdOverview, expected: Mapping[uuid.UUID, Whereabouts | None], rate: int) -> list[Facts]:
    found = []
    for each in overview.asked_for:
        where = expected[each.recording_id]
        found.append(
            {
                "recording_id": str(each.recording_id),
                "size_bytes": each.size_bytes,
                "asked_at": _instant(each.asked_at),
                "again_at": _instant(each.again_at),
                "estimated_seconds": None if where is None else where.estimated_seconds(rate),
            }
        )
    return found


def _asked_for_lines(facts: Facts) -> Iterator[str]:
    waiting = facts["asked_for_in_all"]
    if not waiting["originals"]:
        return
    yield f"等待调回 / asked for: {_many(waiting)}"
    for each in facts["asked_for"]:
        line = f"  {each['recording_id']}  {show_size(each['size_bytes'])}  {show_written(each['asked_at'])}"
        again = each["again_at"]
        yield f"{line}  " + (f"未成，再试于 / tried again at {show_written(again)}" if again else _expected(each))
    yield from _more(waiting["originals"] - len(facts["asked_for"]))


def _next_lines(facts: Facts) -> Iterator[str]:
    if facts["next"] is not None:
        yield f"接下来 / next: {_deed_words(facts['next'])}"
    elif facts["next_at"] is not None:
        yield f"目前无事可做，最早于 / nothing is due before: {show_written(facts['next_at'])}"
    else:
        yield "目前无事可做 / nothing is due"


def _not_whole_lines(facts: Facts) -> Iterator[str]:
    count = facts["not_whole_in_all"]
    if not count:
        return
    yield f"不完好 / not whole: {count}；liuhen scrub --recording ID，见 / see docs/scrub.md"
    for each in facts["not_whole"]:
        where = "冷存储 / cold place" if each["in_cold_place"] else "主存储 / store"
        yield f"  {each['recording_id']}  {FOUND[each['found']]}  {where}  {each['object_name']}"
    yield from _more(count - len(facts["not_whole"]))


def _more(count: int) -> Iterator[str]:
    if count > 0:
        yield f"  另有 {count} 个，--named 可列出更多 / {count} more: --named names them"


def _expected(facts: Facts) -> str:
    seconds = facts["estimated_seconds"]
    if seconds is None:
        return "何时可用暂无法预计 / nobody can say when"
    minutes = max(1, round(seconds / 60))
    return f"预计约 {minutes} 分钟 / in about {minutes} min"


def _deed(deed: Deed) -> Facts:
    return {"recording_id": str(deed.recording_id), "what": deed.what, "size_bytes": deed.size_bytes}


def _deed_words(deed: Facts) -> str:
    return f"{DEEDS[deed['what']]}  {deed['recording_id']}  {show_size(deed['size_bytes'])}"


def _many(amount: Facts) -> str:
    count = amount["originals"]
    return f"{count:,} 个原件 / originals" + (f"，{show_size(amount['size_bytes'])}" if count else "")


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)
