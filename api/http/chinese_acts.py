"""Acts and their gaps as a Chinese sentence says them."""

from __future__ import annotations

from api.pages.shown import show_instant
from casework.procedure.errors import ActKindUnknown, OpenAct

TIME_PROBLEMS = {
    "without_zone": "没有时区，请补充（如 +08:00）",
    "in_the_future": "晚于现在：请在执法行为开始、结束之后再登记",
    "ends_before_it_begins": "的结束早于开始，请更正",
    "too_long": "超过 31 天，请更正结束时间，或按日登记",
}

DUTIES_MISSING = {"identity_shown": "出示执法证件", "notice_given": "告知事由、依据和权利义务"}


def kind_unknown(error: ActKindUnknown) -> str:
    if not error.known:
        return f"{error.day} 没有有效的音像记录事项清单：请更正日期，或先载入涵盖该日的清单"
    return f"{error.day} 的音像记录事项清单中没有“{error.kind}”，可用：{'、'.join(error.known)}"


def open_act(act: OpenAct) -> str:
    if act.state == "under_way":
        return f"“{act.name_zh}”尚未结束，请登记其结束时间"
    if act.state == "duties":
        return f"“{act.name_zh}”没有登记{'、'.join(DUTIES_MISSING[duty] for duty in act.duties)}"
    what = {
        "missing": "没有记录",
        "short": f"因时钟误差存疑，其中至少 {act.short_by.total_seconds():.0f} 秒没有任何记录",
    }.get(act.state, "因时钟误差存疑")
    spans = "、".join(f"{show_instant(start)} 至 {show_instant(end)}" for start, end in act.spans)
    return f"“{act.name_zh}”的 {spans} {what}，且没有经确认的说明"
